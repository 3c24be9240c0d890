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

TEST(Sha256, DoesNotDependOnThePieces) {
  Sha256 digest;
  digest.add("a");
  digest.add("");
  digest.add("bc");
  EXPECT_EQ(*digest.finish(), *sha256_of_bytes("abc"));
  EXPECT_FALSE(digest.finish()) << "it is over";
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const TemporaryFolder folder;
  const std::string content(700'001, 'x');
  EXPECT_EQ(*sha256_of_file(folder.write("f", content)), *sha256_of_bytes(content));
  EXPECT_EQ(*sha256_of_file(folder.write("empty", "")), *sha256_of_bytes(""));
  EXPECT_FALSE(sha256_of_file(folder / "absent"));
  EXPECT_FALSE(sha256_of_file(folder.path()));
}

TEST(Sha256, OfAFolderIsThatOfNamesAndContents) {
  namespace fs = std::filesystem;
  const TemporaryFolder one, other;
  for (const TemporaryFolder* folder : {&one, &other}) {
    fs::create_directory(*folder / "below");
    folder->write("below/a", "1");
    folder->write("b", "2");
    fs::create_symlink("/nowhere", *folder / "link");
  }
  const std::string hash = *sha256_of_folder(one.path());
  EXPECT_EQ(hash, *sha256_of_folder(other.path()));
  other.write("b", "3");
  EXPECT_NE(hash, *sha256_of_folder(other.path()));
  other.write("b", "2");
  fs::rename(other / "b", other / "c");
  EXPECT_NE(hash, *sha256_of_folder(other.path()));
  fs::rename(other / "c", other / "b");
  fs::remove(other / "link");
  EXPECT_NE(hash, *sha256_of_folder(other.path()));
  EXPECT_FALSE(sha256_of_folder(one / "absent"));
}

TEST(Sha256OfFolder, ReadsNoFurtherThanItMay) {
  const TemporaryFolder folder;
  std::ofstream(folder / "weights") << "w";
  std::filesystem::resize_file(folder / "weights", std::uintmax_t{1} << 41);  // a hole of 2 TiB
  const auto too_large = sha256_of_folder(folder.path());
  ASSERT_FALSE(too_large);
  EXPECT_NE(too_large.error().what.find("holds more than"), std::string::npos);
  FolderPatience patience;
  patience.most_bytes = std::uint64_t{1} << 42;
  patience.deadline = std::chrono::steady_clock::now();
  const auto too_late = sha256_of_folder(folder.path(), patience);
  ASSERT_FALSE(too_late);
  EXPECT_EQ(too_late.error().kind, ErrorKind::bad_input);
  std::stop_source source;
  source.request_stop();
  patience.deadline.reset();
  patience.stop = source.get_token();
  const auto stopped = sha256_of_folder(folder.path(), patience);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::interrupted);
}

}  // namespace
}  // namespace headroom
