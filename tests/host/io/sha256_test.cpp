#include "io/sha256.hpp"

#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace {

using testing::TemporaryFolder;

// The vectors of FIPS 180-4's examples.
TEST(Sha256, EqualsThePublishedVectors) {
  EXPECT_EQ(*sha256_of_bytes(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(*sha256_of_bytes("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(*sha256_of_bytes(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const TemporaryFolder folder;
  const std::string content(700'001, 'x');
  EXPECT_EQ(*sha256_of_file(folder.write("f", content)), *sha256_of_bytes(content));
  EXPECT_EQ(*sha256_of_file(folder.write("empty", "")), *sha256_of_bytes(""));
  EXPECT_FALSE(sha256_of_file(folder / "absent"));
  EXPECT_FALSE(sha256_of_file(folder.path()));
}

}  // namespace
}  // namespace headroom
