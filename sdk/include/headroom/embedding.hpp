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

  std::int32_t task_kind() const { return request_.task_kind; }  // HEADROOM_TASK_*
  std::string_view context() const { return view(request_.context); }  // name of the cell line

  // Training and test perturbations, unique, in an order that does not tell them apart.
  std::int64_t size() const { return request_.n_ids; }
  std::string_view id(std::int64_t i) const { return view(request_.ids[i]); }

  // Empty unless Plugin::wants_training() is true.
  bool has_training() const { return request_.n_training > 0; }
  std::int64_t n_training() const { return request_.n_training; }
  std::string_view training_id(std::int64_t i) const { return view(request_.training_ids[i]); }
  ConstMatrixMap training_deltas() const { return map(request_.training_deltas); }  // training perturbations × genes
  std::int64_t n_genes() const { return request_.n_genes; }
  std::string_view gene_id(std::int64_t g) const { return view(request_.gene_ids[g]); }

  // The context of a row, also where a request spans several.
  std::string_view context_of(std::int64_t i) const { return context_by(request_.id_contexts, i); }
  std::string_view training_context_of(std::int64_t i) const { return context_by(request_.training_contexts, i); }

  const headroom_embedding_request& c() const { return request_; }

 private:
  std::string_view context_by(const std::int32_t* index, std::int64_t row) const {
    return index == nullptr ? context() : view(request_.contexts[index[row]]);
  }
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

  // For filling in place: the dimension() numbers of row i, zero at first. Call set_present(i) as well.
  double* row(std::int64_t i) { return output_.vectors.data + i * output_.vectors.row_stride; }
  MatrixMap vectors() { return map(output_.vectors); }  // perturbations × dimension
  void set_present(std::int64_t i) { output_.present[i] = 1; }

  headroom_embedding_output& c() { return output_; }

 private:
  headroom_embedding_output& output_;
};

// The life of an embedding plugin, all in one process that serves one context and one fold:
//
//  1. Before anything of it runs, the process gives up the network, writing, and every file but system libraries, the
//     plugin itself and its data folder.
//  2. YourClass::about() describes the plugin: static, quick, no files, no weights. The same for wants_training().
//  3. YourClass(const Host&), or YourClass(), is constructed. Expensive work belongs here: read weights from
//     host.data_folder(), build tables. Options are read with host.text/number/integer/flag.
//  4. dimension() says how many columns the vectors will have for a request.
//  5. embed() fills one row for each perturbation that it knows. Steps 4 and 5 may come again with other requests; the
//     same request must give the same numbers, and a row must not depend on the order of the others.
//  6. The object is destroyed and the process ends. Nothing that was kept survives into the next fold.
//
// Any function may throw: the message becomes the reason of failure in the results. All calls come from one thread.
class Embedding {
 public:
  virtual ~Embedding() = default;

  // YourClass must declare: static About about();
  // Declare it again, returning true, to be given the training part; results are then marked "supervised embedding".
  static bool wants_training() { return false; }

  virtual std::int64_t dimension(const Host& host, const EmbeddingRequest& request) = 0;
  virtual void embed(const Host& host, const EmbeddingRequest& request, EmbeddingOutput& output) = 0;
};

namespace detail {

template <class Plugin>
struct Registration<Plugin, std::enable_if_t<std::is_base_of_v<Embedding, Plugin>>> {
  static headroom_status open(const headroom_host* host, void** state) noexcept {
    return guarded(host, [&] {
      require_size(*host, "headroom_host");
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
      require_size(*request, "headroom_embedding_request");
      *dimension = static_cast<Plugin*>(state)->dimension(Host(*host), EmbeddingRequest(*request));
    });
  }

  static headroom_status embed(const headroom_host* host, void* state, const headroom_embedding_request* request,
                               headroom_embedding_output* output) noexcept {
    return guarded(host, [&] {
      require_size(*request, "headroom_embedding_request");
      require_size(*output, "headroom_embedding_output");
      EmbeddingOutput out(*output);
      static_cast<Plugin*>(state)->embed(Host(*host), EmbeddingRequest(*request), out);
    });
  }

  static void close(void* state) noexcept { delete static_cast<Plugin*>(state); }

  static const headroom_plugin* descriptor() {
    static const headroom_embedding capability = {sizeof(headroom_embedding), Plugin::wants_training() ? 1 : 0, 0,
                                                  &open, &dimension, &embed, &close};
    // Kept until the process ends, as the ABI asks: no destructor of the library may take it away earlier.
    static const Descriptor& kept = *new Descriptor(Plugin::about(), HEADROOM_KIND_EMBEDDING, &capability);
    return kept.c();
  }
};

}  // namespace detail
}  // namespace headroom::sdk
