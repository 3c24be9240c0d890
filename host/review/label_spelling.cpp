#include "review/label_spelling.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "review/control_names.hpp"

namespace headroom {
namespace {

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Rings are opened and closed by a digit: each occurs an even number of times, every one after an atom, and there is
// nothing but atoms and bonds.
bool has_ring_digits(std::string_view label) {
  constexpr std::string_view kAtomsAndBonds = "BCNOPSFIHbcnopslr-+.:%";
  std::array<int, 10> n_of{};
  std::size_t n_letters = 0;
  for (std::size_t i = 0; i < label.size(); ++i) {
    const char c = label[i];
    if (is_digit(c)) {
      if (i == 0 || (!is_letter(label[i - 1]) && !is_digit(label[i - 1]))) return false;
      ++n_of[static_cast<std::size_t>(c - '0')];
    } else if (kAtomsAndBonds.find(c) == std::string_view::npos) {
      return false;
    } else {
      // l and r only end Cl and Br.
      if (c == 'l' && (i == 0 || label[i - 1] != 'C')) return false;
      if (c == 'r' && (i == 0 || label[i - 1] != 'B')) return false;
      n_letters += is_letter(c) ? 1 : 0;
    }
  }
  const bool all_even = std::all_of(n_of.begin(), n_of.end(), [](int n) { return n % 2 == 0; });
  const bool any = std::any_of(n_of.begin(), n_of.end(), [](int n) { return n > 0; });
  return any && all_even && n_letters >= 4;
}

// The separator at which a label falls into parts: the first of these that is in it. An underscore inside a part of
// A_1+B_2 belongs to that part.
std::optional<char> separator_of(std::string_view label) {
  for (const char c : {'+', ';', ',', '&', '|', '_'}) {
    if (label.find(c) != std::string_view::npos) return c;
  }
  return std::nullopt;
}

std::vector<std::string_view> parts_of(std::string_view label, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= label.size();) {
    const std::size_t end = std::min(label.find(separator, begin), label.size());
    if (const std::string_view part = trimmed(label.substr(begin, end - begin)); !part.empty()) parts.push_back(part);
    begin = end + 1;
  }
  return parts;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::array<std::string_view, 8> kBlanks = {" ", "\t", "\n", "\r", "\v", "\f", "\xC2\xA0", "\xEF\xBB\xBF"};
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view blank : kBlanks) {
      while (text.starts_with(blank)) {
        text.remove_prefix(blank.size());
        again = true;
      }
      while (text.ends_with(blank)) {
        text.remove_suffix(blank.size());
        again = true;
      }
    }
  }
  return text;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

bool looks_like_formula(std::string_view label) {
  return label.find_first_of("[]()=#@\\/") != std::string_view::npos || has_ring_digits(trimmed(label));
}

std::string plain_spelling(std::string_view label, const IsControl& is_control_part) {
  const std::string_view text = trimmed(label);
  if (looks_like_formula(text)) return std::string(text);
  const auto separator = separator_of(text);
  if (!separator) return lower_case(text);

  std::vector<std::string> parts, others;
  for (const std::string_view part : parts_of(text, *separator)) {
    std::string plain = lower_case(part);
    parts.push_back(plain);
    const bool usual = *separator == '_' ? names_control_surely(part) : names_control(part);
    if (!usual && !(is_control_part && is_control_part(part))) others.push_back(std::move(plain));
  }
  if (others.empty()) others = parts;  // a control as a whole: its parts are its name
  // Several numbers in a row mean something by their place: drug_1_2 is not drug_2_1, and 1,5 not 5,1.
  const auto n_numbers =
      std::count_if(others.begin(), others.end(), [](const std::string& part) { return is_digit(part.front()); });
  const bool by_place = (*separator == '_' || *separator == ',') && n_numbers > 1;
  if (!by_place) std::sort(others.begin(), others.end());
  std::string out;
  for (const std::string& part : others) out += (out.empty() ? "" : "+") + part;
  return out;
}

std::vector<std::vector<std::size_t>> same_perturbations(std::span<const std::string> labels,
                                                         const IsControl& is_control_part) {
  std::unordered_map<std::string, std::size_t> group_of;
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto [at, is_new] = group_of.try_emplace(plain_spelling(labels[i], is_control_part), groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(i);
  }
  std::erase_if(groups, [](const auto& group) { return group.size() < 2; });
  return groups;
}

bool names_missing(std::string_view label) {
  constexpr std::array<std::string_view, 20> kNames = {
      "",        "nan",       "none",       "na",         "n/a",         "n.a.",         "#n/a",
      "<na>",    "null",      "empty",      "unassigned", "un-assigned", "not assigned", "not_assigned",
      "unknown", "multiplet", "multiplets", "doublet",    "doublets",    "ambiguous"};
  const std::string text = lower_case(trimmed(label));
  return std::find(kNames.begin(), kNames.end(), text) != kNames.end();
}

bool matches_glob(std::string_view pattern, std::string_view text) {
  return pattern == text || fnmatch(std::string(pattern).c_str(), std::string(text).c_str(), 0) == 0;
}

}  // namespace headroom
