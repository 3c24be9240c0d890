#include "shards/gathered_shards.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plan/plan_record.hpp"
#include "store/verification.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

// Why a shard's folder does not belong to the first one's; empty: it does.
std::string misfit(const ShardFolder& first, const ShardFolder& other) {
  const ShardRecord &a = first.record, &b = other.record;
  const auto against = [&](const std::string& what) {
    return fmt::format("{}, unlike {}", what, first.folder.string());
  };
  if (a.plan_sha256() != b.plan_sha256()) return against("it is a shard of another plan");
  if (a.n_shards() != b.n_shards()) return against(fmt::format("it is one of {} shards", b.n_shards()));
  if (a.kernels() != b.kernels()) {
    return against(fmt::format("it was made on another kind of processor ({}, not {}), whose last bits differ",
                               b.kernels(), a.kernels()));
  }
  return {};
}

std::string why_unfinished(const ShardRecord& record, std::size_t n_there, std::size_t n_planned) {
  const std::string there = fmt::format("{} of {} evaluations are there", n_there, n_planned);
  if (record.state() == kShardFailed) return fmt::format("it failed: {}; {}", record.error(), there);
  if (record.state() == kShardInterrupted) return "it was interrupted; " + there;
  if (record.state() == kShardRunning) return "it is running, or was killed; " + there;
  return there;
}

}  // namespace

Result<GatheredShards> gather_shards(const std::vector<fs::path>& folders) {
  GatheredShards gathered;
  for (const fs::path& folder : folders) {
    auto shard = read_shard(folder);
    if (!shard) return tl::unexpected<Error>(shard.error());
    gathered.folders.push_back(std::move(*shard));
  }
  if (gathered.folders.empty()) return bad_input("there is no shard to merge", "headroom merge", "name their folders");
  const ShardFolder& first = gathered.folders.front();
  for (const ShardFolder& other : gathered.folders) {
    if (const std::string why = misfit(first, other); !why.empty()) {
      return bad_input(why, other.folder.string(), "merge shards of one plan and one kind of processor");
    }
  }
  auto plan = read_plan(first.folder);
  if (!plan) return tl::unexpected<Error>(plan.error());
  if (plan->sha256 != first.record.plan_sha256()) {
    return bad_input("the shard's copy of the plan is not the one that it was made by",
                     (first.folder / "plan.json").string(), "make the shard again");
  }
  gathered.plan = std::move(*plan);
  gathered.kernels = first.record.kernels();
  gathered.n_shards = first.record.n_shards();
  std::stable_sort(gathered.folders.begin(), gathered.folders.end(),
                   [](const ShardFolder& a, const ShardFolder& b) { return a.record.shard() < b.record.shard(); });
  return gathered;
}

Result<ShardEvaluations> ShardEvaluations::open(const GatheredShards& shards, const PlanRecord& target,
                                                const std::vector<std::string>& metrics) {
  ShardEvaluations all;
  all.shards_ = &shards;
  all.items_of_shard_ = shards_of(target, shards.n_shards);
  for (const ShardFolder& shard : shards.folders) {
    Folder folder{&shard, nullptr};
    std::error_code ignored;
    if (fs::exists(shard.folder / "results.sqlite", ignored)) {
      auto store = Store::open_to_read(shard.folder, metrics);
      if (store) {
        folder.store = std::make_shared<Store>(std::move(*store));
      } else {
        folder.fault = store.error().line();
      }
    }
    const std::size_t position = all.folders_.size();
    all.folders_.push_back(std::move(folder));
    for (const std::size_t i : all.items_of_shard_[shard.record.shard() - 1]) {
      const PlanItemRecord& item = target.items(static_cast<int>(i));
      for (const std::string& method : item.methods()) {
        all.folders_of_[{item.context(), item.split(), method}].push_back(position);
      }
    }
  }
  return all;
}

Result<std::vector<UnfinishedShard>> ShardEvaluations::unfinished(
    const std::vector<std::vector<EvaluationKey>>& parts) {
  std::vector<UnfinishedShard> unfinished;
  for (std::size_t s = 0; s < shards_->n_shards; ++s) {
    std::size_t n_planned = 0, n_there = 0;
    const Folder* folder = nullptr;
    for (const Folder& one : folders_) {
      if (one.shard->record.shard() == s + 1 && folder == nullptr) folder = &one;
    }
    for (const std::size_t item : items_of_shard_[s]) {
      for (const EvaluationKey& key : parts[item]) {
        ++n_planned;
        bool is_there = false;
        const auto found = folders_of_.find({key.context, key.split, key.method});
        for (const std::size_t f : found == folders_of_.end() ? std::vector<std::size_t>{} : found->second) {
          if (!folders_[f].store || is_there) continue;
          const auto origin = folders_[f].store->origin_of(key);
          if (!origin) return tl::unexpected<Error>(origin.error());
          is_there = *origin && (*origin)->fingerprint == key.fingerprint && (*origin)->has_all_metrics;
        }
        n_there += is_there;
      }
    }
    if (n_there == n_planned && (folder != nullptr || n_planned == 0)) continue;
    const ShardName name{s + 1, shards_->n_shards};
    const ShardFolder& first = shards_->folders.front();
    const fs::path place = folder != nullptr ? folder->shard->folder : folder_beside(first.folder, name);
    std::string why = "there is no folder of it";
    if (folder != nullptr) why = why_unfinished(folder->shard->record, n_there, n_planned);
    if (folder != nullptr && !folder->fault.empty()) why += " (" + folder->fault + ")";
    unfinished.push_back({name, std::move(why), command_of_shard(first.record.plan_path(), name, place)});
  }
  return unfinished;
}

Result<std::optional<FoldEvaluation>> ShardEvaluations::find(const EvaluationKey& key) {
  const auto places = folders_of_.find({key.context, key.split, key.method});
  std::optional<FoldEvaluation> found;
  const Folder* from = nullptr;
  if (places == folders_of_.end()) return found;
  for (const std::size_t f : places->second) {
    Folder& folder = folders_[f];
    if (!folder.store) continue;
    auto kept = folder.store->find(key);
    if (!kept) return tl::unexpected<Error>(kept.error());
    if (!*kept) continue;
    if (found) {
      std::vector<std::string> rows;
      for (std::size_t i = 0; i < found->covered.size(); ++i) rows.push_back(fmt::format("test row {}", i));
      const bool same_state = found->status == (*kept)->status && found->covered.size() == (*kept)->covered.size();
      const std::string difference =
          same_state ? difference_of(*found, **kept, folder.store->metrics(), rows) : "one of them failed";
      if (!difference.empty()) {
        return bad_input(fmt::format("two runs of shard {} say different things of {} {} {}: {}",
                                     folder.shard->name().text(), key.context, key.split, key.method, difference),
                         fmt::format("{}, {}", from->shard->folder.string(), folder.shard->folder.string()),
                         "merge one of the two; headroom verify tells what its inputs give now");
      }
      continue;
    }
    found = std::move(**kept);
    from = &folder;
  }
  return found;
}

Result<std::optional<LeadingComponents>> ShardEvaluations::find_components(const EmbeddingKey& key) {
  for (Folder& folder : folders_) {
    if (!folder.store) continue;
    auto kept = folder.store->find_components(key);
    if (!kept || *kept) return kept;
  }
  return std::nullopt;
}

}  // namespace headroom
