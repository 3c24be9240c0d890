#include "worker/request_server.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "sandbox/private_files.hpp"
#include "sandbox/sandbox.hpp"
#include "worker/memory_watch.hpp"

namespace headroom {

struct RequestServer::Failure {
  WorkerVerdict verdict;
  std::string message;
};

namespace {

// Gives the descriptor the number that it is known by.
void move_to(FileDescriptor descriptor, int number) {
  if (descriptor.get() == number) {
    descriptor.release();
  } else {
    dup3(descriptor.get(), number, O_CLOEXEC);
  }
}

// Takes the file and what is to be in it.
void fill(FileDescriptor file, FileDescriptor memory) {
  if (auto filled = fill_private_file(file, memory); !filled) {
    if (filled.error().error == ENOMEM) throw std::bad_alloc();
    throw BadDescriptor{filled.error().text()};
  }
}

headroom_string as_string(const std::string& text) { return {text.data(), static_cast<std::int64_t>(text.size())}; }

void report_usage(WorkerUsage& to) {
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  to.set_cpu_s(static_cast<double>(cpu.tv_sec) + 1e-9 * static_cast<double>(cpu.tv_nsec));
  // Refused beside a foreign plugin; the kernel tells it to the host when the worker has ended.
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) to.set_peak_memory_bytes(static_cast<std::uint64_t>(usage.ru_maxrss) * 1024);
}

// Every page of a prediction will be written: mapping them all at once costs a quarter of one fault after the other.
void map_pages_ahead(const std::vector<headroom_matrix_mut>& predictions) {
  const auto page = static_cast<std::uintptr_t>(getpagesize());
  for (const headroom_matrix_mut& matrix : predictions) {
    if (matrix.rows == 0) continue;
    const auto start = reinterpret_cast<std::uintptr_t>(matrix.data) / page * page;
    const auto end =
        reinterpret_cast<std::uintptr_t>(matrix.data + (matrix.rows - 1) * matrix.row_stride + matrix.cols);
    // Linux 5.14; where it fails the pages come one by one.
    madvise(reinterpret_cast<void*>(start), end - start, MADV_POPULATE_WRITE);
  }
}

// What a plugin leaves out shows as NaN, not as the answer of an earlier call.
void fill_with_nan(const headroom_matrix_mut& matrix) {
  for (std::int64_t row = 0; row < matrix.rows; ++row) {
    std::fill_n(matrix.data + row * matrix.row_stride, matrix.cols, std::numeric_limits<double>::quiet_NaN());
  }
}

// The contexts of a request as a plugin sees them, with the lists that they point into.
struct ContextList {
  std::vector<headroom_string> names;
  std::vector<headroom_context_block> blocks;
  std::vector<const headroom_context_block*> block_pointers;

  ContextList(const RequestContexts& described, const SegmentTable& segments)
      : names(segments.strings(described.names())) {
    const auto n = static_cast<std::int64_t>(names.size());
    if (n < 1) throw BadDescriptor{"the request names no context"};
    for (const ContextFeatures& from : described.blocks()) {
      headroom_context_block block{};
      block.struct_size = sizeof(block);
      block.name = as_string(from.name());
      block.features = segments.matrix(from.features());
      block.present = segments.bytes(from.present(), n);
      if (block.features.rows != n) throw BadDescriptor{"a context block has another number of rows than contexts"};
      blocks.push_back(block);
    }
    for (const headroom_context_block& block : blocks) block_pointers.push_back(&block);
  }

  // Of headroom_embedding_request and headroom_predictor_request alike.
  template <class Request>
  void give_to(Request& request) const {
    request.contexts = names.data();
    request.n_contexts = static_cast<std::int64_t>(names.size());
    request.context_blocks = block_pointers.empty() ? nullptr : block_pointers.data();
    request.n_context_blocks = static_cast<std::int64_t>(block_pointers.size());
  }
};

// The request as a plugin sees it, with the lists that it points into.
struct EmbeddingRequest {
  std::vector<headroom_string> ids, training_ids, gene_ids;
  ContextList contexts;
  headroom_embedding_request request{};

  EmbeddingRequest(const EmbeddingInput& input, const SegmentTable& segments)
      : ids(segments.strings(input.ids())),
        training_ids(segments.strings(input.training_ids())),
        gene_ids(segments.strings(input.gene_ids())),
        contexts(input.contexts(), segments) {
    request.struct_size = sizeof(request);
    request.task_kind = input.task_kind();
    request.context = as_string(input.context());
    request.ids = ids.data();
    request.n_ids = static_cast<std::int64_t>(ids.size());
    request.training_ids = training_ids.empty() ? nullptr : training_ids.data();
    request.n_training = static_cast<std::int64_t>(training_ids.size());
    request.training_deltas = segments.matrix(input.training_deltas());
    request.gene_ids = gene_ids.empty() ? nullptr : gene_ids.data();
    request.n_genes = static_cast<std::int64_t>(gene_ids.size());
    contexts.give_to(request);
    request.id_contexts = segments.int32s(input.id_contexts(), request.n_ids);
    request.training_contexts = segments.int32s(input.training_contexts(), request.n_training);
  }
  EmbeddingRequest(const EmbeddingRequest&) = delete;  // points into itself
};

struct PredictorRequest {
  std::vector<headroom_block> blocks;
  std::vector<const headroom_block*> block_pointers;
  ContextList contexts;
  std::vector<headroom_string> classes;
  headroom_predictor_request request{};

  PredictorRequest(const PredictRequest& described, const SegmentTable& segments)
      : contexts(described.contexts(), segments), classes(segments.strings(described.classes())) {
    for (const FeatureBlock& from : described.blocks()) {
      headroom_block block{};
      block.struct_size = sizeof(block);
      block.name = as_string(from.name());
      block.training = segments.matrix(from.training());
      block.query = segments.matrix(from.query());
      block.training_present = segments.bytes(from.training_present(), described.n_training());
      block.query_present = segments.bytes(from.query_present(), described.n_query());
      if (block.training.rows != described.n_training() || block.query.rows != described.n_query()) {
        throw BadDescriptor{"a block has another number of rows than the request"};
      }
      blocks.push_back(block);
    }
    for (const headroom_block& block : blocks) block_pointers.push_back(&block);
    request.struct_size = sizeof(request);
    request.task_kind = described.task_kind();
    request.n_planes = described.n_planes();
    request.context = as_string(described.context());
    request.blocks = block_pointers.data();
    request.n_blocks = static_cast<std::int64_t>(blocks.size());
    request.delta_rows = segments.matrix(described.delta_rows());
    request.training_rows = segments.int32s(described.training_rows(), described.n_training());
    request.n_training = described.n_training();
    request.n_query = described.n_query();
    request.settings = segments.matrix(described.settings());
    contexts.give_to(request);
    request.training_contexts = segments.int32s(described.training_contexts(), described.n_training());
    request.query_contexts = segments.int32s(described.query_contexts(), described.n_query());
    request.training_perturbations = segments.int32s(described.training_perturbations(), described.n_training());
    request.query_perturbations = segments.int32s(described.query_perturbations(), described.n_query());
    request.n_perturbations = described.n_perturbations();
    if (!request.training_perturbations || !request.query_perturbations) {
      throw BadDescriptor{"the request does not number its perturbations"};
    }
    request.classes = classes.empty() ? nullptr : classes.data();
    request.n_classes = static_cast<std::int64_t>(classes.size());
    request.training_labelled = segments.bytes(described.training_labelled(), described.n_training());
  }
  PredictorRequest(const PredictorRequest&) = delete;  // points into itself
};

}  // namespace

template <class Call>
void RequestServer::call_plugin(const char* function, Call&& call) {
  services_.take_error();
  forget_shortage();
  headroom_status status;
  std::string escaped;
  try {
    status = call();
  } catch (const std::exception& exception) {
    escaped = as_utf8(exception.what(), static_cast<std::int64_t>(std::strlen(exception.what())), 1024);
    status = HEADROOM_ERROR;
    if (escaped.empty()) escaped = "unknown";
  } catch (...) {
    escaped = "unknown";
    status = HEADROOM_ERROR;
  }
  if (status == HEADROOM_OK) return;
  std::string message = services_.take_error();
  if (!escaped.empty()) message = std::string("an exception left ") + function + ": " + escaped;
  if (memory_is_short()) {
    throw Failure{WorkerVerdict::MEMORY_LIMIT,
                  std::string(function) + " ran out of memory" + (message.empty() ? "" : ": " + message)};
  }
  if (message.empty()) {
    message = std::string(function) + (status == HEADROOM_UNSUPPORTED ? " does not support this" : " failed") +
              " (status " + std::to_string(status) + ") without saying why";
  }
  throw Failure{WorkerVerdict::PLUGIN_ERROR, message};
}

void RequestServer::run(int channel) {
  for (;;) {
    Frame frame;
    if (receive_frame(channel, frame, true, true) != FrameStatus::received) return;
    WorkerRequest request;
    if (!request.ParseFromString(frame.bytes)) return;
    WorkerReply reply;
    reply.set_sequence(request.sequence());
    const auto fail = [&](WorkerVerdict verdict, const std::string& message) {
      reply.clear_reply();
      reply.clear_fit_facts();
      reply.mutable_failure()->set_verdict(verdict);
      reply.mutable_failure()->set_message(message);
    };
    try {
      answer(request, std::move(frame.attachment), reply);
    } catch (const Failure& failure) {
      fail(failure.verdict, failure.message);
    } catch (const BadDescriptor& bad) {
      fail(WorkerVerdict::HOST_FAULT, bad.what);
    } catch (const std::bad_alloc&) {
      fail(WorkerVerdict::MEMORY_LIMIT, "the request does not fit into the worker's address space");
    }
    report_usage(*reply.mutable_usage());
    std::string bytes = reply.SerializeAsString();
    if (bytes.size() > kMaxFrameBytes) {
      fail(WorkerVerdict::ABI_MISMATCH, "its description is longer than a message may be");
      bytes = reply.SerializeAsString();
    }
    if (send_frame(channel, bytes, -1, true) != 0 || request.has_shutdown()) return;
  }
}

void RequestServer::answer(const WorkerRequest& request, FileDescriptor attachment, WorkerReply& reply) {
  reply.mutable_done();
  switch (request.request_case()) {
    case WorkerRequest::kLoad:
      return load(request.load(), std::move(attachment), reply);
    case WorkerRequest::kConfigure:
      return configure(request.configure(), std::move(attachment));
    case WorkerRequest::kAttach:
      return segments_.attach(request.attach().segment(), attachment);
    case WorkerRequest::kDetach:
      return segments_.detach(request.detach().segment_id());
    case WorkerRequest::kDimension:
      return dimension(request.dimension(), reply);
    case WorkerRequest::kEmbed:
      return embed(request.embed());
    case WorkerRequest::kPredict:
      return predict(request.predict(), reply);
    case WorkerRequest::kErrors:
      return errors(request.errors());
    case WorkerRequest::kShutdown:
      return close_plugin();
    default:
      throw BadDescriptor{"the request is not one that this worker knows"};
  }
}

void RequestServer::load(const LoadPlugin& request, FileDescriptor library, WorkerReply& reply) {
  if (!library || plugin_) throw BadDescriptor{"a library came without its descriptor, or twice"};
  if (has_private_files_) {
    fill(FileDescriptor(kLibraryFd), std::move(library));
  } else {
    move_to(std::move(library), kLibraryFd);
  }
  const auto entry = open_library(has_private_files_ ? kPrivateLibrary : kLibraryInWorker, request.data_folder());
  if (!entry) throw Failure{entry.error().verdict, entry.error().message};
  auto read = read_descriptor(*entry, request.plugin_index());
  if (!read) throw Failure{read.error().verdict, read.error().message};
  plugin_ = std::move(*read);
  *reply.mutable_description() = plugin_->description;
}

void RequestServer::configure(const Configure& request, FileDescriptor data_file) {
  if (!plugin_ || is_open_) throw BadDescriptor{"configured before the plugin was loaded, or twice"};
  if (data_file && has_private_files_) {
    fill(FileDescriptor(kDataFileFd), std::move(data_file));
  } else if (data_file) {
    move_to(std::move(data_file), kDataFileFd);
  }
  services_.configure(plugin_->description, request);
  if (plugin_->description.kind() != PluginKind::EMBEDDING) return;
  if (plugin_->embedding.open) {
    call_plugin("open", [&] { return plugin_->embedding.open(services_.host(), &state_); });
  }
  is_open_ = true;
}

void RequestServer::dimension(const EmbeddingDimensionRequest& request, WorkerReply& reply) {
  if (!is_open_) throw BadDescriptor{"the plugin is no embedding, or was not configured"};
  EmbeddingRequest asked(request.input(), segments_);
  std::int64_t n_columns = 0;
  call_plugin("dimension",
              [&] { return plugin_->embedding.dimension(services_.host(), state_, &asked.request, &n_columns); });
  reply.set_dimension(n_columns);
}

void RequestServer::embed(const EmbedRequest& request) {
  if (!is_open_) throw BadDescriptor{"the plugin is no embedding, or was not configured"};
  EmbeddingRequest asked(request.input(), segments_);
  headroom_embedding_output output{};
  output.struct_size = sizeof(output);
  output.vectors = segments_.writable_matrix(request.vectors());
  if (output.vectors.rows != asked.request.n_ids)
    throw BadDescriptor{"the vectors have another number of rows than ids"};
  output.present = segments_.writable_bytes(request.present(), asked.request.n_ids);
  fill_with_nan(output.vectors);
  std::fill_n(output.present, asked.request.n_ids, std::uint8_t{0});
  call_plugin("embed", [&] { return plugin_->embedding.embed(services_.host(), state_, &asked.request, &output); });
}

void RequestServer::predict(const PredictRequest& request, WorkerReply& reply) {
  require_predictor();
  const PredictorRequest asked(request, segments_);
  std::vector<headroom_matrix_mut> predictions;
  for (const MatrixDescriptor& described : request.predictions()) {
    predictions.push_back(segments_.writable_matrix(described));
  }
  if (static_cast<std::int64_t>(predictions.size()) != asked.request.settings.rows * request.n_planes()) {
    throw BadDescriptor{"the request has another number of predictions than settings and planes"};
  }
  headroom_predictor_output output{};
  output.struct_size = sizeof(output);
  output.predictions = predictions.data();
  output.feasible = segments_.writable_bytes(request.feasible(), asked.request.settings.rows);
  std::fill_n(output.feasible, asked.request.settings.rows, std::uint8_t{1});
  map_pages_ahead(predictions);
  for (const headroom_matrix_mut& prediction : predictions) fill_with_nan(prediction);
  services_.take_fit_facts();
  call_plugin("predict", [&] { return plugin_->predictor.predict(services_.host(), &asked.request, &output); });
  FitFacts facts = services_.take_fit_facts();
  const bool told = facts.weights_size() > 0 || facts.values_size() > 0;
  if (told && asked.request.settings.rows == 1) *reply.mutable_fit_facts() = std::move(facts);
}

void RequestServer::errors(const ErrorsRequest& request) {
  require_predictor();
  const PredictorRequest asked(request.prediction(), segments_);
  if (!plugin_->held_out_errors.errors) throw BadDescriptor{"the predictor gives no errors"};
  headroom_errors_request errors{};
  errors.struct_size = sizeof(errors);
  errors.request = &asked.request;
  errors.query_rows = segments_.int32s(request.query_rows(), asked.request.n_query);
  errors.gram = segments_.matrix(request.gram());
  headroom_errors_output output{};
  output.struct_size = sizeof(output);
  output.errors = segments_.writable_matrix(request.errors());
  if (output.errors.rows != asked.request.settings.rows || output.errors.cols != asked.request.n_query) {
    throw BadDescriptor{"the errors have another shape than settings and queries"};
  }
  output.feasible = segments_.writable_bytes(request.prediction().feasible(), asked.request.settings.rows);
  std::fill_n(output.feasible, asked.request.settings.rows, std::uint8_t{1});
  fill_with_nan(output.errors);
  call_plugin("errors", [&] { return plugin_->held_out_errors.errors(services_.host(), &errors, &output); });
}

void RequestServer::require_predictor() const {
  if (!plugin_ || plugin_->description.kind() != PluginKind::PREDICTOR)
    throw BadDescriptor{"the plugin is no predictor"};
}

void RequestServer::close_plugin() {
  if (is_open_ && plugin_->embedding.close) {
    call_plugin("close", [&] {
      plugin_->embedding.close(state_);
      return HEADROOM_OK;
    });
  }
  is_open_ = false;
}

}  // namespace headroom
