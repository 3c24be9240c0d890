// Names of the nulls and ceilings, as --nulls, --ceiling and results write them. No plugin may have one.
#pragma once

#include <array>

namespace headroom {

// Ceilings: what --ceiling takes. The idealized cheater and the target's own sampling error are the published pair and
// the default.
inline constexpr const char* kCeilingIdealized = "idealized";
inline constexpr const char* kCeilingSamplingError = "sampling_error_q90";
inline constexpr const char* kCeilingMedian = "sampling_error_q50";
inline constexpr const char* kCeilingClosedForm = "sampling_error_closed_form";
inline constexpr const char* kCeilingSplitHalf = "split_half";
inline constexpr const char* kCeilingLabelError = "sampling_error_q10";  // of classes, whose metrics are better higher
// A second screen of the same truth, as deep as the first: with a control of its own, with the first one's, and one
// without noise, which is the true deltas.
inline constexpr const char* kCeilingDepthRight = "depth_right";
inline constexpr const char* kCeilingDepthRightShared = "depth_right_shared";
inline constexpr const char* kCeilingTrueDeltas = "true_deltas";
inline constexpr std::array kCeilings = {kCeilingIdealized,  kCeilingSamplingError,    kCeilingMedian,
                                         kCeilingClosedForm, kCeilingSplitHalf,        kCeilingLabelError,
                                         kCeilingDepthRight, kCeilingDepthRightShared, kCeilingTrueDeltas};
// A positive control of calibration, no ceiling.
inline constexpr const char* kInterpolatedDuplicate = "interpolated_duplicate";

// Nulls: what --nulls takes. Those of the protocol; all that a target has are its default.
inline constexpr const char* kNullTrainMean = "train_mean";
inline constexpr const char* kNullNoChange = "no_change";
inline constexpr const char* kNullRandom = "random";
inline constexpr const char* kNullGenePca = "gene_pca";
inline constexpr const char* kNullMostFrequent = "most_frequent";
inline constexpr const char* kNullPrior = "prior";
// Of predicted cells: cells that all hold the mean response of the training perturbations, control cells moved to it,
// and control cells as they are.
inline constexpr const char* kNullMeanResponse = "mean_response";
inline constexpr const char* kNullDispersed = "mean_response_dispersed";
inline constexpr const char* kNullControlCells = "control_cells";
// Of splits beyond one context (nulls_of_family() in split_families.hpp).
inline constexpr const char* kNullMeanElsewhere = "mean_elsewhere";
inline constexpr const char* kNullTargetMean = "target_mean";
inline constexpr const char* kNullSumOfParts = "sum_of_parts";
inline constexpr const char* kNullLargerPart = "larger_part";
inline constexpr std::array kRelationNulls = {kNullMeanElsewhere, kNullTargetMean, kNullSumOfParts, kNullLargerPart};
inline constexpr std::array kDeltaNulls = {kNullTrainMean, kNullNoChange, kNullRandom, kNullGenePca};
inline constexpr std::array kClassNulls = {kNullNoChange, kNullMostFrequent, kNullPrior, kNullRandom, kNullGenePca};
inline constexpr std::array kNulls = {kNullTrainMean,    kNullNoChange,      kNullMostFrequent, kNullPrior,
                                      kNullRandom,       kNullGenePca,       kNullMeanResponse, kNullDispersed,
                                      kNullControlCells, kNullMeanElsewhere, kNullTargetMean,   kNullSumOfParts,
                                      kNullLargerPart};

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
