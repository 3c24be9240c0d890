#include "report/report_model.hpp"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <set>
#include <utility>

#include "deg/class_metrics.hpp"
#include "store/store.hpp"
#include "summary/primary_metric.hpp"
#include "summary/summary_json.hpp"
#include "summary/target_parts.hpp"

namespace headroom {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

ReportModel report_model(RunSummary summary, const RunResults& results, std::vector<PerturbationFacts> facts) {
  ReportModel model;
  model.metric = primary_metric(summary);
  model.summary = std::move(summary);
  const std::size_t metric = perturbation_metric(results.metrics);
  model.perturbation_metric =
      results.metrics.empty() ? model.metric : std::string(metric_name(results.metrics[metric]));
  for (std::size_t c = 0; c < results.contexts.size() && c < facts.size(); ++c) {
    const ContextEvaluation& context = results.contexts[c];
    PerturbationScores scores;
    std::vector<const MethodEvaluation*> scored;
    for (const auto& method : context.methods) {
      const bool is_shown = method.left_out.empty() && method.status == Status::ok;
      if (method.folds.size() == context.splits.size() && is_shown) scored.push_back(&method);
    }
    const auto n_perturbations = static_cast<Eigen::Index>(facts[c].pert_ids.size());
    scores.values = Matrix::Constant(static_cast<Eigen::Index>(scored.size()), n_perturbations, unknown);
    for (std::size_t m = 0; m < scored.size(); ++m) {
      scores.methods.push_back(scored[m]->name);
      Eigen::Index first = 0;  // facts list the test rows fold by fold
      for (std::size_t f = 0; f < context.splits.size(); ++f) {
        const auto n_test = static_cast<Eigen::Index>(context.splits[f].test.size());
        const FoldEvaluation& fold = scored[m]->folds[f];
        if (fold.status == Status::ok && !fold.metric_values.empty()) {
          scores.values.row(static_cast<Eigen::Index>(m)).segment(first, n_test) =
              fold.metric_values[metric].transpose();
        }
        first += n_test;
      }
    }
    scores.facts = std::move(facts[c]);
    model.contexts.push_back(std::move(scores));
  }
  return model;
}

namespace {

// The first metric of the settings that perturbations have.
std::string perturbation_metric_of(const RunSummary& summary) {
  for (const std::string& name : summary.settings().metrics()) {
    const auto metric = metric_by_name(name);
    if (metric && !is_of_fold(*metric)) return name;
  }
  return primary_metric(summary);
}

Result<ReportModel> read_report_model(const std::filesystem::path& out_dir_or_summary, RunSummary part,
                                      const std::string& target) {
  const bool is_folder = std::filesystem::is_directory(out_dir_or_summary);
  ReportModel model;
  model.metric = primary_metric(part);
  model.perturbation_metric = perturbation_metric_of(part);
  model.summary = std::move(part);
  if (!is_folder || model.metric.empty() || !std::filesystem::exists(out_dir_or_summary / "results.sqlite"))
    return model;

  auto store = Store::open_to_read(out_dir_or_summary, {model.perturbation_metric});
  if (!store) return tl::unexpected(store.error());
  auto facts = store->facts(target);
  if (!facts) return tl::unexpected(facts.error());
  const auto evaluations = store->evaluations(model.perturbation_metric, target);
  if (!evaluations) return tl::unexpected(evaluations.error());

  std::map<std::string, std::size_t> context_place;  // name -> index into model.contexts
  // Per context: fold and pert_id -> column of values. A combination may be tested in several folds.
  std::vector<std::map<std::pair<std::string, std::string>, Eigen::Index>> row_place;
  std::vector<std::map<std::string, std::vector<const StoredEvaluation*>>> methods;  // per context, in order of name
  for (auto& context : *facts) {
    context_place[context.context] = model.contexts.size();
    auto& rows = row_place.emplace_back();
    for (std::size_t i = 0; i < context.pert_ids.size(); ++i) {
      rows[{context.folds[i], context.pert_ids[i]}] = static_cast<Eigen::Index>(i);
    }
    model.contexts.emplace_back().facts = std::move(context);
  }
  methods.resize(model.contexts.size());
  std::set<std::string> without_a_block;  // fusions whose numbers stand beside those of the whole ones
  for (const ContextResult& table : model.summary.contexts()) {
    for (const Ablation& ablation : table.ablations()) without_a_block.insert(ablation.name());
  }
  for (const auto& evaluation : *evaluations) {
    const auto place = context_place.find(evaluation.key.context);
    if (place == context_place.end() || evaluation.evaluation.status != Status::ok) continue;
    if (without_a_block.contains(evaluation.key.method)) continue;
    methods[place->second][evaluation.key.method].push_back(&evaluation);
  }
  // Every method has a value for most perturbations, so that what is drawn is about as large as what is stored.
  constexpr std::size_t kMostDrawnPerStored = 64, kAlwaysDrawn = 1'000'000;
  std::size_t n_stored = 0, n_drawn = 0;
  for (const auto& evaluation : *evaluations) n_stored += evaluation.pert_ids.size();
  for (std::size_t c = 0; c < model.contexts.size(); ++c) {
    n_drawn += methods[c].size() * model.contexts[c].facts.pert_ids.size();
    if (n_drawn > kAlwaysDrawn + kMostDrawnPerStored * n_stored) {
      return bad_input("the methods of the store and its perturbations do not belong together",
                       (out_dir_or_summary / "results.sqlite").string(), "make the report from summary.json alone");
    }
  }
  for (std::size_t c = 0; c < model.contexts.size(); ++c) {
    PerturbationScores& scores = model.contexts[c];
    scores.values = Matrix::Constant(static_cast<Eigen::Index>(methods[c].size()),
                                     static_cast<Eigen::Index>(scores.facts.pert_ids.size()), unknown);
    Eigen::Index m = 0;
    for (const auto& [name, folds] : methods[c]) {
      scores.methods.push_back(name);
      for (const StoredEvaluation* fold : folds) {
        for (std::size_t i = 0; i < fold->pert_ids.size(); ++i) {
          const auto row = row_place[c].find({fold->key.split, fold->pert_ids[i]});
          if (row != row_place[c].end()) {
            scores.values(m, row->second) = fold->evaluation.metric_values[0][static_cast<Eigen::Index>(i)];
          }
        }
      }
      ++m;
    }
  }
  return model;
}

}  // namespace

Result<std::vector<ReportModel>> read_report_models(const std::filesystem::path& out_dir_or_summary,
                                                    const std::string& target) {
  const bool is_folder = std::filesystem::is_directory(out_dir_or_summary);
  const auto summary = read_summary_json(is_folder ? out_dir_or_summary / "summary.json" : out_dir_or_summary);
  if (!summary) return tl::unexpected(summary.error());
  std::vector<ReportModel> models;
  for (const std::string& found : targets_of(*summary)) {
    if (!target.empty() && found != target) continue;
    auto model = read_report_model(out_dir_or_summary, part_of_target(*summary, found), found);
    if (!model) return tl::unexpected(model.error());
    models.push_back(std::move(*model));
  }
  if (models.empty()) {
    return bad_input(fmt::format("the run has nothing of the target '{}'", target), out_dir_or_summary.string(),
                     "leave --target out, or run it with this --target");
  }
  return models;
}

}  // namespace headroom
