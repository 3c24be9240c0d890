// Which splits a run is asked for, or a task was prepared for. plan/split_families.hpp says what each family is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace headroom {

inline constexpr const char* kFamilyWithin = "within";
inline constexpr const char* kFamilyTransfer = "transfer";
inline constexpr const char* kFamilyTransferFew = "transfer-few";
inline constexpr const char* kFamilyBoth = "both";
inline constexpr const char* kFamilyCombination = "combination";
inline constexpr const char* kFamilyFile = "file";

// What stands for the vector of a combination A+B that an embedding does not know: made of those of its parts.
enum class Combine { none, sum, mean, max };
inline const char* combine_name(Combine combine) {
  switch (combine) {
    case Combine::none:
      return "none";
    case Combine::sum:
      return "sum";
    case Combine::mean:
      return "mean";
    case Combine::max:
      return "max";
  }
  return "";
}

struct SplitRequest {
  std::string family = kFamilyWithin;
  double few_percent = 5;      // transfer-few: of the context's perturbations, trained on; above 0, below 100
  double test_doubles = 20;    // combination: per cent of those without an unseen part that are tested; 0 to 100
  bool joint = false;          // within: trained on the fold's rows in all contexts
  bool per_context = false;    // heads of one embedding are fitted on each context apart, and their mean predicts
  int n_folds = 5;             // both and combination; at least 2
  std::uint32_t seed = 42;     // of all that is drawn
  std::filesystem::path file;  // family `file`: CSV split,part,context,pert_id
};

// As a task keeps it: "transfer-few few_percent=5 test_doubles=20 folds=5 seed=42 joint=0". Of `file` the path is not
// kept. nullopt: the text is none of these.
std::string split_text(const SplitRequest& request);
std::optional<SplitRequest> split_of_text(std::string_view text);

}  // namespace headroom
