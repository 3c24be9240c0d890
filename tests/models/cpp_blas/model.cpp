// Letters' trigrams of an id, projected at random and orthogonalised: products by BLAS, the basis by LAPACK, as one
// calls them from C++ without a wrapper.
#include <headroom/embedding.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

extern "C" {
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* b, const int* ldb, const double* beta, double* c,
            const int* ldc);
void dgeqrf_(const int* m, const int* n, double* a, const int* lda, double* tau, double* work, const int* lwork,
             int* info);
void dorgqr_(const int* m, const int* n, const int* k, double* a, const int* lda, const double* tau, double* work,
             const int* lwork, int* info);
}

namespace sdk = headroom::sdk;

namespace {

constexpr int kBuckets = 512;  // of trigrams
constexpr int kDimension = 48;

// kBuckets × kDimension, column by column, its columns orthonormal.
std::vector<double> random_basis() {
  std::vector<double> basis(static_cast<std::size_t>(kBuckets) * kDimension), tau(kDimension), work(1);
  std::mt19937_64 bits(20);
  for (double& x : basis) x = static_cast<double>(bits() >> 11) * 0x1p-53 - 0.5;
  int query = -1, info = 0;
  dgeqrf_(&kBuckets, &kDimension, basis.data(), &kBuckets, tau.data(), work.data(), &query, &info);
  int size = std::max(static_cast<int>(work[0]), kDimension * 64);
  work.resize(static_cast<std::size_t>(size));
  dgeqrf_(&kBuckets, &kDimension, basis.data(), &kBuckets, tau.data(), work.data(), &size, &info);
  if (info == 0)
    dorgqr_(&kBuckets, &kDimension, &kDimension, basis.data(), &kBuckets, tau.data(), work.data(), &size, &info);
  if (info != 0) throw std::runtime_error("LAPACK: info = " + std::to_string(info));
  return basis;
}

}  // namespace

class Trigrams final : public sdk::Embedding {
 public:
  static sdk::About about() { return {"cpp_blas", "2.1.0", "Projected trigrams of the id", "Apache-2.0"}; }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest&) override { return kDimension; }

  void embed(const sdk::Host&, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    const int n = static_cast<int>(request.size()), stride = static_cast<int>(output.c().vectors.row_stride);
    std::vector<double> counts(static_cast<std::size_t>(n) * kBuckets);  // ids × buckets, row by row
    for (int i = 0; i < n; ++i) {
      const std::string id = "^" + std::string(request.id(i)) + "$";
      for (std::size_t at = 0; at + 3 <= id.size(); ++at) {
        unsigned hash = 0;
        for (std::size_t letter = at; letter < at + 3; ++letter) hash = hash * 131 + static_cast<unsigned char>(id[letter]);
        counts[static_cast<std::size_t>(i) * kBuckets + hash % kBuckets] += 1;
      }
      output.set_present(i);
    }
    // Row-major vectors = counts · basis are column-major vectorsᵀ = basisᵀ · countsᵀ.
    const double one = 1, zero = 0;
    dgemm_("T", "N", &kDimension, &n, &kBuckets, &one, basis_.data(), &kBuckets, counts.data(), &kBuckets, &zero,
           output.row(0), &stride);
  }

 private:
  std::vector<double> basis_ = random_basis();
};

HEADROOM_PLUGINS(Trigrams)
