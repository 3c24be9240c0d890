#include "terminal/json_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace headroom {
namespace {

TEST(EscapedJson, SpellsWhatActsAndKeepsTheValues) {
  const std::string text = "a\u202Eb\u2066c\u200ed\u061ce\u2028f\u2029g\x7Fh\u0085i\uFEFFj\x1Bk\U000E0041l";
  const nlohmann::json json = {{"name", text}, {text, 1}};
  const std::string plain = json.dump();
  const std::string escaped = escaped_json(plain);
  for (const unsigned char c : escaped) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << static_cast<int>(c);
  EXPECT_NE(
      escaped.find("a\\u202eb\\u2066c\\u200ed\\u061ce\\u2028f\\u2029g\\u007fh\\u0085i\\ufeffj\\u001bk\\udb40\\udc41l"),
      std::string::npos)
      << escaped;
  EXPECT_EQ(nlohmann::json::parse(escaped), json);
}

TEST(EscapedJson, LeavesEverythingElseAsItIs) {
  const std::string text = "{\n  \"K-562 \\\\ é 細胞 😀\": [1.5, null, \"\\u001b\"]\n}\n";
  EXPECT_EQ(escaped_json(text), text);
  EXPECT_EQ(escaped_json("\"\xff\""), "\"\xff\"");
  EXPECT_EQ(escaped_json(""), "");
}

}  // namespace
}  // namespace headroom
