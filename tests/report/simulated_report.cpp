#include "report/simulated_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

namespace headroom {
namespace {

constexpr int n_folds = 5;

struct SimulatedMetric {
  const char* name;
  bool higher_is_better;
  double wap, bap;  // typical values; the second line of work below scales between them
};
constexpr std::array<SimulatedMetric, 8> metrics = {{{"L2", false, 4.2, 1.9},
                                                     {"MSE", false, 0.004, 0.0011},
                                                     {"MAE", false, 0.0187, 0.0091},
                                                     {"Pearson", true, 0.42, 0.93},
                                                     {"Spearman", true, 0.21, 0.7},
                                                     {"Pearson_pert", true, 0.01, 0.55},
                                                     {"centroid_accuracy", true, 0.52, 0.97},
                                                     {"PDS_L1", true, 0.51, 0.5}}};

struct SimulatedMethod {
  std::string name, embedding, predictor, role;
  double closed;  // share of the gap, 0 to 1
};

std::vector<SimulatedMethod> methods_of(const SimulatedReportOptions& options, const std::string& head) {
  std::vector<SimulatedMethod> methods = {
      {"train_mean", "", "", "null", -0.06},         {"no_change", "", "", "null", -0.22},
      {"random+" + head, "random", head, "null", 0}, {"idealized+" + head, "idealized", head, "cheater", 1.22},
      {"sampling_error_q90", "", "", "cheater", 1},  {"sampling_error_q50", "", "", "reference", 1.31}};
  for (int i = 0; i < options.n_embeddings; ++i) {
    const double closed = 0.72 - 0.85 * i / std::max(1, options.n_embeddings - 1);
    const std::string name = fmt::format("embedding_{:02}", i + 1);
    methods.push_back({name + "+" + head, name, head, "plugin", closed});
  }
  for (const auto& name : options.further_names) methods.push_back({name + "+" + head, name, head, "plugin", 0.31});
  return methods;
}

}  // namespace

ReportModel simulated_report(const SimulatedReportOptions& options) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  std::mt19937 random(options.seed);
  const auto normal = [&](double mean, double sd) { return std::normal_distribution<double>(mean, sd)(random); };
  ReportModel model;
  model.metric = "L2";
  RunSummary& summary = model.summary;
  summary.set_headroom_version("0.1.0");
  summary.mutable_task()->set_name("essential_screen.h5ad");
  summary.mutable_task()->set_sha256(std::string(64, 'a'));
  summary.mutable_task()->set_n_genes(6640);
  summary.mutable_task()->set_fold_source("column test_split");
  for (const auto& metric : metrics) summary.mutable_settings()->add_metrics(metric.name);
  for (const char* ceiling : {"idealized", "sampling_error_q90"}) summary.mutable_settings()->add_ceiling(ceiling);
  summary.mutable_settings()->set_common_dim(100);
  summary.mutable_settings()->set_n_resamples(1000);
  summary.mutable_settings()->set_seed(0);
  summary.mutable_settings()->set_confinement(FULL);
  summary.mutable_settings()->mutable_limits()->set_wall_time_s(600);

  for (std::size_t c = 0; c < options.contexts.size(); ++c) {
    auto& description = *summary.mutable_task()->add_contexts();
    description.set_context(options.contexts[c]);
    description.set_n_perturbations(options.n_perturbations);
    PerturbationScores scores;
    scores.facts.context = options.contexts[c];
    for (int f = 0; f < n_folds; ++f) description.add_folds(std::to_string(f));
    const int n = options.n_perturbations;
    for (int p = 0; p < n; ++p) {
      scores.facts.pert_ids.push_back(fmt::format("ENSG{:011}", 1000 + 37 * p));
      scores.facts.folds.push_back(std::to_string(p % n_folds));
      scores.facts.effect_sizes.push_back(std::exp(normal(1.2, 0.45)));
      scores.facts.n_cells.push_back(std::round(std::exp(normal(4.4, 0.7))));
      scores.facts.noise.push_back(8 / std::sqrt(scores.facts.n_cells.back()) + 0.7);
    }
    for (const auto& head : options.heads) {
      const auto methods = methods_of(options, head);
      for (const auto& metric : metrics) {
        ContextResult& result = *summary.add_contexts();
        result.set_context(options.contexts[c]);
        result.set_metric(metric.name);
        result.set_higher_is_better(metric.higher_is_better);
        result.set_head(head);
        const double wap = metric.wap * (1 + 0.08 * static_cast<double>(c)),
                     bap = metric.bap * (1 + 0.05 * static_cast<double>(c));
        result.mutable_wap()->set_method("random+" + head);
        result.mutable_wap()->set_value(wap);
        result.mutable_bap()->set_method("sampling_error_q90");
        result.mutable_bap()->set_value(bap);
        const double gap = metric.higher_is_better ? bap - wap : wap - bap;
        result.mutable_gap()->set_value(gap);
        result.mutable_gap()->set_ci_low(gap - 0.05 * std::abs(gap));
        result.mutable_gap()->set_ci_high(gap + 0.05 * std::abs(gap));
        result.mutable_gap()->set_defined(gap > 0);
        result.mutable_gap()->set_dynamic_range(gap / std::abs(wap));
        for (const auto& simulated : methods) {
          MethodResult& method = *result.add_methods();
          method.set_name(simulated.name);
          method.set_embedding(simulated.embedding);
          method.set_predictor(simulated.predictor);
          method.set_role(simulated.role);
          method.set_status("ok");
          method.set_in_bound(simulated.role == "null" || simulated.role == "cheater");
          const double closed = simulated.closed - (simulated.role == "plugin" ? 0.06 * static_cast<double>(c) : 0);
          method.set_value(wap + closed * (bap - wap));
          if (simulated.role == "plugin") method.set_coverage(0.93);
          if (gap > 0) {
            method.set_gap_closed(100 * closed);
            method.set_ci_low(100 * closed - 5 - 2 * static_cast<double>(c));
            method.set_ci_high(100 * closed + 6);
          }
          if (simulated.role == "plugin") {
            method.set_verdict(gap <= 0         ? "undefined"
                               : closed < -0.06 ? "below null"
                               : closed < 0.05  ? "within noise of null"
                                                : "progress");
          }
          for (int f = 0; f < n_folds; ++f) {
            FoldResult& fold = *method.add_folds();
            fold.set_fold(std::to_string(f));
            fold.set_n_test(n / n_folds);
            fold.set_n_covered(n / n_folds - 3);
            fold.set_value(method.value() * (1 + normal(0, 0.03)));
            if (gap > 0) fold.set_gap_closed(100 * closed + normal(0, 4));
            (*fold.mutable_best_params())[head == "knn" ? "k" : "alpha"] = head == "knn" ? 20 * (1 + f % 3) : 0.01;
            fold.set_effective_dim(100);
            fold.set_wall_s(1.4);
            fold.set_cpu_s(2.5);
            fold.set_peak_memory_bytes(3.1e8);
          }
        }
        MethodResult& skipped = *result.add_methods();
        skipped.set_name("gene_pca+" + head);
        skipped.set_predictor(head);
        skipped.set_role("null");
        skipped.set_status("skipped");
        skipped.set_reason("3 % of the perturbations are measured genes");
        MethodResult& failed = *result.add_methods();
        failed.set_name("broken+" + head);
        failed.set_predictor(head);
        failed.set_role("plugin");
        failed.set_status("failed");
        failed.set_reason("crashed (SIGSEGV) in fold 2");
      }
      for (const auto& simulated : methods) {
        if (simulated.predictor.empty() && head != options.heads.front()) continue;
        scores.methods.push_back(simulated.name);
      }
    }
    scores.values = Matrix::Constant(static_cast<Eigen::Index>(scores.methods.size()), n, unknown);
    for (std::size_t m = 0; m < scores.methods.size(); ++m) {
      const double share = 1 - 0.8 * static_cast<double>(m) / static_cast<double>(scores.methods.size());
      for (int p = 0; p < n; ++p) {
        const auto i = static_cast<std::size_t>(p);
        scores.values(static_cast<Eigen::Index>(m), p) =
            scores.facts.noise[i] * 0.8 + share * scores.facts.effect_sizes[i] * std::exp(normal(0, 0.12));
      }
    }
    model.contexts.push_back(std::move(scores));
  }
  const auto add_plugin = [&](const std::string& name, PluginKind kind, bool shipped) {
    PluginRecord& plugin = *summary.add_plugins();
    plugin.set_name(name);
    plugin.set_file(kind == EMBEDDING ? name + ".h5ad" : name + ".so");
    plugin.set_sha256(
        "0f343b0931126a20f133d67c2b018a3b"
        "0f343b0931126a20f133d67c2b018a3b");
    plugin.set_shipped(shipped);
    plugin.mutable_description()->set_kind(kind);
    plugin.mutable_description()->set_version("1.0.0");
    plugin.mutable_description()->set_licence("MIT");
    if (kind == EMBEDDING) {
      plugin.set_n_ids(8000);
      plugin.set_n_present(7440);
      plugin.mutable_description()->add_training_datasets("simulated");
    }
  };
  for (const auto& head : options.heads) add_plugin(head, PREDICTOR, true);
  for (int i = 0; i < options.n_embeddings; ++i) add_plugin(fmt::format("embedding_{:02}", i + 1), EMBEDDING, false);
  for (const auto& name : options.further_names) add_plugin(name, EMBEDDING, false);
  AuditResult& audit = *summary.add_audit();
  audit.set_name("embedding_01");
  audit.set_context(options.contexts.front());
  audit.set_probe("labels-shuffled");
  audit.set_outcome("pass");
  audit.set_detail("1.2 % of the gap with shuffled labels");
  return model;
}

}  // namespace headroom
