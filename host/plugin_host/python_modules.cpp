#include "plugin_host/python_modules.hpp"

#include <unistd.h>

#include <string>
#include <system_error>
#include <vector>

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFlag = "--python-path ";

// Workers of a host that runs as root are strangers to its files.
bool is_open_to_all(const fs::path& folder) {
  std::error_code error;
  for (fs::path at = folder; !at.empty() && at != at.root_path(); at = at.parent_path()) {
    const fs::perms needed = fs::perms::others_exec;
    if ((fs::status(at, error).permissions() & needed) != needed || error) return false;
  }
  return true;
}

}  // namespace

Result<PythonModules> python_modules(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error || !fs::is_directory(real, error)) {
    return bad_input("there is no such folder", kFlag + path.string(), "name a virtual environment");
  }
  if (geteuid() == 0 && !is_open_to_all(real)) {
    return bad_input("others than its owner cannot reach the folder, and workers of root have a user id of their own",
                     kFlag + path.string(), "make it and the folders above it readable to all");
  }
  std::vector<fs::path> found;
  fs::directory_iterator at(real / "lib", error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const fs::path packages = at->path() / "site-packages";
    std::error_code ignored;
    if (at->path().filename().string().starts_with("python3") && fs::is_directory(packages, ignored)) {
      found.push_back(packages);
    }
  }
  if (found.size() > 1) {
    return bad_input("it has packages of " + std::to_string(found.size()) + " versions of Python",
                     kFlag + path.string(), "name one lib/python3.N/site-packages");
  }
  return PythonModules{real, found.empty() ? real : found.front()};
}

}  // namespace headroom
