// headroom new: a plugin project that builds and conforms as it is.

#include "cli/command_line.hpp"
#include "cli/terminal_streams.hpp"
#include "plugin_host/host_process.hpp"
#include "project_template/project_folder.hpp"

namespace headroom::cli {

Result<int> make_project(const NewArguments& arguments) {
  const auto kind = plugin_project_kind(arguments.kind, arguments.target);
  if (!kind) return tl::unexpected<Error>(kind.error());
  const auto language = plugin_project_language(arguments.language);
  if (!language) return tl::unexpected<Error>(language.error());
  const std::filesystem::path folder = arguments.name;
  if (auto written = write_plugin_project(folder, arguments.name, *kind, *language); !written) {
    return tl::unexpected<Error>(written.error());
  }
  const auto program = program_file();
  results() << plugin_project_next_steps(folder, arguments.name, *language, sdk_package_of(program.value_or("")));
  return 0;
}

}  // namespace headroom::cli
