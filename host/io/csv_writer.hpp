// CSV as Headroom writes it (RFC 4180 quotes, lines end in \n): every such table, whoever reads it, is made here.
//
// Texts in it are often a stranger's: names of plugins, contexts and perturbations. A spreadsheet runs what begins like
// a formula, so in tables for people such a text gets a leading apostrophe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headroom {

enum class CsvTexts {
  guarded,  // tables for people: what a spreadsheet would take for a formula gets a leading apostrophe
  exact,    // tables that are made to be read back, such as noise.csv
};

class CsvWriter {
 public:
  explicit CsvWriter(CsvTexts texts = CsvTexts::guarded) : texts_(texts) {}

  CsvWriter& text(std::string_view text);
  CsvWriter& number(std::int64_t value);
  CsvWriter& number(double value);  // the shortest that reads back as the same; nothing for NaN and infinity
  CsvWriter& nothing();
  CsvWriter& fields(std::string_view joined);  // one or more of another writer's
  void end_row();

  // All rows so far, or the fields of one that has not ended.
  const std::string& str() const { return out_; }

 private:
  void separate();

  CsvTexts texts_;
  bool is_row_begun_ = false;
  std::string out_;
};

// Texts that a spreadsheet would take for a formula: behind blanks and apostrophes, if any, stands one of = + - @, in
// ASCII or full width; or the text begins with a tab or a line end.
bool is_like_formula(std::string_view text);

// What a guarded field stands for: the same text without the apostrophe that the writer put before it. No other text is
// changed.
std::string_view unguarded(std::string_view field);

}  // namespace headroom
