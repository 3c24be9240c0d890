#include "summary/leaderboard.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <utility>

#include "numerics/quantile.hpp"
#include "plan/bound_names.hpp"
#include "review/label_spelling.hpp"
#include "summary/audit_outcomes.hpp"
#include "summary/context_title.hpp"
#include "summary/one_scale.hpp"
#include "summary/primary_metric.hpp"
#include "summary/undefined_gap.hpp"

namespace headroom {
namespace {

constexpr double significance = 0.05;
constexpr const char* kUndefined = "undefined";

// Values this close are one value: bounds are means, which other machines may sum in another order.
constexpr double kSameBound = 1e-9;

// Bounds that belong to the task must be the same in both runs, or percentages would not rank as errors do.
Result<void> check_same_scale(const RankedRun& first, const RankedRun& other, const std::string& metric) {
  for (const ContextResult& context : first.summary.contexts()) {
    if (context.metric() != metric) continue;
    for (const ContextResult& same : other.summary.contexts()) {
      if (same.metric() != metric || same.context() != context.context()) continue;
      const std::string where = first.name + ", " + other.name;
      if (same.bounds_scope() != context.bounds_scope()) {
        return bad_input("one run has bounds of the task, the other of each head", where,
                         "run both with --bounds-per-head or both without");
      }
      if (context.bounds_scope() != kBoundsOfTask) continue;
      const auto differ = [](const BoundResult& a, const BoundResult& b) {
        return a.has_value() != b.has_value() || std::abs(a.value() - b.value()) > kSameBound * std::abs(a.value());
      };
      if (!differ(context.wap(), same.wap()) && !differ(context.bap(), same.bap())) continue;
      return bad_input(
          fmt::format("the runs have different bounds in '{}': WAP {:.6g} and {:.6g}, BAP {:.6g} and {:.6g}",
                      context.context(), context.wap().value(), same.wap().value(), context.bap().value(),
                      same.bap().value()),
          where,
          "run them with the same --seed, --common-dim, --split, --joint, --fold and --grid of the heads that bounds "
          "go through");
    }
  }
  return {};
}

Result<void> check_same_task(const std::vector<RankedRun>& runs, const std::string& metric) {
  const RunSummary& first = runs.front().summary;
  const auto ceiling = [](const RunSummary& s) { return fmt::format("{}", fmt::join(s.settings().ceiling(), ", ")); };
  const auto nulls = [](const RunSummary& s) {
    std::set<std::string> names(s.settings().nulls().begin(), s.settings().nulls().end());
    if (names.empty()) names.insert(kDeltaNulls.begin(), kDeltaNulls.end());  // of an older run
    return fmt::format("{}", fmt::join(names, ", "));
  };
  for (const auto& run : runs) {
    const RunSummary& other = run.summary;
    if (other.task().sha256() != first.task().sha256() || other.task().noise_sha256() != first.task().noise_sha256()) {
      return bad_input("the runs are of different tasks or noise tables", runs.front().name + ", " + run.name,
                       "rank runs of one task together");
    }
    if (ceiling(other) != ceiling(first)) {
      return bad_input(fmt::format("the runs have different ceilings: {} and {}", ceiling(first), ceiling(other)),
                       runs.front().name + ", " + run.name, "run them with the same --ceiling");
    }
    if (nulls(other) != nulls(first)) {
      return bad_input(fmt::format("the runs have different nulls: {} and {}", nulls(first), nulls(other)),
                       runs.front().name + ", " + run.name, "run them with the same --nulls");
    }
    if (other.settings().exclude_targets() != first.settings().exclude_targets()) {
      return bad_input("the runs leave out different genes", runs.front().name + ", " + run.name,
                       "run them with the same --exclude-targets");
    }
    if (auto same = check_same_scale(runs.front(), run, metric); !same) return same;
    const auto& contexts = other.contexts();
    if (std::none_of(contexts.begin(), contexts.end(), [&](const auto& c) { return c.metric() == metric; })) {
      return bad_input(fmt::format("the run has no metric '{}'", metric), run.name, "run it with this --metric");
    }
  }
  return {};
}

// Contexts in which every run and head has a defined gap, in the order of the first run; of the others, why not.
std::vector<std::string> shared_contexts(const std::vector<RankedRun>& runs, const std::string& metric,
                                         Leaderboard& board) {
  std::vector<std::string> all, reasons;
  std::set<std::string> excluded;
  const auto leave_out = [&](const std::string& context, const std::string& why, const std::string& note) {
    if (!excluded.insert(context).second) return;
    board.notes.push_back(context + " is left out: " + note);
    reasons.push_back(context + ": " + why);
  };
  for (const auto& run : runs) {
    std::set<std::string> present;
    for (const auto& context : run.summary.contexts()) {
      if (context.metric() != metric) continue;
      if (std::find(all.begin(), all.end(), context.context()) == all.end()) all.push_back(context.context());
      present.insert(context.context());
      if (context.gap().defined()) continue;
      std::string why = why_undefined(context.gap());
      if (const std::string other = other_ceiling_text(context); !other.empty()) why += "; " + other;
      leave_out(context.context(), why, fmt::format("no percentage is meaningful there: {} ({})", why, run.name));
    }
    for (const auto& other : runs) {
      for (const auto& context : other.summary.contexts()) {
        if (context.metric() != metric || present.count(context.context())) continue;
        const std::string why = run.name + " does not have it";
        leave_out(context.context(), why, why);
      }
    }
  }
  std::vector<std::string> shared;
  for (const auto& context : all) {
    if (!excluded.count(context)) shared.push_back(context);
  }
  if (shared.empty()) board.unranked = fmt::format("no context counts: {}", fmt::join(reasons, "; "));
  return shared;
}

// One plugin method of one run and head, over the shared contexts.
class EntryBuilder {
 public:
  EntryBuilder(const RankedRun& run, const std::string& head, const std::string& method) {
    entry_.run = run.name;
    entry_.head = head;
    entry_.method = method;
    entry_.confinement = lower_case(ConfinementLevel_Name(run.summary.settings().confinement()));
  }

  void add(const RunSummary& summary, const std::string& context, const MethodResult& method) {
    entry_.audit = worst_audit(summary, method);
    for (const auto& fold : method.folds()) {
      entry_.wall_s += fold.wall_s();
      entry_.peak_memory_bytes = std::max(entry_.peak_memory_bytes, fold.peak_memory_bytes());
    }
    for (const auto& flag : method.flags()) flags_.insert(flag);
    if (method.has_coverage()) entry_.coverage = std::min(entry_.coverage.value_or(1), method.coverage());
    if (method.status() != "ok") {
      entry_.failure = fmt::format("{} in {}: {}", method.status(), context, method.reason());
      has_failed_ = true;
      return;
    }
    if (!method.has_gap_closed()) {
      if (!has_failed_) entry_.failure = "undefined in " + context;
      return;
    }
    entry_.by_context[context] = method.gap_closed();
    ++verdicts_[method.verdict()];
    if (method.has_ci_low() && method.has_ci_high()) {
      below_ += std::pow(method.gap_closed() - method.ci_low(), 2);
      above_ += std::pow(method.ci_high() - method.gap_closed(), 2);
      ++n_intervals_;
    }
  }

  // `unranked`: why no context counts, if none does; then all were added.
  LeaderboardEntry entry(const std::vector<std::string>& contexts, const std::string& unranked) {
    if (!unranked.empty() && !has_failed_) {
      entry_.failure = unranked;
      entry_.by_context.clear();
      verdicts_.clear();
      entry_.verdicts = {kUndefined};
    }
    for (const auto& context : contexts) {
      if (!entry_.by_context.count(context) && entry_.failure.empty()) entry_.failure = "not evaluated in " + context;
    }
    if (entry_.failure.empty() && !contexts.empty()) {
      const auto n = static_cast<double>(contexts.size());
      double sum = 0;
      for (const auto& [context, closed] : entry_.by_context) sum += closed;
      entry_.gap_closed = sum / n;
      if (n_intervals_ == contexts.size()) {
        entry_.ci_low = *entry_.gap_closed - std::sqrt(below_) / n;
        entry_.ci_high = *entry_.gap_closed + std::sqrt(above_) / n;
      }
    }
    for (const auto& [verdict, n] : verdicts_) entry_.verdicts.push_back(fmt::format("{} {}", verdict, n));
    entry_.flags.assign(flags_.begin(), flags_.end());
    return std::move(entry_);
  }

 private:
  LeaderboardEntry entry_;
  bool has_failed_ = false;
  std::map<std::string, int> verdicts_;
  std::set<std::string> flags_;
  double below_ = 0, above_ = 0;
  std::size_t n_intervals_ = 0;
};

// Holm-adjusted p-values of the paired comparisons: least over contexts.
using PairedP = std::map<std::tuple<std::string, std::string, std::string>, double>;  // (run and head, a, b), a < b

std::string paired_key(const std::string& run, const std::string& head) { return run + "\n" + head; }

bool differ(const LeaderboardEntry& a, const LeaderboardEntry& b, const PairedP& paired, std::size_t n_contexts) {
  if (a.run == b.run) {
    const auto& [first, second] = std::minmax(a.method, b.method);
    auto p = paired.find({paired_key(a.run, ""), first, second});
    if (p == paired.end() && a.head == b.head) p = paired.find({paired_key(a.run, a.head), first, second});
    if (p != paired.end()) return p->second * static_cast<double>(n_contexts) < significance;
  }
  if (!a.ci_low || !b.ci_low) return false;  // without intervals nothing is known to differ
  return *a.ci_low > *b.ci_high || *b.ci_low > *a.ci_high;
}

}  // namespace

Result<Leaderboard> make_leaderboard(const std::vector<RankedRun>& given, const std::string& metric) {
  if (given.empty()) return bad_input("no runs to rank", "", "give the output folders of one or more runs");
  std::vector<RankedRun> runs = given;
  for (RankedRun& run : runs) {
    run.summary = on_one_scale(run.summary);
    for (ContextResult& context : *run.summary.mutable_contexts()) context.set_context(context_title(context));
  }
  Leaderboard board;
  board.metric = metric.empty() ? primary_metric(runs.front().summary) : metric;
  if (auto same = check_same_task(runs, board.metric); !same) return tl::unexpected(same.error());
  board.contexts = shared_contexts(runs, board.metric, board);

  PairedP paired;
  std::vector<double> resolutions;
  for (const auto& run : runs) {
    std::vector<std::pair<std::string, std::string>> order;  // (head, method)
    std::map<std::pair<std::string, std::string>, EntryBuilder> builders;
    for (const auto& context : run.summary.contexts()) {
      const bool counts = !board.unranked.empty() || std::find(board.contexts.begin(), board.contexts.end(),
                                                               context.context()) != board.contexts.end();
      if (context.metric() != board.metric || !counts) continue;
      if (context.resolution().has_percent()) resolutions.push_back(context.resolution().percent());
      for (const auto& method : context.methods()) {
        if (method.role() != "plugin") continue;
        const std::pair key{context.head(), method.name()};
        const std::string& head = context.head().empty() ? method.predictor() : context.head();
        const auto [at, is_new] = builders.try_emplace(key, run, head, method.name());
        if (is_new) order.push_back(key);
        at->second.add(run.summary, context.context(), method);
      }
      for (const auto& comparison : context.comparisons()) {
        if (!comparison.has_p_holm()) continue;
        const auto& [first, second] = std::minmax(comparison.first(), comparison.second());
        double& p = paired.try_emplace({paired_key(run.name, context.head()), first, second}, 1.0).first->second;
        p = std::min(p, comparison.p_holm());
      }
    }
    for (const auto& key : order) board.entries.push_back(builders.at(key).entry(board.contexts, board.unranked));
  }

  std::stable_sort(board.entries.begin(), board.entries.end(),
                   [](const LeaderboardEntry& a, const LeaderboardEntry& b) {
                     if (a.gap_closed.has_value() != b.gap_closed.has_value()) return a.gap_closed.has_value();
                     return a.gap_closed && *a.gap_closed > *b.gap_closed;
                   });
  if (!resolutions.empty()) board.resolution = median(std::move(resolutions));
  const LeaderboardEntry* leader = nullptr;
  const LeaderboardEntry* previous = nullptr;
  int position = 0, group = 0;
  for (auto& entry : board.entries) {
    if (!entry.gap_closed) continue;
    ++position;
    entry.rank = previous && *previous->gap_closed == *entry.gap_closed ? *previous->rank : position;
    if (!leader || differ(*leader, entry, paired, board.contexts.size())) {
      leader = &entry;
      ++group;
    }
    entry.group = group;
    previous = &entry;
  }
  return board;
}

Table leaderboard_table(const Leaderboard& board, bool all_columns) {
  const auto whole = [](std::optional<int> n) { return n ? Cell(std::int64_t{*n}) : Cell(); };
  Table table{
      {{"rank"}, {"group"}, {"method"}, {"run"}, {"gap_closed", 1}, {"ci_low", 1}, {"ci_high", 1}, {"verdicts"}}, {}};
  if (all_columns) {
    for (const char* column :
         {"head", "coverage", "audit", "confinement", "wall_s", "peak_memory_bytes", "flags", "failure"}) {
      table.columns.push_back({column});
    }
    for (const auto& context : board.contexts) table.columns.push_back({"gap_closed_" + context, 1});
  } else {
    table.columns.push_back({"covered", 2});
    table.columns.push_back({"audit"});
  }
  for (const auto& entry : board.entries) {
    // Why nothing is ranked is one line for all of them, not a cell of each.
    const bool in_words = !entry.failure.empty() && entry.failure != board.unranked && !all_columns;
    const std::string verdicts = in_words ? entry.failure : fmt::format("{}", fmt::join(entry.verdicts, ", "));
    std::vector<Cell> row = {whole(entry.rank),         whole(entry.group),    entry.method,           entry.run,
                             cell_of(entry.gap_closed), cell_of(entry.ci_low), cell_of(entry.ci_high), verdicts};
    if (all_columns) {
      row.insert(row.end(), {entry.head, cell_of(entry.coverage), entry.audit, entry.confinement, entry.wall_s,
                             entry.peak_memory_bytes, fmt::format("{}", fmt::join(entry.flags, ", ")), entry.failure});
      for (const auto& context : board.contexts) {
        const auto closed = entry.by_context.find(context);
        row.push_back(closed != entry.by_context.end() ? Cell(closed->second) : Cell());
      }
    } else {
      row.push_back(cell_of(entry.coverage));
      row.push_back(entry.audit);
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace headroom
