// What is to be said of a file, as named values: how `headroom inspect` speaks of everything, and how a confined reader
// tells the host of a file that the host does not open (one line of its log a fact).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace headroom {

using FactValue = std::variant<std::string, std::int64_t, double, bool>;

struct Fact {
  std::string name;  // words of lower case joined by '_'
  std::vector<FactValue> values;
  bool is_list = false;  // else there is one value
};

inline Fact fact(std::string name, FactValue value) { return {std::move(name), {std::move(value)}, false}; }
Fact list_fact(std::string name, const std::vector<std::string>& values);

// Of a list of foreign names, the first `n` and, where there are more, how many.
Fact first_of_fact(std::string name, const std::vector<std::string>& values, std::size_t n);

// A fact as one line of at most 4,000 bytes (texts are cut, then list values left out), and back; nullopt for a line
// that is none. Whoever reads such lines must take their text as foreign.
std::string fact_line(const Fact& fact);
std::optional<Fact> parse_fact_line(std::string_view line);

}  // namespace headroom
