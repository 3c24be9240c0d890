// Libraries that a plugin brings in its own folder: opened before it, by the names under which it asks for them, so
// that the loader finds them there when it looks. A run path would lead nowhere: the worker opens a copy of the plugin.
#pragma once

#include <string>
#include <vector>

namespace headroom {

// Whether the loader would find every byte that the ELF headers promise: a truncated library kills the process that
// maps it. Returns what is wrong, or nothing.
std::string malformed_elf(int fd);

// The names of the libraries that this one needs (DT_NEEDED), in its order; none where its headers do not say.
std::vector<std::string> needed_libraries(int fd);

// Opens what the library needs and the folder has, and first what that needs. What the process has already is never
// taken from the folder: a second C library would not be survived. Returns what is wrong, or nothing.
std::string open_bundled_libraries(int fd, const std::string& folder);

}  // namespace headroom
