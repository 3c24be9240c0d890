// The exit codes of the contract.
#pragma once

#include "outcome/outcome.hpp"

namespace headroom::cli {

inline constexpr int kExitEvaluated = 0;
inline constexpr int kExitBadInput = 2;      // usage or bad input; nothing was evaluated
inline constexpr int kExitPluginFailed = 3;  // evaluated, but at least one plugin failed
inline constexpr int kExitHarnessFault = 4;  // harness fault, or the sandbox that was asked for is not to be had

// 130 after SIGINT, 143 after SIGTERM.
int exit_code(const Error& error);

}  // namespace headroom::cli
