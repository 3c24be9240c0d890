#include "slurm/program_output.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace {

TEST(ProgramOutput, TellsWhatWasSaidAndHowItEnded) {
  const auto said = output_of({"sh", "-c", "echo out; echo err >&2; exit 3"});
  ASSERT_TRUE(said.has_value());
  EXPECT_EQ(said->out, "out\n");
  EXPECT_EQ(said->err, "err\n");
  EXPECT_EQ(said->exit_code, 3);
  EXPECT_EQ(output_of({"sh", "-c", "kill -9 $$"})->exit_code, 137);
  EXPECT_EQ(output_of({"printf", "%s", "a b'c"})->out, "a b'c") << "no shell reads it";
}

TEST(ProgramOutput, WaitsForNeitherEndFirst) {
  const auto said =
      output_of({"sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i+1)); done; echo end"});
  ASSERT_TRUE(said.has_value());
  EXPECT_EQ(said->err.size(), 220000u);
  EXPECT_EQ(said->out, "end\n");
}

TEST(ProgramOutput, IsOfAProgramThatIsThere) {
  EXPECT_TRUE(is_installed("sh"));
  EXPECT_FALSE(is_installed("no-such-program-of-anybody"));
  const auto said = output_of({"no-such-program-of-anybody"});
  ASSERT_FALSE(said.has_value());
  EXPECT_EQ(said.error().kind, ErrorKind::bad_input);
}

}  // namespace
}  // namespace headroom
