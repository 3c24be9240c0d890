// libtorch: a product on as many threads as the host grants, and a gradient.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/generated/variable_factories.h>

#include "library_number.h"

// d/dx of sum (x²) at ones is 2; summed over 300 x 300 entries, and the sum of a column of ones times ones.
static double number_of_library(int32_t n_threads) {
  try {
    at::set_num_threads(n_threads);
    const at::Tensor x = torch::ones({300, 300}, at::TensorOptions().dtype(at::kDouble).requires_grad(true));
    const at::Tensor loss = at::mul(x, x).sum();
    loss.backward();
    return x.grad().sum().item<double>() + at::mm(x.detach(), x.detach()).index({0, 0}).item<double>();
  } catch (...) {
    return -1;
  }
}
