// Tables as text: the reader of records, vectors and folds. The first byte chooses the separator and the format.
#include <cstdlib>

#include "fuzz/input_file.hpp"
#include "inspection/describe_file.hpp"
#include "io/delimited.hpp"
#include "io/file_facts.hpp"
#include "io/vector_file.hpp"
#include "review/told_doubt.hpp"
#include "task/fold_assignment.hpp"

namespace {

using headroom::DelimitedReader;

void read_records(std::string text, std::optional<char> separator) {
  auto reader = DelimitedReader::from_text(std::move(text), "input", separator);
  if (!reader || !reader->read_header()) return;
  const std::size_t n_cells = reader->header().size();
  for (;;) {
    const auto more = reader->next();
    if (!more || !*more) break;
    if (reader->cells().size() != n_cells) std::abort();
    for (std::size_t i = 0; i < n_cells; ++i) {
      const auto number = reader->number(i);
      if (number.has_value() != headroom::parse_number(reader->cells()[i]).has_value()) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const headroom::fuzz::InputFolder folder;
  if (size == 0) return 0;
  const bool tabs = (data[0] & 1) != 0;
  const std::string_view text = headroom::fuzz::text_of(data + 1, size - 1);
  read_records(std::string(text), {});
  read_records(std::string(text), tabs ? '\t' : ',');

  const auto path = folder.write(tabs ? "input.tsv" : "input.csv", text);
  if (const auto vectors = headroom::read_vector_file(path)) {
    if (static_cast<std::size_t>(vectors->vectors.rows()) != vectors->ids.size()) std::abort();
    if (!vectors->vectors.allFinite()) std::abort();
  }
  if (const auto chosen = headroom::read_vector_file(path, {}, "id")) {
    if (static_cast<std::size_t>(chosen->vectors.rows()) != chosen->ids.size()) std::abort();
  }
  (void)headroom::describe_file(path, "input");
  (void)headroom::parse_fact_line(text);
  if (const auto doubt = headroom::parse_doubt_line(text)) {
    if (doubt->accepted || doubt->n < 0) std::abort();
  }
  headroom::TaskContext context;
  context.name = "K562";
  context.pert_ids = {"A1BG", "TP53"};
  std::vector<std::string> notes;
  if (const auto folds = headroom::read_fold_file(
          path, {context}, tabs ? std::optional<std::string>("test") : std::nullopt, {{}, {}, tabs}, &notes)) {
    if (folds->labels.size() != 1 || folds->labels.front().size() != context.pert_ids.size()) std::abort();
  }
  return 0;
}
