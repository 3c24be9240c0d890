#include "plugin_host/output_slots.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace output_slots_test {

constexpr std::size_t kMiB = std::size_t{1} << 20;

TEST(OutputSlots, UsesASlotAgainAndZeroesIt) {
  OutputSlots slots;
  auto first = slots.take(1000);
  ASSERT_TRUE(first);
  EXPECT_GE((*first)->bytes(), 1000u);
  (*first)->data()[999] = std::byte{9};
  SharedSegment* const address = first->get();
  slots.give_back(std::move(*first));
  EXPECT_EQ(slots.idle_bytes(), kMiB);
  auto second = slots.take(2000);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->get(), address);
  EXPECT_EQ((*second)->data()[999], std::byte{0});
  EXPECT_EQ(slots.idle_bytes(), 0u);
}

TEST(OutputSlots, NeverGivesOneSlotTwice) {
  OutputSlots slots;
  auto first = slots.take(1), second = slots.take(1);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->get(), second->get());
}

TEST(OutputSlots, TakesTheSmallestThatFitsAndLeavesFarLargerOnes) {
  OutputSlots slots;
  auto small = slots.take(2 * kMiB), large = slots.take(64 * kMiB);
  ASSERT_TRUE(small && large);
  SharedSegment* const small_address = small->get();
  slots.give_back(std::move(*large));
  slots.give_back(std::move(*small));
  auto fitting = slots.take(kMiB + 1);
  ASSERT_TRUE(fitting);
  EXPECT_EQ(fitting->get(), small_address);
  auto another = slots.take(kMiB);
  ASSERT_TRUE(another);
  EXPECT_EQ((*another)->bytes(), kMiB);  // not the one of 64 MiB
}

TEST(OutputSlots, GivesIdleMemoryBackBeyondItsBound) {
  OutputSlots slots(3 * kMiB);
  auto a = slots.take(2 * kMiB), b = slots.take(2 * kMiB);
  ASSERT_TRUE(a && b);
  slots.give_back(std::move(*a));
  slots.give_back(std::move(*b));
  EXPECT_EQ(slots.idle_bytes(), 2 * kMiB);
}

}  // namespace output_slots_test
}  // namespace headroom
