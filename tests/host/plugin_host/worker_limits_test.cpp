#include "plugin_host/worker_limits.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace worker_limits_test {

TEST(WorkerLimits, ProcessorTimeFollowsTheWallClock) {
  WorkerLimits asked;
  EXPECT_EQ(effective_worker_limits(asked, 2).cpu_time_s(), 1200);
  asked.set_wall_time_s(3);
  const WorkerLimits limits = effective_worker_limits(asked, 2);
  EXPECT_EQ(limits.wall_time_s(), 3);
  EXPECT_EQ(limits.cpu_time_s(), 6);
  EXPECT_EQ(limits.n_threads(), 2u);
  asked.set_cpu_time_s(1);
  EXPECT_EQ(effective_worker_limits(asked, 2).cpu_time_s(), 1);
}

TEST(WorkerLimits, TooLittleMemoryIsBadInputWithARemedy) {
  WorkerLimits asked;
  asked.set_address_space_bytes(std::uint64_t{256} << 20);
  const auto valid = validate(effective_worker_limits(asked, 1));
  ASSERT_FALSE(valid);
  EXPECT_EQ(valid.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(valid.error().where, "--limit-memory");
  EXPECT_FALSE(valid.error().remedy.empty());
  EXPECT_TRUE(validate(effective_worker_limits({}, 1)));
}

TEST(WorkerLimits, APluginsOwnDefaultsHoldWhereNothingIsAsked) {
  PluginDescription description;
  EXPECT_EQ(with_own_limits({}, description).wall_time_s(), 0);
  description.set_own_wall_time_s(7200);
  description.set_own_address_space_bytes(1);
  const WorkerLimits own = with_own_limits({}, description);
  EXPECT_EQ(own.wall_time_s(), 7200);
  EXPECT_EQ(own.address_space_bytes(), kMinAddressSpaceBytes) << "never less than works";
  EXPECT_EQ(effective_worker_limits(own, 2).cpu_time_s(), 14400);
  WorkerLimits asked;
  asked.set_wall_time_s(5);
  asked.set_address_space_bytes(std::uint64_t{1} << 30);
  EXPECT_EQ(with_own_limits(asked, description).wall_time_s(), 5);
  EXPECT_EQ(with_own_limits(asked, description).address_space_bytes(), std::uint64_t{1} << 30);
}

TEST(WorkerLimits, VectorsMayTakeASixteenth) {
  EXPECT_EQ(most_answer_bytes(effective_worker_limits({}, 1)), std::uint64_t{512} << 20);
}

}  // namespace worker_limits_test
}  // namespace headroom
