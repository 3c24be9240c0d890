// What the checks found, for people and for scripts.
#pragma once

#include <ostream>
#include <string>

#include "conformance/conformance.hpp"
#include "terminal/terminal_style.hpp"

namespace headroom {

// "pass  row-order            bit for bit the same", one line without its end. The plugin's words are made safe to
// show.
std::string check_line(const CheckResult& result, const TerminalStyle& style);

// "knn 1.0.0 conforms: 17 passed, 1 warning, 0 failed, 7 skipped" and the level of the sandbox that it was checked in.
std::string check_summary(const Conformance& conformance, const TerminalStyle& style);

// One line a check: its name and what must hold.
void write_check_list(std::ostream& out, const TerminalStyle& style);
std::string check_list_json();

// { "plugin": {path, sha256, name, version, kind}, "sandbox": "strong", "conforms": true, "checks": [{name, outcome,
// detail}] } name, version and kind are absent where the plugin could not be opened. Ends with a newline.
std::string conformance_json(const Conformance& conformance);

}  // namespace headroom
