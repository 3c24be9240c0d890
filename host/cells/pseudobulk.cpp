#include "cells/pseudobulk.hpp"

#include <algorithm>

namespace headroom {
namespace {

// Genes that one task of the pool sums.
constexpr std::uint32_t kGenesPerTask = 512;

void moments_of_genes(const GeneMajorGroup& group, std::uint32_t gene_begin, std::uint32_t gene_end, BatchMoments& out) {
  const std::size_t n_spans = group.spans.size();
  std::vector<std::uint32_t> span_of_cell(group.n_cells);
  for (std::uint32_t s = 0; s < n_spans; ++s) {
    std::fill(span_of_cell.begin() + group.spans[s].begin, span_of_cell.begin() + group.spans[s].end, s);
  }
  std::vector<double> sum(n_spans), squares(n_spans);
  for (std::uint32_t g = gene_begin; g < gene_end; ++g) {
    std::fill(sum.begin(), sum.end(), 0.0);
    std::fill(squares.begin(), squares.end(), 0.0);
    for (const GeneMajorBlock& block : group.blocks) {
      const std::uint32_t* const span = span_of_cell.data() + block.first_cell;
      for (std::uint32_t e = block.begin[g]; e < block.begin[g + 1]; ++e) {
        const double x = block.value[e];
        sum[span[block.cell[e]]] += x;
        squares[span[block.cell[e]]] += x * x;
      }
    }
    for (std::size_t s = 0; s < n_spans; ++s) {
      const double n = group.spans[s].n_cells(), mean = sum[s] / n;
      out.mean(s, g) = mean;
      out.squared_error(s, g) = n > 1 ? std::max(0.0, squares[s] - n * mean * mean) / ((n - 1) * n) : 0.0;
    }
  }
}

}  // namespace

std::size_t find_batch(const std::vector<BatchSpan>& spans, std::uint32_t batch) {
  const auto at = std::lower_bound(spans.begin(), spans.end(), batch,
                                   [](const BatchSpan& span, std::uint32_t b) { return span.batch < b; });
  return at != spans.end() && at->batch == batch ? static_cast<std::size_t>(at - spans.begin()) : spans.size();
}

BatchMoments batch_moments(const GeneMajorGroup& group, std::uint32_t n_genes, ThreadPool& pool) {
  BatchMoments out;
  out.spans = group.spans;
  out.mean.resize(static_cast<Eigen::Index>(group.spans.size()), n_genes);
  out.squared_error.resize(out.mean.rows(), n_genes);
  pool.for_each((n_genes + kGenesPerTask - 1) / kGenesPerTask, [&](std::size_t task) {
    const auto begin = static_cast<std::uint32_t>(task * kGenesPerTask);
    moments_of_genes(group, begin, std::min(n_genes, begin + kGenesPerTask), out);
  });
  return out;
}

Profile mean_over_batches(const BatchMoments& moments) {
  const auto n = static_cast<double>(moments.spans.size());
  return {moments.mean.colwise().sum() / n, moments.squared_error.colwise().sum() / (n * n)};
}

Profile global_delta(const BatchMoments& perturbation, const Profile& control) {
  Profile delta = mean_over_batches(perturbation);
  delta.mean -= control.mean;
  delta.squared_error += control.squared_error;
  return delta;
}

Profile matched_delta(const BatchMoments& perturbation, const BatchMoments& control) {
  const auto n = static_cast<double>(perturbation.spans.size());
  Profile delta{RowVector::Zero(perturbation.mean.cols()), RowVector::Zero(perturbation.mean.cols())};
  for (std::size_t s = 0; s < perturbation.spans.size(); ++s) {
    const std::size_t c = find_batch(control.spans, perturbation.spans[s].batch);
    delta.mean += perturbation.mean.row(s) - control.mean.row(c);
    delta.squared_error += perturbation.squared_error.row(s) + control.squared_error.row(c);
  }
  delta.mean /= n;
  delta.squared_error /= n * n;
  return delta;
}

}  // namespace headroom
