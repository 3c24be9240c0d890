#include "worker/bundled_libraries.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>

#include "sandbox/file_descriptor.hpp"

namespace headroom {
namespace {

constexpr std::size_t kMostNeeded = 1024;  // libraries of one
constexpr std::size_t kMostNameBytes = 256;

template <class Struct>
std::optional<Struct> read_at(int fd, std::uint64_t offset) {
  Struct value;
  if (pread(fd, &value, sizeof(value), static_cast<off_t>(offset)) != static_cast<ssize_t>(sizeof(value)))
    return std::nullopt;
  return value;
}

// The program headers of one type.
std::vector<Elf64_Phdr> segments_of(int fd, std::uint32_t type) {
  std::vector<Elf64_Phdr> segments;
  const auto header = read_at<Elf64_Ehdr>(fd, 0);
  for (std::uint64_t i = 0; header && i < header->e_phnum; ++i) {
    const auto segment = read_at<Elf64_Phdr>(fd, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (segment && segment->p_type == type) segments.push_back(*segment);
  }
  return segments;
}

std::string text_at(int fd, std::uint64_t offset) {
  char text[kMostNameBytes] = {};
  const ssize_t n = pread(fd, text, sizeof(text) - 1, static_cast<off_t>(offset));
  return n > 0 ? std::string(text) : std::string();
}

bool is_loaded(const std::string& name) {
  void* const library = dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (library != nullptr) dlclose(library);  // only the count
  return library != nullptr;
}

std::string open_needed(int fd, const std::string& folder, std::set<std::string>& seen) {
  for (const std::string& name : needed_libraries(fd)) {
    if (name.find('/') != std::string::npos || !seen.insert(name).second || is_loaded(name)) continue;
    const std::string path = folder + "/" + name;
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) continue;  // the system's, then
    if (const std::string wrong = malformed_elf(file.get()); !wrong.empty())
      return "its library " + name + ": " + wrong;
    if (std::string wrong = open_needed(file.get(), folder, seen); !wrong.empty()) return wrong;
    dlerror();
    // Never closed: what has started threads cannot be unloaded.
    if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
      const char* const why = dlerror();
      return "the loader refuses its library " + name + ": " + (why != nullptr ? why : "no reason given");
    }
  }
  return {};
}

}  // namespace

// Whether the loader would find every byte that the ELF headers promise: a truncated library kills the process that
// maps it. Returns what is wrong, or nothing.
std::string malformed_elf(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return "it cannot be read";
  const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
  Elf64_Ehdr header;
  if (pread(fd, &header, sizeof(header), 0) != sizeof(header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return "it is not an ELF file";
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_X86_64) {
    return "it was built for another machine";
  }
  if (header.e_type != ET_DYN) return "it is not a shared library";
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return "its program headers are malformed";
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    const std::uint64_t at = header.e_phoff + i * sizeof(segment);
    if (at > file_bytes || pread(fd, &segment, sizeof(segment), static_cast<off_t>(at)) != sizeof(segment)) {
      return "it is truncated: its program headers are not there";
    }
    if (segment.p_type != PT_LOAD) continue;
    if (segment.p_offset > file_bytes || segment.p_filesz > file_bytes - segment.p_offset) {
      return "it is truncated: a segment ends beyond its " + std::to_string(file_bytes) + " bytes";
    }
  }
  return {};
}

std::vector<std::string> needed_libraries(int fd) {
  std::vector<std::string> names;
  const auto dynamic = segments_of(fd, PT_DYNAMIC);
  if (dynamic.empty()) return names;
  std::vector<std::uint64_t> name_offsets;
  std::uint64_t strings_address = 0;
  const std::uint64_t n = std::min<std::uint64_t>(dynamic.front().p_filesz / sizeof(Elf64_Dyn), 1 << 16);
  for (std::uint64_t i = 0; i < n; ++i) {
    const auto entry = read_at<Elf64_Dyn>(fd, dynamic.front().p_offset + i * sizeof(Elf64_Dyn));
    if (!entry || entry->d_tag == DT_NULL) break;
    if (entry->d_tag == DT_NEEDED && name_offsets.size() < kMostNeeded) name_offsets.push_back(entry->d_un.d_val);
    if (entry->d_tag == DT_STRTAB) strings_address = entry->d_un.d_ptr;
  }
  // The table is given by its address: where that lies in the file, the loaded segments tell.
  for (const Elf64_Phdr& segment : segments_of(fd, PT_LOAD)) {
    if (strings_address < segment.p_vaddr || strings_address - segment.p_vaddr >= segment.p_filesz) continue;
    const std::uint64_t table = segment.p_offset + (strings_address - segment.p_vaddr);
    for (const std::uint64_t offset : name_offsets) {
      if (std::string name = text_at(fd, table + offset); !name.empty()) names.push_back(std::move(name));
    }
    break;
  }
  return names;
}

std::string open_bundled_libraries(int fd, const std::string& folder) {
  std::set<std::string> seen;
  return open_needed(fd, folder, seen);
}

}  // namespace headroom
