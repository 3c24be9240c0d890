// What an evaluation is of, and everything that determines its numbers, by name: what a resumed run compares before it
// trusts a stored result, and what it names when it does not.
#pragma once

#include <string>
#include <vector>

namespace headroom {

struct EvaluationInput {
  std::string name;   // "task", "plugin of good", "seed"
  std::string value;  // the setting, or the sha256 of a file or of a list of ids

  friend bool operator==(const EvaluationInput&, const EvaluationInput&) = default;
};

// In a fixed order; names are distinct.
using EvaluationInputs = std::vector<EvaluationInput>;

struct EvaluationKey {
  std::string context, split, method;
  std::string fingerprint;  // fingerprint_of(inputs)
  EvaluationInputs inputs = {};
  std::string target = "lfc";  // what was predicted
};

// sha256 over names and values, 64 hexadecimal digits.
std::string fingerprint_of(const EvaluationInputs& inputs);

// One phrase an input that differs, in the order of `now`: "seed: 0, now 7". Hashes are shortened to 8 digits.
std::vector<std::string> differences(const EvaluationInputs& stored, const EvaluationInputs& now);

}  // namespace headroom
