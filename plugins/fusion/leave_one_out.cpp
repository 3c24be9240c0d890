#include "fusion/leave_one_out.hpp"

#include <cmath>

#include "fusion/dense_product.hpp"
#include "fusion/positive_inverse.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::fusion {
namespace {

// Below the diagonal m(i, j) + m(j, i), and the diagonal as it is: the inner product of a
// symmetric matrix with m is then that of the triangles.
LowerTriangle folded(const sdk::Matrix& m, int n_threads) {
  LowerTriangle triangle(m.rows());
  heads::on_threads(n_threads, m.rows(), [&](heads::PanelCounter& counter) {
    for (std::int64_t i = counter.next(); i < m.rows(); i = counter.next()) {
      double* to = triangle.row(i);
      for (std::int64_t j = 0; j < i; ++j) to[j] = m(i, j) + m(j, i);
      to[i] = m(i, i);
    }
  });
  return triangle;
}

}  // namespace

sdk::Matrix penalised_sum(const LeaveOneOut& problem, const Eigen::VectorXd& v) {
  const std::int64_t n = problem.gamma->rows();
  sdk::Matrix sum(n, n);
  heads::on_threads(problem.n_threads, n, [&](heads::PanelCounter& counter) {
    for (std::int64_t i = counter.next(); i < n; i = counter.next()) {
      Eigen::Map<Eigen::RowVectorXd> row(sum.data() + i * n, i + 1);
      row.setZero();
      row[i] = 1.0;
      for (std::size_t b = 0; b < problem.kernels.size(); ++b) {
        const double weight = v[static_cast<Eigen::Index>(b)];
        if (weight != 0) row += weight * Eigen::Map<const Eigen::RowVectorXd>(problem.kernels[b]->row(i), i + 1);
      }
    }
  });
  mirror_lower(sum);
  return sum;
}

std::optional<double> mean_residual(const LeaveOneOut& problem, const Eigen::VectorXd& v, Eigen::VectorXd& gradient) {
  const sdk::Matrix& gamma = *problem.gamma;
  const std::int64_t n = gamma.rows();
  const auto inverse = positive_inverse(penalised_sum(problem, v), problem.n_threads);  // P
  if (!inverse) return std::nullopt;
  const sdk::Matrix& p = *inverse;
  const sdk::Matrix squares =
      symmetric_product(product(p, gamma, problem.n_threads), p, problem.n_threads);  // P Γ P; its rows are its columns

  // Of norms s_i = √(PΓP)_ii and d_i = P_ii - 1/n: dP = -P dK P gives d(s_i / d_i) = -(P dK PΓP)_ii / (s_i d_i)
  // + s_i (P dK P)_ii / d_i², so that the derivative by K is the matrix P E with row i of E as below.
  sdk::Matrix rows(n, n);
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double d = p(i, i) - 1.0 / static_cast<double>(n);
    if (!(d > 0)) return std::nullopt;
    const double s = std::sqrt(std::max(0.0, squares(i, i)));
    sum += s / d;
    if (s > 0) {
      rows.row(i) = (-squares.row(i) / (s * d) + p.row(i) * (s / (d * d))) / static_cast<double>(n);
    } else {
      rows.row(i).setZero();
    }
  }
  const double mean = sum / static_cast<double>(n);
  if (!std::isfinite(mean)) return std::nullopt;
  const LowerTriangle by_kernel = folded(product(p, rows, problem.n_threads), problem.n_threads);
  gradient.resize(static_cast<Eigen::Index>(problem.kernels.size()));
  heads::on_threads(problem.n_threads, gradient.size(), [&](heads::PanelCounter& counter) {
    for (std::int64_t b = counter.next(); b < gradient.size(); b = counter.next()) {
      gradient[b] = problem.kernels[static_cast<std::size_t>(b)]->values().dot(by_kernel.values());
    }
  });
  return mean;
}

}  // namespace headroom::fusion
