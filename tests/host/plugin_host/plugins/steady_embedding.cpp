// An embedding whose answers a test can compute. Column 0: the id's length; column 1: the seed; column 2: bytes of the
// data folder's file `weights` (-1: none); column 3: bytes of the file that option `path` names (-1: none); column 4:
// sum of the training deltas. Ids that begin with '?' are unknown to it.
#include <cstdio>
#include <string>

#include "headroom/embedding.h"

namespace {

constexpr std::int64_t kDimension = 5;

double bytes_of(const std::string& path) {
  std::FILE* file = path.empty() ? nullptr : std::fopen(path.c_str(), "rb");
  if (!file) return -1;
  double bytes = 0;
  while (std::fgetc(file) != EOF) ++bytes;
  std::fclose(file);
  return bytes;
}

std::string text_of(const headroom_string& text) {
  return std::string(text.data ? text.data : "", static_cast<std::size_t>(text.size));
}

struct State {
  double weights_bytes, path_bytes;
};

template <std::size_t n>
constexpr headroom_string text(const char (&literal)[n]) {
  return {literal, static_cast<std::int64_t>(n) - 1};
}

headroom_status open(const headroom_host* host, void** state) {
  const std::string folder = text_of(host->data_folder);
  const std::string path = text_of(host->option(host->handle, text("path")));
  *state = new State{folder.empty() ? -1 : bytes_of(folder + "/weights"), bytes_of(path)};
  const std::string line = "opened with greeting " + text_of(host->option(host->handle, text("greeting")));
  host->log(host->handle, HEADROOM_LOG_INFO, {line.data(), static_cast<std::int64_t>(line.size())});
  return HEADROOM_OK;
}

headroom_status dimension(const headroom_host*, void*, const headroom_embedding_request*, std::int64_t* columns) {
  *columns = kDimension;
  return HEADROOM_OK;
}

headroom_status embed(const headroom_host* host, void* state, const headroom_embedding_request* request,
                      headroom_embedding_output* output) {
  const auto* own = static_cast<const State*>(state);
  double sum = 0;
  const headroom_matrix& deltas = request->training_deltas;
  for (std::int64_t i = 0; i < deltas.rows; ++i) {
    for (std::int64_t g = 0; g < deltas.cols; ++g) sum += deltas.data[i * deltas.row_stride + g];
  }
  for (std::int64_t i = 0; i < request->n_ids; ++i) {
    double* row = output->vectors.data + i * output->vectors.row_stride;
    row[0] = static_cast<double>(request->ids[i].size);
    row[1] = static_cast<double>(host->seed);
    row[2] = own->weights_bytes;
    row[3] = own->path_bytes;
    row[4] = sum;
    output->present[i] = request->ids[i].size > 0 && request->ids[i].data[0] != '?';
  }
  return HEADROOM_OK;
}

void close(void* state) { delete static_cast<State*>(state); }

const headroom_option kPath{sizeof(headroom_option), text("path"), text(""), text("a file")};
const headroom_option kGreeting{sizeof(headroom_option), text("greeting"), text("hello"), text("for the log")};
const headroom_option* const kOptions[] = {&kPath, &kGreeting};
const headroom_embedding kEmbedding{sizeof(headroom_embedding), 1, 0, open, dimension, embed, close};
const headroom_plugin kPlugin{sizeof(headroom_plugin),
                              HEADROOM_ABI_MAJOR,
                              HEADROOM_ABI_MINOR,
                              HEADROOM_KIND_EMBEDDING,
                              0,
                              text("steady-embedding"),
                              text("1"),
                              text("id lengths"),
                              text("Apache-2.0"),
                              nullptr,
                              0,
                              kOptions,
                              2,
                              &kEmbedding,
                              nullptr};

}  // namespace

const headroom_plugin* headroom_plugin_entry(std::uint32_t abi_major, std::uint32_t index) {
  return abi_major == HEADROOM_ABI_MAJOR && index == 0 ? &kPlugin : nullptr;
}
