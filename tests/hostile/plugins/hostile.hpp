// What hostile plugins have in common. An attack is a function that says whether it got through; the plugin then
// predicts ones, else zeros. The labels that attacks are after lie in a file that everybody may read, and in the memory
// of the host, which tells where by options.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "headroom/embedding.h"
#include "headroom/predictor.h"

namespace hostile {

inline constexpr char kSecretStart[] = "LABELS-";
inline constexpr const char* kSecretFile = HEADROOM_SECRET_FILE;

struct Call {
  const headroom_host* host;
  const headroom_predictor_request* request;
  headroom_predictor_output* output;

  std::string option(const std::string& key) const {
    const headroom_string value = host->option(host->handle, {key.data(), static_cast<std::int64_t>(key.size())});
    return std::string(value.data ? value.data : "", static_cast<std::size_t>(value.size));
  }
  long number(const std::string& key) const { return std::atol(option(key).c_str()); }
  std::string data_folder() const {
    return std::string(host->data_folder.data ? host->data_folder.data : "",
                       static_cast<std::size_t>(host->data_folder.size));
  }
  void tell(const std::string& line) const {
    host->log(host->handle, HEADROOM_LOG_INFO, {line.data(), static_cast<std::int64_t>(line.size())});
  }
};

// Whether the descriptor gives the labels; what it gives is shown on stderr, for the test to see.
inline bool gives_secret(int fd) {
  char bytes[64] = {};
  const ssize_t count = fd < 0 ? -1 : pread(fd, bytes, sizeof(bytes) - 1, 0);
  if (count <= 0 || std::strncmp(bytes, kSecretStart, sizeof(kSecretStart) - 1) != 0) return false;
  return write(2, bytes, static_cast<std::size_t>(count)) == count;
}

inline bool file_gives_secret(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool given = gives_secret(fd);
  if (fd >= 0) close(fd);
  return given;
}

// The labels' file as it is seen from the folder `prefix`.
inline bool reads_secret_below(const std::string& prefix) { return file_gives_secret(prefix + kSecretFile); }

template <std::size_t n>
constexpr headroom_string text(const char (&literal)[n]) {
  return {literal, static_cast<std::int64_t>(n) - 1};
}

inline const headroom_option kHostPid{sizeof(headroom_option), text("host_pid"), text("0"), text("the host")};
inline const headroom_option kAddress{sizeof(headroom_option), text("address"), text("0"),
                                      text("of labels in its memory")};
inline const headroom_option kPort{sizeof(headroom_option), text("port"), text("0"), text("a server on this machine")};
inline const headroom_option kName{sizeof(headroom_option), text("socket"), text(""), text("an abstract socket")};
inline const headroom_option* const kOptions[] = {&kHostPid, &kAddress, &kPort, &kName};

inline headroom_plugin describe(std::int32_t kind, const void* capability) {
  return {sizeof(headroom_plugin),
          HEADROOM_ABI_MAJOR,
          HEADROOM_ABI_MINOR,
          kind,
          0,
          text("hostile"),
          text("1"),
          text("attacks"),
          text("MIT"),
          nullptr,
          0,
          kOptions,
          4,
          capability,
          nullptr};
}

// Predicts `value` everywhere.
inline void predict_everywhere(const Call& call, double value) {
  for (std::int64_t s = 0; s < call.request->settings.rows * call.request->n_planes; ++s) {
    const headroom_matrix_mut& to = call.output->predictions[s];
    for (std::int64_t row = 0; row < to.rows; ++row) {
      for (std::int64_t col = 0; col < to.cols; ++col) to.data[row * to.row_stride + col] = value;
    }
  }
}

}  // namespace hostile

// The rest of a plugin whose predict() attacks: bool attack(const hostile::Call&).
#define HEADROOM_HOSTILE_PREDICTOR(attack)                                                                \
  static headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,    \
                                 headroom_predictor_output* output) {                                     \
    const hostile::Call call{host, request, output};                                                      \
    hostile::predict_everywhere(call, attack(call) ? 1 : 0);                                              \
    return HEADROOM_OK;                                                                                   \
  }                                                                                                       \
  const headroom_plugin* headroom_plugin_entry(std::uint32_t major, std::uint32_t index) {                \
    static const headroom_predictor predictor{                                                            \
        sizeof(headroom_predictor), HEADROOM_SUPPORTS_REGRESSION, 1, 1, 0, nullptr, 0, predict};          \
    static const headroom_plugin plugin = hostile::describe(HEADROOM_KIND_PREDICTOR, &predictor);         \
    return major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : nullptr;                                 \
  }

// The rest of a plugin whose embedding is bad: the two functions of headroom_embedding.
#define HEADROOM_HOSTILE_EMBEDDING(dimension_function, embed_function)                            \
  const headroom_plugin* headroom_plugin_entry(std::uint32_t major, std::uint32_t index) {        \
    static const headroom_embedding embedding{                                                    \
        sizeof(headroom_embedding), 0, 0, nullptr, dimension_function, embed_function, nullptr};  \
    static const headroom_plugin plugin = hostile::describe(HEADROOM_KIND_EMBEDDING, &embedding); \
    return major == HEADROOM_ABI_MAJOR && index == 0 ? &plugin : nullptr;                         \
  }
