// The page in a real browser. Each test adds a script to the written page that uses it as a reader would and leaves
// what it found as JSON in the page, which chromium then prints.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/io/temporary_folder.hpp"
#include "report/headless_chromium.hpp"
#include "report/report.hpp"
#include "report/simulated_report.hpp"

namespace headroom {
namespace {

using nlohmann::json;

const std::vector<std::string> hostile_names = {"<script>window.pwned = 1</script>",
                                                "<img src=x onerror=\"window.pwned = 1\">",
                                                "\"'`&amp;&lt;",
                                                "\u202Eevil\u0007",
                                                std::string(300, 'x'),
                                                "שלום 🧬",
                                                "</script><!--",
                                                "__proto__"};

// What reviews leave in a summary, with words of strangers in it.
void add_doubts(ReportModel& model) {
  DoubtRecord& twins = *model.summary.add_doubts();
  twins.set_code("labels.same_perturbation");
  twins.set_severity("refused");
  twins.set_where("cells.h5ad, column 'condition'");
  twins.set_what("20 perturbations are there under several spellings, so that twins of them would be in training");
  twins.set_n(20);
  for (const char* example : {"'A+ctrl' = 'ctrl+A'", "<img src=x onerror=\"window.pwned = 1\">"}) {
    twins.add_examples(example);
  }
  twins.set_remedy("--merge-labels joins them");
  twins.set_accepted(true);
  DoubtRecord& left_out = *model.summary.add_doubts();
  left_out.set_code("predictions.left_out");
  left_out.set_severity("noted");
  left_out.set_where("\u202Epred.h5ad");
  left_out.set_what("3 rows name perturbations that the task does not have and are left out " + std::string(900, 'x'));
  left_out.set_n(3);
  left_out.set_remedy("check that they are named as the task's are");
}

// A fusion in every context of the primary metric, without one of its blocks as well, and compared embeddings.
void add_fusion(ReportModel& model, const std::vector<std::string>& blocks) {
  for (ContextResult& context : *model.summary.mutable_contexts()) {
    if (context.metric() != model.metric) continue;
    const auto best = std::find_if(context.methods().begin(), context.methods().end(),
                                   [](const MethodResult& method) { return method.role() == "plugin"; });
    MethodResult fused = *best;
    fused.set_name("all+kernels");
    fused.set_embedding("all");
    fused.set_predictor("kernels");
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      BlockOfMethod& block = *fused.add_blocks();
      block.set_name(blocks[b]);
      block.set_coverage(b == 0 ? 1 : 0.75);
      block.set_weight(1.0 / static_cast<double>(blocks.size()));
      Ablation& ablation = *context.add_ablations();
      ablation.set_method("all+kernels");
      ablation.set_block(blocks[b]);
      ablation.set_status(b == 0 ? "ok" : "failed");
      ablation.set_reason(b == 0 ? "" : "crashed (SIGSEGV)");
      if (b > 0) continue;
      ablation.set_drop(0.125);
      ablation.set_ci_low(-0.25);
      ablation.set_ci_high(0.5);
      ablation.set_gap_drop(7.5);
    }
    *context.add_methods() = fused;
  }
  EmbeddingSimilarity& similarity = *model.summary.add_similarity();
  similarity.set_context(model.summary.contexts(0).context());
  for (const std::string& block : blocks) similarity.add_embeddings(block);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t j = i + 1; j < blocks.size(); ++j) {
      SimilarPair& pair = *similarity.add_pairs();
      pair.set_first(blocks[i]);
      pair.set_second(blocks[j]);
      pair.set_n_shared(120);
      if (j > i + 1) pair.set_mean_canonical_correlation(0.25);
    }
  }
}

class ReportPage : public ::testing::Test {
 protected:
  void SetUp() override {
    chromium_ = HeadlessChromium::find();
    if (!chromium_) GTEST_SKIP() << "chromium is not installed";
  }

  std::filesystem::path written(const ReportModel& model, const std::string& script = "") {
    const auto path = folder_.path() / "report.html";
    std::string page = report_page(model);
    if (!script.empty()) {
      const std::string added = "<script>\"use strict\";\nconst found = {};\n" + script +
                                "\nconst kept = document.createElement('pre'); kept.id = 'found';\n"
                                "kept.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(found))));\n"
                                "document.body.append(kept);\n</script>\n</body>";
      page.replace(page.rfind("</body>"), 7, added);
    }
    std::ofstream(path, std::ios::binary) << page;
    return path;
  }

  // Loads the page with the script and returns what it found; the page must not have complained.
  json found_by(const ReportModel& model, const std::string& script) {
    const LoadedPage loaded = chromium_->load(written(model, script));
    for (const auto& message : loaded.console_messages) ADD_FAILURE() << message;
    const std::string mark = "<pre id=\"found\">";
    const auto begin = loaded.dom.find(mark);
    if (begin == std::string::npos) {
      ADD_FAILURE() << "the page's script did not reach its end";
      return {};
    }
    return json::parse(decoded(loaded.dom.substr(begin + mark.size())));
  }

  static std::string decoded(const std::string& base64) {
    std::string out;
    unsigned group = 0;
    int n_bits = 0;
    for (const char c : base64) {
      const std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
      const auto digit = digits.find(c);
      if (digit == std::string_view::npos) break;
      group = (group << 6) | static_cast<unsigned>(digit);
      n_bits += 6;
      if (n_bits >= 8) {
        n_bits -= 8;
        out += static_cast<char>((group >> n_bits) & 0xFF);
      }
    }
    return out;
  }

  // Where pictures are kept for people to look at.
  static std::filesystem::path pictures() {
    const auto folder = std::filesystem::path(HEADROOM_BUILD_DIR) / "tests" / "report";
    std::filesystem::create_directories(folder);
    return folder;
  }

  std::optional<HeadlessChromium> chromium_;
  testing::TemporaryFolder folder_;
};

TEST_F(ReportPage, DrawsEveryChartWithoutAComplaint) {
  const json found = found_by(simulated_report({}), R"(
    const count = (selector) => document.querySelectorAll(selector).length;
    found.drawn = document.documentElement.getAttribute("data-drawn");
    found.bars = count("#progress svg rect.plugin");
    found.dots = count("#progress svg .point");
    found.foldFigures = count("#folds svg[viewBox^='0 0 1000']");
    found.foldPoints = count("#folds .point");
    found.headroomPoints = count("#headroom circle");
    found.headroomRows = count("#headroom tbody tr");
    found.metricRows = count("#metrics tbody tr");
    found.plugins = count("#plugins tbody tr");
    found.facts = count("#method dt");
    found.nan = document.querySelector("main").innerHTML.includes("NaN");
    found.undefined = document.querySelector("main").textContent.includes("undefined");
    found.unlabelled = Array.from(document.querySelectorAll("select, input")).filter((e) => !e.labels.length).length;
    found.unnamed = document.querySelectorAll('.figure svg:not([aria-label])').length;
    found.wide = document.documentElement.scrollWidth > window.innerWidth;
  )");
  EXPECT_EQ(found["drawn"], "yes");
  EXPECT_EQ(found["bars"], 4) << "one a context";
  EXPECT_EQ(found["dots"], 4 * 6) << "one a context and method";
  EXPECT_EQ(found["foldFigures"], 4);
  EXPECT_EQ(found["foldPoints"], 4 * (6 + 3 + 2 + 1) * 5) << "methods, nulls, cheaters, a reference; five folds";
  EXPECT_EQ(found["headroomPoints"], 300);
  EXPECT_EQ(found["headroomRows"], 20) << "a page of them";
  EXPECT_EQ(found["metricRows"], 8);
  EXPECT_GE(found["plugins"], 8);
  EXPECT_GE(found["facts"], 8);
  EXPECT_FALSE(found["nan"].get<bool>());
  EXPECT_FALSE(found["undefined"].get<bool>());
  EXPECT_EQ(found["unlabelled"], 0);
  EXPECT_EQ(found["unnamed"], 0);
  EXPECT_FALSE(found["wide"].get<bool>()) << "the page must not scroll sideways";
}

TEST_F(ReportPage, OpensWithTheDoubtsAboutTheInput) {
  const std::string script = R"(
    const section = document.getElementById("doubts");
    found.hidden = section.hidden;
    found.isFirst = !section.hidden &&
      section.compareDocumentPosition(document.getElementById("progress")) === Node.DOCUMENT_POSITION_FOLLOWING;
    found.height = section.getBoundingClientRect().height;
    found.rows = Array.from(section.querySelectorAll("tbody tr")).map(
      (row) => Array.from(row.children).map((cell) => cell.textContent));
    found.pwned = window.pwned === undefined ? "no" : "yes";
    found.foreign = section.querySelectorAll("img").length;
    found.wide = document.documentElement.scrollWidth > window.innerWidth;
  )";
  ReportModel model = simulated_report({});
  const json none = found_by(model, script);
  EXPECT_TRUE(none["hidden"].get<bool>()) << "nothing is said where nothing is doubtful";
  EXPECT_EQ(none["height"], 0);

  add_doubts(model);
  const json found = found_by(model, script);
  EXPECT_TRUE(found["isFirst"].get<bool>());
  EXPECT_GT(found["height"], 50);
  ASSERT_EQ(found["rows"].size(), 2u);
  const auto cell = [&](std::size_t row, std::size_t column) { return found["rows"][row][column].get<std::string>(); };
  EXPECT_EQ(cell(0, 0), "labels.same_perturbationrefused, accepted");
  EXPECT_NE(cell(0, 1).find("20 perturbations"), std::string::npos);
  EXPECT_NE(cell(0, 1).find("'A+ctrl' = 'ctrl+A', <img"), std::string::npos) << "examples, as text";
  EXPECT_EQ(cell(0, 2), "cells.h5ad, column 'condition'");
  EXPECT_EQ(cell(0, 3), "--merge-labels joins them");
  EXPECT_EQ(cell(1, 0), "predictions.left_outnoted");
  EXPECT_LT(cell(1, 1).size(), 700u) << "long texts are cut";
  EXPECT_EQ(cell(1, 2), "\\u{202e}pred.h5ad");
  EXPECT_EQ(found["pwned"], "no");
  EXPECT_EQ(found["foreign"], 0);
  EXPECT_FALSE(found["wide"].get<bool>());
}

TEST_F(ReportPage, TellsWhatTheBlocksOfFusionsCount) {
  const std::string script = R"(
    const section = document.getElementById("fusions");
    found.hidden = section.hidden && document.querySelector(".to-fusions").hidden;
    found.rows = Array.from(section.querySelectorAll(".blocks tbody tr")).map(
      (row) => Array.from(row.children).map((cell) => cell.textContent));
    found.cells = section.querySelectorAll(".similarity rect").length;
    found.unknown = section.querySelectorAll(".similarity rect.undefined").length;
    found.labels = Array.from(section.querySelectorAll(".similarity svg g text")).map((text) => text.textContent);
    found.foreign = section.querySelectorAll("img, script").length;
    found.pwned = window.pwned === undefined ? "no" : "yes";
    found.nan = section.innerHTML.includes("NaN");
    found.wide = document.documentElement.scrollWidth > window.innerWidth;
  )";
  ReportModel model = simulated_report({});
  EXPECT_TRUE(found_by(model, script)["hidden"].get<bool>()) << "nothing is said of runs without them";

  add_fusion(model, hostile_names);
  const json found = found_by(model, script);
  EXPECT_FALSE(found["hidden"].get<bool>());
  ASSERT_EQ(found["rows"].size(), 25u) << "a page of those of four contexts";
  EXPECT_EQ(found["rows"][0][2], hostile_names[0]);
  EXPECT_EQ(found["rows"][0][3], "100.0\u00a0%");
  EXPECT_EQ(found["rows"][0][4], "0.125");
  EXPECT_EQ(found["rows"][0][5], "0.1250[−0.2500, 0.5000]");
  EXPECT_EQ(found["rows"][0][6], "7.5\u00a0%");
  EXPECT_EQ(found["rows"][1][5], "failedcrashed (SIGSEGV)");
  const std::size_t n = hostile_names.size();
  EXPECT_EQ(found["cells"], n * n);
  EXPECT_EQ(found["unknown"], 2 * (n - 1)) << "pairs side by side could not be compared";
  EXPECT_EQ(found["labels"].size(), n * n - 2 * (n - 1));
  EXPECT_EQ(found["foreign"], 0);
  EXPECT_EQ(found["pwned"], "no");
  EXPECT_FALSE(found["nan"].get<bool>());
  EXPECT_FALSE(found["wide"].get<bool>());
}

TEST_F(ReportPage, SearchesAndSorts) {
  const json found = found_by(simulated_report({}), R"(
    const rows = () => Array.from(document.querySelectorAll("#headroom tbody tr"));
    const column = (i) => rows().map((row) => row.children[i].textContent);
    const titles = Array.from(document.querySelectorAll("#headroom thead th")).map((th) => th.textContent);
    const heading = (title) => document.querySelectorAll("#headroom thead th")[titles.indexOf(title)];
    const click = (title) => heading(title).querySelector("button").click();
    found.titles = titles;
    found.first = column(titles.indexOf("headroom")).map(Number);
    click("effect size"); found.effectDown = column(titles.indexOf("effect size")).map(Number);
    click("effect size"); found.effectUp = column(titles.indexOf("effect size")).map(Number);
    found.ariaSort = heading("effect size").getAttribute("aria-sort");
    click("perturbation"); found.names = column(0);
    document.querySelector("#headroom .pager button:last-child").click(); found.second = column(0);
    const search = document.getElementById("headroom-search");
    const type = (text) => { search.value = text; search.dispatchEvent(new Event("input")); };
    type("ensg00000001037"); found.searched = column(0);
    found.count = document.querySelector("#headroom .controls .small").textContent;
    found.faded = document.querySelectorAll("#headroom circle.fade").length;
    type("nothing like it"); found.none = rows().length;
    type(""); found.all = rows().length;
  )");
  const auto sorted = [&](const char* key, bool descending) {
    auto values = found[key].get<std::vector<double>>();
    EXPECT_EQ(values.size(), 20u);
    if (descending) std::reverse(values.begin(), values.end());
    return std::is_sorted(values.begin(), values.end()) && values.front() < values.back();
  };
  EXPECT_TRUE(sorted("first", true)) << "what has most headroom stands first: " << found["first"];
  EXPECT_TRUE(sorted("effectDown", true));
  EXPECT_TRUE(sorted("effectUp", false));
  EXPECT_EQ(found["ariaSort"], "ascending");
  EXPECT_EQ(found["names"][0], "ENSG00000001000");
  EXPECT_EQ(found["second"][0], "ENSG00000001740") << "the twenty-first";
  EXPECT_EQ(found["searched"], json::array({"ENSG00000001037"})) << "whatever the case";
  EXPECT_EQ(found["count"], "1 of 300 perturbations");
  EXPECT_EQ(found["faded"], 299);
  EXPECT_EQ(found["none"], 0);
  EXPECT_EQ(found["all"], 20);
}

TEST_F(ReportPage, FollowsTheChoiceOfHeadAndMetric) {
  const json found = found_by(simulated_report({}), R"(
    const choose = (id, value) => {
      const select = document.getElementById(id);
      select.value = value;
      select.dispatchEvent(new Event("change"));
    };
    const names = () => Array.from(document.querySelectorAll("#progress tbody th")).map((e) => e.textContent);
    found.before = names();
    choose("head", "lasso"); found.after = names();
    choose("metric", "PDS_L1");
    found.words = document.querySelector("#progress svg").textContent;
    found.lead = document.querySelector(".lead").textContent;
    choose("metric", "Pearson"); found.bars = document.querySelectorAll("#progress svg rect.plugin").length;
    choose("headroom-method", "train_mean"); found.points = document.querySelectorAll("#headroom circle").length;
    choose("headroom-axis", "cells");
    found.axis = document.querySelector("#headroom svg").textContent.includes("cells");
    document.querySelector(".theme").click(); found.theme = document.documentElement.getAttribute("data-theme");
  )");
  EXPECT_EQ(found["before"][0], "embedding_01+knn");
  EXPECT_EQ(found["after"][0], "embedding_01+lasso");
  EXPECT_NE(found["words"].get<std::string>().find("BAP is not better than WAP"), std::string::npos);
  EXPECT_NE(found["lead"].get<std::string>().find("No percentage is meaningful"), std::string::npos);
  EXPECT_EQ(found["bars"], 4);
  EXPECT_EQ(found["points"], 300);
  EXPECT_TRUE(found["axis"].get<bool>());
  EXPECT_EQ(found["theme"], "dark");
}

TEST_F(ReportPage, ShowsHostileNamesAsText) {
  SimulatedReportOptions options;
  options.further_names = hostile_names;
  options.contexts = {"<b>context</b>", "\u202Ereversed"};
  const json found = found_by(simulated_report(options), R"(
    found.pwned = window.pwned === undefined ? "no" : "yes";
    found.scripts = document.querySelectorAll("script").length;
    found.foreign = document.querySelectorAll("main img, main b, main script").length;
    found.names = Array.from(document.querySelectorAll("#progress tbody th .name")).map((e) => e.getAttribute("title"));
    found.acting = /[\u202e\u0007]/.test(document.body.innerText);
    found.wide = document.documentElement.scrollWidth > window.innerWidth;
    const labels = Array.from(document.querySelectorAll("#folds g[role=img] > text"));
    found.overflow = labels.filter((label) => label.getBBox().x < 0).length;
  )");
  EXPECT_EQ(found["pwned"], "no");
  EXPECT_EQ(found["scripts"], 4) << "data, D3, ours and this test's";
  EXPECT_EQ(found["foreign"], 0);
  EXPECT_FALSE(found["acting"].get<bool>()) << "a character that acts was not spelt out";
  EXPECT_FALSE(found["wide"].get<bool>());
  EXPECT_EQ(found["overflow"], 0) << "names cut at the drawing's edge";
  const auto names = found["names"].get<std::vector<std::string>>();
  for (const std::string name :
       {"<script>window.pwned = 1</script>+knn", "\"'`&amp;&lt;+knn", "\\u{202e}evil\\u{7}+knn", "שלום 🧬+knn",
        "</script><!--+knn", "__proto__+knn"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
}

TEST_F(ReportPage, SavesFiguresThatStandAlone) {
  SimulatedReportOptions options;
  options.further_names = hostile_names;
  const json found = found_by(simulated_report(options), R"(
    found.files = Array.from(document.querySelectorAll(".figure svg")).map((svg) => {
      const file = figureFile(svg), parsed = new DOMParser().parseFromString(file.text, "image/svg+xml");
      return {errors: parsed.querySelectorAll("parsererror").length, elements: parsed.querySelectorAll("*").length,
        variables: file.text.includes("var(--"), width: file.width, is_half: svg.closest(".pairs") !== null,
        classes: parsed.querySelectorAll("[class]").length};
    });
    found.buttons = document.querySelectorAll(".save button").length;
  )");
  ASSERT_EQ(found["files"].size(), 13u)
      << "bars, four contexts' strips, ranks, two of agreement, four contexts' folds, headroom";
  for (const auto& file : found["files"]) {
    EXPECT_EQ(file["errors"], 0);
    EXPECT_GT(file["elements"], 20);
    EXPECT_FALSE(file["variables"].get<bool>()) << "colours must be in the file";
    EXPECT_EQ(file["width"], file["is_half"].get<bool>() ? 500 : 1000) << "strips and agreement stand in pairs";
  }
  EXPECT_EQ(found["buttons"], 33) << "SVG and PNG of each, and the data of seven";
}

TEST_F(ReportPage, DrawsPng) {
  // Rasterising takes turns of the event loop: the verdict is left in the page when it comes.
  const auto page = written(simulated_report({}), R"(
    const created = URL.createObjectURL;
    URL.createObjectURL = (blob) => {
      const note = document.createElement("p");
      note.textContent = "SAVED " + blob.type + (blob.size > 20000 ? " large" : " small");
      document.body.append(note);
      return created(blob);
    };
    savePng(document.querySelector("#progress svg"), "x");
  )");
  const LoadedPage loaded = chromium_->load(page, 5000);
  for (const auto& message : loaded.console_messages) ADD_FAILURE() << message;
  EXPECT_NE(loaded.dom.find("SAVED image/png large"), std::string::npos);
}

TEST_F(ReportPage, WorksWithoutPerturbationsOrPlugins) {
  ReportModel bare = simulated_report({});
  bare.contexts.clear();
  for (auto& context : *bare.summary.mutable_contexts()) {
    auto& methods = *context.mutable_methods();
    for (int m = methods.size() - 1; m >= 0; --m) {
      if (methods[m].role() == "plugin") methods.DeleteSubrange(m, 1);
    }
  }
  bare.summary.clear_plugins();
  const json found = found_by(bare, R"(
    found.drawn = document.documentElement.getAttribute("data-drawn");
    found.lead = document.querySelector(".lead").textContent;
    found.note = document.querySelector("#headroom").textContent;
  )");
  EXPECT_EQ(found["drawn"], "yes");
  EXPECT_NE(found["lead"].get<std::string>().find("no method was evaluated"), std::string::npos);
  EXPECT_NE(found["note"].get<std::string>().find("kept no scores of single perturbations"), std::string::npos);
}

// 33 embeddings, two heads, four contexts of 2,000 perturbations.
TEST_F(ReportPage, OpensAtPublishedSize) {
  constexpr double opened_within_ms = 3000;
  constexpr std::size_t most_bytes = 15'000'000;
  SimulatedReportOptions options;
  options.n_embeddings = 33;
  options.n_perturbations = 2000;
  const ReportModel model = simulated_report(options);
  EXPECT_LT(report_page(model).size(), most_bytes);
  double fastest = 1e9;
  // Other work on the machine may slow one attempt.
  for (int attempt = 0; attempt < 3 && fastest >= opened_within_ms; ++attempt) {
    const json found = found_by(model, R"(
      found.points = document.querySelectorAll("#headroom circle").length;
      document.body.getBoundingClientRect();
      const entry = performance.getEntriesByType("navigation")[0];
      found.ms = performance.now() - (entry ? entry.fetchStart : 0);
    )");
    EXPECT_EQ(found["points"], 2000);
    fastest = std::min(fastest, found["ms"].get<double>());
  }
  std::cout << "opened in " << fastest << " ms\n";
  EXPECT_LT(fastest, opened_within_ms);
}

TEST_F(ReportPage, IsPhotographed) {
  SimulatedReportOptions options;
  options.n_embeddings = 8;
  options.further_names = hostile_names;
  ReportModel model = simulated_report(options);
  add_doubts(model);
  add_fusion(model, {"embedding_01", "embedding_02", "embedding_03", "embedding_04"});
  const auto page = written(model);
  for (const bool dark : {false, true}) {
    const auto png = pictures() / (dark ? "report_dark.png" : "report_light.png");
    ASSERT_TRUE(chromium_->take_picture(page, png, 1200, 6200, dark));
    EXPECT_GT(std::filesystem::file_size(png), 50'000u) << "an empty page is smaller";
    std::cout << png.string() << "\n";
  }
  const auto narrow = pictures() / "report_narrow.png";
  ASSERT_TRUE(chromium_->take_picture(page, narrow, 600, 3000, false));
  const auto pdf = pictures() / "report.pdf";
  ASSERT_TRUE(chromium_->print_to_pdf(page, pdf));
  EXPECT_GT(std::filesystem::file_size(pdf), 30'000u);
}

}  // namespace
}  // namespace headroom
