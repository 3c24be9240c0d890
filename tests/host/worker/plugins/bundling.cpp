// An embedding that needs a library which lies beside it.
#include <headroom/embedding.hpp>

extern "C" int bundled_answer(void);

namespace sdk = headroom::sdk;

class Bundling final : public sdk::Embedding {
 public:
  static sdk::About about() { return {"bundling", std::to_string(bundled_answer()) + ".0", "For tests", "Apache-2.0"}; }
  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest&) override { return 1; }
  void embed(const sdk::Host&, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    for (std::int64_t i = 0; i < request.size(); ++i) {
      output.row(i)[0] = bundled_answer();
      output.set_present(i);
    }
  }
};

HEADROOM_PLUGINS(Bundling)
