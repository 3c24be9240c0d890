#include "cli/installed_files.hpp"

#include "plugin_host/host_process.hpp"

namespace headroom::cli {

namespace fs = std::filesystem;

Result<fs::path> find_shipped_plugins() {
  const auto program = program_file();
  if (!program) return program;
  std::error_code error;
  const fs::path library = program->parent_path().parent_path() / "lib" / "headroom";
  for (const fs::path& folder : {library / "plugins", library}) {
    if (fs::exists(folder / "table.so", error)) return folder;
  }
  return harness_fault("the shipped plugins are missing", (library / "plugins").string() + " and " + library.string(),
                       "install or build Headroom again");
}

}  // namespace headroom::cli
