// The program from outside: what it prints, what it writes and how it ends.
#include <sqlite3.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "program.hpp"

namespace headroom {
namespace {

using nlohmann::json;

// The tiny screen has 12 perturbations, so the grid and the common dimension are small.
constexpr const char* kTinyRun =
    "run screen/task --embedding good=screen/embeddings/good.h5ad --predictor knn --grid knn.k=1,2,3 --common-dim 4 "
    "--sandbox relaxed ";

// The one line of an error.
void expect_error(const Ended& ended, int exit_code, const std::string& part) {
  EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
  EXPECT_NE(ended.err.find("headroom: error: "), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
}

// Without what differs from run to run.
json without_times(json value) {
  if (value.is_object()) {
    for (const char* key : {"wall_s", "cpu_s", "peak_memory_bytes"}) value.erase(key);
  }
  if (value.is_structured()) {
    for (auto& item : value) item = without_times(item);
  }
  return value;
}

class TinyScreen : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    const Ended ended = headroom("simulate -o screen --preset tiny");
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
  }
};

TEST_F(ProgramTest, MistakesAreOneLineAndExitCodeTwo) {
  expect_error(headroom(""), 2, "see 'headroom --help'");
  expect_error(headroom("frobnicate"), 2, "headroom --help");
  expect_error(headroom("verify"), 2, "see 'headroom verify --help'");
  expect_error(headroom("bounds task --format xml"), 2, "xml not in {table,csv,json,markdown}");
  expect_error(headroom("run missing --embedding a=b.h5ad -o out"), 2, "missing");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(ProgramTest, HelpNamesEveryCommandAndExitCode) {
  const Ended ended = headroom("--help");
  EXPECT_EQ(ended.exit_code, 0);
  for (const char* word : {"simulate", "prepare", "run", "bounds", "report", "progress", "Exit codes"}) {
    EXPECT_NE(ended.out.find(word), std::string::npos) << word;
  }
}

// A flag that may be repeated takes one value, or several, and never the task that follows.
TEST_F(TinyScreen, FlagsThatMayBeRepeatedLeaveTheTaskAlone) {
  const std::string context =
      json::parse(headroom("bounds screen/task --metric L2 --json").out)["contexts"][0]["context"];
  const auto n_tables = [&](const std::string& flags) {
    const Ended ended = headroom("bounds " + flags + " --predictor knn --common-dim 4 --json");
    EXPECT_EQ(ended.exit_code, 0) << flags << ": " << ended.err;
    return ended.exit_code == 0 ? json::parse(ended.out)["contexts"].size() : 0;
  };
  EXPECT_EQ(n_tables("--metric L2 screen/task"), 1u);
  EXPECT_EQ(n_tables("--metric L2,MSE screen/task"), 2u);
  EXPECT_EQ(n_tables("--metric L2 --metric MSE screen/task --quiet"), 2u);
  EXPECT_EQ(n_tables("--metric L2 --context '" + context + "' screen/task --quiet"), 1u);
  EXPECT_EQ(n_tables("--metric L2 --fold 0 1 screen/task --quiet"), 1u);
  EXPECT_EQ(n_tables("--metric L2 screen/task --fold 0,1"), 1u);
  EXPECT_EQ(n_tables("--target lfc screen/task --metric L2"), 1u);
  EXPECT_EQ(n_tables("--metric L2 --nulls train_mean screen/task --ceiling idealized --ceiling sampling_error_q90"),
            1u);
  EXPECT_EQ(n_tables("--metric L2 --nulls train_mean --nulls no_change screen/task --control ntc"), 1u);
  expect_error(headroom("bounds screen/task --fold 0,9"), 2, "the task has no fold '0,9'");
  expect_error(headroom("bounds screen/task --metric L2 MSE"), 2, "MSE");
  expect_error(headroom("bounds --context a b --metric L2"), 2, "task is required");
}

TEST_F(TinyScreen, RunWritesEveryFileAndAHonestSummary) {
  const Ended ended = headroom(std::string(kTinyRun) + "-o out");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("good+knn"), std::string::npos);
  EXPECT_NE(ended.err.find("good: 12 of 12 test perturbations have a vector"), std::string::npos) << ended.err;
  for (const char* name : {"summary.json", "scores.csv", "perturbations.csv", "report.html", "results.sqlite"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out" / name)) << name;
  }
  const json summary = json::parse(content_of(folder_ / "out" / "summary.json"));
  ASSERT_FALSE(summary["contexts"].empty());
  for (const json& context : summary["contexts"]) {
    EXPECT_EQ(context["head"], "knn");
    for (const json& method : context["methods"]) {
      EXPECT_TRUE(method["status"] == "ok" || method["status"] == "skipped") << method;
      if (method["status"] == "skipped") {
        EXPECT_FALSE(method["reason"].get<std::string>().empty());
      }
    }
  }
  EXPECT_EQ(summary["task"]["sha256"].get<std::string>().size(), 64u);
}

TEST_F(TinyScreen, SameBytesOnAnyNumberOfThreadsAndAfterResume) {
  ASSERT_EQ(headroom(std::string(kTinyRun) + "-o one --threads 1").exit_code, 0);
  ASSERT_EQ(headroom(std::string(kTinyRun) + "-o three --threads 3").exit_code, 0);
  const json one = json::parse(content_of(folder_ / "one" / "summary.json"));
  // Not EXPECT_EQ: it would print both summaries.
  EXPECT_TRUE(without_times(one) == without_times(json::parse(content_of(folder_ / "three" / "summary.json"))));

  const Ended resumed = headroom(std::string(kTinyRun) + "-o one --resume");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find(" taken over; made again: 0 from other inputs, 0 that failed, 0 missing"),
            std::string::npos)
      << resumed.err;
  EXPECT_TRUE(without_times(one) == without_times(json::parse(content_of(folder_ / "one" / "summary.json"))));
}

// The files that a run leaves for people to read: their bytes, and when they were written.
struct Outputs {
  std::map<std::string, std::string> bytes;
  std::map<std::string, std::filesystem::file_time_type> written;
};

Outputs outputs_of(const std::filesystem::path& out) {
  Outputs outputs;
  for (const char* name : {"report.html", "summary.json", "scores.csv", "perturbations.csv"}) {
    outputs.bytes[name] = content_of(out / name);
    outputs.written[name] = std::filesystem::last_write_time(out / name);
  }
  return outputs;
}

TEST_F(TinyScreen, ResumeWithNothingToDoTouchesNoOutput) {
  const std::string run = std::string(kTinyRun) + "-o out ";
  const Ended first = headroom(run);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const Outputs made = outputs_of(folder_ / "out");
  const Ended again = headroom(run + "--resume --threads 1");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(outputs_of(folder_ / "out").written == made.written);
  EXPECT_EQ(again.out, first.out);
  EXPECT_NE(again.err.find(" taken over; made again: 0 from other inputs, 0 that failed, 0 missing"), std::string::npos)
      << again.err;
  EXPECT_EQ(again.err.find("resumed: 0 evaluations"), std::string::npos) << again.err;
  for (const char* line : {"headroom: good: 12 of 12 test perturbations have a vector", "headroom: results in out"}) {
    EXPECT_NE(again.err.find(line), std::string::npos) << again.err;
  }
}

TEST_F(TinyScreen, ResumeMakesOutputsAgainThatAreNotAsTheyWereWritten) {
  namespace fs = std::filesystem;
  const std::string run = std::string(kTinyRun) + "-o out ";
  ASSERT_EQ(headroom(run).exit_code, 0);
  const Outputs made = outputs_of(folder_ / "out");
  const auto expect_made_again = [&](const std::string& name, const char* what) {
    const Ended again = headroom(run + "--resume");
    EXPECT_EQ(again.exit_code, 0) << again.err;
    EXPECT_NE(again.err.find("0 that failed, 0 missing"), std::string::npos) << again.err;
    EXPECT_TRUE(outputs_of(folder_ / "out").bytes == made.bytes) << name << " " << what;
  };
  for (const auto& [name, bytes] : made.bytes) {
    const fs::path file = folder_ / "out" / name;
    fs::remove(file);
    expect_made_again(name, "removed");
    // As long as before and as old: only the content tells.
    const auto written = fs::last_write_time(file);
    std::string edited = bytes;
    edited[edited.size() / 2] ^= 1;
    std::ofstream(file, std::ios::binary) << edited;
    fs::last_write_time(file, written);
    expect_made_again(name, "edited");
    std::ofstream(file, std::ios::binary) << "";
    expect_made_again(name, "emptied");
  }
  fs::remove_all(folder_ / "out" / "report.html");
  fs::create_directory(folder_ / "out" / "report.html");
  expect_error(headroom(run + "--resume"), 2, "report.html");
}

TEST_F(TinyScreen, ResumeMakesOutputsAgainThatComeFromOtherSettingsOrRuns) {
  const std::string run = std::string(kTinyRun) + "-o out ";
  const auto written = [&] { return outputs_of(folder_ / "out").written; };
  ASSERT_EQ(headroom(run).exit_code, 0);
  auto before = written();
  // What is asked for, then the same once more: nothing is left to do.
  for (const char* flags : {"--ceiling idealized", "--nulls train_mean", "--inner-scores", "--metric L2", "--audit",
                            "--embedding weak=screen/embeddings/weak.h5ad", "--fold 0", ""}) {
    ASSERT_EQ(headroom(run + flags + " --resume").exit_code, 0) << flags;
    const auto other = written();
    EXPECT_FALSE(other == before) << flags;
    ASSERT_EQ(headroom(run + flags + " --resume").exit_code, 0) << flags;
    EXPECT_TRUE(written() == other) << flags;
    before = other;
  }
  // A run that makes the same evaluations again; then outputs of which nobody knows where they come from.
  ASSERT_EQ(headroom(run).exit_code, 0);
  const auto anew = written();
  EXPECT_FALSE(anew == before);
  ASSERT_EQ(headroom(run + "--resume").exit_code, 0);
  EXPECT_TRUE(written() == anew);
  std::filesystem::remove(folder_ / "out" / "results.sqlite");
  ASSERT_EQ(headroom(run + "--resume").exit_code, 0);
  EXPECT_FALSE(written() == anew);
}

TEST_F(TinyScreen, OtherSettingsAreNotResumed) {
  ASSERT_EQ(headroom(std::string(kTinyRun) + "-o out").exit_code, 0);
  const Ended other = headroom(std::string(kTinyRun) + "-o out --resume --seed 7");
  ASSERT_EQ(other.exit_code, 0) << other.err;
  EXPECT_NE(other.err.find("good+knn"), std::string::npos) << other.err;
  EXPECT_NE(other.err.find(": seed: 0, now 7"), std::string::npos) << other.err;
}

// Killed at random moments and resumed until it ends: the same bytes as if nothing had happened.
TEST_F(TinyScreen, KilledRunsResumeToTheBytesOfAnUndisturbedOne) {
  const auto started = std::chrono::steady_clock::now();
  ASSERT_EQ(headroom(std::string(kTinyRun) + "-o whole").exit_code, 0);
  const auto whole = std::chrono::steady_clock::now() - started;
  const json undisturbed = without_times(json::parse(content_of(folder_ / "whole" / "summary.json")));

  constexpr int kRounds = 30;
  std::mt19937 random(6);
  int n_killed = 0, n_kept = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto moment = std::chrono::duration<double>(whole) * std::uniform_real_distribution<>(0.0, 1.0)(random);
    const std::string out = "out" + std::to_string(round % 3);  // each folder is killed again and again
    n_killed += killed_after(std::string(kTinyRun) + "--resume --quiet -o " + out, moment);
    if (round % 3 == 0 || round >= kRounds - 3) continue;
    const Ended resumed = headroom(std::string(kTinyRun) + "--resume -o " + out);
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    n_kept += resumed.err.find("resumed: 0 evaluations") == std::string::npos;
    EXPECT_TRUE(undisturbed == without_times(json::parse(content_of(folder_ / out / "summary.json"))))
        << "after a kill at " << moment.count() << " s";
    std::filesystem::remove_all(folder_ / out);
  }
  for (const char* out : {"out0", "out1", "out2"}) {
    ASSERT_EQ(headroom(std::string(kTinyRun) + "--resume -o " + out).exit_code, 0);
    EXPECT_TRUE(undisturbed == without_times(json::parse(content_of(folder_ / out / "summary.json")))) << out;
  }
  // How many it hits depends on what else the machine does; without any the test would show nothing.
  EXPECT_GE(n_killed, 5) << "the runs ended before they were killed";
  EXPECT_GE(n_kept, 1) << "the runs were killed before they had kept anything";
}

TEST_F(TinyScreen, ALimitOfTimeMayHaveAUnit) {
  ASSERT_EQ(headroom(std::string(kTinyRun) + "--limit-time 2min --limit-total 0.5h -o out").exit_code, 0);
  const Ended verified = headroom("verify out --sample 1 --limit-time 60s");
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_NE(verified.err.find("made with --limit-time 120 --limit-total 1800"), std::string::npos) << verified.err;
  for (const char* wrong : {"20x", "0s", "-1", "inf", "s"}) {
    const Ended ended = headroom(std::string(kTinyRun) + "-o wrong --limit-time " + wrong);
    EXPECT_EQ(ended.exit_code, 2);
    const std::string told = std::string("'") + wrong + "' is no time above 0; write it as 600, 90s, 10min or 4h";
    EXPECT_NE(ended.err.find(told), std::string::npos) << ended.err;
  }
}

TEST_F(TinyScreen, TheStoreTellsWhereANumberComesFrom) {
  std::ofstream(folder_ / "broken.so") << "this is no library";
  ASSERT_EQ(headroom(std::string(kTinyRun) + "--embedding bad=broken.so --limit-time 60 -o out").exit_code, 3);
  const auto count = [&](const std::string& query) {
    sqlite3* store = nullptr;
    sqlite3_open((folder_ / "out" / "results.sqlite").c_str(), &store);
    sqlite3_stmt* rows = nullptr;
    sqlite3_prepare_v2(store, ("SELECT count(*) FROM " + query).c_str(), -1, &rows, nullptr);
    const int n = sqlite3_step(rows) == SQLITE_ROW ? sqlite3_column_int(rows, 0) : -1;
    sqlite3_finalize(rows);
    sqlite3_close(store);
    return n;
  };
  EXPECT_EQ(count("run WHERE length(task_sha256) = 64 AND length(noise_sha256) = 64 AND headroom_version <> '' AND "
                  "build <> '' AND host_cpu <> '' AND libraries LIKE '%OpenBLAS%HDF5%SQLite%' AND n_threads > 0 AND "
                  "json_extract(settings, '$.seed') = 0 AND json_extract(settings, '$.limits.wall_time_s') = 60 AND "
                  "json_extract(settings, '$.confinement') <> '' AND "
                  "json_array_length(settings, '$.confinement_layers') > 2"),
            1);
  EXPECT_EQ(count("plugin WHERE name = 'knn' AND length(sha256) = 64 AND shipped AND confinement <> ''"), 1);
  EXPECT_EQ(count("plugin WHERE name = 'good' AND length(data_sha256) = 64 AND path = 'screen/embeddings/good.h5ad'"),
            1);
  EXPECT_EQ(count("plugin WHERE name = 'bad'"), 1);
  // Every evaluation tells its own inputs, the bounds' too, and the failed ones with their reasons.
  EXPECT_EQ(count("evaluation WHERE run IS NULL OR json_array_length(inputs) < 6"), 0);
  for (const char* method :
       {"train_mean", "no_change", "sampling_error_q90", "random+knn", "idealized+knn", "good+knn"}) {
    EXPECT_GT(count("evaluation WHERE status = 'ok' AND method = '" + std::string(method) + "'"), 0) << method;
  }
  EXPECT_GT(count("evaluation WHERE method = 'bad+knn' AND status = 'failed' AND reason LIKE 'load_failed%'"), 0);

  const Ended again = headroom(std::string(kTinyRun) + "--embedding bad=broken.so -o out --resume");
  EXPECT_EQ(again.exit_code, 3) << "what failed is tried again";
  EXPECT_NE(again.err.find("failed before: load_failed"), std::string::npos) << again.err;
}

TEST_F(TinyScreen, ResumeSaysWhichFileChanged) {
  const std::string run =
      "run screen/task --embedding e=e.h5ad --predictor knn --grid knn.k=1,2,3 --common-dim 4 "
      "--sandbox relaxed -o out";
  const auto embeddings = folder_ / "screen" / "embeddings";
  std::filesystem::copy_file(embeddings / "good.h5ad", folder_ / "e.h5ad");
  ASSERT_EQ(headroom(run).exit_code, 0);
  const auto replace = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(embeddings / "weak.h5ad", folder_ / "e.h5ad", replace);
  const Ended other_vectors = headroom(run + " --resume");
  ASSERT_EQ(other_vectors.exit_code, 0) << other_vectors.err;
  EXPECT_NE(other_vectors.err.find("of e+knn: data of e: sha256 "), std::string::npos) << other_vectors.err;
  EXPECT_EQ(other_vectors.err.find("idealized+knn:"), std::string::npos) << other_vectors.err;

  std::string noise = content_of(folder_ / "screen" / "task" / "noise.csv");
  std::ofstream(folder_ / "other_noise.csv") << noise << "\n";
  const Ended other_noise = headroom(run + " --resume --noise other_noise.csv");
  ASSERT_EQ(other_noise.exit_code, 0) << other_noise.err;
  EXPECT_NE(other_noise.err.find("noise table: sha256 "), std::string::npos) << other_noise.err;
  EXPECT_EQ(other_noise.err.find("of e+knn"), std::string::npos) << other_noise.err;
}

TEST_F(TinyScreen, ItsRunTomlRepeatsARun) {
  ASSERT_EQ(headroom(std::string(kTinyRun) + "--predictor ridge --seed 3 -o out").exit_code, 0);
  const std::string written = content_of(folder_ / "out" / "run.toml");
  EXPECT_NE(written.find("\npredictor = [\"knn\", \"ridge\"]\n"), std::string::npos) << written;
  EXPECT_NE(written.find("\nfold-seed = 42\n"), std::string::npos) << "defaults are written out: " << written;

  // The flags stand behind the command or before it, and the command line wins.
  ASSERT_EQ(headroom("run --config out/run.toml -o again").exit_code, 0);
  ASSERT_EQ(headroom("--config=out/run.toml run --out other --seed 4").exit_code, 0);
  const auto summary_of = [&](const char* out) {
    return without_times(json::parse(content_of(folder_ / out / "summary.json")));
  };
  EXPECT_TRUE(summary_of("out") == summary_of("again"));
  EXPECT_FALSE(summary_of("out") == summary_of("other"));
  std::string again = content_of(folder_ / "again" / "run.toml");
  const auto out_line = again.find("out = \"again\"");
  ASSERT_NE(out_line, std::string::npos) << again;
  EXPECT_EQ(again.replace(out_line, 13, "out = \"out\""), written);

  ASSERT_EQ(headroom("run --config out/run.toml --resume").exit_code, 0) << "all that it needs is in the file";
}

TEST_F(TinyScreen, ConfigFilesServeEveryCommandAndNameTheirMistakes) {
  const auto config = [&](const std::string& text) { std::ofstream(folder_ / "c.toml") << text; };
  config(
      "quiet = true\n[bounds]\ntask = \"screen/task\"\npredictor = 'knn'\ngrid = [\"knn.k=1,2\"]\n"
      "common-dim = 4\nsandbox = \"relaxed\"\njson = true\n[simulate]\nseed = 9\npreset = \"tiny\"\n");
  const Ended bounds = headroom("bounds --config c.toml");
  ASSERT_EQ(bounds.exit_code, 0) << bounds.err;
  EXPECT_EQ(bounds.err, "") << "quiet holds for every command";
  EXPECT_TRUE(json::parse(bounds.out).contains("contexts"));
  ASSERT_EQ(headroom("simulate --config c.toml -o nine").exit_code, 0);
  ASSERT_EQ(headroom("simulate --preset tiny --seed 9 -o same").exit_code, 0);
  EXPECT_TRUE(content_of(folder_ / "nine" / "task" / "noise.csv") ==
              content_of(folder_ / "same" / "task" / "noise.csv"));

  config("[run]\nseed = 1\nsede = 2\n");
  expect_error(headroom("run --config c.toml -o out"), 2, "there is no flag 'sede' (c.toml, line 3)");
  config("[bounds]\nout = \"x\"\n");
  expect_error(headroom("run --config c.toml -o out"), 2, "there is no flag 'out' (c.toml, line 2)");
  config("[fly]\nout = \"x\"\n");
  expect_error(headroom("run --config c.toml -o out"), 2, "there is no command 'fly'");
  config("nothing = 1\n");
  expect_error(headroom("run --config c.toml -o out"), 2, "there is no flag 'nothing' (c.toml, line 1)");
  config("[run]\ncommon-dim = \"many\"\n");
  expect_error(headroom(std::string("run screen/task -o out --config c.toml")), 2, "--common-dim");
  expect_error(headroom(std::string("run screen/task -o out --config c.toml")), 2, "(command line and c.toml)");
  expect_error(headroom("run --config missing.toml"), 2, "missing.toml");
}

TEST_F(TinyScreen, ABrokenPluginFailsByItself) {
  ASSERT_EQ(headroom(std::string(kTinyRun) + "-o alone").exit_code, 0);
  std::ofstream(folder_ / "broken.so") << "this is no library";
  const Ended ended = headroom(std::string(kTinyRun) + "--embedding bad=broken.so -o out");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(ended.err.find("bad+knn failed: load_failed"), std::string::npos) << ended.err;

  const auto good_of = [](const json& summary) {
    for (const json& method : summary["contexts"][0]["methods"]) {
      if (method["name"] == "good+knn") return without_times(method);
    }
    return json();
  };
  const json alone = good_of(json::parse(content_of(folder_ / "alone" / "summary.json")));
  ASSERT_FALSE(alone.is_null());
  EXPECT_TRUE(alone == good_of(json::parse(content_of(folder_ / "out" / "summary.json"))));
}

TEST_F(TinyScreen, AnEmbeddingWithoutOverlapSaysSo) {
  std::ofstream(folder_ / "other.csv") << "id,x,y\nnobody,1,2\nnothing,3,4\n";
  const Ended ended = headroom(std::string(kTinyRun) + "--embedding other=other.csv -o out");
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(ended.err.find("check that they are of the same kind"), std::string::npos) << ended.err;
}

// The chosen nulls alone compete for the WAP; those that cost time are not evaluated at all, and the results say so.
TEST_F(TinyScreen, NullsThatAreNotNamedDoNotEnterTheWap) {
  const std::string run = std::string(kTinyRun) + "-o out --metric L2 ";
  const auto value_of = [&](const std::string& method) {
    const auto summary = nlohmann::json::parse(content_of(folder_ / "out" / "summary.json"));
    for (const auto& tested : summary.at("contexts").at(0).at("methods")) {
      if (tested.at("name") == method) return tested.at("value").get<double>();
    }
    return -1.0;
  };
  const auto wap = [&] {
    const auto summary = nlohmann::json::parse(content_of(folder_ / "out" / "summary.json"));
    return summary.at("contexts").at(0).at("wap").at("method").get<std::string>();
  };
  ASSERT_EQ(headroom(run).exit_code, 0);
  EXPECT_GT(value_of("random+knn"), 0);
  const Ended chosen = headroom(run + "--nulls no_change");
  ASSERT_EQ(chosen.exit_code, 0) << chosen.err;
  EXPECT_NE(chosen.out.find("nulls: no_change"), std::string::npos) << chosen.out;
  EXPECT_EQ(wap(), "no_change");
  EXPECT_GT(value_of("train_mean"), 0) << "shown all the same";
  EXPECT_EQ(value_of("random+knn"), -1);
  EXPECT_EQ(value_of("gene_pca+knn"), -1);
}

TEST_F(TinyScreen, WrongFlagsNameWhatThereIs) {
  const std::string run = std::string(kTinyRun) + "-o out ";
  expect_error(headroom(run + "--grid knn.q=1"), 2, "they are knn.k");
  expect_error(headroom(run + "--grid knn.k=1.5"), 2, "whole number");
  expect_error(headroom(run + "--set good.colour=red"), 2, "there is no option 'good.colour'");
  expect_error(headroom(run + "--context mars"), 2, "mars");
  expect_error(headroom(run + "--fold 9"), 2, "its folds are");
  expect_error(headroom(run + "--metric R2"), 2, "the metrics are");
  expect_error(headroom(run + "--ceiling sky"), 2, "sampling_error_q90");
  expect_error(headroom(run + "--nulls zero"), 2,
               "they are train_mean, no_change, most_frequent, prior, random, gene_pca");
  expect_error(headroom(run + "--predictor forest"), 2, "there is no head 'forest'");
  expect_error(headroom(run + "--embedding good=screen/embeddings/weak.h5ad"), 2, "is taken");
  std::ofstream(folder_ / "other.so") << "this is no library";
  const std::string impostor =
      "run screen/task --embedding screen/embeddings/good.h5ad --predictor knn=./other.so -o out";
  expect_error(headroom(impostor), 2, "the name 'knn' is taken");
}

TEST_F(TinyScreen, EveryFormatIsWhatItSays) {
  const auto printed = [&](const std::string& command) {
    const Ended ended = headroom(command);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return ended.out;
  };
  const std::string run = std::string(kTinyRun) + "--quiet --resume -o out ";
  const std::string bars = printed(run);
  EXPECT_NE(bars.find("good+knn"), std::string::npos);
  EXPECT_EQ(printed(run + "--format table"), bars);
  EXPECT_TRUE(printed(run + "--format csv") == content_of(folder_ / "out" / "scores.csv"));
  EXPECT_TRUE(printed(run + "--format json") == content_of(folder_ / "out" / "summary.json"));
  EXPECT_TRUE(printed(run + "--json") == content_of(folder_ / "out" / "summary.json"));
  const std::string markdown = printed(run + "--format markdown");
  EXPECT_TRUE(markdown.starts_with("| rank |")) << markdown;
  EXPECT_EQ(printed("leaderboard out --format markdown"), markdown);

  std::ofstream(folder_ / "scores.csv") << "name,fold,L2\nnull,a.0,3\nnull,a.1,3\nbest,a.0,1\nbest,a.1,1\nmine,a.0,2\n"
                                           "mine,a.1,2\n";
  const std::string published = printed("progress --scores scores.csv --wap null --bap best --format markdown");
  EXPECT_NE(published.find("| mine |"), std::string::npos) << published;
}

TEST_F(TinyScreen, LeaderboardSaysWhyNothingIsRanked) {
  ASSERT_EQ(headroom(std::string(kTinyRun) + "--metric L2 -o out").exit_code, 0);
  json summary = json::parse(content_of(folder_ / "out" / "summary.json"));
  ASSERT_FALSE(summary["contexts"].empty());
  for (json& context : summary["contexts"]) {
    context["gap"] = {{"value", -0.5}, {"defined", false}};
    for (json& method : context["methods"]) method.erase("gap_closed");
  }
  std::ofstream(folder_ / "out" / "summary.json") << summary;
  const Ended ended = headroom("leaderboard out --quiet");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_TRUE(ended.out.starts_with("nothing is ranked: no context counts: ")) << ended.out;
  EXPECT_NE(ended.out.find(": BAP is not better than WAP"), std::string::npos) << ended.out;
  const auto row = ended.out.find("good+knn");
  ASSERT_NE(row, std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("undefined", row), std::string::npos) << ended.out;
}

TEST_F(TinyScreen, BoundsNeedNoPlugin) {
  const Ended ended =
      headroom("bounds screen/task --predictor knn --grid knn.k=1,2,3 --common-dim 4 --sandbox relaxed --json");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json summary = json::parse(ended.out);
  EXPECT_TRUE(summary["contexts"][0].contains("wap"));
  EXPECT_TRUE(summary["contexts"][0].contains("bap"));
}

}  // namespace
}  // namespace headroom
