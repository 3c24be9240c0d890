// The program's commands and flags as data: the one source of --help, the man pages and the shells' completion.
#pragma once

#include <string>
#include <vector>

namespace headroom::cli {

struct FlagDescription {
  std::vector<std::string> names;  // "-o", "--out"; of a positional argument its name alone
  std::string value;               // what stands for its value: "DIR", "N", "strict|relaxed|off"; empty: it takes none
  std::vector<std::string> choices;  // all values that it takes; empty: any
  std::string help;                  // one sentence or more, without the default
  std::string preset;                // the default as it would be given; empty: none, or the help tells it
  std::string group;                 // heading that it stands under
  bool is_positional = false, is_required = false, is_repeatable = false;

  // Whether its value names a file or a folder.
  bool takes_path() const;
};

struct CommandDescription {
  std::string name;    // "run"; of the program itself "headroom"
  std::string about;   // one sentence; of the program more
  std::string footer;  // examples, in lines of at most 100 columns; may be empty
  std::vector<FlagDescription> flags;
  std::vector<CommandDescription> commands;  // of the program alone; without those that are no use to people
};

// "Usage: headroom run TASK --out DIR [OPTIONS]" without its first word; `program` is prefixed to a command's name.
std::string synopsis(const CommandDescription& command, const std::string& program);

// The headings in the order in which they come first.
std::vector<std::string> groups_of(const CommandDescription& command);

// The help of a flag with its default, as one paragraph.
std::string full_help(const FlagDescription& flag);

}  // namespace headroom::cli
