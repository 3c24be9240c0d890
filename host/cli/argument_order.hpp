// Arguments in an order in which a flag of several values cannot take the positional argument that follows it:
// `run --context A B task -o out` is `run task --context A B -o out`.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace headroom::cli {

enum class FlagValues { none, one, several };

// `arguments` of one command, of which one positional argument is wanted, or `takes_several`. Where none stands by
// itself, the last of several values of a flag is it (or the last ones are, all but the first), if `may_be_positional`
// says so; else the arguments stay as they are. `values_of`: of a flag by its name with dashes; unknown flags take
// none.
std::vector<std::string> with_positional_first(std::vector<std::string> arguments,
                                               const std::function<FlagValues(const std::string&)>& values_of,
                                               const std::function<bool(const std::string&)>& may_be_positional,
                                               bool takes_several = false);

}  // namespace headroom::cli
