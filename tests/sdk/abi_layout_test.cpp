// Guards the ABI: sizes and offsets never change within a major; a new minor appends lines to the end of a struct.
#include "sdk/abi_layout.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <type_traits>

#include "headroom/embedding.h"
#include "headroom/fit_facts.h"
#include "headroom/held_out_errors.h"
#include "headroom/needs.h"
#include "headroom/predictor.h"
#include "headroom/progress.h"

namespace headroom::testing {
namespace abi_layout_test {

#define STRUCT(s)                                                                          \
  static_assert(std::is_standard_layout_v<s> && std::is_trivial_v<s>, #s " is not plain"); \
  static_assert(alignof(s) == 8, #s " is not aligned to 8 bytes");
#define FIELD(s, f)
#include "sdk/abi_fields.inc"
#undef STRUCT
#undef FIELD

#define STRUCT(s) {#s, nullptr, 0, sizeof(s)},
#define FIELD(s, f) {#s, #f, offsetof(s, f), sizeof(s::f)},
constexpr abi_line kLines[] = {
#include "sdk/abi_fields.inc"
    {nullptr, nullptr, 0, 0}};

std::string text_of(const abi_line* lines) {
  std::ostringstream text;
  for (; lines->structure; ++lines) {
    if (lines->field) {
      text << "  " << lines->field << " offset " << lines->offset << " size " << lines->size << "\n";
    } else {
      text << lines->structure << " size " << lines->size << "\n";
    }
  }
  return text.str();
}

std::string golden() {
  std::ifstream file(HEADROOM_SOURCE_DIR "/tests/sdk/abi_layout.txt");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(AbiLayout, CPlusPlusMatchesTheGoldenFile) { EXPECT_EQ(text_of(kLines), golden()); }

TEST(AbiLayout, C11MatchesTheGoldenFile) { EXPECT_EQ(text_of(abi_layout_in_c()), golden()); }

// A field that was forgotten in abi_fields.inc shows as a gap between its neighbours or at the end.
TEST(AbiLayout, FieldsLeaveNoGap) {
  std::size_t end = 0;
  std::size_t size = 0;
  for (const abi_line* line = kLines; line->structure; ++line) {
    if (!line->field) {
      EXPECT_EQ(end, size) << "before " << line->structure;
      end = 0;
      size = line->size;
      continue;
    }
    EXPECT_EQ(line->offset, end) << line->structure << "." << line->field;
    end = line->offset + line->size;
  }
  EXPECT_EQ(end, size);
}

}  // namespace abi_layout_test
}  // namespace headroom::testing
