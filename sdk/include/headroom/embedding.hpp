// Embedding plugins in C++: derive from headroom::sdk::Embedding, then HEADROOM_PLUGINS(YourClass).
#pragma once

#include <type_traits>

#include "headroom/embedding.h"
#include "headroom/plugin.hpp"

namespace headroom::sdk {

// The perturbations to embed and, only if the plugin wants it, the training part. Views; valid during the call.
class EmbeddingRequest {
 public:
  explicit EmbeddingRequest(const headroom_embedding_request& request) : request_(request) {}

  std::int32_t task_kind() const { return request_.task_kind; }        // HEADROOM_TASK_*
  std::string_view context() const { return view(request_.context); }  // the one cell line's name; empty if several

  // Training and test perturbations, in an order that does not tell them apart. Unique; where the rows are of several
  // contexts, unique together with their context.
  std::int64_t size() const { return request_.n_ids; }
  std::string_view id(std::int64_t i) const { return view(request_.ids[i]); }

  // Empty unless Plugin::wants_training() is true.
  bool has_training() const { return request_.n_training > 0; }
  std::int64_t n_training() const { return request_.n_training; }
  std::string_view training_id(std::int64_t i) const { return view(request_.training_ids[i]); }
  ConstMatrixMap training_deltas() const { return map(request_.training_deltas); }  // training perturbations × genes
  // Genes of the training deltas and of the control profiles; none unless the plugin wants either.
  std::int64_t n_genes() const { return request_.n_genes; }
  std::string_view gene_id(std::int64_t g) const { return view(request_.gene_ids[g]); }

  // Names of the contexts, at least one; and their control profiles, if Plugin::wants_control_profiles() is true and the
  // task has them.
  Contexts contexts() const {
    return Contexts(request_.contexts, request_.n_contexts, request_.context_blocks, request_.n_context_blocks);
  }
  // The number of a row's context, and its name.
  std::int64_t context_number(std::int64_t i) const { return request_.id_contexts ? request_.id_contexts[i] : 0; }
  std::int64_t training_context_number(std::int64_t i) const {
    return request_.training_contexts ? request_.training_contexts[i] : 0;
  }
  std::string_view context_of(std::int64_t i) const { return contexts().name(context_number(i)); }
  std::string_view training_context_of(std::int64_t i) const { return contexts().name(training_context_number(i)); }

  const headroom_embedding_request& c() const { return request_; }

 private:
  const headroom_embedding_request& request_;
};

// Where the vectors go. A perturbation that is not set counts as unknown to the plugin.
class EmbeddingOutput {
 public:
  explicit EmbeddingOutput(headroom_embedding_output& output) : output_(output) {}

  std::int64_t dimension() const { return output_.vectors.cols; }

  // Row i becomes `vector` (dimension() finite numbers) and counts as present.
  template <class Derived>
  void set(std::int64_t i, const Eigen::DenseBase<Derived>& vector) {
    if (vector.size() != dimension()) {
      throw Error("a vector has " + std::to_string(vector.size()) + " numbers, the dimension is " +
                  std::to_string(dimension()));
    }
    for (std::int64_t j = 0; j < dimension(); ++j) row(i)[j] = vector(j);
    set_present(i);
  }

  // For filling in place: the dimension() numbers of row i, NaN at first. Call set_present(i) as well.
  double* row(std::int64_t i) { return output_.vectors.data + i * output_.vectors.row_stride; }
  MatrixMap vectors() { return map(output_.vectors); }  // perturbations × dimension
  void set_present(std::int64_t i) { output_.present[i] = 1; }

  headroom_embedding_output& c() { return output_; }

 private:
  headroom_embedding_output& output_;
};

// The life of an embedding plugin:
//
//  1. A process is started for it: in a run one for each context, which serves all its folds; for a plugin that wants
//     training one for each context and fold, or each split over several contexts. Before anything of the plugin runs,
//     the process gives up the network, writing, and every file but system libraries, the plugin and its data folder.
//  2. YourClass::about() describes the plugin: static, quick, no files, no weights. The same for wants_training(),
//     wants_control_profiles() and extension(). A process that only wants to know this ends here.
//  3. YourClass(const Host&), or YourClass(), is constructed. Expensive work belongs here: read weights from
//     host.data_folder(), build tables. Options are read with host.text/number/integer/flag.
//  4. dimension() says how many columns the vectors will have for a request.
//  5. embed() fills one row for each perturbation that it knows. A run asks once; `headroom check` asks again, and the
//     same request must give the same numbers, and a row must not depend on the order of the others.
//  6. The object is destroyed and the process ends. Nothing that was kept survives into the next process.
//
// Any function may throw: the message becomes the reason of failure in the results. All calls come from one thread.
class Embedding {
 public:
  virtual ~Embedding() = default;

  // YourClass must declare: static About about();
  // Declare it again, returning true, to be given the training part; results are then marked "supervised embedding".
  static bool wants_training() { return false; }
  // The same for the control profiles of the contexts (EmbeddingRequest::contexts()) and the names of the genes.
  static bool wants_control_profiles() { return false; }
  // The same to offer an extension by its id.
  static const void* extension(std::string_view) { return nullptr; }

  virtual std::int64_t dimension(const Host& host, const EmbeddingRequest& request) = 0;
  virtual void embed(const Host& host, const EmbeddingRequest& request, EmbeddingOutput& output) = 0;
};

namespace detail {

inline void check(const headroom_embedding_request& request) {
  require_1_0(request, &headroom_embedding_request::n_context_blocks, "headroom_embedding_request");
  check_contexts(request.contexts, request.n_contexts, request.context_blocks, request.n_context_blocks);
  check_numbers(request.id_contexts, request.n_ids, request.n_contexts, "a row's context is none of the contexts");
  check_numbers(request.training_contexts, request.n_training, request.n_contexts,
                "a training row's context is none of the contexts");
}

template <class Plugin>
struct Registration<Plugin, std::enable_if_t<std::is_base_of_v<Embedding, Plugin>>> {
  static headroom_status open(const headroom_host* host, void** state) noexcept {
    return guarded(host, [&] {
      check(*host);
      if constexpr (std::is_constructible_v<Plugin, const Host&>) {
        *state = new Plugin(Host(*host));
      } else {
        *state = new Plugin();
      }
    });
  }

  static headroom_status dimension(const headroom_host* host, void* state, const headroom_embedding_request* request,
                                   std::int64_t* dimension) noexcept {
    return guarded(host, [&] {
      check(*host);
      check(*request);
      *dimension = static_cast<Plugin*>(state)->dimension(Host(*host), EmbeddingRequest(*request));
    });
  }

  static headroom_status embed(const headroom_host* host, void* state, const headroom_embedding_request* request,
                               headroom_embedding_output* output) noexcept {
    return guarded(host, [&] {
      check(*host);
      check(*request);
      require_1_0(*output, &headroom_embedding_output::present, "headroom_embedding_output");
      EmbeddingOutput out(*output);
      static_cast<Plugin*>(state)->embed(Host(*host), EmbeddingRequest(*request), out);
    });
  }

  static void close(void* state) noexcept { delete static_cast<Plugin*>(state); }

  static const headroom_plugin* descriptor() {
    static const headroom_embedding capability = [] {
      headroom_embedding filled{};
      filled.struct_size = sizeof(headroom_embedding);
      filled.wants_training = Plugin::wants_training() ? 1 : 0;
      filled.wants_control_profiles = Plugin::wants_control_profiles() ? 1 : 0;
      filled.open = &open;
      filled.dimension = &dimension;
      filled.embed = &embed;
      filled.close = &close;
      return filled;
    }();
    // Kept until the process ends, as the ABI asks: no destructor of the library may take it away earlier.
    static const Descriptor& kept =
        *new Descriptor(Plugin::about(), HEADROOM_KIND_EMBEDDING, &capability, &extension_of<Plugin>);
    return kept.c();
  }
};

}  // namespace detail
}  // namespace headroom::sdk
