// Bytes as HDF5's filters store them.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <string>

namespace headroom::testing {

inline std::string deflated(const std::string& plain) {
  uLongf size = compressBound(plain.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(plain.data()), plain.size());
  packed.resize(size);
  return packed;
}

// LZF of literal runs alone.
inline std::string lzf_packed(const std::string& plain) {
  std::string packed;
  for (std::size_t at = 0; at < plain.size(); at += 32) {
    const std::size_t run = std::min<std::size_t>(32, plain.size() - at);
    packed += static_cast<char>(run - 1);
    packed += plain.substr(at, run);
  }
  return packed;
}

}  // namespace headroom::testing
