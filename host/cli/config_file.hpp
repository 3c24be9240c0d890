// The files that `--config` reads and every run writes: the flags of a command in a small part of TOML.
//
//   [run]                       # the command; keys above the first section hold for every command that has them
//   task = "task"
//   embedding = ["esm=esm2.h5ad", "mine=mine.so"]
//   common-dim = 100
//
// Keys are the long flags without their dashes, or the names of positional arguments. Values are strings ("with \n and
// \u00e9", or 'as they are'), numbers, true, false, and arrays of those, which may go over several lines. What else
// TOML has (dates, inline and nested tables, multi-line strings) no flag needs; it is refused by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom::cli {

struct ConfigEntry {
  std::string section;  // the command; empty: above the first section
  std::string key;
  std::vector<std::string> values;  // one unless it is an array: numbers and booleans as they are written
  int line = 0;                     // where the key stands, from 1
};

// In the order of the file. Errors (bad_input) name `where` and the line: no key, a value that is none of the above, an
// end that is missing, a key or a section twice.
Result<std::vector<ConfigEntry>> parse_config(std::string_view text, const std::string& where);
Result<std::vector<ConfigEntry>> read_config_file(const std::string& path);

// A value as the file holds it: a number or a boolean bare, everything else in quotes.
std::string config_value(std::string_view text);
// `key = value`, an array where there is not exactly one; with a line end.
std::string config_line(std::string_view key, const std::vector<std::string>& values);

}  // namespace headroom::cli
