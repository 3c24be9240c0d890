// The README's plugin is the one that is built and tested.
#include "program.hpp"

namespace headroom {
namespace {

TEST(Readme, ShowsTheExamplePluginAsItIs) {
  const std::filesystem::path sources = HEADROOM_SOURCE_DIR;
  const std::string readme = content_of(sources / "README.md");
  const std::string example = content_of(sources / "plugins" / "examples" / "gene_family.cpp");
  ASSERT_FALSE(example.empty());
  EXPECT_NE(readme.find("```cpp\n" + example + "```"), std::string::npos)
      << "README.md and plugins/examples/gene_family.cpp differ";
}

TEST(Readme, NamesBothSetUpCommands) {
  const std::string readme = content_of(std::filesystem::path(HEADROOM_SOURCE_DIR) / "README.md");
  for (const char* script : {"host/quickstart", "tests/run"}) {
    EXPECT_NE(readme.find("sh " + std::string(script)), std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(HEADROOM_SOURCE_DIR) / script));
  }
}

}  // namespace
}  // namespace headroom
