#include "conformance/elf_exports.hpp"

#include <elf.h>

#include <cstdint>
#include <cstring>

namespace headroom {
namespace {

constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

struct Image {
  const std::byte* data;
  std::uint64_t bytes;

  template <class T>
  bool read(std::uint64_t offset, T& to) const {
    if (offset > bytes || bytes - offset < sizeof(T)) return false;
    std::memcpy(&to, data + offset, sizeof(T));
    return true;
  }
};

// Where the loader would find what the headers call by address.
std::uint64_t offset_of_address(const Image& image, const Elf64_Ehdr& header, std::uint64_t address) {
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!image.read(header.e_phoff + i * sizeof(segment), segment)) return kNowhere;
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
      continue;
    const std::uint64_t offset = segment.p_offset + (address - segment.p_vaddr);
    return offset < image.bytes ? offset : kNowhere;
  }
  return kNowhere;
}

// Numbers [first, end) of the symbols that a lookup by name can reach.
struct SymbolRange {
  std::uint64_t first = 0, end = 0;
};

// GNU hash table: header, bloom filter (one word of 8 bytes each), buckets, then one chain entry per hashed symbol; the
// lowest bit marks a chain's end. The chain of the highest bucket ends with the last symbol.
bool read_gnu_hash(const Image& image, std::uint64_t at, SymbolRange& range) {
  std::uint32_t n_buckets, first_symbol, n_bloom;
  if (!image.read(at, n_buckets) || !image.read(at + 4, first_symbol) || !image.read(at + 8, n_bloom)) return false;
  const std::uint64_t buckets = at + 16 + std::uint64_t{n_bloom} * 8;
  const std::uint64_t chains = buckets + std::uint64_t{n_buckets} * 4;
  std::uint32_t highest = 0;
  for (std::uint64_t i = 0; i < n_buckets; ++i) {
    std::uint32_t bucket;
    if (!image.read(buckets + i * 4, bucket)) return false;
    if (bucket > highest) highest = bucket;
  }
  range.first = first_symbol;
  range.end = first_symbol;
  if (highest < first_symbol) return true;  // empty
  for (std::uint64_t symbol = highest;; ++symbol) {
    std::uint32_t hash;
    if (!image.read(chains + (symbol - first_symbol) * 4, hash)) return false;
    if (hash & 1) {
      range.end = symbol + 1;
      return true;
    }
  }
}

bool is_exported(const Elf64_Sym& symbol) {
  const unsigned binding = ELF64_ST_BIND(symbol.st_info), visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  return symbol.st_shndx != SHN_UNDEF && (binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE) &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

}  // namespace

const char* read_elf_exports(const std::byte* file, std::size_t bytes, ExportSink sink, void* to) {
  const Image image{file, bytes};
  Elf64_Ehdr header;
  if (!image.read(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "it is not an ELF file";
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return "it was built for another machine";
  }
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return "its program headers are malformed";

  Elf64_Phdr dynamic{};
  for (std::uint64_t i = 0; i < header.e_phnum && dynamic.p_type != PT_DYNAMIC; ++i) {
    if (!image.read(header.e_phoff + i * sizeof(dynamic), dynamic)) return "its program headers are not there";
  }
  if (dynamic.p_type != PT_DYNAMIC) return "it has no dynamic segment";

  std::uint64_t symbol_address = 0, text_address = 0, text_bytes = 0, gnu_hash_address = 0, old_hash_address = 0;
  for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic.p_filesz; at += sizeof(Elf64_Dyn)) {
    Elf64_Dyn entry;
    if (!image.read(dynamic.p_offset + at, entry)) return "its dynamic segment is not there";
    if (entry.d_tag == DT_NULL) break;
    switch (entry.d_tag) {
      case DT_SYMTAB:
        symbol_address = entry.d_un.d_ptr;
        break;
      case DT_STRTAB:
        text_address = entry.d_un.d_ptr;
        break;
      case DT_STRSZ:
        text_bytes = entry.d_un.d_val;
        break;
      case DT_GNU_HASH:
        gnu_hash_address = entry.d_un.d_ptr;
        break;
      case DT_HASH:
        old_hash_address = entry.d_un.d_ptr;
        break;
      default:
        break;
    }
  }
  const std::uint64_t symbols = offset_of_address(image, header, symbol_address);
  const std::uint64_t text = offset_of_address(image, header, text_address);
  if (symbols == kNowhere || text == kNowhere) return "its symbol table is not there";
  if (text_bytes > image.bytes - text) return "its symbol names are not there";

  SymbolRange range;
  if (gnu_hash_address != 0) {
    const std::uint64_t at = offset_of_address(image, header, gnu_hash_address);
    if (at == kNowhere || !read_gnu_hash(image, at, range)) return "its hash table is malformed";
  } else {
    const std::uint64_t at = old_hash_address ? offset_of_address(image, header, old_hash_address) : kNowhere;
    std::uint32_t n_symbols;
    if (at == kNowhere || !image.read(at + 4, n_symbols)) return "it has no hash table";
    range = {0, n_symbols};
  }

  for (std::uint64_t i = range.first; i < range.end; ++i) {
    Elf64_Sym symbol;
    if (!image.read(symbols + i * sizeof(symbol), symbol)) return "its symbol table is truncated";
    if (!is_exported(symbol)) continue;
    if (symbol.st_name >= text_bytes) return "a symbol's name is not there";
    const char* name = reinterpret_cast<const char*>(file + text + symbol.st_name);
    std::uint64_t length = 0;
    while (length < text_bytes - symbol.st_name && name[length] != '\0') ++length;
    if (!sink(to, name, length)) break;
  }
  return nullptr;
}

}  // namespace headroom
