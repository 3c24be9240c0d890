// Names of the nulls and ceilings, as --nulls, --ceiling and results write them. No plugin may have one.
#pragma once

#include <array>

namespace headroom {

// Ceilings: what --ceiling takes. The first two are the published pair and the default.
inline constexpr const char* kCeilingIdealized = "idealized";
inline constexpr const char* kCeilingSamplingError = "sampling_error_q90";
inline constexpr const char* kCeilingMedian = "sampling_error_q50";
inline constexpr const char* kCeilingClosedForm = "sampling_error_closed_form";
inline constexpr const char* kCeilingSplitHalf = "split_half";
inline constexpr std::array kCeilings = {kCeilingIdealized, kCeilingSamplingError, kCeilingMedian, kCeilingClosedForm,
                                         kCeilingSplitHalf};

// Nulls: what --nulls takes. Those of the protocol, all of them the default.
inline constexpr const char* kNullTrainMean = "train_mean";
inline constexpr const char* kNullNoChange = "no_change";
inline constexpr const char* kNullRandom = "random";
inline constexpr const char* kNullGenePca = "gene_pca";
inline constexpr std::array kNulls = {kNullTrainMean, kNullNoChange, kNullRandom, kNullGenePca};

}  // namespace headroom
