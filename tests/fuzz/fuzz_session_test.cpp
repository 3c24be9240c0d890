// The session about fuzzers that are scripts: what they do in a search and what they do with one input is written down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace headroom::fuzz {
namespace session_test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string kOurs =
    R"sh(echo "==1==ERROR: AddressSanitizer: SEGV"; echo "    #0 0x1 in headroom::read() /h/io.cpp:9"; exit 1)sh";
const std::string kTheirs =
    R"sh(echo "==1==ERROR: AddressSanitizer: SEGV"; echo "    #0 0x1 in H5F_open (/lib/libhdf5_serial.so.103+0x9)"; exit 1)sh";

struct Ended {
  int code = -1;
  std::string output;
};

// One second of a fuzzer that leaves an input and ends as `search` says, and reads that input alone as `alone` says.
Ended session_of(const std::string& search, const std::string& alone) {
  const fs::path folder = fs::path(::testing::TempDir()) / ("fuzz_session_" + std::to_string(getpid()));
  fs::remove_all(folder);
  fs::create_directories(folder);
  const fs::path fuzzer = folder / "fuzzer";
  std::ofstream(fuzzer) << "#!/bin/sh\nfor word; do case $word in -artifact_prefix=*) prefix=${word#*=};; esac; done\n"
                        << "case $word in */crash-1) " << alone << ";; esac\n"
                        << "sleep 0.4; echo stat::number_of_executed_units: 7\n: > ${prefix}crash-1\n"
                        << search << "\n";
  fs::permissions(fuzzer, fs::perms::owner_all);
  const std::string command = std::string(HEADROOM_BUILD_DIR) + "/tests/bin/fuzz_session " + fuzzer.string() + " 1 1 " +
                              (folder / "scratch").string() + " 2>&1";
  Ended ended;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> part;
  while (const std::size_t n = fread(part.data(), 1, part.size(), pipe)) ended.output.append(part.data(), n);
  ended.code = WEXITSTATUS(pclose(pipe));
  fs::remove_all(folder);
  return ended;
}

TEST(FuzzSession, ACrashOfOursThatItsInputRepeatsIsAFinding) {
  const Ended ended = session_of(kOurs, kOurs);
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.output, HasSubstr("headroom::read()"));
  EXPECT_THAT(ended.output, HasSubstr("a finding after 7 runs, which its input repeats"));
}

TEST(FuzzSession, GoesOnAfterACrashThatItsInputDoesNotRepeat) {
  const Ended ended = session_of(kOurs, "exit 0");
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("no finding"));
  EXPECT_THAT(ended.output, HasSubstr("unrepeated: ERROR: AddressSanitizer: SEGV"));
}

TEST(FuzzSession, GoesOnWhereTheRepeatedCrashIsTheLibrarys) {
  const Ended ended = session_of(kOurs, kTheirs);
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("library: H5F_open"));
}

TEST(FuzzSession, GoesOnAfterACrashOfTheLibrary) {
  const Ended ended = session_of(kTheirs, "exit 9");
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("library: H5F_open"));
}

}  // namespace
}  // namespace session_test
}  // namespace headroom::fuzz
