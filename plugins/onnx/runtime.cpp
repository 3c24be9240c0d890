#include "onnx/runtime.hpp"

#include <dlfcn.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <headroom/plugin.hpp>
#include <optional>
#include <system_error>

#include "sandbox/file_descriptor.hpp"
#include "worker/bundled_libraries.hpp"

namespace headroom::onnx {
namespace {

namespace fs = std::filesystem;

// Under which the library is called wherever it comes from; a version may follow.
constexpr std::string_view kLibrary = "libonnxruntime.so";
constexpr std::array<const char*, 2> kNamesInSystem = {"libonnxruntime.so.1", "libonnxruntime.so"};

// The first name stands for all: libonnxruntime.so, .so.1 and .so.1.19.2 are one library, and the shortest is first.
std::optional<fs::path> library_of(const std::string& folder) {
  std::optional<fs::path> found;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename().string();
    const bool is_library = name == kLibrary || name.starts_with(std::string(kLibrary) + ".");
    if (is_library && (!found || name < found->filename().string())) found = at->path();
  }
  return found;
}

std::string reason_of_loader() {
  const char* const why = dlerror();
  return why != nullptr ? why : "no reason given";
}

// `folder`: of the libraries that it needs and brings; empty: none.
void* open_file(const fs::path& path, const std::string& folder) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const std::string called = "ONNX Runtime (" + path.filename().string() + ")";
  if (!file) throw sdk::Error(called + " cannot be opened");
  if (const std::string wrong = malformed_elf(file.get()); !wrong.empty()) throw sdk::Error(called + ": " + wrong);
  if (!folder.empty()) {
    if (const std::string wrong = open_bundled_libraries(file.get(), folder); !wrong.empty()) {
      throw sdk::Error(called + ": " + wrong);
    }
  }
  dlerror();
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw sdk::Error(called + ": the loader refuses it: " + reason_of_loader());
  return library;
}

void* open_system_library() {
  for (const char* name : kNamesInSystem) {
    if (void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL); library != nullptr) return library;
  }
  return nullptr;
}

void* open_library(const std::string& named, const std::string& folder) {
  if (!named.empty()) return open_file(named, {});
  if (const auto bundled = library_of(folder)) return open_file(*bundled, folder);
  if (void* const library = open_system_library(); library != nullptr) return library;
  throw sdk::Error(
      "there is no ONNX Runtime: put libonnxruntime.so beside the model, or name one with "
      "--set NAME.runtime=libonnxruntime.so (packages that bring it: onnxruntime-node of npm, onnxruntime of PyPI)");
}

}  // namespace

Runtime Runtime::open(const std::string& named, const std::string& folder) {
  void* const library = open_library(named, folder);
  auto* const entry = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, kEntry));
  if (entry == nullptr) throw sdk::Error(std::string("the library of ONNX Runtime does not export ") + kEntry);
  const ApiBase* const base = entry();
  const ApiTable table = base != nullptr ? base->api(kApiVersion) : nullptr;
  if (table == nullptr) {
    throw sdk::Error("the library of ONNX Runtime is older than 1." + std::to_string(kApiVersion));
  }
  return Runtime(table, base->version());
}

void Runtime::require(OrtStatus* status) const {
  if (status == nullptr) return;
  const Owned<OrtStatus> owned = own(status, member::release_status);
  throw sdk::Error(std::string("ONNX Runtime: ") + member::get_error_message.in(table_)(status));
}

}  // namespace headroom::onnx
