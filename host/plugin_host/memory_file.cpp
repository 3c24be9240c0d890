#include "plugin_host/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace headroom {
namespace {

constexpr const char* kName = "headroom";  // shown in /proc to whoever maps it: says nothing
constexpr const char* kMoreMemory = "free memory, or use fewer --threads or a smaller --limit-memory";
constexpr unsigned kNoExecuteSeal = 0x0008;  // MFD_NOEXEC_SEAL, Linux 6.3

}  // namespace

Result<FileDescriptor> make_memory_file(std::size_t bytes) {
  FileDescriptor memory(memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING | kNoExecuteSeal));
  if (!memory && errno == EINVAL) memory = FileDescriptor(memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory)
    return harness_fault(std::string("shared memory is not to be had: ") + strerror(errno), "memfd_create",
                         kMoreMemory);
  if (bytes > 0 && ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0) {
    return harness_fault("shared memory of " + std::to_string(bytes) + " bytes is not to be had: " + strerror(errno),
                         "ftruncate", kMoreMemory);
  }
  return memory;
}

Result<FileDescriptor> reopen_memory_file(int memory, bool writable) {
  const std::string path = "/proc/self/fd/" + std::to_string(memory);
  FileDescriptor reopened(open(path.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC));
  if (!reopened) return harness_fault(std::string("shared memory cannot be opened: ") + strerror(errno), path);
  return reopened;
}

Result<FileDescriptor> copy_memory_file(int memory) {
  struct stat status;
  if (fstat(memory, &status) != 0) return harness_fault("shared memory cannot be examined", "fstat");
  const auto bytes = static_cast<std::size_t>(status.st_size);
  auto copy = make_memory_file(bytes);
  if (!copy || bytes == 0) return copy;
  void* const from = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, memory, 0);
  if (from == MAP_FAILED) return harness_fault(std::string("a copy cannot be made: ") + strerror(errno), "mmap");
  // Written, not mapped and copied: pages that are filled at once are not zeroed first.
  std::size_t done = 0;
  int error = 0;
  while (done < bytes && error == 0) {
    const ssize_t count =
        pwrite(copy->get(), static_cast<const char*>(from) + done, bytes - done, static_cast<off_t>(done));
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (count == 0 || errno != EINTR) {
      error = count == 0 ? ENOSPC : errno;
    }
  }
  munmap(from, bytes);
  if (error != 0) return harness_fault(std::string("a copy cannot be made: ") + strerror(error), "pwrite");
  if (auto sealed = seal_memory_file(*copy, true); !sealed) return tl::unexpected(sealed.error());
  return reopen_memory_file(copy->get(), false);
}

Result<void> seal_memory_file(const FileDescriptor& memory, bool content_too) {
  const int seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL | (content_too ? F_SEAL_WRITE : 0);
  if (fcntl(memory.get(), F_ADD_SEALS, seals) != 0) {
    return harness_fault(std::string("shared memory cannot be sealed: ") + strerror(errno), "F_ADD_SEALS");
  }
  return {};
}

}  // namespace headroom
