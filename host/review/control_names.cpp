#include "review/control_names.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "review/label_spelling.hpp"

namespace headroom {
namespace {

// Words that name a control by themselves, without separators. "nontargeting" stands for non-targeting,
// non_targeting, "non targeting" and NonTargeting.
constexpr std::array<std::string_view, 39> kControlWords = {
    "control",       "controls",     "ctrl",        "ctrls",       "ctl",         "nontargeting",
    "nontargetting", "nontarget",    "nontargeted", "notargeting", "notarget",    "nt",
    "ntc",           "ntcs",         "neg",         "negative",    "dmso",        "dmsotf",
    "vehicle",       "veh",          "untreated",   "nontreated",  "nottreated",  "notreatment",
    "unperturbed",   "nonperturbed", "mock",        "scramble",    "scrambled",   "sinc",
    "safetargeting", "safetarget",   "safe",        "safecutter",  "safecutting", "noperturbation",
    "sictrl",        "sicontrol",    "siscramble"};
// Words that may stand beside them and change nothing. TF and SI are genes as well (ctrl_TF), so they are none.
constexpr std::array<std::string_view, 20> kNeutralWords = {
    "sg",    "g",    "grna",  "sgrna", "guide", "guides",  "crispr",   "crrna",       "sirna",      "sh",
    "shrna", "cell", "cells", "only",  "human", "treated", "infected", "transfected", "transduced", "mouse"};

// Letters and digits alone, in lower case. Anything that is not ASCII is kept: it belongs to a word that is no name.
std::string squashed(std::string_view text) {
  std::string out;
  for (const char c : lower_case(trimmed(text))) {
    if ((c >= 'a' && c <= 'z') || is_digit(c) || static_cast<unsigned char>(c) >= 128) out += c;
  }
  return out;
}

// Whether `text` is a chain of control words, neutral words and numbers, with at least one control word. A number that
// is followed by letters is none of a screen's numbering (NT5E), unless a whole control word follows (ctrl1ctrl2).
bool is_chain(std::string_view text) {
  const std::size_t n = text.size();
  // reached[i]: bit 0 without, bit 1 with a control word so far.
  std::vector<unsigned> reached(n + 1, 0);
  reached[0] = 1;
  for (std::size_t i = 0; i < n; ++i) {
    if (reached[i] == 0) continue;
    if (is_digit(text[i])) {
      std::size_t end = i;
      while (end < n && is_digit(text[end])) ++end;
      reached[end] |= reached[i];
      continue;
    }
    for (const std::string_view word : kControlWords) {
      if (text.substr(i).starts_with(word)) reached[i + word.size()] |= 2;
    }
    for (const std::string_view word : kNeutralWords) {
      if (text.substr(i).starts_with(word)) reached[i + word.size()] |= reached[i];
    }
  }
  return (reached[n] & 2) != 0;
}

// NegCtrl*, and NonTargetingControlGuideForHuman_0001 of genome-wide libraries: whatever follows.
bool is_negative_control(std::string_view text) {
  return text.starts_with("nontargetingcontrol") || text.starts_with("nontargetingctrl") ||
         text.starts_with("negctrl") || text.starts_with("negcontrol") || text.starts_with("negativecontrol") ||
         text.starts_with("negativectrl");
}

bool part_names_control(std::string_view part) {
  const std::string text = squashed(part);
  return is_chain(text) || is_negative_control(text);
}

}  // namespace

bool names_control(std::string_view label) {
  constexpr std::size_t kLongestName = 200;  // a chain is looked for in quadratic time
  const std::string_view name = trimmed(label);
  if (name.empty() || name.size() > kLongestName) return false;
  // A combination is one if every part is: ctrl+ctrl, and NegCtrl10_NegCtrl0, but not ctrl+TF nor NegCtrl0_CEBPE.
  const bool is_combination = name.find_first_of("+;,") != std::string_view::npos;
  if (!is_combination && is_chain(squashed(name))) return true;
  bool any = false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find_first_of(is_combination ? "+;," : "_", begin), name.size());
    const std::string_view part = trimmed(name.substr(begin, end - begin));
    begin = end + 1;
    if (part.empty() || std::all_of(part.begin(), part.end(), is_digit)) continue;
    if (is_combination ? !names_control(part) : !part_names_control(part)) return false;
    any = true;
  }
  return any;
}

bool names_control_surely(std::string_view part) {
  const std::string text = squashed(part);
  return part_names_control(part) && text != "neg" && text != "nt" && text != "negative" && text != "safe";
}

}  // namespace headroom
