#include "conformance/elf_exports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "host/conformance/checked_plugin.hpp"

namespace headroom {
namespace elf_exports_test {

using ::testing::UnorderedElementsAre;

std::vector<char> bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return std::vector<char>(std::istreambuf_iterator<char>(file), {});
}

struct Exports {
  std::vector<std::string> names;
  std::string malformed;
};

// Reads a copy of exactly its size, so that an address sanitizer sees every byte too far.
Exports exports_of(const std::vector<char>& bytes) {
  const std::unique_ptr<std::byte[]> copy(new std::byte[bytes.size() + 1]);
  std::memcpy(copy.get() + 1, bytes.data(), bytes.size());  // and misaligned
  Exports exports;
  const char* malformed = read_elf_exports(
      copy.get() + 1, bytes.size(),
      [](void* to, const char* name, std::size_t length) {
        static_cast<Exports*>(to)->names.emplace_back(name, length);
        return true;
      },
      &exports);
  if (malformed) exports.malformed = malformed;
  return exports;
}

TEST(ElfExports, FindsWhatTheLoaderFindsThroughEitherHashTable) {
  for (const char* library : {"leaky", "leaky_sysv"}) {
    const Exports exports = exports_of(bytes_of(test_plugin(library)));
    EXPECT_EQ(exports.malformed, "") << library;
    EXPECT_THAT(exports.names, UnorderedElementsAre("headroom_plugin_entry", "leak_one", "leak_two")) << library;
  }
}

TEST(ElfExports, FindsOneEntryInAShippedPlugin) {
  EXPECT_THAT(exports_of(bytes_of(shipped_plugin("table"))).names, UnorderedElementsAre("headroom_plugin_entry"));
}

TEST(ElfExports, SaysWhatIsMalformed) {
  EXPECT_EQ(exports_of({}).malformed, "it is not an ELF file");
  EXPECT_EQ(exports_of(std::vector<char>(4096, 'x')).malformed, "it is not an ELF file");
  std::vector<char> bytes = bytes_of(test_plugin("leaky"));
  std::vector<char> cut(bytes.begin(), bytes.begin() + 100);
  EXPECT_EQ(exports_of(cut).malformed, "its program headers are not there");
  bytes[4] = 1;  // EI_CLASS: 32 bits
  EXPECT_EQ(exports_of(bytes).malformed, "it was built for another machine");
}

TEST(ElfExports, NeverReadsBeyondAFileHoweverBroken) {
  const std::vector<char> sound = bytes_of(test_plugin("leaky"));
  std::mt19937 bits(1);
  int n_malformed = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::vector<char> broken = sound;
    // Headers and tables lie at the front; damage there is what a reader meets.
    for (int hit = 0; hit < 6; ++hit) broken[bits() % 0x600] = static_cast<char>(bits());
    if (trial % 3 == 0) broken.resize(bits() % broken.size());
    n_malformed += exports_of(broken).malformed.empty() ? 0 : 1;
  }
  EXPECT_GT(n_malformed, 1000);  // the damage was felt
}

}  // namespace elf_exports_test
}  // namespace headroom
