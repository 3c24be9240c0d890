#include "io/own_file.hpp"

#include <fstream>

namespace headroom {

bool may_replace(const std::filesystem::path& path, const OwnMark& mark) {
  constexpr std::streamsize kHeadBytes = 64 << 10;
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) return true;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::ifstream in(path, std::ios::binary);
  std::string head(kHeadBytes, '\0');
  in.read(head.data(), kHeadBytes);
  head.resize(static_cast<std::size_t>(in.gcount()));
  if (head.empty()) return true;
  return mark.at_start ? head.starts_with(mark.mark) : head.find(mark.mark) != std::string::npos;
}

std::vector<std::string> foreign_outputs(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const OwnMark& mark : kRunMarks) {
    if (!may_replace(folder / mark.name, mark)) names.emplace_back(mark.name);
  }
  return names;
}

}  // namespace headroom
