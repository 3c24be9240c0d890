// The leakage probes against honest and cheating plugins, on a task whose deltas are three factors and noise.
#include "evaluation/audit.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "evaluation/evaluate.hpp"
#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace audit_test {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

constexpr Eigen::Index kPerturbations = 90, kGenes = 24, kFactors = 3, kFolds = 3;

class Audit : public ::testing::Test {
 protected:
  Audit() {
    std::mt19937 generator(7);
    std::normal_distribution<double> normal;
    const auto drawn = [&](Eigen::Index rows, Eigen::Index cols, double scale) {
      Matrix matrix(rows, cols);
      for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = scale * normal(generator);
      return matrix;
    };
    factors_ = drawn(kPerturbations, kFactors, 1);
    TaskContext context;
    context.name = "line";
    context.deltas = factors_ * drawn(kFactors, kGenes, 1) + drawn(kPerturbations, kGenes, 0.4);
    for (Eigen::Index i = 0; i < kPerturbations; ++i) {
      context.pert_ids.push_back(fmt::format("p{:02}", i));
      context.fold_of_row.push_back(static_cast<std::int32_t>(i % kFolds));
    }
    task_.name = "factors";
    task_.sha256 = "0";
    task_.fold_names = {"0", "1", "2"};
    for (Eigen::Index g = 0; g < kGenes; ++g) task_.gene_ids.push_back(fmt::format("g{}", g));
    task_.contexts = {context};

    // Below a temporary folder, which its owner alone may read and workers of root are somebody else.
    fs::create_directory(folder_ / "data");
    write("data/vectors", factors_);
    write("data/answers", context.deltas);
    // The answers of the first fold alone, for the predictor that is given no names.
    fs::create_directory(folder_ / "sheet");
    std::ofstream sheet(folder_ / "sheet/answers");
    sheet << kPerturbations / kFolds << '\n';
    for (Eigen::Index i = 0; i < kPerturbations; i += kFolds) sheet << context.deltas.row(i) << '\n';

    options_.predictors = {{"knn", {}}};
    options_.grid["knn.k"] = {3, 5, 10};
    options_.common_dim = 10;
    options_.inner_folds = 3;
    options_.metrics = {Metric::L2, Metric::Pearson};
    options_.worker_program = fs::path(HEADROOM_BUILD_DIR) / "bin" / "headroom-worker";
    options_.shipped_plugins = fs::path(HEADROOM_BUILD_DIR) / "lib" / "headroom";
    options_.sandbox = SandboxMode::RELAXED;
    options_.audit = true;
  }

  // One line a perturbation: its id, then its numbers.
  void write(const std::string& name, const Matrix& rows) const {
    std::ofstream file(folder_ / name);
    for (Eigen::Index i = 0; i < rows.rows(); ++i) file << fmt::format("p{:02} ", i) << rows.row(i) << '\n';
  }

  static fs::path plugin(const std::string& name) { return fs::path(HEADROOM_TEST_PLUGINS) / (name + ".so"); }
  void add_embedding(const std::string& file, const std::string& deed) {
    options_.embeddings.push_back({deed, plugin(file), folder_ / "data"});
    options_.plugin_options[deed + ".deed"] = deed;
  }
  void add_predictor(const std::string& deed) {
    options_.predictors.push_back({deed, plugin("audited_predictor"), folder_ / "sheet"});
    options_.plugin_options[deed + ".deed"] = deed;
  }

  RunResults run(int n_threads = 2) const {
    ThreadPool pool(n_threads);
    NoProgress progress;
    RunOutcome outcome = evaluate(task_, nullptr, options_, pool, progress, {});
    EXPECT_FALSE(outcome.error.has_value()) << outcome.error->line();
    for (const ContextEvaluation& context : outcome.results.contexts) {
      for (const MethodEvaluation& method : context.methods) {
        EXPECT_NE(method.status, Status::failed) << method.name << ": " << method.reason;
      }
    }
    return std::move(outcome.results);
  }

  // "pass", "fail" or "skipped"; empty where there is no such row.
  static std::string outcome(const RunResults& results, const std::string& name, const std::string& probe) {
    for (const AuditResult& result : results.audit) {
      if (result.name() == name && result.probe() == probe) return result.outcome();
    }
    return {};
  }
  static std::string all_of(const RunResults& results) {
    std::string text;
    for (const AuditResult& r : results.audit) {
      text += fmt::format("{} {}: {}: {}\n", r.name(), r.probe(), r.outcome(), r.detail());
    }
    return text;
  }
  static void expect_only(const RunResults& results, const std::string& name, const std::vector<std::string>& failed) {
    std::vector<std::string> found;
    for (const AuditResult& result : results.audit) {
      if (result.name() == name && result.outcome() == "fail") found.push_back(result.probe());
    }
    EXPECT_EQ(found, failed) << name << "\n" << all_of(results);
  }

  TemporaryFolder folder_;
  Matrix factors_;
  Task task_;
  RunOptions options_;
};

TEST_F(Audit, HonestPluginsPassEveryProbe) {
  add_embedding("audited_embedding", "honest");
  options_.predictors.push_back({"lasso", {}});
  add_predictor("neighbours");
  const RunResults results = run();
  for (const char* head : {"knn", "lasso", "neighbours"}) {
    for (const char* probe : {"embedding-shuffled", "labels-shuffled", "ids-renamed", "same-call-twice"}) {
      EXPECT_EQ(outcome(results, std::string("honest+") + head, probe), "pass") << all_of(results);
    }
  }
  EXPECT_EQ(outcome(results, "honest", "same-call-twice"), "pass");
  EXPECT_EQ(outcome(results, "honest", "rows-reordered"), "pass");
  EXPECT_EQ(outcome(results, "honest", "ids-renamed"), "skipped");
}

TEST_F(Audit, AnHonestSupervisedEmbeddingPasses) {
  add_embedding("audited_supervised", "honest");
  const RunResults results = run();
  for (const char* probe : {"embedding-shuffled", "labels-shuffled", "ids-renamed", "same-call-twice", "asked-alone"}) {
    EXPECT_EQ(outcome(results, "honest+knn", probe), "pass") << all_of(results);
  }
}

TEST_F(Audit, OnlyWhoSeesLabelsIsAskedAlone) {
  add_embedding("audited_embedding", "honest");
  add_predictor("neighbours");
  const RunResults results = run();
  EXPECT_EQ(outcome(results, "honest+neighbours", "asked-alone"), "pass") << all_of(results);
  EXPECT_EQ(outcome(results, "honest+knn", "asked-alone"), "") << all_of(results);
}

TEST_F(Audit, TellsWhichShareOfTestPerturbationsHasTheVectorOfATrainingOne) {
  add_embedding("audited_embedding", "honest");
  EXPECT_EQ(outcome(run(), "honest", "twin-vectors"), "pass");
  // Nine of the ninety are the neighbour in the list under another name, and so in another fold.
  Matrix vectors = factors_;
  for (Eigen::Index i = 0; i < 90; i += 10) vectors.row(i) = vectors.row(i + 1);
  write("data/vectors", vectors);
  const RunResults results = run();
  EXPECT_EQ(outcome(results, "honest", "twin-vectors"), "warn") << all_of(results);
  EXPECT_NE(all_of(results).find("18 of 90 covered test perturbations (20 %) have the vector of a training one"),
            std::string::npos)
      << all_of(results);
}

TEST_F(Audit, APredictorThatIgnoresItsFeaturesIsCaught) {
  add_embedding("audited_embedding", "honest");
  add_predictor("answers");
  expect_only(run(), "honest+answers", {"embedding-shuffled", "labels-shuffled"});
}

TEST_F(Audit, APredictorThatKeepsStateIsCaught) {
  add_embedding("audited_embedding", "honest");
  add_predictor("counter");
  expect_only(run(), "honest+counter", {"same-call-twice", "asked-alone"});
}

TEST_F(Audit, APredictorThatMindsTheContextsNameIsCaught) {
  add_embedding("audited_embedding", "honest");
  add_predictor("context");
  expect_only(run(), "honest+context", {"ids-renamed"});
}

TEST_F(Audit, APredictorThatBreaksDownUnderAProbeFailsItAlone) {
  add_embedding("audited_embedding", "honest");
  add_predictor("breaks");
  const RunResults results = run();
  expect_only(results, "honest+breaks", {"ids-renamed"});
  expect_only(results, "honest+knn", {});
}

TEST_F(Audit, AnEmbeddingThatDependsOnTheOrderOfRowsIsCaught) {
  add_embedding("audited_embedding", "place");
  expect_only(run(), "place", {"rows-reordered"});
}

TEST_F(Audit, AnEmbeddingThatIsDrawnAnewIsCaught) {
  add_embedding("audited_embedding", "drawn");
  const RunResults results = run();
  EXPECT_EQ(outcome(results, "drawn", "same-call-twice"), "fail") << all_of(results);
}

TEST_F(Audit, ASupervisedEmbeddingThatKnowsTheTestLabelsIsCaught) {
  add_embedding("audited_supervised", "answers");
  expect_only(run(), "answers+knn", {"labels-shuffled"});
}

// Shuffled honest embeddings must not be called leakage by chance: many seeds, vectors of few factors and one that
// knows only the perturbations with large deltas.
TEST_F(Audit, HonestPluginsRaiseNoFalseAlarmOverManySeeds) {
  add_embedding("audited_embedding", "honest");
  options_.embeddings.push_back({"strong", plugin("audited_embedding"), folder_ / "strong"});
  fs::create_directory(folder_ / "strong");
  {
    std::ofstream file(folder_ / "strong/vectors");
    for (Eigen::Index i = 0; i < kPerturbations; ++i) {
      if (task_.contexts[0].deltas.row(i).sum() > 0) file << fmt::format("p{:02} ", i) << factors_.row(i) << '\n';
    }
  }
  options_.predictors.push_back({"lasso", {}});
  options_.metrics = {Metric::L2};
  options_.n_random_embeddings = 1;
  options_.folds = {"0"};
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    options_.seed = seed;
    const RunResults results = run();
    for (const char* method : {"honest+knn", "honest+lasso", "strong+knn", "strong+lasso"}) {
      for (const char* probe : {"embedding-shuffled", "labels-shuffled"}) {
        EXPECT_EQ(outcome(results, method, probe), "pass") << "seed " << seed << "\n" << all_of(results);
      }
    }
  }
}

TEST_F(Audit, TooFewTestPerturbationsAreNoVerdict) {
  TaskContext& context = task_.contexts[0];
  std::fill(context.fold_of_row.begin(), context.fold_of_row.end(), 1);
  for (const std::size_t row : {0u, 1u, 2u, 3u}) context.fold_of_row[row] = 0;
  for (const std::size_t row : {4u, 5u, 6u}) context.fold_of_row[row] = 2;
  add_embedding("audited_embedding", "honest");
  const RunResults results = run();
  EXPECT_EQ(outcome(results, "honest+knn", "embedding-shuffled"), "skipped") << all_of(results);
  EXPECT_EQ(outcome(results, "honest+knn", "same-call-twice"), "pass");
}

TEST_F(Audit, IsTheSameOnAnyNumberOfThreads) {
  add_embedding("audited_embedding", "honest");
  add_embedding("audited_embedding", "place");
  add_predictor("answers");
  EXPECT_EQ(all_of(run(1)), all_of(run(3)));
}

TEST_F(Audit, IsNotMadeUnlessAskedFor) {
  add_embedding("audited_embedding", "honest");
  options_.audit = false;
  EXPECT_TRUE(run().audit.empty());
}

}  // namespace audit_test
}  // namespace headroom
