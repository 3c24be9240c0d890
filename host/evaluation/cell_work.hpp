// What the evaluations of predicted cells share over a run: the screen that the task keeps, files of predicted cells,
// and scores that are the same in every fold. Each is made by whoever needs it first and lives as long as the run.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "cell_metrics/panel_scores.hpp"
#include "evaluation/made_once.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"
#include "plan/run_options.hpp"
#include "suite/kept_screen.hpp"
#include "suite/predicted_cells.hpp"
#include "task/task.hpp"

namespace headroom {

// Screens that were drawn or halved, each scored as a prediction of the whole panel.
using ScoredScreens = std::vector<PanelScores>;

class CellWork {
 public:
  // All of these outlive it.
  CellWork(const Task& task, const RunOptions& options, ThreadPool& pool, std::stop_token stop)
      : task_(task), options_(options), pool_(pool), stop_(std::move(stop)) {}

  // With genes left out as the run says.
  std::shared_ptr<const Result<KeptScreen>> screen();
  // One of RunOptions::predictions.
  std::shared_ptr<const Result<PredictedCells>> predictions(std::size_t which, const KeptScreen& screen);

  // Scores of a method in a context, made once.
  template <class Make>
  std::shared_ptr<const Result<ScoredScreens>> scores(const std::string& context, const std::string& method,
                                                      Make&& make) {
    return place(scores_, std::pair{context, method}).get(std::forward<Make>(make));
  }

  ThreadPool& pool() { return pool_; }
  const std::stop_token& stop() const { return stop_; }

 private:
  template <class Key, class T>
  MadeOnce<T>& place(std::map<Key, std::unique_ptr<MadeOnce<T>>>& places, const Key& key) {
    std::lock_guard lock(mutex_);
    auto& found = places[key];
    if (!found) found = std::make_unique<MadeOnce<T>>();
    return *found;
  }

  const Task& task_;
  const RunOptions& options_;
  ThreadPool& pool_;
  std::stop_token stop_;
  std::mutex mutex_;
  MadeOnce<Result<KeptScreen>> screen_;
  std::map<std::size_t, std::unique_ptr<MadeOnce<Result<PredictedCells>>>> predictions_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<MadeOnce<Result<ScoredScreens>>>> scores_;
};

}  // namespace headroom
