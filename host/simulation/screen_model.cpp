#include "simulation/screen_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "simulation/normal_stream.hpp"

namespace headroom {
namespace {

// Streams of the model, one for each random dimension.
enum Stream : std::uint32_t {
  kIds,
  kSymbols,
  kTargets,
  kModules,
  kFactors,
  kLoadings,
  kRates,
  kStrength,
  kOwn,
  kBatch,
  kEmbedding
};

constexpr double kRateSpread = 1.2;        // of a gene's log expression
constexpr double kDispersion = 4;          // median θ
constexpr double kDispersionSpread = 0.4;  // of log θ
constexpr double kModuleShare = 0.8;   // of a perturbation's factors that its module explains, in standard deviations
constexpr double kLoadingShare = 0.4;  // of genes that a factor moves
constexpr double kEffect = 0.45;       // standard deviation of a shared log change at strength 1
constexpr double kStrengthSpread = 0.35;  // of a perturbation's log strength
constexpr double kOwnShare = 0.04;        // of genes that a perturbation moves on its own, unseen by embeddings
constexpr double kOwnEffect = 0.35;
constexpr double kKnockDown = -1.6;                   // of the perturbed gene itself
constexpr double kGoodNoise = 0.8, kWeakNoise = 1.8;  // per factor, where a factor has standard deviation 1

std::string symbol_of(RandomStream& random, std::set<std::string>& taken) {
  for (;;) {
    std::string symbol;
    const std::uint32_t n_letters = 3 + random.below(2);
    for (std::uint32_t i = 0; i < n_letters; ++i) symbol += static_cast<char>('A' + random.below(26));
    symbol += std::to_string(1 + random.below(30));
    if (taken.insert(symbol).second) return symbol;
  }
}

std::vector<std::uint32_t> shuffled(std::size_t n, RandomStream random) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  return order;
}

Matrix normal_matrix(std::uint64_t key, std::uint32_t stream, std::uint32_t number, Eigen::Index rows,
                     Eigen::Index cols) {
  Matrix out(rows, cols);
  for (Eigen::Index r = 0; r < rows; ++r) {
    NormalStream random(key, stream, number, static_cast<std::uint32_t>(r));
    for (Eigen::Index c = 0; c < cols; ++c) out(r, c) = random.normal();
  }
  return out;
}

// Ids and symbols of measured genes and of perturbed ones.
void draw_names(ScreenModel& model, std::uint64_t key) {
  const auto n_genes = static_cast<std::size_t>(model.size.n_genes);
  const auto n_perts = static_cast<std::size_t>(model.size.n_perturbations);
  auto n_unmeasured =
      static_cast<std::size_t>(std::lround(ScreenSize::kUnmeasuredShare * static_cast<double>(n_perts)));
  n_unmeasured = std::max(n_unmeasured, n_perts > n_genes ? n_perts - n_genes : 0);

  RandomStream ids(key, kIds), symbols(key, kSymbols);
  std::set<std::uint32_t> numbers;
  while (numbers.size() < n_genes + n_unmeasured) numbers.insert(1000 + ids.below(289'000));
  std::vector<std::pair<std::string, std::string>> names;  // ascending by id
  std::set<std::string> taken;
  for (const std::uint32_t number : numbers) {
    names.emplace_back(fmt::format("ENSG{:011}", number), symbol_of(symbols, taken));
  }
  const auto order = shuffled(names.size(), RandomStream(key, kTargets));
  std::vector<bool> measured(names.size(), true), perturbed(names.size(), false);
  for (std::size_t i = 0; i < n_unmeasured; ++i) measured[order[i]] = false;
  for (std::size_t i = 0; i < n_perts; ++i) perturbed[order[i]] = true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (perturbed[i]) {
      model.pert_ids.push_back(names[i].first);
      model.pert_symbols.push_back(names[i].second);
      model.pert_gene.push_back(measured[i] ? static_cast<std::int32_t>(model.gene_ids.size()) : -1);
    }
    if (measured[i]) {
      model.gene_ids.push_back(names[i].first);
      model.gene_symbols.push_back(names[i].second);
    }
  }
}

}  // namespace

ScreenModel make_screen_model(const ScreenSize& size, std::uint64_t seed) {
  ScreenModel model;
  model.size = size;
  model.seed = seed;
  const std::uint64_t key = stream_key(seed, "screen model");
  draw_names(model, key);
  for (int c = 0; c < size.n_contexts; ++c) model.contexts.push_back(fmt::format("line{}", static_cast<char>('A' + c)));
  for (int b = 0; b < size.n_batches; ++b) model.batches.push_back(fmt::format("gem{:02}", b + 1));

  const Eigen::Index n_perts = size.n_perturbations, n_genes = size.n_genes, n_factors = size.n_factors;
  const Matrix centres = normal_matrix(key, kModules, 0, size.n_modules, n_factors);
  const Matrix own_part = normal_matrix(key, kFactors, 0, n_perts, n_factors);
  model.factors.resize(n_perts, n_factors);
  RandomStream modules(key, kModules, 1);
  for (Eigen::Index p = 0; p < n_perts; ++p) {
    const Eigen::Index module = modules.below(static_cast<std::uint32_t>(size.n_modules));
    model.factors.row(p) =
        kModuleShare * centres.row(module) + std::sqrt(1 - kModuleShare * kModuleShare) * own_part.row(p);
  }

  NormalStream rates(key, kRates);
  RowVector base(n_genes);
  for (Eigen::Index g = 0; g < n_genes; ++g) {
    base(g) = kRateSpread * rates.normal();
    model.dispersion.push_back(kDispersion * std::exp(kDispersionSpread * rates.normal()));
  }
  const auto loadings = [&](std::uint32_t number) {  // factors × genes, most of them zero, unit variance in a row
    Matrix out = normal_matrix(key, kLoadings, number, n_factors, n_genes);
    for (Eigen::Index f = 0; f < n_factors; ++f) {
      RandomStream sparse(key, kLoadings, number + 1000, static_cast<std::uint32_t>(f));
      for (Eigen::Index g = 0; g < n_genes; ++g)
        out(f, g) *= sparse.uniform() < kLoadingShare ? 1 / std::sqrt(kLoadingShare) : 0;
    }
    return out;
  };
  const Matrix shared = loadings(0);
  for (std::uint32_t c = 0; c < static_cast<std::uint32_t>(size.n_contexts); ++c) {
    // A context's genes are expressed a little differently, and its perturbations act a little differently.
    NormalStream shift(key, kRates, c + 1);
    RowVector rate = base;
    for (Eigen::Index g = 0; g < n_genes; ++g) rate(g) += 0.3 * shift.normal();
    rate.array() -= std::log(rate.array().exp().sum());
    model.log_rate.push_back(std::move(rate));

    const Matrix moved = std::sqrt(1 - size.context_share) * shared + std::sqrt(size.context_share) * loadings(c + 1);
    Matrix change = kEffect / std::sqrt(static_cast<double>(n_factors)) * (model.factors * moved);
    for (Eigen::Index p = 0; p < n_perts; ++p) {
      NormalStream strength(key, kStrength, 0, static_cast<std::uint32_t>(p));  // the same in every context
      change.row(p) *= std::exp(kStrengthSpread * strength.normal());
      NormalStream own(key, kOwn, c, static_cast<std::uint32_t>(p));
      for (Eigen::Index g = 0; g < n_genes; ++g) {
        if (own.words().uniform() < kOwnShare) change(p, g) += kOwnEffect * own.normal();
      }
      const std::int32_t gene = model.pert_gene[static_cast<std::size_t>(p)];
      if (gene >= 0) change(p, gene) = kKnockDown;
    }
    model.log_change.push_back(std::move(change));

    Matrix batch = ScreenSize::kBatchSpread * normal_matrix(key, kBatch, c, size.n_batches, n_genes);
    batch = batch.cwiseMax(-ScreenSize::kBatchLimit).cwiseMin(ScreenSize::kBatchLimit);
    model.batch_effect.push_back(std::move(batch));
  }
  return model;
}

std::vector<SimulatedEmbedding> make_embeddings(const ScreenModel& model) {
  const std::uint64_t key = stream_key(model.seed, "embeddings");
  const Eigen::Index n_factors = model.size.n_factors, dim = model.size.embedding_dim;
  // Some genes that were never perturbed have vectors too, as in a real embedding.
  const std::set<std::string> perturbed(model.pert_ids.begin(), model.pert_ids.end());
  std::vector<std::string> ids = model.pert_ids;
  for (const std::string& gene : model.gene_ids) {
    if (ids.size() < model.pert_ids.size() * 5 / 4 && !perturbed.contains(gene)) ids.push_back(gene);
  }
  const auto n = static_cast<Eigen::Index>(ids.size());

  struct Kind {
    std::string name;
    double noise;                  // 0: it knows nothing
    std::optional<int> part = {};  // the factors that it knows, of n_partial_embeddings parts; none: all
  };
  std::vector<Kind> kinds{{"good", kGoodNoise}, {"weak", kWeakNoise}, {"noise", 0}};
  const int n_parts = model.size.n_partial_embeddings;
  for (int part = 0; part < n_parts; ++part) kinds.push_back({fmt::format("part{}", part + 1), kGoodNoise, part});

  std::vector<SimulatedEmbedding> embeddings;
  std::uint32_t number = 0;
  for (const auto& [name, noise, part] : kinds) {
    Matrix known = normal_matrix(key, kEmbedding, 3 * number, n, n_factors);  // what the embedding says of the factors
    if (noise > 0) {
      known.topRows(model.factors.rows()) = model.factors + noise * known.topRows(model.factors.rows());
    }
    for (Eigen::Index f = 0; part && f < n_factors; ++f) {
      if (f % n_parts != *part) known.col(f).setZero();
    }
    // Mixed into more dimensions, with a little of nothing in each.
    const Matrix mixing =
        normal_matrix(key, kEmbedding, 3 * number + 1, n_factors, dim) / std::sqrt(static_cast<double>(dim));
    const Matrix values = known * mixing + 0.02 * normal_matrix(key, kEmbedding, 3 * number + 2, n, dim);
    const auto order = shuffled(ids.size(), RandomStream(key, kEmbedding, number, UINT32_MAX));
    SimulatedEmbedding embedding{name, {}, Matrix(n, dim)};
    for (std::size_t i = 0; i < order.size(); ++i) {
      embedding.ids.push_back(ids[order[i]]);
      embedding.values.row(static_cast<Eigen::Index>(i)) = values.row(order[i]);
    }
    embeddings.push_back(std::move(embedding));
    ++number;
  }
  return embeddings;
}

}  // namespace headroom
