#include "report/fusion_lines.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "summary/primary_metric.hpp"
#include "summary/target_parts.hpp"
#include "terminal/number_text.hpp"
#include "terminal/table.hpp"

namespace headroom {
namespace {

const Ablation* ablation_of(const ContextResult& context, const std::string& method, const std::string& block) {
  const auto& all = context.ablations();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Ablation& ablation) {
    return ablation.method() == method && ablation.block() == block;
  });
  return found == all.end() ? nullptr : &*found;
}

std::vector<Cell> row_of(const ContextResult& context, const MethodResult& method, const BlockOfMethod& block,
                         bool unicode) {
  std::vector<Cell> row = {context.context(), method.name(), block.name()};
  row.push_back(block.has_coverage() ? Cell(percent_text(100 * block.coverage(), unicode)) : Cell());
  row.push_back(block.has_weight() ? Cell(block.weight()) : Cell());
  const Ablation* without = ablation_of(context, method.name(), block.name());
  if (without == nullptr) {
    row.insert(row.end(), 3, Cell());
  } else if (without->status() != "ok") {
    row.insert(row.end(), {Cell(without->status() + ": " + without->reason()), Cell(), Cell()});
  } else {
    row.push_back(without->has_drop() ? Cell(without->drop()) : Cell());
    row.push_back(without->has_ci_low() ? Cell(interval_text(without->ci_low(), without->ci_high(), false)) : Cell());
    row.push_back(without->has_gap_drop() && context.gap().defined() ? Cell(percent_text(without->gap_drop(), unicode))
                                                                     : Cell());
  }
  return row;
}

void draw_target(std::ostream& out, const RunSummary& summary, const TerminalStyle& style) {
  const std::string metric = primary_metric(summary);
  Table table{{{"context"}, {"fusion"}, {"block"}, {"covers"}, {"weight", 3}}, {}};
  bool is_ablated = false;
  std::set<std::pair<std::string, std::string>> seen;  // a fusion stands in the tables of all heads
  for (const ContextResult& context : summary.contexts()) {
    if (context.metric() != metric) continue;
    is_ablated = is_ablated || context.ablations_size() > 0;
    for (const MethodResult& method : context.methods()) {
      if (method.blocks().empty() || !seen.emplace(context.context(), method.name()).second) continue;
      for (const BlockOfMethod& block : method.blocks()) {
        table.rows.push_back(row_of(context, method, block, style.unicode));
      }
    }
  }
  if (table.rows.empty()) return;
  if (is_ablated) {
    table.columns.insert(table.columns.end(), {{metric + " lost without"}, {"95 %"}, {"of the gap"}});
  } else {
    for (auto& row : table.rows) row.resize(table.columns.size());
  }
  const std::string target = targets_of(summary).front();
  out << "\nfusions" << (target == kFirstTarget ? "" : " for the target " + target) << ": what each block counts\n";
  write_table(out, table, TableFormat::text, style);
}

}  // namespace

void draw_fusions(std::ostream& out, const RunSummary& summary, const TerminalStyle& style) {
  for (const std::string& target : targets_of(summary)) draw_target(out, part_of_target(summary, target), style);
}

}  // namespace headroom
