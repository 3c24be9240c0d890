// Answers the host's requests, one at a time, by calling the plugin.
#pragma once

#include <memory>
#include <optional>

#include "sandbox/frame_socket.hpp"
#include "worker.pb.h"
#include "worker/plugin_host_services.hpp"
#include "worker/plugin_library.hpp"
#include "worker/segment_table.hpp"

namespace headroom {

class RequestServer {
 public:
  // With files of its own, what it is given is copied into them before the plugin may touch it; see
  // sandbox/private_files.hpp.
  explicit RequestServer(bool has_private_files) : has_private_files_(has_private_files) {}

  // Serves until the host says shutdown or closes the channel.
  void run(int channel);

 private:
  struct Failure;

  // All throw Failure, BadDescriptor or std::bad_alloc.
  void answer(const WorkerRequest& request, FileDescriptor attachment, WorkerReply& reply);
  void load(const LoadPlugin& request, FileDescriptor library, WorkerReply& reply);
  void configure(const Configure& request, FileDescriptor data_file);
  void dimension(const EmbeddingDimensionRequest& request, WorkerReply& reply);
  void embed(const EmbedRequest& request);
  void predict(const PredictRequest& request, WorkerReply& reply);
  void errors(const ErrorsRequest& request);
  void require_predictor() const;
  void close_plugin();

  template <class Call>
  void call_plugin(const char* function, Call&& call);

  bool has_private_files_;
  std::optional<LoadedPlugin> plugin_;
  PluginHostServices services_;
  SegmentTable segments_;
  void* state_ = nullptr;  // of an embedding plugin, between open and close
  bool is_open_ = false;
};

}  // namespace headroom
