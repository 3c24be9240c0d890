// Adam (Kingma and Ba 2015) on one vector of parameters, with PyTorch's constants and order of operations, and the
// clipping of gradients before it.
#pragma once

#include <cstdint>
#include <vector>

namespace headroom::attention {

// L2 norm, summed in double in parts of a fixed size, so that it does not depend on the number of threads.
double norm_of(const std::vector<float>& gradient, int n_threads);

class Adam {
 public:
  explicit Adam(std::size_t n_values) : mean_(n_values, 0), square_(n_values, 0) {}

  // One step along `gradient` times `scale`. `values`, `gradient`: as many as at construction.
  void step(std::vector<float>& values, const std::vector<float>& gradient, double scale, double learning_rate,
            int n_threads);

 private:
  std::vector<float> mean_, square_;
  std::int64_t n_steps_ = 0;
};

}  // namespace headroom::attention
