#include "conformance/predictor_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <random>
#include <thread>

#include "conformance/difference.hpp"
#include "conformance/predictor_example.hpp"
#include "conformance/usage_judgement.hpp"

namespace headroom {
namespace {

tl::unexpected<WorkerFault> passed_on(const WorkerFault& fault) { return tl::unexpected<WorkerFault>(fault); }

// A request with as few blocks as the predictor takes.
PredictorExample example_of(const Specimen& specimen, ExampleShape shape = {}) {
  shape.n_blocks = specimen.description().min_blocks();
  return predictor_example(specimen.description(), shape, specimen.options().seed);
}

std::ptrdiff_t n_feasible(const std::vector<std::uint8_t>& feasible) {
  return std::count(feasible.begin(), feasible.end(), std::uint8_t{1});
}

// The request for these queries alone, in this order.
PredictorExample with_queries(PredictorExample example, const RowIndex& rows) {
  for (ExampleBlock& block : example.blocks) {
    block.query = gather_rows(block.query, rows);
    if (block.query_present.empty()) continue;
    std::vector<std::uint8_t> present;
    for (const std::int32_t row : rows) present.push_back(block.query_present[static_cast<std::size_t>(row)]);
    block.query_present = std::move(present);
  }
  example.n_query = static_cast<Eigen::Index>(rows.size());
  return example;
}

// What it answers to the usual request, in a worker of its own that is the same for all checks.
Answer<Predictions> usual_predictions(Specimen& specimen) {
  if (!specimen.usual_predictions) specimen.usual_predictions = predict_afresh(specimen, example_of(specimen));
  return *specimen.usual_predictions;
}

RowIndex first_rows(Eigen::Index n) {
  RowIndex rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

}  // namespace

Answer<Finding> predictor_answers_no_queries(Specimen& specimen) {
  auto session = specimen.shared();
  if (!session) return passed_on(session.error());
  auto answer = predict(**session, with_queries(example_of(specimen), {}));
  if (!answer && answer.error().verdict == WorkerVerdict::HOST_FAULT)
    return skipped("this host never asks for nothing");
  if (!answer) return passed_on(answer.error());
  return passed("a request without queries is answered");
}

Answer<Finding> predictor_answers_single_rows(Specimen& specimen) {
  auto session = specimen.shared();
  if (!session) return passed_on(session.error());
  for (const ExampleShape& shape : {ExampleShape{.n_query = 1}, ExampleShape{.n_training = 1},
                                    ExampleShape{.n_genes = 1}, ExampleShape{.n_features = 1}}) {
    if (auto feasible = ask(**session, example_of(specimen, shape), {}); !feasible) return passed_on(feasible.error());
  }
  return passed("one query, one training row, one gene, one feature");
}

Answer<Finding> predictor_is_deterministic(Specimen& specimen) {
  const PredictorExample example = example_of(specimen);
  auto session = specimen.start();
  if (!session) return passed_on(session.error());
  auto once = predict(**session, example);
  if (!once) return passed_on(once.error());
  auto twice = predict(**session, example);
  if (!twice) return passed_on(twice.error());
  auto elsewhere = usual_predictions(specimen);
  if (!elsewhere) return passed_on(elsewhere.error());
  const Difference in_place = difference(*once, *twice);
  if (!in_place.is_bitwise_equal) return expect_same_bits(in_place, "asking again in the same process");
  return expect_same_bits(difference(*once, *elsewhere), "another process");
}

Answer<Finding> predictor_respects_seed(Specimen& specimen) {
  const PredictorExample example = example_of(specimen);
  const std::uint64_t seed = specimen.options().seed;
  auto first = usual_predictions(specimen);
  if (!first) return passed_on(first.error());
  auto other = predict_afresh(specimen, example, seed + 1);
  if (!other) return passed_on(other.error());
  auto other_again = predict_afresh(specimen, example, seed + 1);
  if (!other_again) return passed_on(other_again.error());
  const Finding repeated =
      expect_same_bits(difference(*other, *other_again), "nothing but the process, at another seed,");
  if (repeated.outcome != CheckOutcome::pass) return repeated;
  return passed(difference(*first, *other).is_bitwise_equal ? "no number depends on the seed"
                                                            : "numbers depend on the seed and on nothing else");
}

Answer<Finding> predictor_ignores_thread_count(Specimen& specimen) {
  const PredictorExample example = example_of(specimen);
  auto one = usual_predictions(specimen);
  if (!one) return passed_on(one.error());
  auto two = predict_afresh(specimen, example, specimen.options().seed, 2);
  if (!two) return passed_on(two.error());
  return judge_thread_counts(difference(*one, *two));
}

Answer<Finding> predictor_is_quiet_after_return(Specimen& specimen) {
  const PredictorExample example = example_of(specimen);
  PredictorExample tiny = example_of(specimen, {.n_training = 2, .n_query = 1, .n_genes = 1, .n_features = 1});
  tiny.settings = tiny.settings.topRows(1).eval();
  auto session = specimen.start(specimen.options().seed, 2);
  if (!session) return passed_on(session.error());
  if (auto feasible = ask(**session, example, {}); !feasible) return passed_on(feasible.error());
  const double before_s = (*session)->usage().cpu_s;
  std::this_thread::sleep_for(kQuietPause);
  if (auto feasible = ask(**session, tiny, {}); !feasible) return passed_on(feasible.error());
  return judge_quiet((*session)->usage().cpu_s - before_s);
}

Answer<Finding> predictor_respects_row_order(Specimen& specimen) {
  const PredictorExample example = example_of(specimen);
  RowIndex order = first_rows(example.n_query);
  std::mt19937_64 bits(specimen.options().seed);
  std::shuffle(order.begin(), order.end(), bits);
  auto straight = usual_predictions(specimen);
  if (!straight) return passed_on(straight.error());
  auto shuffled = predict_afresh(specimen, with_queries(example, order));
  if (!shuffled) return passed_on(shuffled.error());
  return expect_same_numbers(difference(rows_of(*straight, order), *shuffled), "the order of the queries");
}

Answer<Finding> predictor_rows_are_independent(Specimen& specimen) {
  const PredictorExample example = example_of(specimen);
  const RowIndex few = first_rows(std::min<Eigen::Index>(7, example.n_query));
  auto all = usual_predictions(specimen);
  if (!all) return passed_on(all.error());
  auto part = predict_afresh(specimen, with_queries(example, few));
  if (!part) return passed_on(part.error());
  return expect_same_numbers(difference(rows_of(*all, few), *part), "which other queries are asked");
}

Answer<Finding> predictor_is_finite(Specimen& specimen) {
  auto session = specimen.shared();
  if (!session) return passed_on(session.error());
  const PredictorExample usual = example_of(specimen);
  struct Awkward {
    const char* name;
    PredictorExample example;
  };
  std::vector<Awkward> cases = {{"usual numbers", usual},
                                {"a constant feature", usual},
                                {"features that are all zero", usual},
                                {"training rows that are all alike", usual},
                                {"features of 1e8", usual},
                                {"features of 1e-12", usual},
                                {"deltas that are all zero", usual}};
  for (std::size_t b = 0; b < usual.blocks.size(); ++b) {
    const auto block = [&](std::size_t i) -> ExampleBlock& { return cases[i].example.blocks[b]; };
    block(1).training.col(0).setConstant(1);
    block(1).query.col(0).setConstant(1);
    block(2).training.setZero();
    block(2).query.setZero();
    block(3).training.rowwise() = Eigen::RowVectorXd(usual.blocks[b].training.row(0));
    block(3).training_present.clear();
    block(4).training *= 1e8;
    block(4).query *= 1e8;
    block(5).training *= 1e-12;
    block(5).query *= 1e-12;
  }
  cases[6].example.deltas.setZero();
  for (const Awkward& awkward : cases) {
    auto feasible = ask(**session, awkward.example, {});  // refuses what is not finite
    if (!feasible) return passed_on({feasible.error().verdict, feasible.error().message + ", with " + awkward.name});
  }
  return passed("constant, zero, repeated, huge and tiny features; zero deltas");
}

Answer<Finding> predictor_takes_many_queries(Specimen& specimen) {
  auto session = specimen.shared();
  if (!session) return passed_on(session.error());
  const ExampleShape shape{.n_training = 110, .n_query = 400};
  if (auto feasible = ask(**session, example_of(specimen, shape), {}); !feasible) return passed_on(feasible.error());
  return passed(fmt::format("{} queries on {} training rows", shape.n_query, shape.n_training));
}

Answer<Finding> predictor_uses_training_rows_only(Specimen& specimen) {
  // The training rows lie scattered among rows of other calls, which are filled with two kinds of rubbish.
  const PredictorExample compact = example_of(specimen);
  PredictorExample scattered = compact;
  scattered.deltas.resize(2 * compact.deltas.rows(), compact.deltas.cols());
  scattered.deltas.setConstant(1e6);
  for (Eigen::Index row = 0; row < compact.deltas.rows(); ++row) {
    scattered.training_rows.push_back(static_cast<std::int32_t>(2 * row + 1));
    scattered.deltas.row(2 * row + 1) = compact.deltas.row(row);
  }
  PredictorExample other = scattered;
  for (Eigen::Index row = 0; row < other.deltas.rows(); row += 2) other.deltas.row(row).setConstant(-3e4);
  auto expected = usual_predictions(specimen);
  if (!expected) return passed_on(expected.error());
  auto one = predict_afresh(specimen, scattered);
  if (!one) return passed_on(one.error());
  auto two = predict_afresh(specimen, other);
  if (!two) return passed_on(two.error());
  const Finding untouched =
      expect_same_bits(difference(*one, *two), "what stands in rows that are not its training rows");
  if (untouched.outcome != CheckOutcome::pass) return untouched;
  return expect_same_numbers(difference(*expected, *one), "where the training rows lie");
}

Answer<Finding> predictor_takes_its_blocks(Specimen& specimen) {
  const int least = specimen.description().min_blocks(), most = specimen.description().max_blocks();
  // Without an upper bound some more will do.
  std::vector<int> counts = {least};
  for (const int more : {least + 1, most == 0 ? least + 4 : most}) {
    if (more > counts.back() && (most == 0 || more <= most)) counts.push_back(more);
  }
  std::string tried;
  for (const int n_blocks : counts) {
    ExampleShape shape;
    shape.n_blocks = n_blocks;
    auto session = specimen.start();
    if (!session) return passed_on(session.error());
    auto feasible = ask(**session, predictor_example(specimen.description(), shape, specimen.options().seed), {});
    if (!feasible)
      return passed_on(
          {feasible.error().verdict, fmt::format("{}, with {} blocks", feasible.error().message, n_blocks)});
    tried += fmt::format("{}{}", tried.empty() ? "" : ", ", n_blocks);
  }
  return passed(fmt::format("answers with {} block{}{}", tried, tried == "1" ? "" : "s",
                            counts.back() > 1 ? ", some rows absent in each" : ""));
}

Answer<Finding> predictor_answers_its_grid(Specimen& specimen) {
  constexpr Eigen::Index kMostSettings = 1000;
  constexpr double kAloneTolerance = 1e-6;  // a path of warm starts and a cold start meet within the solver's tolerance
  PredictorExample example = example_of(specimen);
  example.settings = declared_grid(specimen.description(), kMostSettings);
  auto together = predict_afresh(specimen, example);
  if (!together) return passed_on(together.error());
  const Eigen::Index n = example.settings.rows();
  const std::ptrdiff_t feasible = n_feasible(together->feasible);
  if (feasible == 0) {
    return warned(fmt::format("none of {} settings is feasible with {} training rows", n, example.deltas.rows()));
  }
  // The last feasible setting alone, as in the refit.
  Eigen::Index last = n - 1;
  while (!together->feasible[static_cast<std::size_t>(last)]) --last;
  PredictorExample refit = example;
  refit.settings = example.settings.row(last);
  auto alone = predict_afresh(specimen, refit);
  if (!alone) return passed_on(alone.error());
  Predictions expected;
  expected.feasible = {1};
  for (int plane = 0; plane < example.n_planes; ++plane) {
    expected.values.push_back(together->values[static_cast<std::size_t>(last * example.n_planes + plane)]);
  }
  const Difference apart = difference(expected, *alone);
  if (apart.relative > kAloneTolerance) {
    return expect_same_bits(apart, "asking for one setting alone");
  }
  return passed(fmt::format("{} of {} settings are feasible with {} training rows; one alone gives the same", feasible,
                            n, example.deltas.rows()));
}

Answer<Finding> predictor_flags_infeasible_settings(Specimen& specimen) {
  auto session = specimen.shared();
  if (!session) return passed_on(session.error());
  const ExampleShape shape{.n_training = 3};
  auto feasible = ask(**session, example_of(specimen, shape), {});  // what is not flagged must be finite
  if (!feasible) return passed_on(feasible.error());
  return passed(fmt::format("with {} training rows {} of {} settings are flagged, the others answered",
                            shape.n_training, static_cast<std::ptrdiff_t>(feasible->size()) - n_feasible(*feasible),
                            feasible->size()));
}

Answer<Finding> predictor_tells_true_errors(Specimen& specimen) {
  if (!specimen.description().gives_errors()) return skipped("it tells none: the host measures them");
  PredictorExample example = example_of(specimen);
  // The last rows of the deltas are held out: they become the queries' truth.
  const Eigen::Index n_training = example.deltas.rows() - example.n_query;
  for (ExampleBlock& block : example.blocks) {
    block.training.conservativeResize(n_training, Eigen::NoChange);
    if (!block.training_present.empty()) block.training_present.resize(static_cast<std::size_t>(n_training));
  }
  example.training_rows = first_rows(n_training);
  RowIndex query_rows(static_cast<std::size_t>(example.n_query));
  std::iota(query_rows.begin(), query_rows.end(), static_cast<std::int32_t>(n_training));

  auto session = specimen.start();
  if (!session) return passed_on(session.error());
  auto predicted = predict(**session, example);
  if (!predicted) return passed_on(predicted.error());
  auto told = ask_errors(**session, example, query_rows);
  if (!told) return passed_on(told.error());
  if (told->feasible != predicted->feasible) return failed("it calls other settings feasible than when it predicts");
  Matrix measured = Matrix::Zero(told->errors.rows(), told->errors.cols());
  for (Eigen::Index s = 0; s < measured.rows(); ++s) {
    if (!told->feasible[static_cast<std::size_t>(s)]) continue;
    measured.row(s) = (predicted->values[static_cast<std::size_t>(s)] - gather_rows(example.deltas, query_rows))
                          .rowwise()
                          .norm()
                          .transpose();
  }
  const double relative = difference(measured, told->errors).relative;
  if (!(relative <= kRoundingTolerance)) {
    return failed(fmt::format("they are up to {:.1e} of the largest error off", relative));
  }
  return passed(fmt::format("{} settings, {} held-out rows", measured.rows(), measured.cols()));
}

Answer<Finding> predictor_takes_published_size(Specimen& specimen) {
  const PredictorExample example =
      example_of(specimen, {.n_training = 1600, .n_query = 400, .n_genes = 6640, .n_features = 100});
  auto session = specimen.start_for_published_size();
  if (!session) return passed_on(session.error());
  const double before_s = (*session)->usage().cpu_s;
  const auto started = std::chrono::steady_clock::now();
  auto feasible = ask(**session, example, {});
  if (!feasible) return passed_on(feasible.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  (*session)->finish();
  const WorkerUsageSoFar usage = (*session)->usage();
  return judge_published_size(
      {fmt::format("{} settings, 1600 training rows, 400 queries, 6640 genes", feasible->size()), took.count(),
       usage.cpu_s - before_s, usage.peak_memory_bytes, specimen.options().n_threads});
}

}  // namespace headroom
