// Folders of shards that are to become one run: whether they belong together, what is missing, and their evaluations.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "evaluation/run_results.hpp"
#include "outcome/outcome.hpp"
#include "plan/evaluation_key.hpp"
#include "shards/plan_folder.hpp"
#include "shards/shard_folder.hpp"
#include "store/store.hpp"

namespace headroom {

// Folders of one plan, cut into one number of shards, made on one kind of processor.
struct GatheredShards {
  StoredPlan plan;
  std::string kernels;  // of that processor
  std::size_t n_shards = 1;
  std::vector<ShardFolder> folders;  // by shard; one may be there twice
};

// Errors (bad_input): a folder that is no shard's, or one that does not belong to the first, with the reason.
Result<GatheredShards> gather_shards(const std::vector<std::filesystem::path>& folders);

// A shard that cannot be merged as it is.
struct UnfinishedShard {
  ShardName name;
  std::string why;      // "there is no folder of it", "it failed: …", "31 of 55 evaluations are there"
  std::string command;  // that makes it
};

// The evaluations of one target.
class ShardEvaluations {
 public:
  // `metrics`: of the target, in the order of FoldEvaluation::metric_values. Stores are opened to be read.
  static Result<ShardEvaluations> open(const GatheredShards& shards, const PlanRecord& target,
                                       const std::vector<std::string>& metrics);

  // `parts`: for every item of the plan the keys that it is kept under (PlannedRun::parts_of()).
  Result<std::vector<UnfinishedShard>> unfinished(const std::vector<std::vector<EvaluationKey>>& parts);

  // What a shard kept under this key, failures included; of a shard that ran twice, what both say. Errors: they say
  // different things (bad_input); a store cannot be read.
  Result<std::optional<FoldEvaluation>> find(const EvaluationKey& key);

  // What a shard kept of an embedding to compare it by. Errors: a store cannot be read.
  Result<std::optional<LeadingComponents>> find_components(const EmbeddingKey& key);

 private:
  using Place = std::tuple<std::string, std::string, std::string>;  // context, split, method
  struct Folder {
    const ShardFolder* shard;
    std::shared_ptr<Store> store;  // null: it has none yet, or one that cannot be read
    std::string fault = {};        // why it cannot, a process still writes or was killed as it did
  };
  const GatheredShards* shards_ = nullptr;
  std::vector<std::vector<std::size_t>> items_of_shard_;
  std::vector<Folder> folders_;
  std::map<Place, std::vector<std::size_t>> folders_of_;  // in folders_
};

}  // namespace headroom
