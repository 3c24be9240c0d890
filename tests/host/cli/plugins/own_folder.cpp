// An embedding of hashed letters, scaled by the number in its folder's file `weights`. It fails where that is not to be
// read, and where the folder beside its own, `rival`, is.
#include <algorithm>
#include <fstream>
#include <headroom/embedding.hpp>

namespace sdk = headroom::sdk;

class OwnFolder final : public sdk::Embedding {
 public:
  static sdk::About about() { return {"own_folder", "1", "Hashed letters", "Apache-2.0"}; }

  explicit OwnFolder(const sdk::Host& host) {
    const std::string folder(host.data_folder());
    if (!(std::ifstream(folder + "/weights") >> scale_)) throw sdk::Error("its own weights cannot be read");
    for (const char* way : {"/../rival/weights", "/link"}) {
      if (std::ifstream(folder + way).good()) throw sdk::Error("the rival's weights can be read");
    }
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest&) override { return 8; }

  void embed(const sdk::Host&, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    for (std::int64_t i = 0; i < request.size(); ++i) {
      std::fill_n(output.row(i), 8, 0.0);
      for (const unsigned char letter : request.id(i)) output.row(i)[letter % 8] += scale_ * (letter % 5);
      output.set_present(i);
    }
  }

 private:
  double scale_ = 0;
};

HEADROOM_PLUGINS(OwnFolder)
