// The deltas that a simulated screen would show with endlessly many cells and no batch effect.
#pragma once

#include "parallel/thread_pool.hpp"
#include "simulation/screen_model.hpp"

namespace headroom {

// Perturbations × genes of one context: E log1p(10,000 · count / depth) of the perturbation's cells minus the
// control's, the expectation over the negative binomial (summed) and the log-normal depth (Gauss–Hermite, 5 nodes). The
// total of a cell is taken as its depth: its own spread moves a delta by less than 1e-3.
Matrix expected_deltas(const ScreenModel& model, std::size_t context, ThreadPool& pool);

}  // namespace headroom
