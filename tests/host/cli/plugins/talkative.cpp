// An embedding that says what it does on all three roads, and with the option dies=true has the last word.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <headroom/embedding.hpp>
#include <headroom/needs.hpp>
#include <string>

namespace sdk = headroom::sdk;

class Talkative final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {"talkative", "1.0.0", "For tests", "Apache-2.0", {}, {{"dies", "false", "whether it dies when asked"}}};
  }

  static sdk::Needs needs() { return {false, 90, std::int64_t{2} << 30}; }
  static const void* extension(std::string_view id) { return sdk::needs<Talkative>(id); }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest&) override { return 4; }

  void embed(const sdk::Host& host, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    host.info("the weights are read");
    host.progress(1, 2, "halves");
    std::printf("said on stdout\n");
    std::fflush(stdout);
    std::fputs("said on stderr\n", stderr);
    if (host.flag("dies")) std::abort();
    host.info("threads: " + std::to_string(host.n_threads()));
    for (std::int64_t i = 0; i < request.size(); ++i) {
      std::fill_n(output.row(i), 4, 0.0);
      for (const unsigned char letter : request.id(i)) output.row(i)[letter % 4] += letter;
      output.set_present(i);
    }
  }
};

HEADROOM_PLUGINS(Talkative)
