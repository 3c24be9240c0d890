// What is written as the value of a flag, read. Errors (bad_input) name the flag and the form that it takes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "confinement.pb.h"
#include "outcome/outcome.hpp"

namespace headroom::cli {

// "1e-3" or "5" as a number.
Result<double> number(std::string_view text, std::string_view flag);

// KEY=VALUE split at the first '='; `form` is what the error says to write.
Result<std::pair<std::string, std::string>> key_and_value(const std::string& text, std::string_view flag,
                                                          std::string_view form);

// [NAME=]PATH. Paths may hold '=' too: what stands before the first one is a name unless it holds a '/', or only the
// whole is there.
struct NamedPath {
  std::string name;  // of the file where none is given
  std::filesystem::path path;
};
NamedPath named_path(const std::string& text);

// PATH#PART, unless a file of the whole name is there; without a part the second is empty.
std::pair<std::filesystem::path, std::string> path_and_part(const std::filesystem::path& path);

// "obsm/esm2#obs/gene" is called esm2.
std::string name_of_part(const std::string& part);

// 2GiB, 512MB, 1000000: bytes.
Result<std::uint64_t> size_in_bytes(const std::string& text, std::string_view flag);

// strict or relaxed; anything else is off.
SandboxMode sandbox_mode(const std::string& text);

}  // namespace headroom::cli
