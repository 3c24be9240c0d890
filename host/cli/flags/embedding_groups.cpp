#include "cli/flags/embedding_groups.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <set>
#include <string_view>

#include "cli/flags/flag_values.hpp"
#include "io/delimited.hpp"

namespace headroom::cli {
namespace {

constexpr std::string_view kForm = "NAME=PATTERN, or a table with the columns embedding and a kind: kinds.csv#COLUMN";

// The column that is asked for, or the only one beside the embeddings' names.
Result<std::size_t> kind_column(const DelimitedReader& table, const std::string& asked, std::size_t of_names,
                                const std::string& where) {
  if (!asked.empty()) return table.require_column(asked);
  std::vector<std::string> others = table.header();
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(of_names));
  if (others.size() == 1) return table.require_column(others.front());
  if (others.empty()) return bad_input("no column tells the kind of an embedding", where, "add one beside 'embedding'");
  return bad_input("several columns could tell the kind of an embedding", where,
                   fmt::format("name one: {}#{} (there are {})", where, others.front(), fmt::join(others, ", ")));
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> read_embedding_groups(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> groups;
  const auto [path, column] = path_and_part(text);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    auto entry = key_and_value(text, "--group", kForm);
    if (!entry) return tl::unexpected<Error>(entry.error());
    groups.push_back(std::move(*entry));
    return groups;
  }

  auto table = DelimitedReader::open(path);
  if (!table) return tl::unexpected<Error>(table.error());
  if (auto header = table->read_header(); !header) return tl::unexpected<Error>(header.error());
  const auto names = table->require_column("embedding");
  if (!names) return tl::unexpected<Error>(names.error());
  const auto kinds = kind_column(*table, column, *names, path.string());
  if (!kinds) return tl::unexpected<Error>(kinds.error());
  std::set<std::string> seen;
  for (auto more = table->next();; more = table->next()) {
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) break;
    const std::string name(table->cells()[*names]), kind(table->cells()[*kinds]);
    if (!seen.insert(name).second) {
      return table->error(fmt::format("the embedding '{}' has a row already", name), "leave one of them");
    }
    if (!kind.empty()) groups.emplace_back(kind, name);
  }
  if (seen.empty()) return bad_input("the table has no embedding", path.string(), "give a row for each");
  return groups;
}

}  // namespace headroom::cli
