// An embedding plugin in C++: gene symbols that begin alike (RPL3, RPL4; HLA-A, HLA-B) get similar vectors.
#include <algorithm>
#include <headroom/embedding.hpp>

namespace sdk = headroom::sdk;

class GeneFamily final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {"gene_family", "1.0.0", "Hashed prefixes of the perturbed gene's symbol", "Apache-2.0", /*trained on*/ {},
            {{"dimension", "64", "columns of the embedding, 1 to 4096"}}};
  }

  explicit GeneFamily(const sdk::Host& host) : dimension_(host.integer("dimension")) {
    if (dimension_ < 1 || dimension_ > 4096) throw sdk::Error("option 'dimension' must lie between 1 and 4096");
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest&) override { return dimension_; }

  void embed(const sdk::Host&, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    for (std::int64_t i = 0; i < request.size(); ++i) {
      std::fill_n(output.row(i), dimension_, 0.0);
      std::uint64_t hash = 1469598103934665603u;  // FNV-1a, extended letter by letter: one feature a prefix
      for (const unsigned char letter : request.id(i)) {
        hash = (hash ^ letter) * 1099511628211u;
        output.row(i)[hash % static_cast<std::uint64_t>(dimension_)] += hash >> 63 ? 1.0 : -1.0;
      }
      output.set_present(i);
    }
  }

 private:
  std::int64_t dimension_;
};

HEADROOM_PLUGINS(GeneFamily)
