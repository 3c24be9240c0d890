#include "terminal/markup_text.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace markup_text_test {
namespace {

TEST(MarkupText, NothingOfItIsMarkupOrActs) {
  EXPECT_EQ(markup_text("a<b & \"c\" 'd'>"), "a&lt;b &amp; &quot;c&quot; &#39;d&#39;&gt;");
  EXPECT_EQ(markup_text("TP53+\u03b1"), "TP53+\u03b1");
  EXPECT_EQ(markup_text("x\x1b[31m"), "x\\x1b[31m");
}

}  // namespace
}  // namespace markup_text_test
}  // namespace headroom
