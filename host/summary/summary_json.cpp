#include "summary/summary_json.hpp"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/bounded_file.hpp"
#include "terminal/json_text.hpp"

namespace headroom {
namespace {

using Json = nlohmann::ordered_json;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

Json message_json(const Message& message);

// The field's value, or its element `i` where it is repeated (i >= 0). Null for a number that is not finite.
Json field_json(const Message& message, const FieldDescriptor& field, int i) {
  const Reflection& get = *message.GetReflection();
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return i < 0 ? get.GetInt32(message, &field) : get.GetRepeatedInt32(message, &field, i);
    case FieldDescriptor::CPPTYPE_INT64:
      return i < 0 ? get.GetInt64(message, &field) : get.GetRepeatedInt64(message, &field, i);
    case FieldDescriptor::CPPTYPE_UINT32:
      return i < 0 ? get.GetUInt32(message, &field) : get.GetRepeatedUInt32(message, &field, i);
    case FieldDescriptor::CPPTYPE_UINT64:
      return i < 0 ? get.GetUInt64(message, &field) : get.GetRepeatedUInt64(message, &field, i);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return number(i < 0 ? get.GetDouble(message, &field) : get.GetRepeatedDouble(message, &field, i));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return number(i < 0 ? get.GetFloat(message, &field) : get.GetRepeatedFloat(message, &field, i));
    case FieldDescriptor::CPPTYPE_BOOL:
      return i < 0 ? get.GetBool(message, &field) : get.GetRepeatedBool(message, &field, i);
    case FieldDescriptor::CPPTYPE_ENUM:
      return (i < 0 ? get.GetEnum(message, &field) : get.GetRepeatedEnum(message, &field, i))->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return i < 0 ? get.GetString(message, &field) : get.GetRepeatedString(message, &field, i);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_json(i < 0 ? get.GetMessage(message, &field) : get.GetRepeatedMessage(message, &field, i));
  }
  return {};
}

Json map_json(const Message& message, const FieldDescriptor& field) {
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  nlohmann::json sorted = nlohmann::json::object();  // keys in byte order, whatever the hash table's order
  const int n = message.GetReflection()->FieldSize(message, &field);
  for (int i = 0; i < n; ++i) {
    const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    const Json entry_value = field_json(entry, value, -1);
    if (!entry_value.is_null()) sorted[field_json(entry, key, -1).get<std::string>()] = nlohmann::json(entry_value);
  }
  return Json(sorted);
}

// Lists and texts that most summaries do without.
bool is_absent_if_empty(const FieldDescriptor& field) {
  constexpr std::array<std::string_view, 14> kNames = {
      "headroom.RunSummary.doubts",          "headroom.DoubtRecord.examples",
      "headroom.RunSummary.further_targets", "headroom.ContextResult.target",
      "headroom.FoldResult.blocks",          "headroom.FoldResult.block_features",
      "headroom.MethodResult.blocks",        "headroom.ContextResult.ablations",
      "headroom.RunSummary.similarity",      "headroom.RunSummary.suites",
      "headroom.SuiteMember.ceiling_depth",  "headroom.SuiteContextResult.calibration",
      "headroom.SuiteMember.ceiling_way",    "headroom.SuiteMetric.ceiling_way"};
  return std::find(kNames.begin(), kNames.end(), field.full_name()) != kNames.end();
}

Json message_json(const Message& message) {
  Json json = Json::object();
  const auto& descriptor = *message.GetDescriptor();
  for (int f = 0; f < descriptor.field_count(); ++f) {
    const FieldDescriptor& field = *descriptor.field(f);
    const Reflection& get = *message.GetReflection();
    if (field.is_map()) {
      json[field.name()] = map_json(message, field);
    } else if (field.is_repeated()) {
      if (get.FieldSize(message, &field) == 0 && is_absent_if_empty(field)) continue;
      Json array = Json::array();
      for (int i = 0; i < get.FieldSize(message, &field); ++i) array.push_back(field_json(message, field, i));
      json[field.name()] = std::move(array);
    } else if (!field.has_presence() || get.HasField(message, &field)) {
      if (is_absent_if_empty(field) && get.GetString(message, &field).empty()) continue;
      Json value = field_json(message, field, -1);
      if (!value.is_null()) json[field.name()] = std::move(value);
    }
  }
  return json;
}

}  // namespace

std::string summary_json(const RunSummary& summary) {
  return escaped_json(message_json(summary).dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

std::string compact_summary_json(const RunSummary& summary) {
  return message_json(summary).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string message_json_line(const google::protobuf::Message& message) {
  return message_json(message).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<RunSummary> parse_summary_json(const std::string& json, const std::string& where) {
  RunSummary summary;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &summary, options);
  if (!status.ok()) {
    return bad_input("this is no summary of a run", where, "give the summary.json that `headroom run` wrote");
  }
  return summary;
}

Result<RunSummary> read_summary_json(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return bad_input("there is no summary to read", path.string(), "give the output folder of a finished run");
  }
  constexpr std::uint64_t most_bytes = std::uint64_t{1} << 29;  // thousands of submissions on a large task
  const auto text = read_bounded_file(path, most_bytes);
  if (!text) return tl::unexpected<Error>(text.error());
  return parse_summary_json(*text, path.string());
}

}  // namespace headroom
