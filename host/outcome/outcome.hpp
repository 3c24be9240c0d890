// Values or errors: what every fallible function of the host returns.
//
// The kinds keep apart who is at fault, because the exit code, the affected row and the remedy differ.
// Libraries return errors and never print them; the command line prints `headroom: error: WHAT (WHERE): REMEDY`.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace headroom {

enum class ErrorKind {
  bad_input,            // the user's files or flags are wrong; nothing was evaluated (exit 2)
  plugin_fault,         // one plugin failed; its row says why, everything else goes on (exit 3)
  harness_fault,        // Headroom or the machine failed: disk full, out of memory, a broken invariant (exit 4)
  sandbox_unavailable,  // the confinement that was asked for is not to be had here (exit 4)
  interrupted,          // a signal asked to stop; what was done is kept (exit 130 or 143)
};

struct Error {
  ErrorKind kind = ErrorKind::harness_fault;
  std::string what;    // the fact: "column 'pert_id' is missing"
  std::string where;   // file, row, column; may be empty
  std::string remedy;  // what the user can do; may be empty

  // "WHAT (WHERE): REMEDY", leaving out what is empty; always one line.
  std::string line() const;
};

template <class T>
using Result = tl::expected<T, Error>;

// Makes the error branch of a Result: return bad_input("no rows", path, "...");
tl::unexpected<Error> bad_input(std::string what, std::string where = {}, std::string remedy = {});
tl::unexpected<Error> plugin_fault(std::string what, std::string where = {}, std::string remedy = {});
tl::unexpected<Error> harness_fault(std::string what, std::string where = {}, std::string remedy = {});

}  // namespace headroom
