#include "plugin_host/memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

Result<void> seal_memory_file(const FileDescriptor& memory, bool content_too) {
  const int seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL | (content_too ? F_SEAL_WRITE : 0);
  if (fcntl(memory.get(), F_ADD_SEALS, seals) != 0) {
    return harness_fault(std::string("shared memory cannot be sealed: ") + strerror(errno), "F_ADD_SEALS");
  }
  return {};
}

}  // namespace headroom
