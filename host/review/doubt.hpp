// A doubt: a place where what was read fits a known misreading (contract, "Input review: doubts"). Every code, with its
// severity, stands in one table here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom {

enum class Severity {
  noted,    // told once; the command goes on
  refused,  // the numbers would be wrong in silence: the command stops unless a flag resolves or accepts it
};

struct DoubtCode {
  std::string_view code;
  Severity severity;
};

// All codes there are, in the order of the contract.
std::span<const DoubtCode> doubt_codes();
bool is_doubt_code(std::string_view code);
// Of a code that is there.
Severity severity_of(std::string_view code);
std::string_view severity_name(Severity severity);

// How many examples a doubt carries at most.
inline constexpr std::size_t kMostExamples = 5;

struct Doubt {
  std::string code;
  std::string where;                  // file, with the column or array that is meant
  std::string what;                   // what was found and what follows for the numbers, one sentence
  std::int64_t n = 0;                 // how many labels, rows, columns or values it is about
  std::vector<std::string> examples;  // at most kMostExamples
  std::string remedy;                 // the flag to give
  bool accepted = false;

  Severity severity() const { return severity_of(code); }
  // "[CODE] WHAT: EXAMPLES (WHERE): REMEDY" by its line().
  Error error() const;
};

// The first of `names`, as a doubt carries them.
std::vector<std::string> examples_of(std::span<const std::string> names);

}  // namespace headroom
