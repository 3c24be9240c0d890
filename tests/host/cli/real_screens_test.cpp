// The whole path on published cells: prepare, bounds and run with an embedding of gene annotation, as a user would.
// Few perturbations: two folds or three, few components, few neighbours.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "io/delimited.hpp"
#include "program.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class RealScreen : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    if (!fs::exists(data())) GTEST_SKIP() << "no real cells at " << data();
  }
  static fs::path data() { return fs::path(HEADROOM_SHARED_DIR) / "data"; }

  // Prepares and runs; every context of the summary with what must hold of any real screen.
  json evaluate(const std::string& screen, const std::string& prepare_flags, const std::string& run_flags) {
    const std::string folder = (data() / screen).string();
    const Ended prepared = headroom("prepare '" + folder + "/cells.h5ad' -o task " + prepare_flags);
    EXPECT_EQ(prepared.exit_code, 0) << prepared.err;
    notes_ = prepared.err;
    const std::string settings = "--sandbox relaxed --predictor knn --predictor lasso " + run_flags;
    const Ended bounded = headroom("bounds task --json " + settings);
    EXPECT_EQ(bounded.exit_code, 0) << bounded.err;
    const Ended ran = headroom("run task -o out --embedding go='" + folder + "/go_embedding.h5ad' " + settings);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    const json bounds = json::parse(bounded.out), summary = json::parse(content_of(folder_ / "out" / "summary.json"));
    for (std::size_t c = 0; c < summary["contexts"].size(); ++c) {
      const json& context = summary["contexts"][c];
      // What was said before any model stands.
      EXPECT_EQ(context["wap"], bounds["contexts"][c]["wap"]);
      EXPECT_EQ(context["bap"], bounds["contexts"][c]["bap"]);
      for (const json& method : context["methods"]) {
        EXPECT_NE(method["status"], "failed") << method["name"];
        EXPECT_EQ(method["status"] == "skipped", !method["reason"].get<std::string>().empty()) << method["name"];
        if (method["role"] != "plugin") continue;
        EXPECT_EQ(method["status"], "ok") << method["name"];
        EXPECT_TRUE(context["gap"]["defined"].get<bool>() || method["verdict"] == "undefined") << method["name"];
        EXPECT_FALSE(method["verdict"].get<std::string>().empty());
      }
    }
    return summary["contexts"];
  }

  // The context of L2 and one head.
  static const json& l2_of(const json& contexts, const std::string& head) {
    const auto found = std::find_if(contexts.begin(), contexts.end(),
                                    [&](const json& c) { return c["metric"] == "L2" && c["head"] == head; });
    EXPECT_NE(found, contexts.end());
    return *found;
  }
  static const json& method(const json& context, const std::string& name) {
    for (const json& m : context["methods"]) {
      if (m["name"] == name) return m;
    }
    ADD_FAILURE() << name << " is not there";
    return context;
  }

  std::set<std::string> perturbations() const {
    std::set<std::string> ids;
    auto table = DelimitedReader::open(folder_ / "out" / "perturbations.csv");
    EXPECT_TRUE(table && table->read_header());
    while (*table->next()) ids.emplace(table->cells()[*table->column("pert_id")]);
    return ids;
  }

  std::string notes_;
};

TEST_F(RealScreen, NormanWithDoublePerturbations) {
  const json contexts = evaluate("norman", "--folds 3", "--common-dim 8 --grid knn.k=2,4,8");
  EXPECT_NE(notes_.find("perturbations: column 'condition'"), std::string::npos) << notes_;
  EXPECT_NE(notes_.find("batches: column 'gem_group'"), std::string::npos) << notes_;
  const std::set<std::string> ids = perturbations();
  EXPECT_EQ(ids.size(), 33u);
  const auto is_double = [](const std::string& id) { return id.find('+') != std::string::npos; };
  EXPECT_GE(std::count_if(ids.begin(), ids.end(), is_double), 2);
  EXPECT_LT(std::count_if(ids.begin(), ids.end(), is_double), 33);
  const json& l2 = l2_of(contexts, "knn");
  EXPECT_EQ(l2["context"], "k562");
  EXPECT_EQ(method(l2, "sampling_error_q90")["status"], "ok");
  EXPECT_EQ(method(l2, "go+knn")["folds"].size(), 3u);
  // A hundred cells a perturbation: at its 0.9 quantile the sampling error is larger than the effects.
  EXPECT_FALSE(l2["gap"]["defined"].get<bool>());
  // The references are less strict, in this order.
  EXPECT_LT(method(l2, "sampling_error_closed_form")["value"], method(l2, "sampling_error_q50")["value"]);
  EXPECT_LT(method(l2, "sampling_error_q50")["value"], method(l2, "sampling_error_q90")["value"]);
}

TEST_F(RealScreen, PapalexiInBothDesigns) {
  for (const std::string design : {"global", "matched"}) {
    const json contexts =
        evaluate("papalexi", "--pert-col target --folds 3 --design " + design, "--common-dim 8 --grid knn.k=2,4,8");
    EXPECT_NE(notes_.find("control: column 'is_control'"), std::string::npos) << notes_;
    EXPECT_NE(notes_.find("one cell in some batch"), std::string::npos) << notes_;
    EXPECT_EQ(perturbations().size(), 25u);
    const json& l2 = l2_of(contexts, "lasso");
    EXPECT_EQ(method(l2, "sampling_error_q90")["status"], "ok");
    // One perturbation has no gene annotation: it is predicted as the train mean.
    int n_covered = 0, n_test = 0;
    for (const json& fold : method(l2, "go+lasso")["folds"]) {
      n_covered += fold["n_covered"].get<int>();
      n_test += fold["n_test"].get<int>();
    }
    EXPECT_EQ(n_test, 25);
    EXPECT_EQ(n_covered, 24);
    fs::remove_all(folder_ / "out");
  }
}

}  // namespace
}  // namespace headroom
