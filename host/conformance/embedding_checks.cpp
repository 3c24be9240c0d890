#include "conformance/embedding_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "conformance/difference.hpp"
#include "conformance/embedding_example.hpp"
#include "conformance/usage_judgement.hpp"

namespace headroom {
namespace {

constexpr std::size_t kExampleIds = 200;
constexpr std::size_t kPublishedIds = 2000;

tl::unexpected<WorkerFault> forward(const WorkerFault& fault) { return tl::unexpected<WorkerFault>(fault); }

std::ptrdiff_t n_present(const EmbeddingAnswer& answer) {
  return std::count(answer.present.begin(), answer.present.end(), std::uint8_t{1});
}

// Why nothing can be compared.
Finding nothing_known() {
  return skipped("it knows none of the example ids, so there are no vectors to compare; name ids that it knows");
}

std::vector<std::string> example(const Specimen& specimen) { return example_ids(specimen.options(), kExampleIds); }

// The vectors of `ids` from this session.
Answer<EmbeddingAnswer> embed(const Specimen& specimen, WorkerSession& session, const std::vector<std::string>& ids,
                              const std::vector<std::string>& training_ids) {
  auto question = embedding_question(specimen, ids, training_ids);
  if (!question) return forward(question.error());
  return session.embed(*question);
}

// The same from a worker of its own.
Answer<EmbeddingAnswer> embed_afresh(const Specimen& specimen, const std::vector<std::string>& ids,
                                     const std::vector<std::string>& training_ids, std::uint64_t seed,
                                     int n_threads = 1) {
  auto session = specimen.start(seed, n_threads);
  if (!session) return forward(session.error());
  return embed(specimen, **session, ids, training_ids);
}

// The example ids and what the plugin answers for them.
struct Example {
  explicit Example(const Specimen& specimen) : ids(example(specimen)), training_ids(training_part_of(ids)) {}
  std::vector<std::string> ids, training_ids;
  EmbeddingAnswer answer = {};
};

Answer<Example> ask_example(const Specimen& specimen, WorkerSession& session) {
  Example asked(specimen);
  auto answer = embed(specimen, session, asked.ids, asked.training_ids);
  if (!answer) return forward(answer.error());
  asked.answer = std::move(*answer);
  return asked;
}

// The same from a worker of its own, the same one for all checks.
Answer<Example> usual_example(Specimen& specimen) {
  Example asked(specimen);
  if (!specimen.usual_vectors) {
    specimen.usual_vectors = embed_afresh(specimen, asked.ids, asked.training_ids, specimen.options().seed);
  }
  if (!*specimen.usual_vectors) return forward(specimen.usual_vectors->error());
  asked.answer = **specimen.usual_vectors;
  return asked;
}

}  // namespace

Answer<Finding> embedding_knows_example_ids(Specimen& specimen) {
  auto asked = usual_example(specimen);
  if (!asked) return forward(asked.error());
  const std::ptrdiff_t n = n_present(asked->answer);
  if (n == 0)
    return warned(fmt::format("none of {} example ids; name ids that it knows, or little can be checked", kExampleIds));
  return passed(fmt::format("{} of {} example ids", n, kExampleIds));
}

Answer<Finding> embedding_dimension_is_stable(Specimen& specimen) {
  auto session = specimen.start();
  if (!session) return forward(session.error());
  const std::vector<std::string> ids = example(specimen), training_ids = training_part_of(ids);
  auto whole = embedding_question(specimen, ids, training_ids);
  if (!whole) return forward(whole.error());
  auto part = embedding_question(specimen, training_ids, training_ids);
  if (!part) return forward(part.error());
  auto before = (*session)->dimension(*whole);
  if (!before) return forward(before.error());
  // A session refuses a dimension that differs from the one before.
  if (auto again = (*session)->dimension(*part); !again) return forward(again.error());
  if (auto used = (*session)->embed(*whole); !used) return forward(used.error());
  auto second = specimen.shared();
  if (!second) return forward(second.error());
  auto other = (*second)->dimension(*whole);
  if (!other) return forward(other.error());
  if (*other != *before) return failed(fmt::format("{} in one process, {} in another", *before, *other));
  return passed(fmt::format("{} columns", *before));
}

Answer<Finding> embedding_masks_unknown_ids(Specimen& specimen) {
  auto session = specimen.shared();
  if (!session) return forward(session.error());
  std::vector<std::string> ids = example_ids(specimen.options(), 8);
  const std::vector<std::string> unknown = unknown_ids(), odd = odd_ids(), training_ids = training_part_of(ids);
  const auto first = static_cast<Eigen::Index>(ids.size()), n = static_cast<Eigen::Index>(unknown.size());
  ids.insert(ids.end(), unknown.begin(), unknown.end());
  ids.insert(ids.end(), odd.begin(), odd.end());  // only to be survived
  auto answer = embed(specimen, **session, ids, training_ids);
  if (!answer) return forward(answer.error());
  std::vector<Eigen::Index> present;
  for (Eigen::Index row = first; row < first + n; ++row) {
    if (answer->present[static_cast<std::size_t>(row)]) present.push_back(row);
  }
  for (std::size_t a = 0; a < present.size(); ++a) {
    for (std::size_t b = a + 1; b < present.size(); ++b) {
      if (answer->vectors.row(present[a]) != answer->vectors.row(present[b])) continue;
      return failed(
          "different ids that no perturbation has get one and the same vector; mark unknown ids as not present");
    }
  }
  if (!present.empty()) {
    return warned(
        fmt::format("{} of {} ids that no perturbation has get a vector; right only if it is made of the id's text",
                    present.size(), n));
  }
  return passed(fmt::format("{} ids that no perturbation has are marked as not present", n));
}

Answer<Finding> embedding_answers_no_ids(Specimen& specimen) {
  auto session = specimen.shared();
  if (!session) return forward(session.error());
  auto answer = embed(specimen, **session, {}, {});
  if (!answer && answer.error().verdict == WorkerVerdict::HOST_FAULT)
    return skipped("this host never asks for nothing");
  if (!answer) return forward(answer.error());
  return passed("a request for no ids is answered");
}

Answer<Finding> embedding_answers_one_id(Specimen& specimen) {
  auto session = specimen.shared();
  if (!session) return forward(session.error());
  const std::vector<std::string> id = example_ids(specimen.options(), 1);
  auto answer = embed(specimen, **session, id, id);
  if (!answer) return forward(answer.error());
  return passed("a request for one id is answered");
}

Answer<Finding> embedding_treats_duplicates_alike(Specimen& specimen) {
  auto session = specimen.shared();
  if (!session) return forward(session.error());
  const std::vector<std::string> unique = example_ids(specimen.options(), 8);
  std::vector<std::string> ids = unique;
  ids.insert(ids.end(), unique.begin(), unique.end());
  auto answer = embed(specimen, **session, ids, training_part_of(unique));
  if (!answer && answer.error().verdict == WorkerVerdict::PLUGIN_ERROR)
    return passed("refused: " + answer.error().message);
  if (!answer) return forward(answer.error());
  RowIndex first, second;
  for (std::int32_t row = 0; row < 8; ++row) {
    first.push_back(row);
    second.push_back(row + 8);
  }
  return expect_same_numbers(difference(rows_of(*answer, first), rows_of(*answer, second)),
                             "asking for an id a second time");
}

Answer<Finding> embedding_is_deterministic(Specimen& specimen) {
  auto session = specimen.start();
  if (!session) return forward(session.error());
  auto once = ask_example(specimen, **session);
  if (!once) return forward(once.error());
  auto twice = embed(specimen, **session, once->ids, once->training_ids);
  if (!twice) return forward(twice.error());
  auto elsewhere = usual_example(specimen);
  if (!elsewhere) return forward(elsewhere.error());
  const Difference in_place = difference(once->answer, *twice);
  if (!in_place.is_bitwise_equal) return expect_same_bits(in_place, "asking again in the same process");
  const Difference afresh = difference(once->answer, elsewhere->answer);
  if (afresh.is_bitwise_equal && n_present(once->answer) == 0) return nothing_known();
  return expect_same_bits(afresh, "another process");
}

Answer<Finding> embedding_respects_seed(Specimen& specimen) {
  auto first = usual_example(specimen);
  if (!first) return forward(first.error());
  const std::uint64_t seed = specimen.options().seed;
  auto other = embed_afresh(specimen, first->ids, first->training_ids, seed + 1);
  if (!other) return forward(other.error());
  auto other_again = embed_afresh(specimen, first->ids, first->training_ids, seed + 1);
  if (!other_again) return forward(other_again.error());
  const Finding repeated =
      expect_same_bits(difference(*other, *other_again), "nothing but the process, at another seed,");
  if (repeated.outcome != CheckOutcome::pass) return repeated;
  if (n_present(first->answer) == 0) return nothing_known();
  return passed(difference(first->answer, *other).is_bitwise_equal ? "no number depends on the seed"
                                                                   : "numbers depend on the seed and on nothing else");
}

Answer<Finding> embedding_ignores_thread_count(Specimen& specimen) {
  auto one = usual_example(specimen);
  if (!one) return forward(one.error());
  auto two = embed_afresh(specimen, one->ids, one->training_ids, specimen.options().seed, 2);
  if (!two) return forward(two.error());
  if (n_present(one->answer) == 0 && n_present(*two) == 0) return nothing_known();
  return judge_thread_counts(difference(one->answer, *two));
}

Answer<Finding> embedding_is_quiet_after_return(Specimen& specimen) {
  auto session = specimen.start(specimen.options().seed, 2);
  if (!session) return forward(session.error());
  auto asked = ask_example(specimen, **session);
  if (!asked) return forward(asked.error());
  const std::vector<std::string> id = {asked->ids.front()};
  auto question = embedding_question(specimen, id, id);
  if (!question) return forward(question.error());
  const double before_s = (*session)->usage().cpu_s;
  std::this_thread::sleep_for(kQuietPause);
  auto dimension = (*session)->dimension(*question);
  if (!dimension) return forward(dimension.error());
  return judge_quiet((*session)->usage().cpu_s - before_s);
}

Answer<Finding> embedding_respects_row_order(Specimen& specimen) {
  auto asked = usual_example(specimen);
  if (!asked) return forward(asked.error());
  if (n_present(asked->answer) == 0) return nothing_known();
  RowIndex order;
  for (std::int32_t row = 0; row < static_cast<std::int32_t>(asked->ids.size()); ++row) order.push_back(row);
  std::mt19937_64 bits(specimen.options().seed);
  std::shuffle(order.begin(), order.end(), bits);
  std::vector<std::string> ids;
  for (const std::int32_t row : order) ids.push_back(asked->ids[static_cast<std::size_t>(row)]);
  auto shuffled = embed_afresh(specimen, ids, asked->training_ids, specimen.options().seed);
  if (!shuffled) return forward(shuffled.error());
  return expect_same_numbers(difference(rows_of(asked->answer, order), *shuffled), "the order of the ids");
}

Answer<Finding> embedding_rows_are_independent(Specimen& specimen) {
  auto asked = usual_example(specimen);
  if (!asked) return forward(asked.error());
  if (n_present(asked->answer) == 0) return nothing_known();
  // Half of them, the training part included.
  std::vector<std::string> ids;
  RowIndex rows;
  for (std::size_t row = 0; row < asked->ids.size(); ++row) {
    const std::string& id = asked->ids[row];
    const bool is_training = std::binary_search(asked->training_ids.begin(), asked->training_ids.end(), id);
    if (!is_training && row % 2 == 1) continue;
    ids.push_back(id);
    rows.push_back(static_cast<std::int32_t>(row));
  }
  auto part = embed_afresh(specimen, ids, asked->training_ids, specimen.options().seed);
  if (!part) return forward(part.error());
  return expect_same_numbers(difference(rows_of(asked->answer, rows), *part), "which other ids are asked for");
}

Answer<Finding> embedding_is_finite(Specimen& specimen) {
  auto asked = usual_example(specimen);  // refuses what is not finite
  if (!asked) return forward(asked.error());
  const EmbeddingAnswer& answer = asked->answer;
  if (n_present(answer) == 0) return nothing_known();
  for (Eigen::Index row = 0; row < answer.vectors.rows(); ++row) {
    if (answer.present[static_cast<std::size_t>(row)] && answer.vectors.row(row).isZero(0)) {
      return warned("the vector of '" + asked->ids[static_cast<std::size_t>(row)] +
                    "' is zero in every column; mark it as not present if it is unknown");
    }
  }
  return passed(
      fmt::format("{} vectors, the largest number is {:.3g}", n_present(answer), answer.vectors.cwiseAbs().maxCoeff()));
}

Answer<Finding> embedding_takes_published_size(Specimen& specimen) {
  auto session = specimen.start_for_published_size();
  if (!session) return forward(session.error());
  const std::vector<std::string> ids = example_ids(specimen.options(), kPublishedIds);
  const double before_s = (*session)->usage().cpu_s;
  const auto started = std::chrono::steady_clock::now();
  auto answer = embed(specimen, **session, ids, training_part_of(ids));
  if (!answer) return forward(answer.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  (*session)->finish();
  const WorkerUsageSoFar usage = (*session)->usage();
  return judge_published_size({fmt::format("{} ids", kPublishedIds), took.count(), usage.cpu_s - before_s,
                               usage.peak_memory_bytes, specimen.options().n_threads});
}

}  // namespace headroom
