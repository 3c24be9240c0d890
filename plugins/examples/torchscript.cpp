// An embedding plugin on libtorch: a module that was saved by torch.jit (torch.jit.script(model).save("module.pt")),
// run on the letters of the perturbation's id. module.pt lies beside the plugin.
#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <headroom/embedding.hpp>

namespace sdk = headroom::sdk;

class TorchScript final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {"torchscript", "1.0.0", "A module of TorchScript on the letters of the id", "Apache-2.0"};
  }

  explicit TorchScript(const sdk::Host& host) : module_(load(host.data_folder())) {
    at::set_num_threads(host.n_threads());
    module_.eval();
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest& request) override {
    return vectors_of(request, 0, 1).size(1);
  }

  void embed(const sdk::Host&, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    for (std::int64_t begin = 0; begin < request.size(); begin += kBatch) {
      const at::Tensor vectors = vectors_of(request, begin, std::min(begin + kBatch, request.size()));
      for (std::int64_t i = 0; i < vectors.size(0); ++i) {
        std::copy_n(vectors[i].data_ptr<double>(), output.dimension(), output.row(begin + i));
        output.set_present(begin + i);
      }
    }
  }

 private:
  static constexpr std::int64_t kBatch = 256, kLetters = 32;

  static torch::jit::Module load(const std::string& folder) {
    if (folder.empty()) throw sdk::Error("there is no module.pt: give the folder with plugin.so and module.pt");
    return torch::jit::load(folder + "/module.pt", at::kCPU);
  }

  // Of the ids from `begin` to before `end`: ids × dimension, on the CPU.
  at::Tensor vectors_of(const sdk::EmbeddingRequest& request, std::int64_t begin, std::int64_t end) {
    at::Tensor tokens = at::zeros({end - begin, kLetters}, at::kLong);
    auto token = tokens.accessor<std::int64_t, 2>();
    for (std::int64_t i = begin; i < end; ++i) {
      const std::string_view id = request.id(i).substr(0, kLetters);
      for (std::size_t letter = 0; letter < id.size(); ++letter) {
        token[i - begin][static_cast<std::int64_t>(letter)] = static_cast<unsigned char>(id[letter]);
      }
    }
    const c10::InferenceMode without_gradients;
    // Optimised while it runs, a module may answer in other last digits from its second run on.
    const torch::jit::GraphOptimizerEnabledGuard as_it_is(false);
    return module_.forward({tokens}).toTensor().to(at::kDouble).contiguous();
  }

  torch::jit::Module module_;
};

HEADROOM_PLUGINS(TorchScript)
