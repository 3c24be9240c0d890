#include "summary/leaderboard.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "host/summary/example_summary.hpp"

namespace headroom {
namespace {

// Contexts A and B; methods a (60, 40), b (50, 30), c (20, 0); a and b cannot be told apart, c differs from both.
RankedRun run_of(const std::string& name, double shift = 0) {
  RankedRun run{name, {}};
  run.summary.mutable_task()->set_sha256("t");
  run.summary.mutable_settings()->add_metrics("L2");
  run.summary.mutable_settings()->add_ceiling("idealized");
  run.summary.mutable_settings()->set_confinement(STRONG);
  int c = 0;
  for (const char* name_of_context : {"A", "B"}) {
    ContextResult& context = *run.summary.add_contexts();
    context.set_context(name_of_context);
    context.set_metric("L2");
    context.set_head("knn");
    context.mutable_gap()->set_defined(true);
    add_method(context, "train_mean", "null").set_gap_closed(0);
    const double base = shift - 20 * c++;
    for (const auto& [method_name, closed] : {std::pair{"c", 20.0}, std::pair{"a", 60.0}, std::pair{"b", 50.0}}) {
      auto& method = add_method(context, method_name, "plugin");
      set_gap_closed(method, 1, base + closed, base + closed - 6, base + closed + 8, "progress");
      method.set_coverage(c == 1 ? 0.9 : 0.8);
      auto& fold = *method.add_folds();
      fold.set_wall_s(2);
      fold.set_peak_memory_bytes(100 * c);
    }
    const auto compare = [&](const char* first, const char* second, double p) {
      Comparison& comparison = *context.add_comparisons();
      comparison.set_first(first);
      comparison.set_second(second);
      comparison.set_p_holm(p);
    };
    compare("c", "a", 0.006);
    compare("c", "b", 0.006);
    compare("a", "b", 0.03);  // below 0.05, but not after the correction over two contexts
  }
  return run;
}

TEST(Leaderboard, RanksByTheMeanOverContexts) {
  const auto board = make_leaderboard({run_of("r")});
  ASSERT_TRUE(board) << board.error().line();
  EXPECT_EQ(board->metric, "L2");
  ASSERT_EQ(board->entries.size(), 3u) << "nulls do not compete";
  EXPECT_EQ(board->entries[0].method, "a");
  EXPECT_EQ(board->entries[0].rank, 1);
  EXPECT_DOUBLE_EQ(*board->entries[0].gap_closed, 50);
  EXPECT_NEAR(*board->entries[0].ci_low, 50 - std::sqrt(72.0) / 2, 1e-12);
  EXPECT_NEAR(*board->entries[0].ci_high, 50 + std::sqrt(128.0) / 2, 1e-12);
  EXPECT_EQ(board->entries[0].verdicts, (std::vector<std::string>{"progress 2"}));
  EXPECT_EQ(board->entries[0].coverage, 0.8);
  EXPECT_EQ(board->entries[0].wall_s, 4);
  EXPECT_EQ(board->entries[0].peak_memory_bytes, 200);
  EXPECT_EQ(board->entries[0].confinement, "strong");
  EXPECT_EQ(board->entries[2].method, "c");
  EXPECT_EQ(board->entries[2].rank, 3);
}

TEST(Leaderboard, GroupsWhatCannotBeToldApart) {
  const auto board = make_leaderboard({run_of("r")});
  EXPECT_EQ(board->entries[0].group, 1);
  EXPECT_EQ(board->entries[1].group, 1) << "p 0.03 in each of two contexts";
  EXPECT_EQ(board->entries[2].group, 2);
}

TEST(Leaderboard, TellsRunsApartByTheirIntervals) {
  const auto board = make_leaderboard({run_of("near"), run_of("far", -100)});
  ASSERT_EQ(board->entries.size(), 6u);
  EXPECT_EQ(board->entries[0].run, "near");
  EXPECT_EQ(board->entries[3].run, "far");
  EXPECT_EQ(board->entries[3].group, 3) << "was never paired with the others, but lies far below";
  const auto twins = make_leaderboard({run_of("one"), run_of("two")});
  EXPECT_EQ(twins->entries[0].rank, 1);
  EXPECT_EQ(twins->entries[1].rank, 1) << "equal";
  EXPECT_EQ(twins->entries[1].group, 1);
  EXPECT_EQ(twins->entries[2].rank, 3);
}

TEST(Leaderboard, ListsFailuresWithoutARank) {
  RankedRun run = run_of("r");
  auto& failed = *run.summary.mutable_contexts(1)->mutable_methods(2);
  ASSERT_EQ(failed.name(), "a");
  failed.set_status("failed");
  failed.set_reason("crashed (SIGSEGV)");
  failed.clear_gap_closed();
  const auto board = make_leaderboard({run});
  EXPECT_EQ(board->entries[0].method, "b");
  EXPECT_EQ(board->entries[2].method, "a");
  EXPECT_FALSE(board->entries[2].rank.has_value());
  EXPECT_EQ(board->entries[2].failure, "failed in B: crashed (SIGSEGV)");
  EXPECT_EQ(board->entries[2].by_context.at("A"), 60);
}

TEST(Leaderboard, LeavesOutContextsWithoutAGap) {
  RankedRun run = run_of("r");
  run.summary.mutable_contexts(1)->mutable_gap()->set_defined(false);
  const auto board = make_leaderboard({run});
  EXPECT_EQ(board->contexts, std::vector<std::string>{"A"});
  EXPECT_EQ(board->entries[0].gap_closed, 60);
  ASSERT_EQ(board->notes.size(), 1u);
  EXPECT_NE(board->notes[0].find("B is left out"), std::string::npos);
}

TEST(Leaderboard, ListsEveryMethodAsUndefinedWhereNoContextCounts) {
  RankedRun run = run_of("r");
  run.summary.mutable_contexts(0)->mutable_gap()->set_defined(false);
  run.summary.mutable_contexts(0)->mutable_gap()->set_value(0.5);
  run.summary.mutable_contexts(1)->mutable_gap()->set_defined(false);
  run.summary.mutable_contexts(1)->mutable_gap()->set_value(-0.5);
  for (ContextResult& context : *run.summary.mutable_contexts()) {
    for (MethodResult& method : *context.mutable_methods()) method.clear_gap_closed();
  }
  auto& failed = *run.summary.mutable_contexts(0)->mutable_methods(3);
  ASSERT_EQ(failed.name(), "b");
  failed.set_status("failed");
  failed.set_reason("crashed");
  const auto board = make_leaderboard({run});
  ASSERT_TRUE(board);
  EXPECT_EQ(board->unranked, "no context counts: A: the gap's interval contains 0; B: BAP is not better than WAP");
  ASSERT_EQ(board->entries.size(), 3u);
  for (const LeaderboardEntry& entry : board->entries) {
    EXPECT_FALSE(entry.rank || entry.group || entry.gap_closed) << entry.method;
    EXPECT_EQ(entry.failure, entry.method == "b" ? "failed in A: crashed" : board->unranked);
  }
  std::ostringstream text, csv;
  write_table(text, leaderboard_table(*board, false), TableFormat::text, {});
  EXPECT_EQ(text.str(),
            "rank  group  method  run  gap_closed  ci_low  ci_high  verdicts              covered  audit\n"
            "   –      –  c       r             –       –        –  undefined                0.80\n"
            "   –      –  a       r             –       –        –  undefined                0.80\n"
            "   –      –  b       r             –       –        –  failed in A: crashed     0.80\n");
  write_table(csv, leaderboard_table(*board, true), TableFormat::csv, {});
  EXPECT_NE(csv.str().find("\n,,c,r,,,,undefined,"), std::string::npos) << csv.str();
  EXPECT_NE(csv.str().find(board->unranked), std::string::npos) << csv.str();
}

TEST(Leaderboard, NothingIsRankedOfRunsWithoutACommonContext) {
  RankedRun one = run_of("one"), other = run_of("other");
  one.summary.mutable_contexts()->RemoveLast();
  other.summary.mutable_contexts()->DeleteSubrange(0, 1);
  const auto board = make_leaderboard({one, other});
  ASSERT_TRUE(board);
  EXPECT_EQ(board->unranked, "no context counts: B: one does not have it; A: other does not have it");
  ASSERT_EQ(board->entries.size(), 6u);
  for (const LeaderboardEntry& entry : board->entries) {
    EXPECT_FALSE(entry.rank || entry.gap_closed);
    EXPECT_EQ(entry.verdicts, std::vector<std::string>{"undefined"});
  }
}

TEST(Leaderboard, ShowsTheWorstAuditOutcome) {
  RankedRun run = run_of("r");
  for (const char* outcome : {"pass", "warn", "skipped"}) {
    auto& audit = *run.summary.add_audit();
    audit.set_name("a");
    audit.set_outcome(outcome);
  }
  const auto board = make_leaderboard({run});
  EXPECT_EQ(board->entries[0].audit, "warn");
  EXPECT_EQ(board->entries[1].audit, "");
}

TEST(Leaderboard, RefusesRunsThatCannotBeCompared) {
  RankedRun other = run_of("other");
  other.summary.mutable_task()->set_sha256("u");
  EXPECT_NE(make_leaderboard({run_of("r"), other}).error().line().find("different tasks"), std::string::npos);
  other = run_of("other");
  other.summary.mutable_settings()->add_ceiling("split_half");
  EXPECT_NE(make_leaderboard({run_of("r"), other}).error().line().find("different ceilings"), std::string::npos);
  other = run_of("other");
  other.summary.mutable_settings()->add_nulls("train_mean");
  EXPECT_NE(make_leaderboard({run_of("r"), other}).error().line().find("different nulls"), std::string::npos);
  for (const char* name : {"no_change", "random", "gene_pca"}) other.summary.mutable_settings()->add_nulls(name);
  EXPECT_TRUE(make_leaderboard({run_of("r"), other})) << "a run that names all is like an older one that names none";
  EXPECT_NE(make_leaderboard({run_of("r")}, "MAE").error().line().find("no metric 'MAE'"), std::string::npos);
  EXPECT_FALSE(make_leaderboard({}));
}

TEST(Leaderboard, WritesTables) {
  const auto board = make_leaderboard({run_of("r")});
  std::ostringstream csv, text;
  write_table(csv, leaderboard_table(*board, true), TableFormat::csv, {});
  EXPECT_EQ(csv.str().substr(0, csv.str().find('\n')),
            "rank,group,method,run,gap_closed,ci_low,ci_high,verdicts,head,coverage,audit,confinement,wall_s,"
            "peak_memory_bytes,flags,failure,gap_closed_A,gap_closed_B");
  write_table(text, leaderboard_table(*board, false), TableFormat::text, {});
  EXPECT_EQ(text.str(),
            "rank  group  method  run  gap_closed  ci_low  ci_high  verdicts    covered  audit\n"
            "   1      1  a       r          50.0    45.8     55.7  progress 2     0.80\n"
            "   2      1  b       r          40.0    35.8     45.7  progress 2     0.80\n"
            "   3      2  c       r          10.0     5.8     15.7  progress 2     0.80\n");
}

}  // namespace
}  // namespace headroom
