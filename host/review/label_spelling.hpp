// When two labels mean one perturbation: blanks, case, the order of parts and a control part are spelling; a chemical
// formula is not (contract, labels.same_perturbation). Pure functions on labels, for cells, tasks and predictions.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headroom {

// Without blanks at its ends, the no-break space and the byte-order mark among them.
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
std::string_view trimmed(std::string_view text);
// ASCII letters in lower case.
std::string lower_case(std::string_view text);

// Any of []()=#@\/ in it, or ring digits as in SMILES: its letters' case and its order mean something.
bool looks_like_formula(std::string_view label);

// The spelling that all labels of one perturbation share: trimmed; and, unless it looks like a formula, in lower case,
// its parts (A+B, A;B, A,B, A_B) sorted and joined by '+', and those left out that are a control beside others.
// `is_control_part`: what names a control among the parts, beside the usual names.
using IsControl = std::function<bool(std::string_view)>;
std::string plain_spelling(std::string_view label, const IsControl& is_control_part = {});

// Labels that mean one perturbation: each group of two or more indices into `labels`, ascending; groups by their first.
std::vector<std::vector<std::size_t>> same_perturbations(std::span<const std::string> labels,
                                                         const IsControl& is_control_part = {});

// nan, none, NA, N/A, null, empty, unassigned, unknown, multiplet, doublet, ambiguous in any case, or nothing but
// blanks. A measured gene may have such a name: that is for the caller to ask.
bool names_missing(std::string_view label);

// Shell-like patterns: *, ?, [...]. An exact name comes first, for labels hold brackets.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace headroom
