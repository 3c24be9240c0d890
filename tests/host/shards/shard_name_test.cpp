#include "shards/shard_name.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace {

TEST(ShardName, IsReadAsItIsWritten) {
  for (const char* text : {"1/1", "3/24", "24/24", "100000/100000"}) {
    const auto name = parse_shard_name(text);
    ASSERT_TRUE(name.has_value()) << name.error().line();
    EXPECT_EQ(name->text(), text);
  }
  EXPECT_EQ(parse_shard_name("3/24")->shard, 3u);
}

TEST(ShardName, IsOneThatThereIs) {
  for (const char* text : {"", "3", "/", "3/", "/3", "0/3", "4/3", "-1/3", "1/3/5", " 1/3", "1/3 ", "a/b", "1/100001",
                           "99999999999999999999/99999999999999999999"}) {
    const auto name = parse_shard_name(text);
    ASSERT_FALSE(name.has_value()) << text;
    EXPECT_EQ(name.error().kind, ErrorKind::bad_input);
  }
}

}  // namespace
}  // namespace headroom
