// An h5ad that HDF5 finds in order and that lies in every other way: shapes, types, attributes, index arrays,
// categories, and chunks whose compressed bytes are not what the layout says. Each decision is taken from a fuzzer's
// bytes; none left (all zeros) means a file in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace headroom::fuzz {

// The file's bytes; empty where HDF5 would not make it.
std::string hostile_h5ad(const std::uint8_t* decisions, std::size_t n);

}  // namespace headroom::fuzz
