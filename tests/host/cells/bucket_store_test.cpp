#include "cells/bucket_store.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>
#include <random>
#include <thread>

namespace headroom {
namespace bucket_store_test {

using Bytes = std::vector<unsigned char>;

Bytes taken(BucketStore& store, std::size_t bucket) {
  Bytes out(store.size_bytes(bucket), 99);
  EXPECT_TRUE(store.read(bucket, 0, out.size(), out.data()).has_value());
  store.forget(bucket);
  return out;
}

// Appends random pieces to random buckets and compares what comes back.
std::uint64_t fill_and_compare(std::uint64_t memory_limit, std::size_t total) {
  constexpr std::size_t kBuckets = 5;
  BucketStore store({kBuckets, memory_limit, ::testing::TempDir()});
  std::vector<Bytes> expected(kBuckets);
  std::mt19937 random(1);
  for (std::size_t done = 0; done < total;) {
    Bytes piece(random() % 30'000);
    std::iota(piece.begin(), piece.end(), static_cast<unsigned char>(random()));
    const std::size_t bucket = random() % (kBuckets - 1);  // the last stays empty
    EXPECT_TRUE(store.append(bucket, piece.data(), piece.size()).has_value());
    expected[bucket].insert(expected[bucket].end(), piece.begin(), piece.end());
    done += piece.size();
  }
  for (std::size_t b = 0; b < kBuckets; ++b) {
    EXPECT_EQ(store.size_bytes(b), expected[b].size());
    EXPECT_EQ(taken(store, b), expected[b]);
    EXPECT_EQ(store.size_bytes(b), 0u);
  }
  return store.spilled_bytes();
}

TEST(BucketStore, KeepsEveryByteInMemory) { EXPECT_EQ(fill_and_compare(1 << 30, 3'000'000), 0u); }

TEST(BucketStore, KeepsEveryByteThroughTheTemporaryFile) {
  const std::uint64_t spilled = fill_and_compare(1 << 20, 8'000'000);
  EXPECT_GT(spilled, 6'000'000u);  // all but a megabyte and the open pages
}

TEST(BucketStore, LeavesNoFileBehind) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "bucket_store_spill";
  std::filesystem::create_directories(folder);
  {
    BucketStore store({1, 4096, folder});
    const Bytes much(1'000'000, 7);
    ASSERT_TRUE(store.append(0, much.data(), much.size()).has_value());
    EXPECT_GT(store.spilled_bytes(), 0u);
    EXPECT_TRUE(std::filesystem::is_empty(folder)) << "the file must have no name while it is in use";
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::filesystem::remove_all(folder);
}

TEST(BucketStore, AFolderThatIsNotThereIsAnError) {
  BucketStore store({1, 4096, "/nonexistent/folder"});
  const Bytes much(1'000'000, 7);
  const auto done = store.append(0, much.data(), much.size());
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::harness_fault);
  EXPECT_NE(done.error().line().find("/nonexistent/folder"), std::string::npos);
}

TEST(BucketStore, BucketsMayFillSideBySide) {
  constexpr std::size_t kBuckets = 4;
  BucketStore store({kBuckets, 1 << 18, ::testing::TempDir()});
  std::vector<std::thread> threads;
  for (std::size_t b = 0; b < kBuckets; ++b) {
    threads.emplace_back([&store, b] {
      const Bytes piece(10'007, static_cast<unsigned char>(b + 1));
      for (int i = 0; i < 100; ++i) ASSERT_TRUE(store.append(b, piece.data(), piece.size()).has_value());
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_GT(store.spilled_bytes(), 0u);
  for (std::size_t b = 0; b < kBuckets; ++b) {
    EXPECT_EQ(taken(store, b), Bytes(1'000'700, static_cast<unsigned char>(b + 1)));
  }
}

}  // namespace bucket_store_test
}  // namespace headroom
