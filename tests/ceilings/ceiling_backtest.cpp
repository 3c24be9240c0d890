// Makes the tables of tests/reference/ceilings:
//
//   ceiling_backtest FOLDER SHARED_DATA
//
// backtest.csv: every ceiling from the whole, half and a quarter of the cells of a screen, beside what second screens
// score; accuracy.csv: the same by metric and way, which host/bounds/ceiling_accuracy.cpp repeats. Screens: four
// simulated ones, for which a second screen is another draw of the same truth, and the two real ones under SHARED_DATA,
// for which it is the other half of the cells (what is wanted is then the ceiling at half their depth).
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "ceilings/backtest.hpp"

namespace {

using namespace headroom;
using namespace headroom::ceilings;

constexpr int kPairs = 4;  // of screens, or of halves

Result<std::vector<Replicated>> all_screens(const std::filesystem::path& data, ThreadPool& pool) {
  std::vector<Replicated> out;
  const std::vector<std::pair<const char*, ScreenSize>> sizes{
      {"simulated", {24, 60, 400, 300, 3000, 0.4, 0.5}},
      {"simulated, shallow", {24, 60, 400, 300, 800, 0.4, 0.5}},
      {"simulated, few cells", {24, 24, 200, 300, 3000, 0.4, 0.5}},
      {"simulated, small effects", {24, 60, 400, 300, 3000, 0.2, 0.5}}};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    out.push_back(replicated(sizes[i].first, SimulatedTruth(sizes[i].second, 100 + i), kPairs));
  }
  for (const auto& [name, column, least] :
       {std::tuple{"norman", "condition", std::size_t{60}}, {"papalexi", "target", std::size_t{80}}}) {
    const auto screen = read_screen(data / name / "cells.h5ad", column, least, pool);
    if (!screen) return tl::unexpected(screen.error());
    out.push_back(replicated(name, *screen, kPairs, 7));
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "ceiling_backtest FOLDER SHARED_DATA\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const std::filesystem::path scratch =
      std::filesystem::temp_directory_path() / fmt::format("headroom-backtest-{}", ::getpid());
  std::filesystem::create_directories(folder);
  ThreadPool pool(available_cores());
  const auto screens = all_screens(argv[2], pool);
  const auto fail = [&](const Error& error) {
    fmt::print(stderr, "{}\n", error.line());
    std::filesystem::remove_all(scratch);
    return 2;
  };
  if (!screens) return fail(screens.error());
  std::vector<CeilingError> errors;
  for (const Replicated& screen : *screens) {
    const auto of_cells = backtest_cells(screen, {}, pool);
    if (!of_cells) return fail(of_cells.error());
    const auto of_deltas = backtest_deltas(screen, {}, scratch, pool);
    if (!of_deltas) return fail(of_deltas.error());
    for (const auto* each : {&*of_cells, &*of_deltas}) errors.insert(errors.end(), each->begin(), each->end());
    fmt::print(stderr, "{}: done\n", screen.name);
  }
  std::filesystem::remove_all(scratch);
  std::ofstream table(folder / "backtest.csv"), summary(folder / "accuracy.csv");
  table << "screen,level,metric,control,way,cells,second_screens,ceiling,null,error_of_gap\n";
  for (const CeilingError& each : errors) {
    table << fmt::format("\"{}\",{},{},{},{},{},{:.6g},{:.6g},{:.6g},{:.4f}\n", each.screen, each.level, each.metric,
                         each.control, each.way, each.cells, each.expected, each.predicted, each.null,
                         each.error_of_gap());
  }
  summary << "level,metric,control,way,n,signed_error_of_gap,error_of_gap\n";
  for (const Accuracy& each : accuracy_of(errors)) {
    summary << fmt::format("{},{},{},{},{},{:.4f},{:.4f}\n", each.level, each.metric, each.control, each.way, each.n,
                           each.signed_error, each.size);
  }
  return 0;
}
