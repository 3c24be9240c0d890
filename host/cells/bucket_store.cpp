#include "cells/bucket_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace headroom {
namespace {

// On average half a page of every bucket stays empty, so a page is small beside what a bucket holds.
constexpr std::size_t kSmallestPage = 4096, kLargestPage = 16384;

// Open pages may take an eighth of the limit.
std::size_t page_size(const BucketStore::Options& options) {
  const std::uint64_t share = options.memory_limit_bytes / 8 / std::max<std::size_t>(options.n_buckets, 1);
  return std::clamp<std::size_t>(share / kSmallestPage * kSmallestPage, kSmallestPage, kLargestPage);
}

tl::unexpected<Error> file_fault(const char* what, const std::filesystem::path& folder) {
  return harness_fault(std::string(what) + ": " + std::strerror(errno), folder.string(),
                       "free space there, or give a larger --memory-limit");
}

// A file without a name: it vanishes with the process, however that ends.
int open_anonymous(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  std::string name = (folder / ".headroom-cells-XXXXXX").string();  // file systems without O_TMPFILE
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

BucketStore::BucketStore(const Options& options)
    : spill_folder_(options.spill_folder),
      page_bytes_(page_size(options)),
      memory_limit_bytes_(options.memory_limit_bytes),
      buckets_(options.n_buckets) {}

BucketStore::~BucketStore() {
  if (file_ >= 0) ::close(file_);
}

Result<void> BucketStore::spill(Page& page) {
  {
    std::lock_guard lock(file_mutex_);
    if (file_ < 0) file_ = open_anonymous(spill_folder_);
    if (file_ < 0) return file_fault("no temporary file can be made for the cells", spill_folder_);
  }
  page.file_page = n_spilled_pages_.fetch_add(1);
  std::size_t done = 0;
  while (done < page_bytes_) {
    const ssize_t n = ::pwrite(file_, page.memory.get() + done, page_bytes_ - done,
                               static_cast<off_t>(page.file_page * page_bytes_ + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return file_fault("the temporary file of the cells cannot be written", spill_folder_);
    done += static_cast<std::size_t>(n);
  }
  return {};
}

Result<void> BucketStore::append(std::size_t bucket_index, const void* bytes, std::size_t n) {
  Bucket& bucket = buckets_[bucket_index];
  const auto* from = static_cast<const unsigned char*>(bytes);
  while (n > 0) {
    const std::size_t used = bucket.n_bytes % page_bytes_;
    if (used == 0) {
      std::unique_ptr<unsigned char[]> memory;
      if (!bucket.pages.empty() && n_pages_in_memory_.load() * page_bytes_ >= memory_limit_bytes_) {
        if (auto spilled = spill(bucket.pages.back()); !spilled) return spilled;
        memory = std::move(bucket.pages.back().memory);
      } else {
        memory.reset(new unsigned char[page_bytes_]);
        n_pages_in_memory_.fetch_add(1);
      }
      bucket.pages.push_back({std::move(memory), 0});
    }
    const std::size_t part = std::min(n, page_bytes_ - used);
    std::memcpy(bucket.pages.back().memory.get() + used, from, part);
    bucket.n_bytes += part;
    from += part;
    n -= part;
  }
  return {};
}

Result<void> BucketStore::read(std::size_t bucket_index, std::uint64_t begin, std::size_t n, unsigned char* out) const {
  const Bucket& bucket = buckets_[bucket_index];
  while (n > 0) {
    const Page& page = bucket.pages[begin / page_bytes_];
    const std::size_t within = begin % page_bytes_, part = std::min(n, page_bytes_ - within);
    if (page.memory) {
      std::memcpy(out, page.memory.get() + within, part);
    } else {
      for (std::size_t done = 0; done < part;) {
        const ssize_t got =
            ::pread(file_, out + done, part - done, static_cast<off_t>(page.file_page * page_bytes_ + within + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return file_fault("the temporary file of the cells cannot be read", spill_folder_);
        done += static_cast<std::size_t>(got);
      }
    }
    begin += part;
    out += part;
    n -= part;
  }
  return {};
}

void BucketStore::forget(std::size_t bucket_index) {
  Bucket& bucket = buckets_[bucket_index];
  for (const Page& page : bucket.pages) {
    if (page.memory) n_pages_in_memory_.fetch_sub(1);
  }
  bucket = Bucket{};
}

}  // namespace headroom
