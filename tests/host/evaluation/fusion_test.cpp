// Fusions: the features of their blocks, and whole runs through real workers.
#include "evaluation/fusion.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "evaluation/evaluate.hpp"
#include "host/evaluation/made_task.hpp"
#include "host/io/temporary_folder.hpp"
#include "plan/target_options.hpp"

namespace headroom {
namespace fusion_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kRounding = 1e-9;  // of least squares on well-conditioned numbers about 1
constexpr int kPerturbations = 18;

// ---- features ----

class FusionFeatures : public ::testing::Test {
 protected:
  std::shared_ptr<Embedding> made(int seed, Eigen::Index width) const {
    auto embedding = std::make_shared<Embedding>();
    embedding->vectors.resize(kPerturbations, width);
    for (Eigen::Index i = 0; i < embedding->vectors.size(); ++i) {
      embedding->vectors.data()[i] = testing::scattered(static_cast<int>(i), seed, 1);
    }
    embedding->present.assign(kPerturbations, 1);
    return embedding;
  }

  static void leave_out(Embedding& embedding, std::initializer_list<int> rows) {
    for (const int row : rows) {
      embedding.present[static_cast<std::size_t>(row)] = 0;
      embedding.vectors.row(row).setZero();
    }
  }

  Result<HeadFeatures> features(bool inner_selection, bool is_raw = false) {
    return make_fusion_features({{"a", a_, nullptr}, {"b", b_, nullptr}}, fold_, options_, {inner_selection, is_raw, true},
                                pool_);
  }

  Task task_ = testing::made_task(1, kPerturbations, 6, 3);  // perturbation p is tested in fold p mod 3
  FoldData fold_ = make_fold_data(task_, splits_within(task_, {}).value().front(), {Metric::L2}).value();
  RunOptions options_ = testing::made_options();
  ThreadPool pool_{2};
  std::shared_ptr<Embedding> a_ = made(3, 5), b_ = made(4, 7);
};

TEST_F(FusionFeatures, TakesTheRowsThatAnyBlockCoversAndMarksTheOthers) {
  leave_out(*a_, {0, 1, 2, 3});  // 0 and 3 are tested, 1 and 2 trained on
  leave_out(*b_, {0, 1, 4});
  const auto made = features(false);
  ASSERT_TRUE(made.has_value()) << made.error().line();
  EXPECT_EQ(covered_tests({{"a", a_, nullptr}, {"b", b_, nullptr}}, fold_), (RowIndex{1, 2, 3, 4, 5}))
      << "0 is in no block";
  ASSERT_EQ(made->training_rows.size(), 11u) << "1 is in no block";
  EXPECT_EQ(made->training_rows.front(), 1);
  ASSERT_EQ(made->blocks.size(), 2u);
  const BlockFeatures& a = made->blocks[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.training_present, (std::vector<std::uint8_t>{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(a.test_present, (std::vector<std::uint8_t>{0, 1, 1, 1, 1}));
  EXPECT_TRUE(a.splits.final_fit.training.row(0).isZero(0));
  EXPECT_TRUE(a.splits.final_fit.query.row(0).isZero(0));
  EXPECT_FALSE(a.splits.final_fit.training.row(1).isZero(0));
  EXPECT_TRUE(made->inner_queries.empty());
}

TEST_F(FusionFeatures, ABlockIsReducedByTheRowsThatItCoversAlone) {
  leave_out(*b_, {1, 5});  // trained on
  const auto fused = features(true);
  ASSERT_TRUE(fused.has_value()) << fused.error().line();
  const auto alone = make_head_features(*a_, fold_, options_, pool_);
  ASSERT_TRUE(alone.has_value()) << alone.error().line();
  EXPECT_EQ(fused->inner_queries, alone->inner_queries);
  for (std::size_t s = 0; s < fused->inner_queries.size(); ++s) {
    EXPECT_EQ(fused->blocks[0].splits.inner[s].training, alone->blocks[0].splits.inner[s].training);
    EXPECT_EQ(fused->blocks[0].splits.inner[s].query, alone->blocks[0].splits.inner[s].query);
    EXPECT_EQ(fused->blocks[1].splits.inner[s].training.rows(), alone->blocks[0].splits.inner[s].training.rows());
  }
  // Block b, whose rows without a vector hold something absurd, is reduced as if they were not there.
  const Matrix before = fused->blocks[1].splits.final_fit.training;
  b_->vectors.row(1).setConstant(1e6);
  const auto again = features(true);
  ASSERT_TRUE(again.has_value()) << again.error().line();
  EXPECT_EQ(Matrix(again->blocks[1].splits.final_fit.training), before);
  EXPECT_LT(before.colwise().sum().cwiseAbs().maxCoeff(), 1e-12) << "centred over its own rows";
}

TEST_F(FusionFeatures, CapsComponentsBySmallestTrainingPartOnlyWhereThereIsOne) {
  options_.common_dim = 100;
  a_ = made(3, 30);
  EXPECT_EQ(features(false)->blocks[0].splits.effective_dim, 12);
  EXPECT_EQ(features(true)->blocks[0].splits.effective_dim, 8);
  EXPECT_EQ(features(true)->blocks[1].splits.effective_dim, 7);
  const auto coverage = coverage_of(*features(false));
  EXPECT_EQ(coverage[1], (BlockCoverage{"b", 6, 7}));
}

TEST_F(FusionFeatures, AreTheVectorsThemselvesForAPredictorThatWantsThem) {
  leave_out(*b_, {1});  // trained on
  for (const bool inner_selection : {false, true}) {
    const auto raw = features(inner_selection, true);
    ASSERT_TRUE(raw.has_value()) << raw.error().line();
    const BlockFeatures& a = raw->blocks[0];
    ASSERT_EQ(a.splits.effective_dim, 5);
    for (std::size_t i = 0; i < raw->training_rows.size(); ++i) {
      const std::int32_t place = fold_.place(fold_.training[static_cast<std::size_t>(raw->training_rows[i])]);
      EXPECT_EQ(RowVector(a.splits.final_fit.training.row(static_cast<Eigen::Index>(i))),
                RowVector(a_->vectors.row(place)));
    }
    EXPECT_TRUE(raw->blocks[1].splits.final_fit.training.row(0).isZero(0));
    EXPECT_EQ(raw->blocks[1].training_present.front(), 0);
    EXPECT_EQ(a.splits.inner.size(), raw->inner_queries.size());
  }
}

TEST_F(FusionFeatures, RefusesBlocksThatShareNoTrainingPerturbation) {
  for (int p = 0; p < kPerturbations; ++p) leave_out(p < 9 ? *a_ : *b_, {p});
  const auto apart = features(false);
  ASSERT_FALSE(apart.has_value());
  EXPECT_THAT(apart.error().line(), HasSubstr("block 'a' shares no training perturbation with another block"));
  b_->present.assign(kPerturbations, 0);
  b_->present[10] = 1;
  const auto few = features(false);
  ASSERT_FALSE(few.has_value());
  EXPECT_THAT(few.error().line(), HasSubstr("block 'b' has a vector for 1 of the 12 training perturbations"));
}

// ---- runs ----

class FusionRun : public ::testing::Test {
 protected:
  FusionRun() {
    options_.embeddings = {
        {"a", write("a", 3, {0}), {}}, {"b", write("b", 4, {0, 1}), {}}, {"c", write("c", 5, {}), {}}};
    options_.fusions = {{"ab", {"a", "b"}}};
    options_.fusion_predictors = {{"fused", plugin("fused_ridge")}};
    options_.fusion_predictors_are_named = true;
    options_.nulls = {kNullTrainMean};
  }

  static std::filesystem::path plugin(const std::string& name) {
    return std::filesystem::path(HEADROOM_TEST_PLUGINS) / (name + ".so");
  }

  std::filesystem::path write(const std::string& name, int seed, const std::vector<int>& left_out) {
    std::string text = "pert_id,x,y\n";
    for (int p = 0; p < kPerturbations; ++p) {
      if (std::count(left_out.begin(), left_out.end(), p) > 0) continue;
      text += fmt::format("p{},{},{}\n", 100 + p, testing::scattered(p, 0, seed), testing::scattered(p, 1, seed));
    }
    return folder_.write(name + ".csv", text);
  }

  RunResults run() {
    ThreadPool pool(2);
    NoProgress silent;
    const RunOutcome outcome = evaluate(task_, nullptr, options_, pool, silent, {});
    EXPECT_FALSE(outcome.error.has_value()) << outcome.error->line();
    return outcome.results;
  }

  std::string refusal() {
    ThreadPool pool(2);
    NoProgress silent;
    const RunOutcome outcome = evaluate(task_, nullptr, options_, pool, silent, {});
    return outcome.error ? outcome.error->line() : "";
  }

  static const MethodEvaluation& method(const RunResults& results, const std::string& name) {
    const auto& methods = results.contexts.front().methods;
    const auto at = std::find_if(methods.begin(), methods.end(), [&](const auto& one) { return one.name == name; });
    if (at == methods.end()) throw std::runtime_error("no method " + name);
    return *at;
  }

  testing::TemporaryFolder folder_;
  Task task_ = testing::made_task(1, kPerturbations, 7, 3);
  RunOptions options_ = testing::made_options();
};

// The plain way: standardise and centre each block over its own rows, ridge on both side by side. Two columns need no
// projection: ridge does not mind that PCA turns them.
Vector l2_of_fused_ridge(const Task& task, const FoldData& fold) {
  const auto n = static_cast<Eigen::Index>(fold.training.size()), n_tests = static_cast<Eigen::Index>(fold.test.size());
  Matrix training = Matrix::Zero(n, 4), test = Matrix::Zero(n_tests, 4);
  for (int block = 0; block < 2; ++block) {
    const auto has = [&](std::int32_t p) { return p > block; };  // a lacks p100, b also p101
    const auto vector = [&](std::int32_t p) {
      return RowVector{{testing::scattered(p, 0, 3 + block), testing::scattered(p, 1, 3 + block)}};
    };
    RowVector mean = RowVector::Zero(2), squares = RowVector::Zero(2);
    double n_has = 0;
    for (const TaskRow& at : fold.training) {
      if (!has(at.row)) continue;
      mean += vector(at.row);
      n_has += 1;
    }
    mean /= n_has;
    for (const TaskRow& at : fold.training) {
      if (has(at.row)) squares += (vector(at.row) - mean).cwiseAbs2();
    }
    const RowVector scale = (squares / n_has).cwiseSqrt();
    const auto put = [&](Matrix& to, const std::vector<TaskRow>& rows) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!has(rows[i].row)) continue;
        to.row(static_cast<Eigen::Index>(i)).segment(2 * block, 2) = (vector(rows[i].row) - mean).cwiseQuotient(scale);
      }
    };
    put(training, fold.training);
    put(test, fold.test);
  }
  // p100 is in no block: trained on, it is left out; tested, it has the mean of all training rows.
  const bool trains_on_p100 = fold.training.front().row == 0;
  const Matrix all_deltas = fold.training_deltas.view();
  const Matrix features = trains_on_p100 ? Matrix(training.bottomRows(n - 1)) : training;
  Matrix deltas = trains_on_p100 ? Matrix(all_deltas.bottomRows(n - 1)) : all_deltas;
  const RowVector mean = deltas.colwise().mean();
  deltas.rowwise() -= mean;
  Matrix normal = features.transpose() * features + Matrix::Identity(4, 4);
  const Matrix coefficients = normal.ldlt().solve(features.transpose() * deltas);
  Matrix predicted = (test * coefficients).rowwise() + mean;
  if (!trains_on_p100) predicted.row(0) = all_deltas.colwise().mean();
  Vector l2(n_tests);
  for (Eigen::Index i = 0; i < n_tests; ++i) {
    l2[i] = (predicted.row(i) - task.contexts[0].deltas.row(fold.test[static_cast<std::size_t>(i)].row)).norm();
  }
  return l2;
}

TEST_F(FusionRun, GivesTheBlocksToItsPredictorAndKeepsWhatThisTells) {
  const RunResults results = run();
  const MethodEvaluation& fused = method(results, "ab+fused");
  ASSERT_EQ(fused.status, Status::ok) << fused.reason;
  EXPECT_EQ(fused.embedding, "ab");
  EXPECT_EQ(fused.predictor, "fused");
  EXPECT_THAT(fused.blocks, ElementsAre("a", "b"));
  for (const Head& head : results.heads) EXPECT_TRUE(stands_in(fused, head)) << head.name;
  const auto splits = splits_within(task_, {}).value();
  for (std::size_t f = 0; f < 3; ++f) {
    const FoldData fold = make_fold_data(task_, splits[f], {Metric::L2}).value();
    const Vector expected = l2_of_fused_ridge(task_, fold);
    EXPECT_LT((fused.folds[f].metric_values[0] - expected).cwiseAbs().maxCoeff(), kRounding) << "fold " << f;
    EXPECT_EQ(fused.folds[f].fusion.weights, (std::vector<BlockWeight>{{"a", "linear", 0.5}, {"b", "linear", 0.5}}));
    EXPECT_EQ(fused.folds[f].fusion.loo_l2, std::optional<double>(0.5));
    EXPECT_EQ(fused.folds[f].best_params, (std::map<std::string, double>{{"alpha", 1}, {"lambda", 1}}));
    EXPECT_TRUE(fused.folds[f].inner_scores.empty()) << "one setting: there is nothing to choose";
  }
  EXPECT_EQ(fused.folds[0].covered, (std::vector<std::uint8_t>{0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(fused.folds[1].fusion.blocks, (std::vector<BlockCoverage>{{"a", 6, 2}, {"b", 5, 2}}));
}

TEST_F(FusionRun, ChoosesAmongSettingsByInnerSplits) {
  options_.grid["fused.alpha"] = {1e6, 1, 1e-3};
  const RunResults results = run();
  const FoldEvaluation& fold = method(results, "ab+fused").folds[0];
  ASSERT_EQ(fold.status, Status::ok) << fold.reason;
  ASSERT_EQ(fold.inner_scores.size(), 3u);
  EXPECT_EQ(fold.inner_scores[0].split_scores.size(), 3u);
  double best = -std::numeric_limits<double>::infinity(), chosen = 0;
  for (const GridPointScore& point : fold.inner_scores) {
    double sum = 0;
    for (const double score : point.split_scores) sum += score;
    if (sum > best) chosen = point.params.at("alpha");
    best = std::max(best, sum);
  }
  EXPECT_EQ(fold.best_params.at("alpha"), chosen);
}

TEST_F(FusionRun, NoNumberDependsOnWhatStandsBesideIt) {
  const RunResults alone = run();
  options_.fusion_predictors.push_back({"choosy", plugin("fused_ridge")});
  options_.grid["choosy.alpha"] = {1, 10};
  options_.fusions = {{"abc", {}}, {"ab", {"a", "b"}}};
  options_.ablate = true;
  const RunResults beside = run();
  for (const std::string name : {"ab+fused", "a+knn", "train_mean"}) {
    for (std::size_t f = 0; f < 3; ++f) {
      EXPECT_EQ(method(alone, name).folds[f].metric_values[0], method(beside, name).folds[f].metric_values[0]) << name;
    }
  }
  EXPECT_EQ(method(beside, "abc+fused").status, Status::ok);
  // Without c, the fusion of all is that of a and b.
  EXPECT_EQ(method(beside, "abc-c+fused").folds[1].metric_values[0],
            method(beside, "ab+fused").folds[1].metric_values[0]);
  EXPECT_EQ(method(beside, "abc-c+fused").left_out, "c");
  EXPECT_EQ(method(beside, "abc-c+fused").whole, "abc+fused");
}

TEST_F(FusionRun, MarksEveryRowAndZeroesWhatIsAbsent) {
  options_.plugin_options["fused.deed"] = "counts";
  options_.grid["fused.alpha"] = {1, 2};
  EXPECT_EQ(method(run(), "ab+fused").reason, "");
}

TEST_F(FusionRun, NoTestRowLeavesTheHost) {
  // Of one fold, so that what is tested is never trained on.
  options_.folds = {"f1"};
  options_.plugin_options["fused.deed"] = "looks";
  options_.grid["fused.alpha"] = {1, 2};
  const Split split = splits_within(task_, {"f1"}).value().front();
  const auto forbid = [&](const std::vector<TaskRow>& rows) {
    const std::filesystem::path folder = folder_ / "looks";
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / "forbidden", std::ios::binary);
    const Matrix deltas = deltas_of(task_, rows);
    file.write(reinterpret_cast<const char*>(deltas.data()),
               static_cast<std::streamsize>(deltas.size() * static_cast<Eigen::Index>(sizeof(double))));
    options_.fusion_predictors = {{"fused", plugin("fused_ridge"), folder}};
  };
  forbid(split.test);
  EXPECT_EQ(method(run(), "ab+fused").reason, "");
  forbid({split.training.front()});
  EXPECT_THAT(method(run(), "ab+fused").reason, HasSubstr("a forbidden number in the deltas")) << "the look is sharp";
}

TEST_F(FusionRun, OfAFailedEmbeddingFailsWithItsReason) {
  options_.embeddings[1].path = folder_.write("b.csv", "pert_id,x\np100,1\np100,2\np101,oops\n");
  const RunResults results = run();
  const MethodEvaluation& fused = method(results, "ab+fused");
  EXPECT_EQ(fused.status, Status::failed);
  EXPECT_THAT(fused.reason, HasSubstr("block 'b': " + method(results, "b+knn").reason));
  EXPECT_EQ(method(results, "a+knn").status, Status::ok);
  EXPECT_TRUE(any_failed(results));
}

TEST_F(FusionRun, APredictorThatDoesNotTakeTheBlocksFailsItsRow) {
  options_.fusion_predictors = {{"one", options_.shipped_plugins / "ridge.so"}, {"fused", plugin("fused_ridge")}};
  EXPECT_THAT(method(run(), "ab+one").reason, HasSubstr("takes one block of features, and a fusion has several"));
  options_.embeddings.push_back({"d", write("d", 6, {}), {}});
  options_.fusions = {{"four", {}}};
  EXPECT_THAT(method(run(), "four+fused").reason, HasSubstr("at most 3 blocks of features, and there are 4"));
}

TEST_F(FusionRun, APredictorThatBreaksDownFailsByItself) {
  options_.fusion_predictors.push_back({"bad", plugin("fused_ridge")});
  const RunResults alone = [&] {
    RunOptions both = options_;
    options_.fusion_predictors.pop_back();
    RunResults results = run();
    options_ = both;
    return results;
  }();
  options_.plugin_options["bad.deed"] = "crashes";
  const RunResults results = run();
  EXPECT_EQ(method(results, "ab+bad").status, Status::failed);
  ASSERT_TRUE(method(results, "ab+bad").folds[0].failure.has_value());
  EXPECT_EQ(method(results, "ab+bad").folds[0].failure->plugin, "bad");
  EXPECT_EQ(method(results, "ab+bad").folds[0].failure->verdict, "crashed");
  for (const std::string name : {"ab+fused", "a+knn"}) {
    EXPECT_EQ(method(results, name).folds[1].metric_values[0], method(alone, name).folds[1].metric_values[0]) << name;
  }
}

TEST_F(FusionRun, ComparesTheEmbeddingsOfTheRun) {
  RunResults results = run();
  ASSERT_EQ(results.similarity.size(), 1u);
  EXPECT_EQ(results.similarity[0].context(), "A");
  EXPECT_EQ(results.similarity[0].embeddings_size(), 3);
  EXPECT_EQ(results.similarity[0].pairs_size(), 3);
  for (const SimilarPair& pair : results.similarity[0].pairs()) {
    const bool has_b = pair.first() == "b" || pair.second() == "b", has_a = pair.first() == "a" || pair.second() == "a";
    EXPECT_EQ(pair.n_shared(), has_b ? 16 : has_a ? 17 : 18);
    EXPECT_TRUE(pair.has_mean_canonical_correlation());
  }
  options_.embeddings[1].path = folder_.write("b.csv", "pert_id,x\np100,1\np100,2\np101,oops\n");
  EXPECT_EQ(run().similarity[0].embeddings_size(), 2) << "of those that are to be had";
  options_.embeddings.resize(1);
  options_.fusions.clear();
  options_.fusion_predictors_are_named = false;
  EXPECT_TRUE(run().similarity.empty());
}

TEST_F(FusionRun, PredictsClassesWithPredictorsThatDo) {
  task_.holds_classes = true;
  for (Eigen::Index i = 0; i < task_.contexts[0].deltas.size(); ++i) {
    task_.contexts[0].deltas.data()[i] = std::floor(1.5 * (1 + testing::scattered(static_cast<int>(i), 0, 8)));
  }
  // All perturbations are in a block, so that the frequencies of its training rows are those of the null.
  options_.fusions = {{"ac", {"a", "c"}}};
  options_.predictors_are_named = false;
  options_.grid.clear();
  options_ = options_of_target(options_, deg_target());
  const RunResults results = run();
  const MethodEvaluation &fused = method(results, "ac+fused"), &prior = method(results, kNullPrior);
  for (std::size_t f = 0; f < 3; ++f) {
    ASSERT_EQ(fused.folds[f].status, Status::ok) << fused.folds[f].reason;
    const Vector &values = fused.folds[f].whole.values, &expected = prior.folds[f].whole.values;
    EXPECT_TRUE(values.array().isFinite().any());
    for (Eigen::Index m = 0; m < values.size(); ++m) {
      EXPECT_TRUE(values[m] == expected[m] || (std::isnan(values[m]) && std::isnan(expected[m]))) << "fold " << f;
    }
  }
  // One that does deltas alone is left out of the default, and said so; named, its row fails.
  options_.fusion_predictors = {{"one", plugin("audited_predictor")}};
  EXPECT_THAT(method(run(), "ac+one").reason, HasSubstr("a fusion has several"));
  options_.fusion_predictors_are_named = false;
  EXPECT_THAT(run().contexts[0].notes, ElementsAre(HasSubstr("no fusion predictor of this run predicts classes")));
}

TEST_F(FusionRun, AnEmbeddingMadeOfTrainingLabelsIsRefused) {
  options_.embeddings[1].path = plugin("audited_supervised");
  EXPECT_THAT(refusal(), HasSubstr("'b' is made from training labels, by which a fusion weighs its blocks"));
}

TEST_F(FusionRun, TheDefaultIsWhatIsInstalled) {
  options_.fusion_predictors = {{"no_such_fusion", {}}};
  options_.fusion_predictors_are_named = false;
  const RunResults results = run();
  EXPECT_THAT(results.contexts[0].notes, ElementsAre(HasSubstr("no fusion predictor of this run predicts deltas")));
  options_.fusion_predictors_are_named = true;
  EXPECT_THAT(refusal(), HasSubstr("there is no fusion predictor 'no_such_fusion'"));
}

}  // namespace fusion_test
}  // namespace headroom
