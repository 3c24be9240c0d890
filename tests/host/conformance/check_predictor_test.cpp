// Every way in which a predictor can break the contract is seen by the check that is for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/conformance/checked_plugin.hpp"

namespace headroom {
namespace check_predictor_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kPass = CheckOutcome::pass, kWarn = CheckOutcome::warn, kFail = CheckOutcome::fail;

TEST(CheckPredictor, FindsNothingInOneThatKeepsTheContract) {
  const Conformance conformance = check_wayward("predictor", "none");
  EXPECT_THAT(others_than(conformance, CheckOutcome::pass), IsEmpty());
  EXPECT_GT(conformance.count(CheckOutcome::pass), 15);
}

class PredictorDeed : public ::testing::TestWithParam<Deed> {};

TEST_P(PredictorDeed, IsSeen) {
  const Deed& deed = GetParam();
  const CheckResult result = result_of(check_wayward("predictor", deed.deed, {deed.check}), deed.check);
  EXPECT_STREQ(check_outcome_name(result.outcome), check_outcome_name(deed.outcome)) << result.detail;
  EXPECT_THAT(result.detail, HasSubstr(deed.says));
}

INSTANTIATE_TEST_SUITE_P(
    , PredictorDeed,
    ::testing::Values(Deed{"refuses_few_rows", "single-row-request", kFail, "plugin_error: too few rows"},
                    Deed{"counts_calls", "determinism", kFail, "in the same process"},
                    Deed{"reads_clock", "determinism", kFail, "another process"},
                    Deed{"clock_at_odd_seeds", "seed-respected", kFail, "at another seed"},
                    Deed{"uses_seed", "seed-respected", kPass, "depend on the seed"},
                    Deed{"thread_digits", "thread-budget", kWarn, "changes the numbers"},
                    Deed{"spins", "quiet-after-return", kFail, "go on after it has returned"},
                    Deed{"row_number", "row-order", kFail, "the order of the queries"},
                    Deed{"last_digits_of_order", "row-order", kWarn, "last digits"},
                    Deed{"mean_of_queries", "rows-independent", kFail, "which other queries"},
                    Deed{"divides_by_spread", "nan-free", kFail,
                         "not finite, at scale=0.5, k=1, with features that are all zero"},
                    Deed{"dies_of_many_queries", "more-queries-than-training", kFail, "SIGABRT"},
                    Deed{"peeks", "training-rows-only", kFail, "not its training rows"},
                    Deed{"none", "blocks", kPass, "1, 2, 3 blocks"},
                    Deed{"refuses_two_blocks", "blocks", kFail, "two blocks are too many, with 2 blocks"},
                    Deed{"none", "hyperparameter-grid", kPass, "9 of 9 settings"},
                    Deed{"number_of_settings", "hyperparameter-grid", kFail, "one setting alone"},
                    Deed{"never_feasible", "hyperparameter-grid", kWarn, "none of 9"},
                    Deed{"none", "infeasible-settings", kPass, "6 of 9"},
                    Deed{"unflagged", "infeasible-settings", kFail, "not finite, at scale=0.5, k=10"},
                    Deed{"none", "errors-agree", kPass, "9 settings, 25 held-out rows"},
                    Deed{"flatters_itself", "errors-agree", kFail, "of the largest error off"},
                    Deed{"errors_unflagged", "errors-agree", kFail, "other settings feasible"},
                    Deed{"none", "three-class", kPass, "sum to 1"},
                    Deed{"improper", "three-class", kFail, "sum to 1.25"},
                    Deed{"negative", "three-class", kFail, "negative"},
                    Deed{"three_classes_only", "class-counts", kWarn, "2 classes are refused: not this many classes"},
                    Deed{"reads_unlabelled", "unlabelled-rows", kFail, "rows that have no labels"},
                    Deed{"writes_nothing", "nan-free", kFail, "not written or is not finite, at"},
                    Deed{"none", "contexts", kPass, "rows of 3 contexts"},
                    Deed{"context_number", "contexts", kFail, "the order in which contexts are named"},
                    Deed{"perturbation_number", "perturbation-numbers", kFail, "which number a perturbation has"}),
    [](const auto& tested) {
      std::string name = std::string(tested.param.deed) + "_in_" + tested.param.check;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace check_predictor_test
}  // namespace headroom
