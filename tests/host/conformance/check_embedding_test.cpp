// Every way in which an embedding can break the contract is seen by the check that is for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/conformance/checked_plugin.hpp"

namespace headroom {
namespace check_embedding_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kPass = CheckOutcome::pass, kWarn = CheckOutcome::warn, kFail = CheckOutcome::fail,
               kSkipped = CheckOutcome::skipped;

TEST(CheckEmbedding, FindsNothingInOneThatKeepsTheContract) {
  CheckOptions options = options_for_tests();
  options.published_size = true;
  const Conformance conformance = check_wayward("embedding", "none", {}, options);
  EXPECT_THAT(others_than(conformance, CheckOutcome::pass), IsEmpty());
  EXPECT_GT(conformance.count(CheckOutcome::pass), 12);
}

class EmbeddingDeed : public ::testing::TestWithParam<Deed> {};

TEST_P(EmbeddingDeed, IsSeen) {
  const Deed& deed = GetParam();
  CheckOptions options = options_for_tests();
  options.published_size = true;
  const CheckResult result = result_of(check_wayward("embedding", deed.deed, {deed.check}, options), deed.check);
  EXPECT_STREQ(check_outcome_name(result.outcome), check_outcome_name(deed.outcome)) << result.detail;
  EXPECT_THAT(result.detail, HasSubstr(deed.says));
}

INSTANTIATE_TEST_SUITE_P(
    , EmbeddingDeed,
    ::testing::Values(Deed{"knows_nothing", "knows-example-ids", kWarn, "none of 200"},
                    Deed{"knows_nothing", "row-order", kSkipped, "knows none"},
                    Deed{"knows_nothing", "determinism", kSkipped, "knows none"},
                    Deed{"dimension_of_request", "dimension-stable", kFail, "bad_output"},
                    Deed{"dimension_of_process", "dimension-stable", kFail, "in another"},
                    Deed{"default_vector", "unknown-ids-masked", kFail, "one and the same vector"},
                    Deed{"reads_text", "unknown-ids-masked", kWarn, "4 of 4"},
                    Deed{"dies_of_one", "single-row-request", kFail, "crashed: it died of SIGABRT"},
                    Deed{"refuses_duplicates", "duplicate-ids", kPass, "refused: an id came twice"},
                    Deed{"row_number", "duplicate-ids", kFail, "a second time"},
                    Deed{"counts_calls", "determinism", kFail, "in the same process"},
                    Deed{"reads_clock", "determinism", kFail, "another process"},
                    Deed{"clock_at_odd_seeds", "determinism", kPass, "same"},
                    Deed{"clock_at_odd_seeds", "seed-respected", kFail, "at another seed"},
                    Deed{"uses_seed", "seed-respected", kPass, "depend on the seed"},
                    Deed{"none", "seed-respected", kPass, "no number depends"},
                    Deed{"thread_digits", "thread-budget", kWarn, "changes the numbers"},
                    Deed{"thread_rows", "thread-budget", kFail, "which rows"},
                    Deed{"spins", "quiet-after-return", kFail, "go on after it has returned"},
                    Deed{"row_number", "row-order", kFail, "the order of the ids"},
                    Deed{"number_of_rows", "row-order", kPass, "same"},
                    Deed{"number_of_rows", "rows-independent", kFail, "which other ids"},
                    Deed{"not_finite", "nan-free", kFail, "bad_output"},
                    Deed{"writes_nothing", "nan-free", kFail, "not finite, or that it did not write"},
                    Deed{"all_zero", "nan-free", kWarn, "zero in every column"},
                    Deed{"greedy", "published-size", kFail, "memory"}),
    [](const auto& tested) {
      std::string name = std::string(tested.param.deed) + "_in_" + tested.param.check;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace check_embedding_test
}  // namespace headroom
