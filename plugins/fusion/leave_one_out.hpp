// How far leave-one-out predictions of ridge in the dual lie from the training rows, in closed form, as a function of
// the kernels' weights (protocol section 9).
//
// The protocol's K = Σ w_b K_b with Σ w = 1 and its penalty λ enter through v = w / λ alone: with P = (I + Σ v_b
// K_b)⁻¹, which is λ(K + λI)⁻¹, the residual of row i is (P Y_c)_i / (P_ii - 1/n), and its norm takes Γ = Y_c Y_cᵀ in
// place of all genes: ‖(P Y_c)_i‖² = (P Γ P)_ii. So v >= 0 is all that is searched for; λ = 1 / Σ v and w = λ v.
#pragma once

#include <optional>
#include <vector>

#include "fusion/block_kernel.hpp"

namespace headroom::fusion {

struct LeaveOneOut {
  std::vector<const LowerTriangle*> kernels;  // centred; all of n rows
  const sdk::Matrix* gamma = nullptr;         // Γ: n × n
  int n_threads = 1;
};

// I + Σ v_b K_b: n × n.
sdk::Matrix penalised_sum(const LeaveOneOut& problem, const Eigen::VectorXd& v);

// The mean of the residuals' norms, and its derivatives by v; none where the sum of kernels cannot be inverted, or a
// row is predicted from itself alone.
std::optional<double> mean_residual(const LeaveOneOut& problem, const Eigen::VectorXd& v, Eigen::VectorXd& gradient);

}  // namespace headroom::fusion
