// Labels as a file may hold them, one a line: what the review makes of them, and whether its doubts survive being kept.
#include <algorithm>
#include <cstdlib>

#include "fuzz/input_file.hpp"
#include "review/condition_names.hpp"
#include "review/control_names.hpp"
#include "review/doubt_record.hpp"
#include "review/label_review.hpp"
#include "review/label_spelling.hpp"
#include "review/row_numbers.hpp"

namespace {

void require(bool kept) {
  if (!kept) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headroom;
  std::string_view rest = fuzz::text_of(data, size);
  // The first line names the control, and its length says what the flags are.
  std::vector<std::string> labels;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    labels.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  LabelOptions options;
  if (!labels.empty()) options.controls = {labels.front()};
  options.merge = labels.size() % 2 == 1;
  std::vector<std::int64_t> n_rows;
  for (const std::string& label : labels) n_rows.push_back(static_cast<std::int64_t>(label.size() % 4));

  Review review;
  const ReadLabels read = review_labels(
      labels, n_rows, options, [](std::string_view name) { return name == "NA"; }, "cells", review);
  require(read.role.size() == labels.size() && read.stands_for.size() == labels.size());
  for (std::size_t l = 0; l < labels.size(); ++l) {
    require(read.stands_for[l] < labels.size() && read.stands_for[read.stands_for[l]] == read.stands_for[l]);
    require(options.merge || read.stands_for[l] == l);
    const std::string plain = plain_spelling(labels[l]);
    require(plain_spelling(" " + labels[l] + "\t") == plain);
    (void)names_control(labels[l]);
    (void)names_condition(labels[l]);
    (void)names_target(labels[l]);
  }
  (void)are_row_numbers(labels);
  (void)targets_of_several_guides(labels, labels, "id");
  for (const Doubt& doubt : review.doubts()) require(doubt.error().line().find('\n') == std::string::npos);
  const auto kept = read_doubts(doubts_json(review.doubts()), "task");
  require(kept && kept->size() == review.doubts().size());
  (void)read_doubts(fuzz::text_of(data, size), "task");
  return 0;
}
