#include "heads/logistic.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "heads/features.hpp"
#include "heads/logistic_solver.hpp"
#include "heads/panel_threads.hpp"
#include "heads/softmax_lanes.hpp"

namespace headroom::heads {
namespace {

// Numbers of the solutions that are kept at a time, 64 MB: all of the published size with its grid, so that the columns
// of no thread run empty before the end.
constexpr std::int64_t kNumbersAtOnce = std::int64_t{8} << 20;

// Rows of one call that the fit uses: labelled and with features.
struct LabelledRows {
  std::vector<std::int64_t> rows;  // numbers of training rows
  sdk::Matrix features;            // these rows × features
};

LabelledRows labelled_rows(const sdk::PredictorRequest& request) {
  LabelledRows labelled;
  const sdk::Block block = request.block();
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    if (request.training_labelled(i) && block.training_present(i)) labelled.rows.push_back(i);
  }
  const sdk::ConstMatrixMap all = block.training();
  labelled.features.resize(static_cast<Eigen::Index>(labelled.rows.size()), all.cols());
  for (std::size_t i = 0; i < labelled.rows.size(); ++i) {
    labelled.features.row(static_cast<Eigen::Index>(i)) = all.row(labelled.rows[i]);
  }
  return labelled;
}

// A weak penalty is solved from a stronger one. The stronger ones are always these, whatever else is asked for: so the
// numbers of a setting do not depend on the grid that it stands in.
constexpr double kStations[] = {1.0, 1e3, 1e5, 1e7};  // C

// Penalties G / C, descending, that are solved one from the other, and the setting that each is the answer to, or none.
struct Path {
  std::vector<double> penalties;
  std::vector<std::optional<std::int64_t>> settings;
};

// One path for the settings that are stations, and one for each other.
std::vector<Path> paths_of(const sdk::PredictorRequest& request) {
  const auto n_genes = static_cast<double>(request.n_genes());
  std::vector<Path> paths(1);
  for (const double station : kStations) {
    paths.front().penalties.push_back(n_genes / station);
    paths.front().settings.push_back(std::nullopt);
  }
  for (std::int64_t s = 0; s < request.n_settings(); ++s) {
    const double c = request.setting(s, 0);
    if (!(c > 0.0)) throw sdk::Error("C must be above 0");
    const auto found = std::find(std::begin(kStations), std::end(kStations), c);
    const std::size_t at = static_cast<std::size_t>(found - std::begin(kStations));
    if (found != std::end(kStations) && !paths.front().settings[at]) {
      paths.front().settings[at] = s;
      continue;
    }
    Path path;
    for (const double station : kStations) {
      if (station >= c) break;
      path.penalties.push_back(n_genes / station);
      path.settings.push_back(std::nullopt);
    }
    path.penalties.push_back(n_genes / c);
    path.settings.push_back(s);
    paths.push_back(path);
  }
  Path& stations = paths.front();
  while (!stations.settings.empty() && !stations.settings.back()) {
    stations.penalties.pop_back();
    stations.settings.pop_back();
  }
  if (stations.penalties.empty()) paths.erase(paths.begin());
  return paths;
}

// The labels of some neighbouring genes and which classes each has.
class GeneRange {
 public:
  GeneRange(const sdk::PredictorRequest& request, const std::vector<std::int64_t>& rows, std::int64_t first,
            std::int64_t last)
      : first_(first), n_classes_(request.n_classes()), n_rows_(static_cast<std::int64_t>(rows.size())) {
    const auto n = static_cast<std::size_t>(last - first);
    labels_.resize(n * rows.size());
    counts_.assign(n * static_cast<std::size_t>(n_classes_), 0);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const sdk::ConstRowMap row = request.training_delta(rows[i]);
      for (std::size_t g = 0; g < n; ++g) {
        const double label = row[first + static_cast<std::int64_t>(g)];
        if (!(label >= 0.0 && label < static_cast<double>(n_classes_)) || label != std::floor(label)) {
          throw sdk::Error("a label is no class number");
        }
        labels_[g * rows.size() + i] = static_cast<std::uint8_t>(label);
        ++counts_[g * static_cast<std::size_t>(n_classes_) + static_cast<std::size_t>(label)];
      }
    }
  }

  std::int64_t first() const { return first_; }
  std::int64_t n_genes() const { return static_cast<std::int64_t>(counts_.size()) / n_classes_; }

  std::vector<std::int32_t> present(std::int64_t g) const {
    std::vector<std::int32_t> classes;
    for (std::int64_t k = 0; k < n_classes_; ++k) {
      if (count(g, k) > 0) classes.push_back(static_cast<std::int32_t>(k));
    }
    return classes;
  }

  GeneClasses classes(std::int64_t g) const {
    const std::vector<std::int32_t> present_classes = present(g);
    std::vector<std::uint8_t> number(static_cast<std::size_t>(n_classes_), 0);
    GeneClasses gene;
    for (std::size_t k = 0; k < present_classes.size(); ++k) {
      number[static_cast<std::size_t>(present_classes[k])] = static_cast<std::uint8_t>(k);
      gene.weights.push_back(
          1.0 / (static_cast<double>(present_classes.size()) * static_cast<double>(count(g, present_classes[k]))));
    }
    gene.classes.resize(static_cast<std::size_t>(n_rows_));
    const std::uint8_t* labels = labels_.data() + g * n_rows_;
    for (std::int64_t i = 0; i < n_rows_; ++i) gene.classes[static_cast<std::size_t>(i)] = number[labels[i]];
    return gene;
  }

 private:
  std::int64_t count(std::int64_t g, std::int64_t k) const {
    return counts_[static_cast<std::size_t>(g * n_classes_ + k)];
  }

  std::int64_t first_;
  std::int64_t n_classes_;
  std::int64_t n_rows_;
  std::vector<std::uint8_t> labels_;  // genes × rows
  std::vector<std::int64_t> counts_;  // genes × classes
};

// Query rows about the training means, with the bias' column.
sdk::Matrix query_features(const sdk::ConstMatrixMap& query, const LogisticFeatures& features) {
  sdk::Matrix centred(query.rows(), query.cols() + 1);
  const Eigen::Map<const Eigen::RowVectorXd> means(features.means.data(), query.cols());
  centred.leftCols(query.cols()) = query.rowwise() - means;
  centred.col(query.cols()).setOnes();
  return centred;
}

// Writes the probabilities of genes with the same number of present classes, eight genes to a group.
class ProbabilityWriter {
 public:
  ProbabilityWriter(const sdk::Matrix& query, std::int32_t n_classes, sdk::PredictorOutput& output)
      : query_(query), n_classes_(n_classes), output_(output) {}

  // Of genes[first] up to genes[last], as many as a panel takes; its of_genes[g][p]: of gene genes[g] of the range, for
  // penalty p of the path.
  void write(const GeneRange& range, const std::vector<std::int64_t>& genes, std::int64_t first, std::int64_t last,
             std::int32_t n_scores, const Solutions& solutions, const Path& path) {
    for (std::size_t p = 0; p < path.settings.size(); ++p) {
      if (!path.settings[p]) continue;
      product(solutions, p, first, last, n_scores);
      for (std::int64_t group = first; group < last; group += kLanes) {
        probabilities(scores_.data() + (group - first) * n_scores, query_.rows(), n_scores, shares_.data());
        for (std::int64_t g = group; g < std::min(last, group + kLanes); ++g) {
          write_gene(range, genes[static_cast<std::size_t>(g)], *path.settings[p], n_scores, g - group);
        }
      }
    }
  }

  // A gene with a single class.
  void write_certain(std::int64_t gene, std::int32_t present, std::int64_t n_settings) {
    for (std::int64_t s = 0; s < n_settings; ++s) {
      for (std::int32_t k = 0; k < n_classes_; ++k) {
        output_.prediction(s, k).col(gene).setConstant(k == present ? 1.0 : 0.0);
      }
    }
  }

 private:
  void product(const Solutions& solutions, std::size_t p, std::int64_t first, std::int64_t last,
               std::int32_t n_scores) {
    panel_.assign(static_cast<std::size_t>(query_.cols() * kPanelWidth), 0.0);
    scores_.resize(static_cast<std::size_t>(query_.rows() * kPanelWidth));
    shares_.resize(static_cast<std::size_t>(query_.rows() * (n_scores + 1) * kLanes));
    for (std::int64_t g = first; g < last; ++g) {
      const std::int64_t column = (g - first) / kLanes * kLanes * n_scores + (g - first) % kLanes;
      const std::vector<double>& solution = solutions.of_genes[static_cast<std::size_t>(g)][p];
      for (std::int64_t d = 0; d < query_.cols(); ++d) {
        for (std::int32_t c = 0; c < n_scores; ++c) {
          panel_[static_cast<std::size_t>(d * kPanelWidth + column + c * kLanes)] =
              solution[static_cast<std::size_t>(d * n_scores + c)];
        }
      }
    }
    PanelProduct product;
    product.left = query_.data();
    product.left_stride = query_.cols();
    product.rows = query_.rows();
    product.panel = panel_.data();
    product.depth = query_.cols();
    product.out = scores_.data();
    product.out_stride = kPanelWidth;
    panel_product(product);
  }

  void write_gene(const GeneRange& range, std::int64_t g, std::int64_t setting, std::int32_t n_scores,
                  std::int64_t lane) {
    const std::vector<std::int32_t> present = range.present(g);
    for (std::int32_t k = 0; k < n_classes_; ++k) {
      const auto found = std::find(present.begin(), present.end(), k);
      sdk::MatrixMap plane = output_.prediction(setting, k);
      if (found == present.end()) {
        plane.col(range.first() + g).setZero();
        continue;
      }
      const std::int64_t share = (found - present.begin()) * kLanes + lane;
      for (std::int64_t q = 0; q < query_.rows(); ++q) {
        plane(q, range.first() + g) = shares_[static_cast<std::size_t>(q * (n_scores + 1) * kLanes + share)];
      }
    }
  }

  const sdk::Matrix& query_;
  std::int32_t n_classes_;
  sdk::PredictorOutput& output_;
  std::vector<double> panel_;   // features × kPanelWidth
  std::vector<double> scores_;  // query rows × kPanelWidth
  std::vector<double> shares_;  // query rows × present classes · kLanes
};

void predict_absent_query_classes(const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
  const sdk::Block block = request.block();
  std::vector<std::int64_t> absent;
  for (std::int64_t q = 0; q < request.n_query(); ++q) {
    if (!block.query_present(q)) absent.push_back(q);
  }
  if (absent.empty()) return;
  const std::int64_t n_classes = request.n_classes();
  std::vector<std::int64_t> counts(static_cast<std::size_t>(request.n_genes() * n_classes), 0);
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    if (!request.training_labelled(i)) continue;
    for (std::int64_t g = 0; g < request.n_genes(); ++g) {
      ++counts[static_cast<std::size_t>(g * n_classes + request.training_class(i, g))];
    }
  }
  for (std::int64_t g = 0; g < request.n_genes(); ++g) {
    const auto begin = counts.begin() + g * n_classes;
    const std::int64_t frequent = std::max_element(begin, begin + n_classes) - begin;  // the first of equals
    for (std::int64_t s = 0; s < request.n_settings(); ++s) {
      for (std::int64_t k = 0; k < n_classes; ++k) {
        sdk::MatrixMap plane = output.prediction(s, static_cast<std::int32_t>(k));
        for (const std::int64_t q : absent) plane(q, g) = k == frequent ? 1.0 : 0.0;
      }
    }
  }
}

// Solves the genes of a range and writes their probabilities, genes with the same number of present classes together.
std::int64_t predict_range(const sdk::PredictorRequest& request, const GeneRange& range,
                           const LogisticFeatures& features, const sdk::Matrix& query, const std::vector<Path>& paths,
                           int n_threads, sdk::PredictorOutput& output) {
  const auto n_classes = static_cast<std::int32_t>(request.n_classes());
  std::int64_t n_unfinished = 0;
  for (std::int32_t n_present = 1; n_present <= n_classes; ++n_present) {
    std::vector<std::int64_t> numbers;
    for (std::int64_t g = 0; g < range.n_genes(); ++g) {
      if (static_cast<std::int32_t>(range.present(g).size()) == n_present) numbers.push_back(g);
    }
    if (n_present == 1) {
      ProbabilityWriter writer(query, n_classes, output);
      for (const std::int64_t g : numbers) {
        writer.write_certain(range.first() + g, range.present(g).front(), request.n_settings());
      }
      continue;
    }
    std::vector<GeneClasses> genes;
    for (const std::int64_t g : numbers) genes.push_back(range.classes(g));
    const std::int32_t n_scores = n_present - 1;
    const auto n = static_cast<std::int64_t>(numbers.size());
    const std::int64_t in_panel = kPanelWidth / n_scores, n_panels = (n + in_panel - 1) / in_panel;
    for (const Path& path : paths) {
      const Solutions solutions = solve_logistic(features, genes, path.penalties, n_threads);
      n_unfinished += solutions.n_unfinished;
      on_threads(n_threads, n_panels, [&](PanelCounter& counter) {
        ProbabilityWriter writer(query, n_classes, output);
        for (std::int64_t panel = counter.next(); panel < n_panels; panel = counter.next()) {
          writer.write(range, numbers, panel * in_panel, std::min(n, (panel + 1) * in_panel), n_scores, solutions,
                       path);
        }
      });
    }
  }
  return n_unfinished;
}

}  // namespace

std::int64_t predict_logistic(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output) {
  if (request.n_classes() != 2 && request.n_classes() != 3) {
    throw sdk::Unsupported("logistic does tasks of two or three classes, not of " +
                           std::to_string(request.n_classes()));
  }
  const std::vector<Path> paths = paths_of(request);
  const LabelledRows labelled = labelled_rows(request);
  if (labelled.rows.empty()) {
    for (std::int64_t s = 0; s < request.n_settings(); ++s) output.set_infeasible(s);
    return 0;
  }
  if (request.n_query() == 0) return 0;

  const LogisticFeatures features = logistic_features(labelled.features);
  const sdk::Matrix query = query_features(request.block().query(), features);
  const std::int64_t numbers_of_a_gene =
      static_cast<std::int64_t>(std::size(kStations) + 1) * features.n_features() * (request.n_classes() - 1);
  const std::int64_t at_once =
      std::max(std::int64_t{4} * kPanelWidth, kNumbersAtOnce / std::max<std::int64_t>(numbers_of_a_gene, 1));
  std::int64_t n_unfinished = 0;
  for (std::int64_t first = 0; first < request.n_genes(); first += at_once) {
    const GeneRange range(request, labelled.rows, first, std::min(first + at_once, request.n_genes()));
    n_unfinished += predict_range(request, range, features, query, paths, n_threads, output);
  }
  predict_absent_query_classes(request, output);
  return n_unfinished;
}

void warn_of_unfinished(const sdk::Host& host, std::int64_t n_fits) {
  if (n_fits == 0) return;
  host.warn(std::to_string(n_fits) + " fits of a gene and a C did not reach their optimum: standardise the features");
}

}  // namespace headroom::heads
