#include "io/row_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <unordered_map>

#include "io/delimited.hpp"

namespace headroom {
namespace {

constexpr std::size_t kValuesShown = 8;

std::string some_of(const std::vector<std::string>& values) {
  const std::size_t n = std::min(values.size(), kValuesShown);
  std::string text =
      fmt::format("{}", fmt::join(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n), ", "));
  return n < values.size() ? fmt::format("{} and {} more", text, values.size() - n) : text;
}

}  // namespace

std::vector<std::string> columns_named(const std::string& text, const std::function<bool(const std::string&)>& exists) {
  if (exists(text)) return {text};
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    names.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

std::vector<std::string> names_chosen(const std::vector<std::string>& given,
                                      const std::function<bool(const std::string&)>& exists) {
  std::vector<std::string> names;
  for (const std::string& each : given) {
    const std::vector<std::string> parts = columns_named(each, exists);
    if (std::all_of(parts.begin(), parts.end(), exists)) {
      names.insert(names.end(), parts.begin(), parts.end());
    } else {
      names.push_back(each);
    }
  }
  return names;
}

LabelColumn joined_labels(const LabelColumn& first, const LabelColumn& second,
                          const std::function<bool(std::string_view)>& is_control) {
  LabelColumn out{first.name + "_" + second.name, {}, {}};
  std::unordered_map<std::uint64_t, std::int32_t> known;
  std::unordered_map<std::string, std::int32_t> code_of;
  std::vector<bool> keeps_label;
  for (const std::string& label : first.labels) keeps_label.push_back(is_control(label));
  for (std::size_t row = 0; row < first.codes.size(); ++row) {
    const std::int32_t a = first.codes[row], b = second.codes[row];
    if (a == LabelColumn::kMissing) {
      out.codes.push_back(a);
      continue;
    }
    const std::uint64_t key = (static_cast<std::uint64_t>(a) << 32) | static_cast<std::uint32_t>(b);
    auto at = known.find(key);
    if (at == known.end()) {
      std::string label = first.labels[static_cast<std::size_t>(a)];
      if (!keeps_label[static_cast<std::size_t>(a)] && b != LabelColumn::kMissing) {
        label += "_" + second.labels[static_cast<std::size_t>(b)];
      }
      const auto [code, is_new] = code_of.try_emplace(label, static_cast<std::int32_t>(out.labels.size()));
      if (is_new) out.labels.push_back(label);
      at = known.emplace(key, code->second).first;
    }
    out.codes.push_back(at->second);
  }
  return out;
}

Result<std::vector<bool>> filtered_rows(std::size_t n_rows, const std::vector<RowFilter>& filters,
                                        const ReadLabelColumn& read, const std::string& where) {
  std::vector<bool> kept(n_rows, true);
  std::map<std::string, std::vector<std::string>> values_of;
  for (const RowFilter& filter : filters) values_of[filter.column].push_back(filter.value);
  for (const auto& [name, values] : values_of) {
    auto column = read(name);
    if (!column) return tl::unexpected(column.error());
    std::vector<bool> matches(column->labels.size(), false);
    for (const std::string& value : values) {
      bool any = false;
      for (std::size_t l = 0; l < matches.size(); ++l) {
        const auto number = parse_number(value), stored = parse_number(column->labels[l]);
        const bool is_same = column->labels[l] == value || (number && stored && *number == *stored);
        matches[l] = matches[l] || is_same;
        any = any || is_same;
      }
      if (any) continue;
      return bad_input(fmt::format("no row has '{}' in column '{}'", value, name), where,
                       fmt::format("values there: {}", some_of(column->labels)));
    }
    for (std::size_t row = 0; row < kept.size(); ++row) {
      const std::int32_t code = column->codes[row];
      kept[row] = kept[row] && code != LabelColumn::kMissing && matches[static_cast<std::size_t>(code)];
    }
  }
  return kept;
}

}  // namespace headroom
