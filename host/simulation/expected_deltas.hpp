// The deltas that a simulated screen would show with endlessly many cells and no batch effect.
#pragma once

#include <stop_token>

#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "simulation/screen_model.hpp"

namespace headroom {

// Perturbations × genes of one context: E log1p(10,000 · count / depth) of the perturbation's cells minus the
// control's, the expectation over the negative binomial (summed) and the log-normal depth (Gauss–Hermite, 5 nodes). The
// total of a cell is taken as its depth: its own spread moves a delta by less than 1e-3.
// `progress` advances by the perturbations. Asked to stop, it ends early with a result that is not to be used.
Matrix expected_deltas(const ScreenModel& model, std::size_t context, ThreadPool& pool, Progress& progress,
                       const std::stop_token& stop);

}  // namespace headroom
