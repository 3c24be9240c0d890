#include "plugin_host/plugin_log.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace plugin_log_test {

TEST(PluginLog, IsOrderedByOccasionWhoeverSpokeFirst) {
  PluginLog log;
  EXPECT_EQ(log.text(), "");
  log.add("b, fold_1", "second\n");
  log.add("a, fold_0", "first");
  log.add("b, fold_0", "");  // said nothing
  log.add("b, fold_1", "second\n");
  EXPECT_EQ(log.text(), "== a, fold_0 ==\nfirst\n== b, fold_1 (2 workers alike) ==\nsecond\n");
}

TEST(PluginLog, KeepsNoMoreThanItMay) {
  PluginLog log;
  log.add("a", std::string(PluginLog::kMostBytes - 1, 'x'));
  log.add("b", "too much");
  EXPECT_EQ(log.text().find("too much"), std::string::npos);
  EXPECT_NE(log.text().find("[8 more bytes of other workers were cut]"), std::string::npos);
}

TEST(PluginLog, HasRoomForWorkersThatFailed) {
  PluginLog log;
  log.add("a", std::string(PluginLog::kMostBytes, 'x'));
  log.add("b", "Traceback", true);
  log.add("c", std::string(PluginLog::kMoreOfFailed, 'y'), true);
  EXPECT_NE(log.text().find("== b ==\nTraceback\n"), std::string::npos);
  EXPECT_EQ(log.text().find("yy"), std::string::npos) << "not without an end";
}

TEST(LastWords, AreTheLastLinesThatSaySomething) {
  EXPECT_EQ(last_words(""), "");
  EXPECT_EQ(last_words("progress: 1 of 2 epochs\n\n"), "");
  EXPECT_EQ(last_words("one\n  two \r\nprogress: 3 of 4\n\n"), "one | two");
  EXPECT_EQ(last_words("1\n2\n3\n4\n5\n6"), "3 | 4 | 5 | 6");
  EXPECT_EQ(last_words("a line that is left out\nshort", 10), "short");
  EXPECT_LE(last_words(std::string(1000, 'x'), 10).size(), 12u) << "an ellipsis has three bytes";
  EXPECT_EQ(last_words("loading" + cut_line(512) + "no memory\n"), "loading | no memory");
  EXPECT_EQ(last_words("10 %\r20 %\rno memory\r\n"), "10 % | 20 % | no memory");
  EXPECT_EQ(last_words("\xff\x1b[2J"), "\\xff\\x1b[2J");
}

TEST(LastWords, StandBehindAReasonThatDoesNotRepeatThem) {
  EXPECT_EQ(with_last_words("it died", "loading\nno memory\n"), "it died; its last words: loading | no memory");
  EXPECT_EQ(with_last_words("it says: no memory (line 3)", "loading\nno memory\n"), "it says: no memory (line 3)");
  EXPECT_EQ(with_last_words("it died", ""), "it died");
}

}  // namespace plugin_log_test
}  // namespace headroom
