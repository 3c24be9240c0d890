// Byte streams of many buckets, filled in any order and read back one by one: how cells are brought together by group
// in one pass over a file. What does not fit the memory limit lies in an anonymous temporary file.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom {

class BucketStore {
 public:
  struct Options {
    std::size_t n_buckets = 0;
    // Full pages beyond this go to the temporary file; one open page a bucket stays in memory always.
    std::uint64_t memory_limit_bytes = std::uint64_t{1} << 30;
    // Where the temporary file is made when it is first needed. It has no name there, so nothing is left behind.
    std::filesystem::path spill_folder;
  };

  explicit BucketStore(const Options& options);
  ~BucketStore();
  BucketStore(const BucketStore&) = delete;
  BucketStore& operator=(const BucketStore&) = delete;

  // Appends to one bucket. Calls for different buckets may run at the same time.
  // Errors (harness_fault): the temporary file cannot be made or is full.
  Result<void> append(std::size_t bucket, const void* bytes, std::size_t n);

  // Bytes [begin, begin + n) of a bucket, in order of appending, which stay there. Safe from many threads.
  Result<void> read(std::size_t bucket, std::uint64_t begin, std::size_t n, unsigned char* out) const;
  // Frees the memory of a bucket, which is empty then.
  void forget(std::size_t bucket);

  std::uint64_t size_bytes(std::size_t bucket) const { return buckets_[bucket].n_bytes; }

  std::uint64_t spilled_bytes() const { return n_spilled_pages_.load() * page_bytes_; }

 private:
  struct Page {
    std::unique_ptr<unsigned char[]> memory;  // empty: in the file
    std::uint64_t file_page = 0;
  };
  struct Bucket {
    std::vector<Page> pages;
    std::uint64_t n_bytes = 0;
  };

  Result<void> spill(Page& page);

  std::filesystem::path spill_folder_;
  std::size_t page_bytes_;
  std::uint64_t memory_limit_bytes_;
  std::vector<Bucket> buckets_;
  std::atomic<std::uint64_t> n_pages_in_memory_{0}, n_spilled_pages_{0};
  std::mutex file_mutex_;
  int file_ = -1;
};

}  // namespace headroom
