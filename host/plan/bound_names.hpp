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

// What --bounds takes: the best null and the tightest cheater, or what the published bar figures take.
inline constexpr const char* kBoundsOfEssay = "essay";
inline constexpr const char* kBoundsOfFigure = "figure";

// What the published bar figures take in the place of the defaults (protocol section 11).
inline constexpr std::array kFigureCeilings = {kCeilingSamplingError};
inline constexpr std::array kFigureNulls = {kNullTrainMean};

// Of which methods bounds are chosen: those of the task, the same for whoever is measured, or those of each head.
inline constexpr const char* kBoundsOfTask = "task";
inline constexpr const char* kBoundsOfHead = "head";

}  // namespace headroom
