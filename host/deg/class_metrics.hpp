// The metrics of the DEG task (protocol section 8): how well probabilities of three classes per perturbation and gene
// match the labels.
//
// Most of them belong to a fold as a whole, for they are taken gene by gene over its test perturbations and then
// averaged over genes: a fold's F1 is no mean of values that single perturbations have. So whoever wants a fold's value
// under other weights of its perturbations (a bootstrap resample, the covered rows alone) does not average anything but
// asks for it here: all metrics are computed for many columns of weights at once, and one walk over the predictions
// serves all of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "matrix/matrix.hpp"
#include "protocol/metrics.hpp"

namespace headroom {

// Classes by number and plane: lower expression, no response, higher expression (labels -1, 0, +1).
inline constexpr Eigen::Index kDown = 0, kNotDe = 1, kUp = 2, kClasses = 3;

// perturbations × genes, each a class number.
using ClassMatrix = Eigen::Matrix<std::int8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Whether a metric is one number per fold; false: one per perturbation, of which the fold has the mean, as all metrics
// of deltas are.
bool is_of_fold(Metric metric);

// The classes that probabilities speak for: the first maximum of each. `planes`: 3 · perturbations × genes, plane below
// plane.
ClassMatrix most_likely_classes(const ConstMatrixRef& planes);

// One value per perturbation and metric; NaN throughout for a metric that is of the fold, and where undefined:
// - precision_pert: share of the genes that are predicted to respond whose label is the predicted one; 0 where none is
//   predicted to respond, undefined where no gene does respond either;
// - recall_pert: share of the responding genes whose class is predicted; undefined where no gene responds;
// - direction_agreement: share of right signs among the genes that both call; undefined where there is none.
// `left_out`: per perturbation the gene that does not count for it; empty: every gene does for all.
std::vector<Vector> class_metrics_of_perturbations(const ConstMatrixRef& planes, const ClassMatrix& labels,
                                                   std::span<const Metric> metrics,
                                                   const OwnGeneColumns& left_out = {});

// metrics × columns of weights. Each column counts every test perturbation that often (whole numbers from 0).
//
// Per gene, then the mean over genes:
// - F1, precision, recall: mean over the classes in the gene's labels; one that is never predicted counts 0;
// - ROC_AUC: one class against the others, ties half; a class that is absent, or without others, counts 0; the sum over
//   three classes divided by three. ROC_AUC_defined: mean over the other classes, of the genes that have any;
// - AP: average precision, mean over the classes in the labels; equal probabilities are one threshold;
// - F1_responding: F1 of the genes with a label other than "no response".
// Metrics of perturbations: the weighted mean over those where it is defined.
// NaN: a column without weight, no responding gene (F1_responding), nothing defined.
// `planes`: 3 · test perturbations × genes, plane below plane; labels: test perturbations × genes. `left_out` as above:
// a gene is judged by the other perturbations, and one that has none counts in no mean over genes.
Matrix class_metrics_of_fold(const ConstMatrixRef& planes, const ClassMatrix& labels, std::span<const Metric> metrics,
                             const ConstMatrixRef& weights, const OwnGeneColumns& left_out = {});

// Macro F1 of predicted classes, unweighted: what hyperparameters are chosen by. `planes[c]` and `labels` in the same
// rows: perturbations × genes.
double macro_f1(std::span<const ConstMatrixMap> planes, const ConstMatrixRef& labels, const RowIndex& label_rows);

}  // namespace headroom
