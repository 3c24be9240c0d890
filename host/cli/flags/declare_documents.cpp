// What the program writes of itself: completion for shells, and, for the build, all that is installed beside it.

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "cli/flags/declare_commands.hpp"
#include "cli/flags/describe_command.hpp"
#include "cli/man_page.hpp"
#include "cli/shell_completion.hpp"
#include "cli/terminal_streams.hpp"
#include "io/atomic_file.hpp"
#include "version.hpp"

namespace headroom::cli {

void add_completion_command(CLI::App& app, Command& command) {
  auto shell = std::make_shared<std::string>();
  CLI::App& completion_app =
      *app.add_subcommand("completion", "Print the completion of commands and flags for a shell");
  completion_app.footer(
      "Examples:\n"
      "  source <(headroom completion bash)               in ~/.bashrc\n"
      "  headroom completion zsh > ~/.zfunc/_headroom     with that folder in zsh's fpath\n"
      "\n"
      "Installed packages bring both.");
  completion_app.add_option("shell", *shell, "Which shell")->check(CLI::IsMember({"bash", "zsh"}))->required();
  completion_app.callback([&app, &command, shell] {
    command = [&app, shell]() -> Result<int> {
      const CommandDescription program = describe(app);
      results() << (*shell == "bash" ? bash_completion(program) : zsh_completion(program));
      return 0;
    };
  });
}

// For the build: writes what is installed beside the program.
void add_documents_command(CLI::App& app, Command& command) {
  auto folder = std::make_shared<std::filesystem::path>();
  CLI::App& documents_app = *app.add_subcommand("documents", "Write the man pages and the completion scripts");
  documents_app.group("");
  documents_app.add_option("folder", *folder, "Folder with man1, bash and zsh in it")->required();
  documents_app.callback([&app, &command, folder] {
    command = [&app, folder]() -> Result<int> {
      const CommandDescription program = describe(app);
      std::map<std::string, std::string> files = {{"bash/headroom", bash_completion(program)},
                                                  {"zsh/_headroom", zsh_completion(program)},
                                                  {"man1/headroom.1", man_page(program, program, HEADROOM_VERSION)}};
      for (const CommandDescription& each : program.commands) {
        files["man1/headroom-" + each.name + ".1"] = man_page(program, each, HEADROOM_VERSION);
      }
      for (const auto& [name, text] : files) {
        std::error_code error;
        std::filesystem::create_directories((*folder / name).parent_path(), error);
        if (error) return bad_input("cannot make the folder", (*folder / name).parent_path().string(), error.message());
        if (auto written = write_file_atomically(*folder / name, text); !written) {
          return tl::unexpected<Error>(written.error());
        }
      }
      return 0;
    };
  });
}

}  // namespace headroom::cli
