// An embedding of the vectors in its folder's file `vectors` (lines of an id and three numbers), honest or not, as its
// option `deed` says:
//   place     a perturbation's vector depends on its place in the request
//   drawn     the vectors differ from process to process
#include <array>
#include <fstream>
#include <headroom/embedding.hpp>
#include <map>
#include <random>

namespace sdk = headroom::sdk;

class AuditedEmbedding final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {"audited_embedding", "1", "Vectors of a file, or a cheat",
            "Apache-2.0",        {},  {{"deed", "honest", "honest, place or drawn"}}};
  }

  explicit AuditedEmbedding(const sdk::Host& host) : deed_(host.text("deed")) {
    std::ifstream file(std::string(host.data_folder()) + "/vectors");
    std::string id;
    for (std::array<double, 3> v{}; file >> id >> v[0] >> v[1] >> v[2];) vectors_[id] = v;
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest&) override { return 3; }

  void embed(const sdk::Host&, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    for (std::int64_t i = 0; i < request.size(); ++i) {
      const auto found = vectors_.find(std::string(request.id(i)));
      if (found == vectors_.end()) continue;
      for (std::size_t j = 0; j < 3; ++j) output.row(i)[j] = found->second[j];
      if (deed_ == "place") output.row(i)[0] = static_cast<double>(i);
      if (deed_ == "drawn") output.row(i)[0] += 1e-6 * static_cast<double>(std::random_device()());
      output.set_present(i);
    }
  }

 private:
  std::string deed_;
  std::map<std::string, std::array<double, 3>> vectors_;
};

HEADROOM_PLUGINS(AuditedEmbedding)
