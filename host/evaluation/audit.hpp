// Leakage probes (--audit): is a score earned by what the embedding says of a perturbation, and by nothing else? Each
// asks a plugin again with something changed that an honest one must, or must not, mind.
//
//   embedding-shuffled  the rows of the embedding are permuted among the perturbations that it covers: the score must
//                       fall to the null
//   labels-shuffled     the rows of the training deltas are permuted, for a supervised embedding as for the head: the
//                       score must fall to the null
//   ids-renamed         the context has an opaque name in what the predictor is given (it is never given names of
//                       perturbations): the predictions must be bitwise the same. Does not apply to an embedding, which
//                       is asked by name
//   same-call-twice     the same request in fresh workers: vectors and predictions must be bitwise the same, and give
//                       the run's own scores, which were made after the inner splits
//   rows-reordered      the embedding is asked for the same perturbations in another order: each must keep its vector
//   twin-vectors        no test perturbation should have the very vector of a training one: `warn` with the share of
//                       those that do
//   asked-alone         a supervised embedding or a submitted predictor, asked when nobody else is and from the last
//                       fold to the first: the run's own scores, bit for bit (asked_alone.hpp)
//
// Cost: asked-alone goes through all folds; of everything else the first evaluated fold of every context is probed and
// no other. Per embedding and context that is 3 requests for vectors, and per head 2 refits and 2 whole evaluations of
// that fold (inner selection included; a supervised embedding is asked once more for each). Only where a permutation
// raises a suspicion are up to 2 more tried. A run of 5 folds thus takes about half as long again.
//
// Fallen to the null means: on the covered test perturbations of the fold, the method with shuffled rows is not better
// than the null that binds there. That is the best of its table's nulls, without those that go through a submitted
// predictor itself (one that ignores its features makes a null of itself), and for the shuffled embedding also the mean
// of the covered training deltas, which its coverage alone gives. "Better" needs both
//   - a paired advantage over the null whose one-sided 99.99 % interval lies above zero, and
//   - more than a quarter of what the method gained over that null as it was submitted,
// and a probe fails only if three independent permutations in a row leave the method better. The interval speaks of the
// test perturbations alone. A single permutation of the labels can by chance agree with the truth in a direction that
// all test perturbations share: with n training rows and few factors it keeps some 1/sqrt(n) of the gain (a fifth was
// seen with 60 rows and 3 factors), and then significantly so. That is what the second condition and the repetition are
// for: simulated with ordinary least squares and 2,000 draws, a permutation keeps a quarter of the gain in 1 of 6 draws
// with 20 rows and a single factor, the worst case (three in a row: 1 of 200), in 1 of 400 with 60 rows and 3 factors,
// in none with 128 rows and 5. What does not read its input keeps its whole gain every time.
//
// Deterministic for a seed, on any number of threads.
#pragma once

#include <stop_token>
#include <vector>

#include "evaluation/run_results.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "task/task.hpp"

namespace headroom {

// Probes every plugin method of `results` that stands in the first fold of its context. What cannot be probed is
// `skipped` with its reason; a plugin that worked in the run and breaks down under a probe fails it, unless it ran into
// a limit. In the order of contexts, embeddings, heads and probes, with asked-alone at the end of its context.
std::vector<AuditResult> audit(const Task& task, const RunOptions& options, const Roster& roster,
                               const RunResults& results, ThreadPool& pool, Progress& progress, std::stop_token stop);

}  // namespace headroom
