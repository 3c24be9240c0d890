#include "fuzz/crash_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom::fuzz {
namespace {

using ::testing::HasSubstr;

constexpr const char* kLibrary = "(/lib/x86_64-linux-gnu/libhdf5_serial.so.103+0x9d2f4) (BuildId: 12ab)\n";

std::string report_of(const std::string& frames, const std::string& what = "SEGV on unknown address 0x0 (pc 0x1)") {
  return "INFO: Seed: 1\n==12==ERROR: AddressSanitizer: " + what + "\n" + frames + "\nSUMMARY: x\n";
}

TEST(CrashReport, TheInnermostFrameOutsideOfTheRuntimeSaysWhoseItIs) {
  const auto library = read_crash_report(report_of(
      std::string("    #0 0x1 in __asan_memcpy (/b/fuzz_npz+0x9) (BuildId: 1)\n    #1 0x2 in H5F_addr_decode ") +
      kLibrary +
      "    #2 0x3 in headroom::hdf5::open_file(std::filesystem::path const&) /h/host/io/hdf5_handle.cpp:80\n"));
  EXPECT_THAT(library.what, HasSubstr("ERROR: AddressSanitizer: SEGV"));
  EXPECT_EQ(library.place, "H5F_addr_decode");
  EXPECT_TRUE(library.in_library);

  const auto ours = read_crash_report(
      report_of(std::string("    #0 0x3 in headroom::(anonymous namespace)::expand(int) /h/host/io/h5ad.cpp:9:2\n") +
                "    #1 0x2 in H5Literate " + kLibrary));
  EXPECT_EQ(ours.place, "headroom::(anonymous namespace)::expand(int)");
  EXPECT_FALSE(ours.in_library);
}

TEST(CrashReport, ACallOfWhatIsNoFunctionIsItsCallers) {
  const auto report = read_crash_report(
      report_of(std::string("    #0 0x41414141  (<unknown module>)\n    #1 0x2 in H5Z_pipeline ") + kLibrary));
  EXPECT_EQ(report.place, "H5Z_pipeline");
  EXPECT_TRUE(report.in_library);
}

TEST(CrashReport, AssemblyOfTheCLibraryIsOfTheRuntime) {
  const auto report = read_crash_report(report_of(
      std::string("    #0 0x1 in __memcpy_avx512_unaligned_erms string/../sysdeps/x86_64/multiarch/memmove.S:273\n"
                  "    #1 0x2 in __interceptor_memcpy (/b/fuzz+0x9)\n    #2 0x3 in H5F__accum_read ") +
      kLibrary));
  EXPECT_EQ(report.place, "H5F__accum_read");
  EXPECT_TRUE(report.in_library);
}

TEST(CrashReport, MemoryThatWeAllocatedMakesItOurs) {
  const std::string crash =
      std::string("    #0 0x1 in __asan_memcpy (/b/fuzz+0x9)\n    #1 0x2 in H5D__gather ") + kLibrary;
  const std::string ours =
      "\n0x1 is located 0 bytes to the right of 8-byte region\nallocated by thread T0 here:\n"
      "    #0 0x4 in operator new(unsigned long) (/b/fuzz+0x9)\n"
      "    #1 0x5 in headroom::read() /h/host/io/h5ad_matrix.cpp:9:2\n";
  const std::string theirs =
      std::string("\n0x1 is located after\nallocated by thread T0 here:\n    #0 0x4 in malloc (/b/fuzz+0x9)\n") +
      "    #1 0x5 in H5FL_malloc " + kLibrary;
  const auto is_theirs = [&](const std::string& owner, const std::string& what) {
    return read_crash_report(report_of(crash + owner, what)).in_library;
  };
  EXPECT_FALSE(is_theirs(ours, "heap-buffer-overflow"));
  EXPECT_TRUE(is_theirs(ours, "heap-use-after-free"));  // ours at some time between
  const std::string on_our_stack =
      "\nAddress 0x7ffc is located in stack of thread T0 at offset 32 in frame\n"
      "    #0 0x5 in headroom::read() /h/host/io/h5ad_matrix.cpp:9\n";
  EXPECT_FALSE(is_theirs(on_our_stack, "stack-buffer-overflow"));
  const std::string others =
      "\n0x1 is located after\nallocated by thread T0 here:\n    #0 0x4 in malloc (/b/fuzz+0x9)\n"
      "    #1 0x5 in CRYPTO_zalloc (/lib/x86_64-linux-gnu/libcrypto.so.3+0x2333e8)\n";
  EXPECT_TRUE(is_theirs(theirs, "heap-buffer-overflow"));
  // The C library's with its source lines, called by nobody knows whom.
  const std::string nobodys =
      "\n0x1 is located inside\nfreed by thread T0 here:\n    #0 0x4 in free (/b/fuzz+0x9)\n"
      "    #1 0x5 in __vasprintf_internal libio/./libio/vasprintf.c:75:4\n    #2 0x300000002f  (<unknown module>)\n"
      "\npreviously allocated by thread T0 here:\n    #0 0x4 in malloc (/b/fuzz+0x9)\n"
      "    #1 0x5 in __vasprintf_internal libio/./libio/vasprintf.c:45:21\n    #2 0x300000002f  (<unknown module>)\n";
  EXPECT_TRUE(is_theirs(others, "heap-buffer-overflow"));
  EXPECT_TRUE(is_theirs(nobodys, "heap-buffer-overflow"));
}

TEST(CrashReport, UndefinedBehaviourIsOursWhereverItStands) {
  const auto report = read_crash_report(
      "h/host/io/npz.cpp:7:3: runtime error: signed integer overflow\n    #0 0x2 in H5 " + std::string(kLibrary));
  EXPECT_THAT(report.what, HasSubstr("signed integer overflow"));
  EXPECT_FALSE(report.in_library);
}

// No report (killed, out of memory, could not start) excuses nobody.
TEST(CrashReport, WithoutAReportNobodyIsExcused) {
  EXPECT_FALSE(read_crash_report("").in_library);
  EXPECT_FALSE(read_crash_report("INFO: Seed: 1\nKilled in libhdf5\n").in_library);
  EXPECT_FALSE(read_crash_report(report_of("    #0 0x1  (<unknown module>)\n")).in_library);
}

}  // namespace
}  // namespace headroom::fuzz
