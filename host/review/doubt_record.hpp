// Doubts as they are kept: a JSON array, in a task's uns and for scripts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outcome/outcome.hpp"
#include "review/doubt.hpp"

namespace headroom {

// Key in uns of a task.
inline constexpr const char* kDoubtsKey = "headroom_doubts";

// [{"code","severity","where","what","n","examples","remedy","accepted"}]; false and empty fields are left out.
std::string doubts_json(std::span<const Doubt> doubts);

// What doubts_json() wrote. Entries of codes that this version does not know are left out. Error: it is no such array.
Result<std::vector<Doubt>> read_doubts(std::string_view json, const std::string& where);

}  // namespace headroom
