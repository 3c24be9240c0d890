// headroom run --fusion: what it leaves, takes over, verifies and refuses.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "program.hpp"

namespace headroom {
namespace {

using nlohmann::json;

constexpr const char* kPredictor = HEADROOM_BUILD_DIR "/tests/audited_plugins/fused_ridge.so";

class FusionCommand : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    ASSERT_EQ(headroom("simulate -o screen --preset tiny").exit_code, 0);
  }

  Ended run(const std::string& flags, const std::string& out = "out") const {
    return headroom(
        "run screen/task --embedding good=screen/embeddings/good.h5ad --embedding weak=screen/embeddings/weak.h5ad "
        "--predictor knn --grid knn.k=1,2 --common-dim 4 --metric L2 --sandbox relaxed -o " +
        out + " " + flags);
  }
  std::string fused() const { return "--fusion both=all --fusion-predictor " + std::string(kPredictor) + " "; }

  json summary(const std::string& out = "out") const {
    return json::parse(content_of(folder_ / out / "summary.json"), nullptr, false);
  }

  static json method(const json& context, const std::string& name) {
    const json& methods = context.at("methods");
    const auto at = std::find_if(methods.begin(), methods.end(), [&](const json& one) { return one["name"] == name; });
    return at == methods.end() ? json() : *at;
  }
};

TEST_F(FusionCommand, TellsWhatItsBlocksCount) {
  const Ended ended = run(fused() + "--ablate");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json context = summary()["contexts"][0];
  const json both = method(context, "both+fused_ridge");
  EXPECT_EQ(both.value("status", ""), "ok") << both.dump(1);
  EXPECT_EQ(both.value("embedding", ""), "both");
  EXPECT_EQ(both.value("predictor", ""), "fused_ridge");
  ASSERT_EQ(both["blocks"].size(), 2u);
  EXPECT_EQ(both["blocks"][0]["name"], "good");
  EXPECT_EQ(both["blocks"][0]["coverage"], 1.0);
  const json fold = both["folds"][0];
  EXPECT_EQ(fold["blocks"][1], (json{{"name", "weak"}, {"kernel", "linear"}, {"weight", 0.5}}));
  EXPECT_EQ(fold["loo_L2"], 0.5);
  EXPECT_EQ(fold["best_params"]["lambda"], 1.0);
  ASSERT_EQ(context["ablations"].size(), 2u);
  EXPECT_EQ(context["ablations"][0]["block"], "good");
  EXPECT_EQ(context["ablations"][0]["status"], "ok");
  for (const json& ablation : context["ablations"]) {
    EXPECT_TRUE(ablation.contains("drop") && ablation.contains("ci_low") && ablation.contains("ci_high"));
    EXPECT_NEAR(ablation.value("gap_drop", 0.0), both.value("gap_closed", 0.0) - ablation.value("gap_closed", 0.0),
                1e-9);
  }
  EXPECT_NE(ended.out.find("fusions: what each block counts"), std::string::npos) << ended.out;
  EXPECT_NE(content_of(folder_ / "out" / "scores.csv").find("both+fused_ridge,both,fused_ridge,plugin,ok"),
            std::string::npos);

  const json pair = summary()["similarity"][0]["pairs"][0];
  EXPECT_EQ(pair.value("n_shared", 0), 12);
  EXPECT_FALSE(pair.contains("mean_canonical_correlation")) << "twelve perturbations do not tell ten components apart";
  const std::string table = content_of(folder_ / "out" / "similarity.csv");
  EXPECT_EQ(table.find("context,first,second,n_shared,mean_canonical_correlation\n"), 0u) << table;

  // The bounds and the other methods are those of a run without fusions.
  ASSERT_EQ(run("", "plain").exit_code, 0);
  const json plain = summary("plain")["contexts"][0];
  EXPECT_EQ(plain["wap"], context["wap"]);
  EXPECT_EQ(plain["bap"], context["bap"]);
  EXPECT_EQ(method(plain, "good+knn")["gap_closed"], method(context, "good+knn")["gap_closed"]);
  EXPECT_FALSE(plain.contains("ablations"));
  EXPECT_FALSE(method(plain, "good+knn").contains("blocks"));
}

// The transformer in a worker like any other: trained to its early stop, for deltas and classes, and told so.
TEST_F(FusionCommand, TrainsAttention) {
  const std::string attention = "--fusion both=all --fusion-predictor attention --set attention.epochs=4 ";
  if (!std::filesystem::exists(HEADROOM_BUILD_DIR "/lib/headroom/attention.so")) {
    const Ended without = run(attention);
    EXPECT_EQ(without.exit_code, 2);
    EXPECT_NE(without.err.find("built without libtorch"), std::string::npos) << without.err;
    GTEST_SKIP() << "built without libtorch (libtorch-dev is not installed)";
  }
  const Ended ended = run(attention + "--set attention.patience=2 --threads 2");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json both = method(summary()["contexts"][0], "both+attention");
  EXPECT_EQ(both.value("status", ""), "ok") << both.dump(1);
  for (const json& fold : both["folds"]) {
    EXPECT_GE(fold["best_params"].value("epochs", 0.0), 1.0) << fold.dump(1);
    EXPECT_LE(fold["best_params"].value("epochs", 9.0), 4.0);
    EXPECT_TRUE(fold["best_params"].contains("validation_loss"));
  }
  ASSERT_EQ(run(attention + "--set attention.patience=2 --threads 1", "alone").exit_code, 0);
  const json alone = method(summary("alone")["contexts"][0], "both+attention");
  EXPECT_EQ(alone["value"], both["value"]) << "on any number of threads";
}

TEST_F(FusionCommand, IsTakenOverAndVerified) {
  ASSERT_EQ(run(fused() + "--ablate").exit_code, 0);
  const std::string before = content_of(folder_ / "out" / "summary.json");
  const Ended standing = headroom("run --config out/run.toml --resume");
  EXPECT_EQ(standing.exit_code, 0) << standing.err;
  EXPECT_EQ(content_of(folder_ / "out" / "summary.json"), before);
  std::filesystem::remove(folder_ / "out" / "similarity.csv");
  std::filesystem::remove(folder_ / "out" / "scores.csv");
  const Ended again = headroom("run --config out/run.toml --resume");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_NE(again.err.find("made again: 0 from other inputs, 0 that failed, 0 missing"), std::string::npos)
      << again.err;
  EXPECT_EQ(content_of(folder_ / "out" / "summary.json"), before);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out" / "similarity.csv"));
  const Ended verified = headroom("verify out --all --sandbox relaxed");
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

TEST_F(FusionCommand, RefusesWhatIsNoFusion) {
  const std::string with = "--fusion-predictor " + std::string(kPredictor) + " ";
  const std::vector<std::pair<std::string, std::string>> refused = {
      {with + "--fusion both=good,nobody", "there is no embedding 'nobody'"},
      {with + "--fusion both=good", "one block only"},
      {with + "--fusion good=all", "the name 'good' is taken"},
      {with + "--fusion both=all --fusion both=good,weak", "the name 'both' is taken"},
      {with + "--fusion both", "'both' has no value"},
      {with, "there is no fusion for it"},
      {"--ablate", "there is no fusion to leave blocks out of"},
      {"--fusion both=all --fusion-predictor nothing", "there is no fusion predictor 'nothing'"},
      {"--fusion both=all --fusion-predictor ridge", "the predictor 'ridge' does not take several blocks"},
      {"--fusion both=all --fusion-predictor concat:nothing", "there is no fusion predictor 'concat:nothing'"},
  };
  for (const auto& [flags, words] : refused) {
    const Ended ended = run(flags);
    EXPECT_EQ(ended.exit_code, 2) << flags << ended.err;
    EXPECT_NE(ended.err.find(words), std::string::npos) << flags << "\n" << ended.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out")) << flags;
  }
}

TEST_F(FusionCommand, OfABlockThatFailsIsOneRowThatFails) {
  std::ofstream(folder_ / "apart.csv") << "pert_id,x\nnobody,1\nelse,2\n";
  const Ended ended = run("--embedding apart=apart.csv " + fused());
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(ended.err.find("both+fused_ridge failed: block 'apart'"), std::string::npos) << ended.err;
  EXPECT_EQ(method(summary()["contexts"][0], "good+knn")["status"], "ok");
}

}  // namespace
}  // namespace headroom
