#include "cells/pseudobulk.hpp"

#include <algorithm>

namespace headroom {
namespace {

// From the sums of a batch's values and of their squares.
void sums_to_moments(const BatchSpan& span, std::uint32_t n_genes, double* mean, double* squared_error) {
  const double n = span.n_cells(), scale = n > 1 ? 1 / ((n - 1) * n) : 0;
  for (std::uint32_t g = 0; g < n_genes; ++g) {
    mean[g] /= n;
    squared_error[g] = scale * std::max(0.0, squared_error[g] - n * mean[g] * mean[g]);
  }
}

// Cell by cell, so that sums of neighbouring entries do not wait for each other.
void moments_of_batch(const CellRows& rows, const BatchSpan& span, std::uint32_t n_genes, double* mean,
                      double* squared_error) {
  std::fill(mean, mean + n_genes, 0.0);
  std::fill(squared_error, squared_error + n_genes, 0.0);
  for (std::uint64_t e = rows.begin[span.begin]; e < rows.begin[span.end]; ++e) {
    const double x = rows.value[e];
    mean[rows.gene[e]] += x;
    squared_error[rows.gene[e]] += x * x;
  }
  sums_to_moments(span, n_genes, mean, squared_error);
}

}  // namespace

std::size_t find_batch(const std::vector<BatchSpan>& spans, std::uint32_t batch) {
  const auto at = std::lower_bound(spans.begin(), spans.end(), batch,
                                   [](const BatchSpan& span, std::uint32_t b) { return span.batch < b; });
  return at != spans.end() && at->batch == batch ? static_cast<std::size_t>(at - spans.begin()) : spans.size();
}

void batch_moments(const CellRows& rows, std::uint32_t n_genes, ThreadPool& pool, BatchMoments& out) {
  out.spans = batch_spans(rows.batch);
  const auto n_batches = static_cast<Eigen::Index>(out.spans.size());
  if (out.mean.rows() < n_batches || out.mean.cols() != n_genes) {
    out.mean.resize(n_batches, n_genes);
    out.squared_error.resize(n_batches, n_genes);
  }
  pool.for_each(out.spans.size(), [&](std::size_t s) {
    const auto row = static_cast<Eigen::Index>(s);
    moments_of_batch(rows, out.spans[s], n_genes, out.mean.row(row).data(), out.squared_error.row(row).data());
  });
}

void begin_moments(std::vector<BatchSpan> spans, std::uint32_t n_genes, BatchMoments& out) {
  out.spans = std::move(spans);
  out.mean = out.squared_error = Matrix::Zero(static_cast<Eigen::Index>(out.spans.size()), n_genes);
}

void add_moments(const GeneMajorBlock& block, std::uint32_t gene_begin, std::uint32_t gene_end, BatchMoments& out) {
  const auto first_span = std::upper_bound(out.spans.begin(), out.spans.end(), block.first_cell,
                                           [](std::uint32_t cell, const BatchSpan& span) { return cell < span.end; });
  for (std::uint32_t g = gene_begin; g < gene_end; ++g) {
    auto span = first_span;
    for (std::uint32_t e = block.begin[g]; e < block.begin[g + 1];) {
      while (span->end <= block.first_cell + block.cell[e]) ++span;
      const auto row = static_cast<Eigen::Index>(span - out.spans.begin());
      double sum = out.mean(row, g), squares = out.squared_error(row, g);
      for (; e < block.begin[g + 1] && block.first_cell + block.cell[e] < span->end; ++e) {
        const double x = block.value[e];
        sum += x;
        squares += x * x;
      }
      out.mean(row, g) = sum;
      out.squared_error(row, g) = squares;
    }
  }
}

void end_moments(BatchMoments& out) {
  for (std::size_t s = 0; s < out.spans.size(); ++s) {
    const auto row = static_cast<Eigen::Index>(s);
    sums_to_moments(out.spans[s], static_cast<std::uint32_t>(out.mean.cols()), out.mean.row(row).data(),
                    out.squared_error.row(row).data());
  }
}

Profile mean_over_batches(const BatchMoments& moments) {
  const auto rows = static_cast<Eigen::Index>(moments.spans.size());
  const auto n = static_cast<double>(rows);
  return {moments.mean.topRows(rows).colwise().sum() / n,
          moments.squared_error.topRows(rows).colwise().sum() / (n * n)};
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
