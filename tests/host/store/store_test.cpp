#include "store/store.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <thread>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace store_test {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
const std::vector<std::string> metrics = {"L2", "Pearson"};
const std::vector<std::string> perts = {"ENSG1", "ENSG2", "ENSG3"};

EvaluationKey key(const std::string& method, const std::string& fingerprint = "f0") {
  return {"K-562", "0", method, fingerprint};
}

FoldEvaluation example(double base = 1.0 / 3) {
  FoldEvaluation evaluation;
  evaluation.status = Status::ok;
  evaluation.metric_values = {Vector(3), Vector(3)};
  evaluation.metric_values[0] << base, -0.0, 1e-300;
  evaluation.metric_values[1] << 0.5, nan, -0.25;
  evaluation.covered = {1, 0, 1};
  evaluation.best_params = {{"k", 20}};
  evaluation.inner_scores = {{{{"k", 20}}, {-1.25, -0.1}, true}, {{{"k", 1000}}, {}, false}};
  evaluation.effective_dim = 16;
  evaluation.wall_s = 0.25;
  evaluation.cpu_s = 0.5;
  evaluation.peak_memory_bytes = 1e8;
  return evaluation;
}

void expect_same(const FoldEvaluation& a, const FoldEvaluation& b) {
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.reason, b.reason);
  ASSERT_EQ(a.metric_values.size(), b.metric_values.size());
  for (std::size_t m = 0; m < a.metric_values.size(); ++m) {
    ASSERT_EQ(a.metric_values[m].size(), b.metric_values[m].size());
    for (Eigen::Index i = 0; i < a.metric_values[m].size(); ++i) {
      const double x = a.metric_values[m][i], y = b.metric_values[m][i];
      EXPECT_TRUE(x == y || (std::isnan(x) && std::isnan(y))) << x << " " << y;  // exact: --resume must not move a bit
    }
  }
  EXPECT_EQ(a.covered, b.covered);
  EXPECT_EQ(a.best_params, b.best_params);
  ASSERT_EQ(a.inner_scores.size(), b.inner_scores.size());
  for (std::size_t i = 0; i < a.inner_scores.size(); ++i) {
    EXPECT_EQ(a.inner_scores[i].params, b.inner_scores[i].params);
    EXPECT_EQ(a.inner_scores[i].split_scores, b.inner_scores[i].split_scores);
    EXPECT_EQ(a.inner_scores[i].feasible, b.inner_scores[i].feasible);
  }
  EXPECT_EQ(a.effective_dim, b.effective_dim);
  EXPECT_EQ(a.wall_s, b.wall_s);
  EXPECT_EQ(a.cpu_s, b.cpu_s);
  EXPECT_EQ(a.peak_memory_bytes, b.peak_memory_bytes);
  EXPECT_EQ(a.fusion, b.fusion);
}

std::int64_t ask_number(const std::filesystem::path& folder, const std::string& sql) {
  sqlite3* connection = nullptr;
  sqlite3_open((folder / "results.sqlite").c_str(), &connection);
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(connection, sql.c_str(), -1, &statement, nullptr);
  const std::int64_t answer = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
  sqlite3_finalize(statement);
  sqlite3_close(connection);
  return answer;
}

bool is_intact(const std::filesystem::path& folder) {
  return ask_number(folder, "SELECT integrity_check = 'ok' FROM pragma_integrity_check") == 1;
}

TEST(Store, ReturnsWhatWasPutToTheBit) {
  testing::TemporaryFolder folder;
  {
    auto store = Store::open(folder.path(), metrics);
    ASSERT_TRUE(store) << store.error().line();
    ASSERT_TRUE(store->put(key("a+knn"), perts, example()));
  }
  auto store = Store::open(folder.path(), metrics);
  ASSERT_TRUE(store);
  const auto found = store->find(key("a+knn"));
  ASSERT_TRUE(found && *found);
  expect_same(**found, example());
}

// Values of folds that are no means come back to the bit, those of the metrics that are asked for.
TEST(Store, KeepsWhatAFoldHasAsAWhole) {
  testing::TemporaryFolder folder;
  FoldEvaluation evaluation = example();
  WholeFoldScores& whole = evaluation.whole;
  whole.values = Vector{{1.0 / 3, nan}};
  whole.covered_values = Vector{{0.1, 0.7}};
  whole.resampled = Matrix{{0.25, 1e-17, nan}, {0.1 + 0.2, 0, 1}};
  const auto same = [](const Matrix& a, const Matrix& b) {
    return a.rows() == b.rows() && a.cols() == b.cols() &&
           a.array()
                   .binaryExpr(
                       b.array(),
                       [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)) ? 1.0 : 0.0; })
                   .minCoeff() == 1;
  };
  {
    auto store = Store::open(folder.path(), metrics);
    ASSERT_TRUE(store->put(key("a+logistic"), perts, evaluation));
    const auto found = store->find(key("a+logistic"));
    ASSERT_TRUE(found && *found);
    EXPECT_TRUE(same((*found)->whole.values, whole.values));
    EXPECT_TRUE(same((*found)->whole.covered_values, whole.covered_values));
    EXPECT_TRUE(same((*found)->whole.resampled, whole.resampled));
  }
  auto of_one = Store::open(folder.path(), {"Pearson"});
  const auto second = of_one->find(key("a+logistic"));
  ASSERT_TRUE(second && *second);
  EXPECT_TRUE(same((*second)->whole.resampled, whole.resampled.row(1)));
  ASSERT_TRUE(of_one->put(key("a+knn"), perts, [] {
    FoldEvaluation plain = example();
    plain.metric_values.pop_back();
    return plain;
  }()));
  EXPECT_TRUE((*of_one->find(key("a+knn")))->whole.empty());
}

// One context, fold and method may be evaluated for each target.
TEST(Store, TellsTargetsApart) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  ASSERT_TRUE(store->begin_run({}, {}));
  EvaluationKey deltas = key("no_change"), classes = deltas;
  classes.target = "deg";
  ASSERT_TRUE(store->put(deltas, perts, example(1)));
  ASSERT_TRUE(store->put(classes, perts, example(2)));
  EXPECT_EQ((*store->find(deltas))->metric_values[0][0], 1);
  EXPECT_EQ((*store->find(classes))->metric_values[0][0], 2);
  const auto runs = store->kept_runs();
  ASSERT_TRUE(runs && runs->size() == 1 && runs->front().evaluations.size() == 2);
  for (const EvaluationKey& kept : runs->front().evaluations) EXPECT_EQ(kept.context, "K-562") << kept.target;
  EXPECT_NE(runs->front().evaluations[0].target, runs->front().evaluations[1].target);
  const auto of_classes = store->evaluations("L2", "deg");
  ASSERT_TRUE(of_classes && of_classes->size() == 1);
  EXPECT_EQ(of_classes->front().key.context, "K-562");
  EXPECT_EQ(of_classes->front().evaluation.metric_values[0][0], 2);
  EXPECT_EQ(store->evaluations("L2")->size(), 1u);

  PerturbationFacts facts{"K-562", {"p"}, {"0"}, {1}, {nan}, {nan}};
  ASSERT_TRUE(store->put_facts({facts}));
  facts.pert_ids = {"q"};
  ASSERT_TRUE(store->put_facts({facts}, "deg"));
  EXPECT_EQ(store->facts()->front().pert_ids.front(), "p");
  EXPECT_EQ(store->facts("deg")->front().pert_ids.front(), "q");
}

TEST(Store, KeepsFailures) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  FoldEvaluation failed;
  failed.status = Status::failed;
  failed.reason = "crashed (SIGSEGV)";
  failed.failure = PluginFailure{"bad", "crashed", "(SIGSEGV)"};
  ASSERT_TRUE(store->put(key("bad+knn"), perts, failed));
  const auto found = store->find(key("bad+knn"));
  ASSERT_TRUE(found && *found);
  expect_same(**found, failed);
  ASSERT_TRUE((*found)->failure.has_value());
  EXPECT_EQ((*found)->failure->plugin, "bad");
  EXPECT_EQ((*found)->failure->verdict, "crashed");
  EXPECT_EQ((*found)->failure->message, "(SIGSEGV)");
}

TEST(Store, TellsWhatAnEvaluationWasMadeFrom) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  EXPECT_FALSE(store->origin_of(key("a+knn"))->has_value());
  EvaluationKey made = key("a+knn");
  made.inputs = {{"task", "a \"b\" c"}, {"seed", "7"}};
  FoldEvaluation failed;
  failed.status = Status::failed;
  failed.reason = "wall_limit";
  ASSERT_TRUE(store->put(made, perts, failed));
  const auto origin = store->origin_of(key("a+knn", "another"));
  ASSERT_TRUE(origin && *origin);
  EXPECT_EQ((*origin)->fingerprint, "f0");
  EXPECT_EQ((*origin)->inputs, made.inputs);
  EXPECT_EQ((*origin)->status, Status::failed);
  EXPECT_EQ((*origin)->reason, "wall_limit");
  EXPECT_TRUE((*origin)->has_all_metrics);
}

TEST(Store, KeepsWhatAFusionHasBesideItsScores) {
  testing::TemporaryFolder folder;
  FoldEvaluation fused = example();
  fused.fusion.blocks = {{"a \"quoted\" name", 2, 16}, {"b", 3, 5}};
  fused.fusion.weights = {{"b", "rbf", 1.0 / 3}, {"b", "linear", 1e-300}};
  {
    auto store = Store::open(folder.path(), metrics);
    ASSERT_TRUE(store->put(key("a+knn"), perts, example()));
    ASSERT_TRUE(store->put(key("some+stack"), perts, fused));
    fused.fusion.loo_l2 = 0.1;
    fused.fusion.out_of_fold_l2 = 0.3;
    ASSERT_TRUE(store->put(key("all+kernels"), perts, fused));
  }
  auto store = Store::open_to_read(folder.path(), metrics);
  expect_same(**store->find(key("all+kernels")), fused);
  EXPECT_FALSE((*store->find(key("some+stack")))->fusion.loo_l2.has_value());
  EXPECT_TRUE((*store->find(key("a+knn")))->fusion.blocks.empty());
  ask_number(folder.path(), R"(UPDATE evaluation SET fusion = '{"blocks": 3}')");
  const auto damaged = Store::open_to_read(folder.path(), metrics)->find(key("all+kernels"));
  ASSERT_FALSE(damaged.has_value());
}

// A store as version 1 made it: the columns that came later are not there.
TEST(Store, BringsAStoreOfVersionOneUpToDate) {
  testing::TemporaryFolder folder;
  {
    auto store = Store::open(folder.path(), metrics);
    ASSERT_TRUE(store->begin_run({}, {}));
    ASSERT_TRUE(store->put(key("a+knn"), perts, example()));
  }
  for (const char* column :
       {"run DROP COLUMN folder", "run DROP COLUMN task_path", "run DROP COLUMN noise_path",
        "run DROP COLUMN settings_requested", "run DROP COLUMN n_threads", "plugin DROP COLUMN path",
        "plugin DROP COLUMN data_folder_sha256", "plugin DROP COLUMN limits", "plugin DROP COLUMN confinement",
        "plugin DROP COLUMN log", "evaluation DROP COLUMN inputs", "evaluation DROP COLUMN whole",
        "evaluation DROP COLUMN fusion", "evaluation DROP COLUMN failure"}) {
    ask_number(folder.path(), std::string("ALTER TABLE ") + column);
  }
  ask_number(folder.path(), "DROP TABLE output");
  ask_number(folder.path(), "DROP TABLE compared");
  ask_number(folder.path(), "PRAGMA user_version = 1");
  auto store = Store::open(folder.path(), metrics);
  ASSERT_TRUE(store) << store.error().line();
  EXPECT_EQ(ask_number(folder.path(), "PRAGMA user_version"), 7);
  const auto origin = store->origin_of(key("a+knn"));
  ASSERT_TRUE(origin && *origin);
  EXPECT_TRUE((*origin)->inputs.empty());
  ASSERT_TRUE(store->begin_run({}, {})) << "the new columns can be written";
  expect_same(**store->find(key("a+knn")), example());
  EXPECT_FALSE(store->outputs()->has_value()) << "the new table can be read";
  EXPECT_FALSE(store->find_components({"K-562", "a", "f"})->has_value()) << "and the other";
}

TEST(Store, KeepsWhatEmbeddingsAreComparedBy) {
  testing::TemporaryFolder folder;
  LeadingComponents components{Matrix::Random(4, 3), {1, 0, 1, 1}};
  components.scores.row(1).setZero();
  const EmbeddingKey key{"K-562", "a", "f0"};
  {
    auto store = Store::open(folder.path(), metrics);
    ASSERT_TRUE(store->put_components({"K-562", "a", "f9"}, {Matrix::Random(2, 2), {1, 1}}));
    ASSERT_TRUE(store->put_components(key, components));
  }
  auto store = Store::open_to_read(folder.path(), metrics);
  const auto found = store->find_components(key);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->scores, components.scores);
  EXPECT_EQ((*found)->present, components.present);
  for (const EmbeddingKey& other :
       {EmbeddingKey{"K-562", "a", "f9"}, {"K-562", "b", "f0"}, {"RPE1", "a", "f0"}, {"K-562", "a", "f0", "deg"}}) {
    EXPECT_FALSE(store->find_components(other)->has_value()) << other.embedding << other.fingerprint << other.target;
  }
}

TEST(Store, RefusesComponentsThatDoNotFitTogether) {
  testing::TemporaryFolder folder;
  const EmbeddingKey key{"K-562", "a", "f0"};
  ASSERT_TRUE(Store::open(folder.path(), metrics)->put_components(key, {Matrix::Random(4, 3), {1, 1, 1, 1}}));
  for (const char* change : {"n_components = 4", "n_components = -3", "n_components = 1000000", "present = x'01'",
                             "scores = 'abc'", "scores = NULL"}) {
    const std::string set = std::string("UPDATE compared SET ") + change;
    ask_number(folder.path(), set);
    EXPECT_FALSE(Store::open_to_read(folder.path(), metrics)->find_components(key)) << change;
  }
}

TEST(Store, TellsWhichRunsMadeAllOfTheEvaluations) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  const std::vector<EvaluationKey> keys = {key("a+knn"), key("b+knn")};
  FoldEvaluation skipped;
  skipped.status = Status::skipped;
  ASSERT_TRUE(store->begin_run({}, {}));
  ASSERT_TRUE(store->put(keys[0], perts, example()));
  EXPECT_FALSE(store->provenance_of(keys)->has_value()) << "one is missing";
  ASSERT_TRUE(store->put(keys[1], perts, skipped));
  const auto first = *store->provenance_of(keys);
  ASSERT_TRUE(first);
  ASSERT_TRUE(store->put(key("another"), perts, example()));
  EXPECT_EQ(*store->provenance_of(keys), first) << "what nobody asks for";
  EXPECT_EQ(*Store::open(folder.path(), {"L2"})->provenance_of(keys), first);
  EXPECT_FALSE(Store::open(folder.path(), {"L2", "MSE"})->provenance_of(keys)->has_value()) << "without MSE";
  EXPECT_FALSE(store->provenance_of({keys[0], key("b+knn", "f1")})->has_value()) << "another fingerprint";

  ASSERT_TRUE(store->begin_run({}, {}));
  ASSERT_TRUE(store->put(keys[0], perts, example()));
  const auto second = *store->provenance_of(keys);
  ASSERT_TRUE(second);
  EXPECT_NE(second, first) << "made again by another run";

  FoldEvaluation failed;
  failed.status = Status::failed;
  ASSERT_TRUE(store->put(keys[1], perts, failed));
  EXPECT_FALSE(store->provenance_of(keys)->has_value()) << "one failed";
  ASSERT_TRUE(store->put(keys[1], perts, skipped));
  ask_number(folder.path(), "DELETE FROM score WHERE row = 2");
  EXPECT_FALSE(store->provenance_of(keys)->has_value()) << "scores are missing";
}

TEST(Store, KnowsTheOutputsUntilTheyAreForgotten) {
  testing::TemporaryFolder folder;
  const KeptOutputs outputs{"stamp",
                            {{"a.csv", 5'000'000'000, "00ff"}, {"b \"c\"", 0, ""}},
                            {{"mine", "predictor", "crashed", "it died: \"x\"", "full"}}};
  {
    auto store = Store::open(folder.path(), metrics);
    EXPECT_FALSE(store->outputs()->has_value());
    ASSERT_TRUE(store->put_outputs({"earlier", {}, {}}));
    ASSERT_TRUE(store->put_outputs(outputs));
  }
  auto store = Store::open(folder.path(), metrics);
  const auto kept = *store->outputs();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->stamp, "stamp");
  ASSERT_EQ(kept->files.size(), 2u);
  EXPECT_EQ(kept->files[0].name, "a.csv");
  EXPECT_EQ(kept->files[0].bytes, 5'000'000'000u);
  EXPECT_EQ(kept->files[0].sha256, "00ff");
  EXPECT_EQ(kept->files[1].name, "b \"c\"");
  ASSERT_EQ(kept->submissions.size(), 1u);
  EXPECT_EQ(kept->submissions[0].kind, "predictor");
  EXPECT_EQ(kept->submissions[0].verdict, "crashed");
  EXPECT_EQ(kept->submissions[0].reason, "it died: \"x\"");
  EXPECT_EQ(kept->submissions[0].confinement, "full");
  ASSERT_TRUE(store->forget_outputs());
  EXPECT_FALSE(store->outputs()->has_value());
}

TEST(Store, FindsOnlyTheSameFingerprint) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  EXPECT_EQ(*store->state_of(key("a+knn")), StoredState::absent);
  ASSERT_TRUE(store->put(key("a+knn", "f0"), perts, example()));
  EXPECT_EQ(*store->state_of(key("a+knn", "f0")), StoredState::valid);
  EXPECT_EQ(*store->state_of(key("a+knn", "f1")), StoredState::stale);
  EXPECT_FALSE(store->find(key("a+knn", "f1"))->has_value());
  EXPECT_FALSE(store->find(key("b+knn", "f0"))->has_value());
}

TEST(Store, ReplacesAnOlderEvaluation) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  ASSERT_TRUE(store->put(key("a+knn", "f0"), perts, example(1)));
  ASSERT_TRUE(store->put(key("a+knn", "f1"), perts, example(2)));
  EXPECT_FALSE(store->find(key("a+knn", "f0"))->has_value());
  EXPECT_EQ((**store->find(key("a+knn", "f1"))).metric_values[0][0], 2);
  EXPECT_EQ(ask_number(folder.path(), "SELECT count(*) FROM evaluation"), 1);
  EXPECT_EQ(ask_number(folder.path(), "SELECT count(*) FROM score"), 3);
}

TEST(Store, DoesNotFindAnEvaluationThatLacksAMetric) {
  testing::TemporaryFolder folder;
  {
    auto store = Store::open(folder.path(), {"L2"});
    FoldEvaluation evaluation = example();
    evaluation.metric_values.pop_back();
    ASSERT_TRUE(store->put(key("a+knn"), perts, evaluation));
  }
  auto store = Store::open(folder.path(), metrics);
  ASSERT_TRUE(store) << store.error().line();
  EXPECT_EQ(*store->state_of(key("a+knn")), StoredState::stale);
  EXPECT_FALSE(store->find(key("a+knn"))->has_value());
  EXPECT_TRUE(Store::open(folder.path(), {"L2"})->find(key("a+knn"))->has_value());
}

TEST(Store, RefusesAnEvaluationOfAnotherShape) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  const auto put = store->put(key("a+knn"), {"ENSG1"}, example());
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().kind, ErrorKind::harness_fault);
}

TEST(Store, KeepsRunsPluginsAndFacts) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  EXPECT_TRUE(store->kept_runs()->empty());
  PluginOfRun plugin;
  plugin.record.set_name("'; DROP TABLE run; --");
  plugin.record.mutable_description()->add_training_datasets("replogle");
  plugin.path = "embeddings/mine.so";
  plugin.data_folder_sha256 = "def";
  plugin.limits.set_wall_time_s(600);
  plugin.confinement.emplace().set_level(ConfinementLevel::STRONG);
  RunRecord run;
  run.task_sha256 = "abc";
  run.settings_requested = "[run]\nseed = 7\n";
  run.n_threads = 3;
  ASSERT_TRUE(store->begin_run(run, {plugin}));
  ASSERT_TRUE(store->put(key("a+knn"), perts, example()));
  EXPECT_EQ(ask_number(folder.path(),
                       "SELECT count(*) FROM evaluation JOIN run ON run.id = evaluation.run "
                       "WHERE task_sha256 = 'abc'"),
            1);
  EXPECT_EQ(ask_number(folder.path(), "SELECT count(*) FROM plugin WHERE training_datasets = '[\"replogle\"]'"), 1);
  EXPECT_EQ(ask_number(folder.path(),
                       "SELECT count(*) FROM plugin WHERE path = 'embeddings/mine.so' AND data_folder_sha256 = 'def' "
                       "AND json_extract(limits, '$.wall_time_s') = 600 "
                       "AND json_extract(confinement, '$.level') = 'STRONG'"),
            1);
  FoldEvaluation failed;
  failed.status = Status::failed;
  ASSERT_TRUE(store->put(key("bad+knn"), perts, failed));
  ASSERT_TRUE(store->begin_run({}, {}));
  const auto runs = store->kept_runs();
  ASSERT_TRUE(runs) << runs.error().line();
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ((*runs)[0].record.task_sha256, "abc");
  EXPECT_EQ((*runs)[0].record.settings_requested, run.settings_requested);
  EXPECT_EQ((*runs)[0].record.n_threads, 3);
  ASSERT_EQ((*runs)[0].evaluations.size(), 1u) << "only what succeeded";
  EXPECT_EQ((*runs)[0].evaluations[0].method, "a+knn");
  EXPECT_TRUE((*runs)[1].evaluations.empty());

  const PerturbationFacts facts{"K-562", perts, {"0", "0", "1"}, {1.5, 2.5, 3.5}, {100, nan, 7}, {0.5, 0.25, nan}};
  ASSERT_TRUE(store->put_facts({facts}));
  ASSERT_TRUE(store->put_facts({facts})) << "a second run replaces them";
  const auto read = store->facts();
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ((*read)[0].pert_ids, perts);
  EXPECT_EQ((*read)[0].folds, facts.folds);
  EXPECT_EQ((*read)[0].effect_sizes, facts.effect_sizes);
  EXPECT_TRUE(std::isnan((*read)[0].n_cells[1]));
  EXPECT_EQ((*read)[0].n_cells[2], 7);
}

TEST(Store, ListsEvaluationsWithOneMetric) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  FoldEvaluation failed;
  failed.status = Status::failed;
  ASSERT_TRUE(store->put(key("b"), perts, failed));
  ASSERT_TRUE(store->put(key("a"), perts, example()));
  const auto all = store->evaluations("Pearson");
  ASSERT_TRUE(all) << all.error().line();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].key.method, "a");
  EXPECT_EQ((*all)[0].pert_ids, perts);
  ASSERT_EQ((*all)[0].evaluation.metric_values.size(), 1u);
  EXPECT_EQ((*all)[0].evaluation.metric_values[0][2], -0.25);
  EXPECT_EQ((*all)[1].evaluation.status, Status::failed);
  EXPECT_TRUE((*all)[1].pert_ids.empty());
}

TEST(Store, NamesWhatIsWrongWithAFile) {
  testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "results.sqlite") << std::string(5000, 'x');
  auto store = Store::open(folder.path(), metrics);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().line().find("this file is no store of results"), std::string::npos) << store.error().line();
  EXPECT_NE(store.error().where.find("results.sqlite"), std::string::npos);

  std::filesystem::remove(folder.path() / "results.sqlite");
  sqlite3* connection = nullptr;
  sqlite3_open((folder.path() / "results.sqlite").c_str(), &connection);
  sqlite3_exec(connection, "CREATE TABLE mine (x)", nullptr, nullptr, nullptr);
  sqlite3_close(connection);
  store = Store::open(folder.path(), metrics);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().line().find("is no store"), std::string::npos) << store.error().line();

  store = Store::open(folder.path() / "not there", metrics);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, ErrorKind::bad_input);
}

TEST(Store, RefusesALaterVersion) {
  testing::TemporaryFolder folder;
  ASSERT_TRUE(Store::open(folder.path(), metrics));
  ask_number(folder.path(), "PRAGMA user_version = 99");
  const auto store = Store::open(folder.path(), metrics);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().line().find("version 99"), std::string::npos) << store.error().line();
}

TEST(Store, TakesEvaluationsFromManyThreads) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        EXPECT_TRUE(store->put(key(std::to_string(t) + "_" + std::to_string(i)), perts, example(i)));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ask_number(folder.path(), "SELECT count(*) FROM evaluation"), 100);
}

TEST(Store, TwoProcessesLoseNoRows) {
  testing::TemporaryFolder folder;
  constexpr int n_each = 100;
  std::vector<pid_t> children;
  for (int p = 0; p < 2; ++p) {
    const pid_t child = fork();
    if (child == 0) {
      auto store = Store::open(folder.path(), metrics);
      bool good = store.has_value();
      for (int i = 0; good && i < n_each; ++i) {
        good = store->put(key(std::to_string(p) + "_" + std::to_string(i)), perts, example(i)).has_value();
      }
      _exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(ask_number(folder.path(), "SELECT count(*) FROM evaluation"), 2 * n_each);
  EXPECT_EQ(ask_number(folder.path(), "SELECT count(*) FROM score"), 2 * n_each * 3);
  EXPECT_TRUE(is_intact(folder.path()));
}

// Opening a new store at the same moment is where two processes are most in each other's way.
TEST(Store, ManyProcessesOpenANewStoreAtOnce) {
  for (int round = 0; round < 25; ++round) {
    testing::TemporaryFolder folder;
    int start[2];
    ASSERT_EQ(pipe(start), 0);
    std::vector<pid_t> children;
    for (int p = 0; p < 6; ++p) {
      const pid_t child = fork();
      if (child == 0) {
        close(start[1]);
        char byte = 0;
        (void)!read(start[0], &byte, 1);  // returns when the parent closes its end
        _exit(Store::open(folder.path(), metrics) ? 0 : 1);
      }
      children.push_back(child);
    }
    close(start[0]);
    close(start[1]);
    for (const pid_t child : children) {
      int status = -1;
      waitpid(child, &status, 0);
      EXPECT_EQ(status, 0) << "round " << round;
    }
  }
}

// Thirty writers are killed at random moments. Whatever a writer had reported as put must be there, whole.
TEST(Store, SurvivesKillAtAnyMoment) {
  testing::TemporaryFolder folder;
  std::mt19937 random(20);
  int n_acknowledged_in_all = 0;
  for (int round = 0; round < 30; ++round) {
    int acknowledged[2];
    ASSERT_EQ(pipe(acknowledged), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(acknowledged[0]);
      auto store = Store::open(folder.path(), metrics);
      for (int i = 0; store; ++i) {
        const std::string method = std::to_string(round) + "_" + std::to_string(i % 40);  // replaces, too
        if (!store->put(key(method), perts, example(i))) _exit(1);
        if (write(acknowledged[1], &i, sizeof i) != sizeof i) _exit(1);
      }
      _exit(1);
    }
    close(acknowledged[1]);
    int last = -1, number = 0;
    // A third of the writers may still be opening the store; the others have put at least one evaluation.
    if (round % 3 != 0 && read(acknowledged[0], &number, sizeof number) == sizeof number) last = number;
    std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<int>(0, 20'000)(random)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << WEXITSTATUS(status);
    while (read(acknowledged[0], &number, sizeof number) == sizeof number) last = number;
    close(acknowledged[0]);
    n_acknowledged_in_all += last + 1;

    auto store = Store::open(folder.path(), metrics);
    ASSERT_TRUE(store) << store.error().line();
    for (int i = std::max(0, last - 39); i <= last; ++i) {
      const auto found = store->find(key(std::to_string(round) + "_" + std::to_string(i % 40)));
      ASSERT_TRUE(found && *found) << "round " << round << ", evaluation " << i << " of " << last;
      const double value = (**found).metric_values[0][0];
      EXPECT_TRUE(value == i || value == i + 40) << "at most the evaluation in flight may be newer";
    }
    EXPECT_TRUE(is_intact(folder.path()));
  }
  EXPECT_GE(n_acknowledged_in_all, 20) << "the writers were killed before they wrote anything";
  EXPECT_EQ(ask_number(folder.path(), "SELECT count(*) FROM score WHERE evaluation NOT IN (SELECT id FROM evaluation)"),
            0);
}

// In a namespace of its own with a file system of 400 kB, so that the disk is really full.
TEST(Store, AFullDiskGivesOneErrorAndAnIntactStore) {
  testing::TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    constexpr int not_possible_here = 77;
    if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) _exit(not_possible_here);
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) _exit(not_possible_here);
    if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=400k") != 0) _exit(not_possible_here);
    auto store = Store::open(folder.path(), metrics);
    if (!store) _exit(2);
    const std::vector<std::string> many(300, "ENSG00000000000");
    FoldEvaluation large = example();
    for (auto& values : large.metric_values) values = Vector::Constant(300, 0.5);
    large.covered.assign(300, 1);
    int n_put = 0;
    for (; n_put < 1000; ++n_put) {
      const auto put = store->put(key(std::to_string(n_put)), many, large);
      if (put) continue;
      if (put.error().kind != ErrorKind::harness_fault) _exit(3);
      if (put.error().what != "the disk is full" || put.error().line().find('\n') != std::string::npos) _exit(4);
      break;
    }
    if (n_put == 0 || n_put == 1000) _exit(5);
    for (int i = 0; i < n_put; ++i) {
      const auto found = store->find(key(std::to_string(i)));
      if (!found || !*found) _exit(6);
    }
    if (store->find(key(std::to_string(n_put)))->has_value()) _exit(7);
    _exit(is_intact(folder.path()) ? 0 : 8);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "a file system of one's own is not to be had here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace store_test
}  // namespace headroom
