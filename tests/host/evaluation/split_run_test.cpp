// Runs over splits beyond one context: what their nulls score against NumPy (tests/reference/splits/make_splits.py),
// what heads are told, and that no test row reaches one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "evaluation/combined_vectors.hpp"
#include "evaluation/evaluate.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/fusion.hpp"
#include "evaluation/rows_across.hpp"
#include "host/evaluation/made_task.hpp"
#include "host/io/temporary_folder.hpp"
#include "host/plan/split_reference.hpp"

namespace headroom {
namespace split_run_test {

using nlohmann::json;
using ::testing::ElementsAre;
using testing::read_split_reference;
using testing::request_of;
using testing::task_of;

constexpr double kSums = 1e-9;  // of a few numbers, in another order

class SplitRun : public ::testing::TestWithParam<std::string> {
 protected:
  RunOutcome run(const RunOptions& options) { return evaluate(task_, nullptr, options, pool_, progress_, {}); }

  json reference_ = read_split_reference();
  Task task_ = task_of(reference_);
  ThreadPool pool_{2};
  NoProgress progress_;
};

TEST_P(SplitRun, NullsScoreAsTheReferenceHasIt) {
  RunOptions options = testing::made_options();
  options.split = request_of(reference_, GetParam());
  options.metrics = {Metric::L2};
  options.inner_folds = 2;
  const RunOutcome outcome = run(options);
  ASSERT_FALSE(outcome.error) << outcome.error->line();
  std::size_t n_compared = 0;
  for (const ContextEvaluation& context : outcome.results.contexts) {
    EXPECT_EQ(context.family, GetParam());
    for (std::size_t s = 0; s < context.splits.size(); ++s) {
      const auto& of_family = reference_["families"][GetParam()];
      const auto expected = std::find_if(of_family.begin(), of_family.end(), [&](const json& one) {
        return one["context"] == task_.contexts[context.task_context].name && one["name"] == context.splits[s].name &&
               one.value("unseen_parts", std::size_t{0}) == context.unseen_parts.value_or(0);
      });
      ASSERT_NE(expected, of_family.end());
      for (const auto& of_null : (*expected)["L2"].items()) {
        const std::string& null = of_null.key();
        const json& values = of_null.value();
        const auto method = std::find_if(context.methods.begin(), context.methods.end(),
                                         [&](const MethodEvaluation& one) { return one.name == null; });
        ASSERT_NE(method, context.methods.end()) << null;
        EXPECT_TRUE(method->role == Role::null_method && method->in_bound) << null;
        const Vector& found = method->folds[s].metric_values.at(0);
        ASSERT_EQ(static_cast<std::size_t>(found.size()), values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
          EXPECT_NEAR(found[static_cast<Eigen::Index>(i)], values[i].get<double>(), kSums) << null;
          ++n_compared;
        }
      }
    }
  }
  EXPECT_GT(n_compared, 30u);
}

INSTANTIATE_TEST_SUITE_P(All, SplitRun, ::testing::Values("transfer", "transfer-few", "both", "combination"),
                         [](const auto& split) {
                           std::string name = split.param;
                           std::erase(name, '-');
                           return name;
                         });

// Every number that a worker is given beside ids and features of vectors lies in the training deltas and the control
// profiles.
TEST_P(SplitRun, NoTestRowIsAmongWhatWorkersMap) {
  const auto splits = make_splits(task_, request_of(reference_, GetParam()), {});
  ASSERT_TRUE(splits) << splits.error().line();
  for (const Split& split : *splits) {
    const auto fold = make_fold_data(task_, split, {Metric::L2});
    ASSERT_TRUE(fold) << fold.error().line();
    const ConstMatrixMap given = fold->training_deltas.view();
    const Matrix tested = deltas_of(task_, split.test);
    for (Eigen::Index i = 0; i < tested.rows(); ++i) {
      for (Eigen::Index g = 0; g < tested.cols(); ++g) {
        for (Eigen::Index row = 0; row < given.rows(); ++row) {
          const double mapped = given(row, g);
          EXPECT_NE(std::memcmp(&tested(i, g), &mapped, sizeof(double)), 0) << split.name;
        }
      }
    }
  }
}

// Two splits of a file that test one context, of which one trains on it alone and the other on the others: vectors are
// made once for both.
TEST_F(SplitRun, SplitsOfAFileShareVectorsWhateverTheySpan) {
  const testing::TemporaryFolder folder;
  std::string splits = "split,part,context,pert_id\n", table = "pert_id,x,y\n";
  for (const TaskContext& context : task_.contexts) {
    for (std::size_t row = 0; row < context.pert_ids.size(); ++row) {
      const std::string& id = context.pert_ids[row];
      const bool is_tested = context.name == "K-562" && row % 3 == 0;
      if (context.name == "K-562") splits += fmt::format("own,{},K-562,{}\n", is_tested ? "test" : "train", id);
      if (context.name != "K-562" || is_tested) {
        splits += fmt::format("other,{},{},{}\n", is_tested ? "test" : "train", context.name, id);
      }
    }
  }
  for (const std::string& id : task_.contexts[0].pert_ids) table += fmt::format("{},{},{}\n", id, id.size(), id[0] % 7);
  RunOptions options = testing::made_options();
  options.split.family = kFamilyFile;
  options.split.file = folder.write("splits.csv", splits);
  options.metrics = {Metric::L2};
  options.inner_folds = 2;
  options.embeddings = {{"sizes", folder.write("sizes.csv", table), {}}};
  const RunOutcome both = run(options);
  ASSERT_FALSE(both.error) << both.error->line();
  const auto method = [](const RunOutcome& outcome) {
    const auto& methods = outcome.results.contexts.at(0).methods;
    return *std::find_if(methods.begin(), methods.end(), [](const auto& one) { return one.name == "sizes+knn"; });
  };
  ASSERT_EQ(both.results.contexts.size(), 1u);
  ASSERT_EQ(method(both).folds.size(), 2u);
  for (std::size_t s = 0; s < 2; ++s) {
    options.folds = {both.results.contexts[0].splits[s].name};
    const RunOutcome alone = run(options);
    ASSERT_EQ(method(alone).status, Status::ok) << method(alone).reason;
    EXPECT_EQ(method(both).folds[s].metric_values.at(0), method(alone).folds.at(0).metric_values.at(0));
  }
}

TEST_F(SplitRun, RowsOfOnePerturbationAreTold) {
  for (TaskContext& context : task_.contexts) {
    context.control_profile = RowVector::Constant(context.deltas.cols(), static_cast<double>(context.name.size()));
    (*context.control_profile)[0] = static_cast<double>(context.pert_ids.size()) + context.deltas(0, 0);
  }
  const auto splits = make_splits(task_, request_of(reference_, "transfer"), {});
  const auto fold = make_fold_data(task_, splits->front(), {Metric::L2});
  ASSERT_TRUE(fold && fold->across);
  const RowsAcross& rows = *fold->across;
  EXPECT_THAT(rows.contexts, ElementsAre("Jurkat", "K-562", "RPE1"));
  for (std::size_t i = 0; i < fold->test.size(); ++i) {
    EXPECT_EQ(rows.test_contexts[i], 0);
    for (std::size_t j = 0; j < fold->training.size(); ++j) {
      EXPECT_EQ(rows.test_perturbations[i] == rows.training_perturbations[j],
                ids_of(task_, {fold->test[i]}) == ids_of(task_, {fold->training[j]}));
    }
  }
  // Two contexts are trained on: they differ in one direction.
  EXPECT_EQ(rows.context_features.cols(), 1);
  EXPECT_NEAR(rows.context_features(1, 0), -rows.context_features(2, 0), kSums);
  EXPECT_GT(std::abs(rows.context_features(1, 0)), 0.1);
}

// A fusion's predictor sees the contexts by a block of their own, unless it makes its own use of them.
TEST_F(SplitRun, FusionsHaveABlockOfTheContexts) {
  for (TaskContext& context : task_.contexts) {
    context.control_profile = RowVector::Constant(context.deltas.cols(), static_cast<double>(context.name.size()));
    (*context.control_profile)[0] = static_cast<double>(context.pert_ids.size()) + context.deltas(0, 0);
  }
  const auto splits = make_splits(task_, request_of(reference_, "transfer"), {});
  const auto fold = make_fold_data(task_, splits->front(), {Metric::L2});
  ASSERT_TRUE(fold);
  const auto n_places = static_cast<Eigen::Index>(ids_of_places(task_, *fold).size());
  const auto embedding = std::make_shared<Embedding>();
  embedding->vectors = Matrix::Random(n_places, 4);
  embedding->present.assign(static_cast<std::size_t>(n_places), 1);
  RunOptions options;
  options.inner_folds = 2;
  ThreadPool pool(1);
  const std::vector<FusedEmbedding> blocks = {{"a", embedding, nullptr}, {"b", embedding, nullptr}};
  const auto told = make_fusion_features(blocks, *fold, options, {true, false, true}, pool);
  ASSERT_TRUE(told) << told.error().line();
  ASSERT_EQ(told->blocks.size(), 3u);
  EXPECT_EQ(told->blocks[2].name, kContextBlock);
  const Matrix& training = told->blocks[2].splits.final_fit.training;
  ASSERT_EQ(training.rows(), static_cast<Eigen::Index>(told->training_rows.size()));
  for (Eigen::Index i = 0; i < training.rows(); ++i) {
    const auto row = static_cast<std::size_t>(told->training_rows[static_cast<std::size_t>(i)]);
    EXPECT_EQ(RowVector(training.row(i)),
              RowVector(fold->across->context_features.row(fold->across->training_contexts[row])));
  }
  EXPECT_EQ(told->blocks[2].splits.inner.size(), told->inner_queries.size());
  EXPECT_EQ(coverage_of(*told).size(), 2u) << "it is no embedding";
  EXPECT_EQ(make_fusion_features(blocks, *fold, options, {true, false, false}, pool)->blocks.size(), 2u);
}

TEST_F(SplitRun, InnerSplitsHoldOutAsTheOuterOneDoes) {
  const auto fold_of = [&](const char* family) {
    return make_fold_data(task_, make_splits(task_, request_of(reference_, family), {})->front(), {Metric::L2});
  };
  const auto n_torn = [](const FoldData& fold) {
    RowIndex all;
    for (std::size_t i = 0; i < fold.training.size(); ++i) all.push_back(static_cast<std::int32_t>(i));
    int n = 0;
    std::size_t n_held_out = 0;
    for (const RowIndex& held_out : inner_splits(fold.across.get(), all, 3, 42)) {
      n_held_out += held_out.size();
      for (const std::int32_t i : all) {
        if (std::binary_search(held_out.begin(), held_out.end(), i)) continue;
        const auto code = fold.across->training_perturbations[static_cast<std::size_t>(i)];
        n += static_cast<int>(std::count_if(held_out.begin(), held_out.end(), [&](std::int32_t row) {
          return fold.across->training_perturbations[static_cast<std::size_t>(row)] == code;
        }));
      }
    }
    EXPECT_EQ(n_held_out, fold.training.size());
    return n;
  };
  EXPECT_EQ(n_torn(*fold_of("both")), 0);
  EXPECT_GT(n_torn(*fold_of("transfer")), 0);
}

// kNN with one neighbour and vectors that tell perturbations apart: each context's own row of the perturbation, so the
// mean of the fits is the perturbation's mean elsewhere where both other contexts measure it.
TEST_F(SplitRun, FitsPerContextAreAveraged) {
  for (TaskContext& context : task_.contexts) {
    RowIndex rows;
    std::vector<std::string> ids;
    for (std::size_t row = 0; row < context.pert_ids.size(); ++row) {
      const std::string& id = context.pert_ids[row];
      if (id == "AHR" || id == "FOS" || id.find('+') != std::string::npos) continue;  // somewhere not measured
      rows.push_back(static_cast<std::int32_t>(row));
      ids.push_back(id);
    }
    context.deltas = gather_rows(context.deltas, rows);
    context.pert_ids = ids;
    context.fold_of_row.assign(ids.size(), 0);
  }
  const testing::TemporaryFolder folder;
  std::string table = "pert_id,x,y,z\n";
  for (std::size_t p = 0; p < task_.contexts[0].pert_ids.size(); ++p) {
    table += fmt::format("{},{},{},{}\n", task_.contexts[0].pert_ids[p], std::sin(5.0 * static_cast<double>(p)),
                         std::cos(3.0 * static_cast<double>(p)), p);
  }
  RunOptions options = testing::made_options();
  options.split = request_of(reference_, "transfer");
  options.split.per_context = true;
  options.metrics = {Metric::L2};
  options.inner_folds = 2;
  options.grid["knn.k"] = {1};
  options.embeddings = {{"names", folder.write("names.csv", table), {}}};
  const auto values_of = [&](const std::string& name) {
    const RunOutcome outcome = run(options);
    EXPECT_FALSE(outcome.error);
    for (const MethodEvaluation& method : outcome.results.contexts.at(0).methods) {
      if (method.name == name) return method.folds.at(0).metric_values.at(0);
    }
    ADD_FAILURE() << name;
    return Vector();
  };
  const Vector mean = values_of("mean_elsewhere");
  EXPECT_LT((values_of("names+knn") - mean).cwiseAbs().maxCoeff(), kSums);
  options.split.per_context = false;
  EXPECT_GT((values_of("names+knn") - mean).cwiseAbs().maxCoeff(), 0.1);
}

TEST(CombinedVectors, AreMadeOfTheirParts) {
  const std::vector<std::string> ids{"A", "A+B", "A+C", "B+D", "E+ctrl"};
  const auto filled = [&](Combine combine) {
    const CombinedVectors combined(ids, combine);
    EXPECT_THAT(combined.extra_ids(), ElementsAre("B", "C", "D", "E"));
    Matrix vectors = Matrix::Zero(9, 2);
    vectors.row(0) << 1, 5;  // A
    vectors.row(5) << 2, 3;  // B
    vectors.row(2) << 7, 7;  // A+C is known
    vectors.row(8) << 4, 4;  // E
    std::vector<std::uint8_t> present{1, 0, 1, 0, 0, 1, 0, 0, 1};
    combined.fill(vectors, present, 0, 5);
    EXPECT_THAT(present, ElementsAre(1, 1, 1, 0, 1, 1, 0, 0, 1));
    EXPECT_EQ(vectors(2, 0), 7);
    EXPECT_EQ(vectors(4, 0), 4);
    return RowVector(vectors.row(1));
  };
  EXPECT_EQ(filled(Combine::sum), (RowVector(2) << 3, 8).finished());
  EXPECT_EQ(filled(Combine::mean), (RowVector(2) << 1.5, 4).finished());
  EXPECT_EQ(filled(Combine::max), (RowVector(2) << 2, 5).finished());
  EXPECT_TRUE(CombinedVectors(ids, Combine::none).extra_ids().empty());
}

}  // namespace split_run_test
}  // namespace headroom
