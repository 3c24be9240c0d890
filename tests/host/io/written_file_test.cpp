#include "io/written_file.hpp"

#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace {

using testing::TemporaryFolder;

TEST(WrittenFile, StandsAsLongAsItsBytesDo) {
  const TemporaryFolder folder;
  const auto written = write_known_file(folder / "a.csv", "x\n");
  ASSERT_TRUE(written);
  EXPECT_TRUE(is_as_written(folder.path(), *written));
  folder.write("a.csv", "y\n");
  EXPECT_FALSE(is_as_written(folder.path(), *written));
}

TEST(WrittenFile, LiesInItsFolderAndNowhereElse) {
  const TemporaryFolder folder;
  auto written = write_known_file(folder / "a.csv", "x\n");
  ASSERT_TRUE(written);
  std::filesystem::create_directory(folder / "inner");
  for (const std::string& name : {std::string("../a.csv"), (folder / "a.csv").string()}) {
    written->name = name;
    EXPECT_FALSE(is_as_written(folder / "inner", *written)) << name;
  }
}

}  // namespace
}  // namespace headroom
