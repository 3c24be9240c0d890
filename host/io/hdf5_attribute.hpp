// Attributes of HDF5 objects: how anndata says what a group is, which column is the index, what shape a matrix has.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace headroom::hdf5 {

// nullopt where the attribute is absent, damaged or of another type.
std::optional<std::string> string_attribute(hid_t object, const char* name);
std::optional<std::vector<std::string>> strings_attribute(hid_t object, const char* name);
std::optional<std::vector<std::int64_t>> integers_attribute(hid_t object, const char* name);

}  // namespace headroom::hdf5
