#include "review/doubt_record.hpp"

#include <nlohmann/json.hpp>

namespace headroom {

using Json = nlohmann::ordered_json;

std::string doubts_json(std::span<const Doubt> doubts) {
  Json all = Json::array();
  for (const Doubt& doubt : doubts) {
    Json each = {{"code", doubt.code}, {"severity", severity_name(doubt.severity())}};
    if (!doubt.where.empty()) each["where"] = doubt.where;
    if (!doubt.what.empty()) each["what"] = doubt.what;
    if (doubt.n != 0) each["n"] = doubt.n;
    if (!doubt.examples.empty()) each["examples"] = doubt.examples;
    if (!doubt.remedy.empty()) each["remedy"] = doubt.remedy;
    if (doubt.accepted) each["accepted"] = true;
    all.push_back(std::move(each));
  }
  // Labels of a file need not be UTF-8.
  return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::vector<Doubt>> read_doubts(std::string_view json, const std::string& where) {
  const Json all = Json::parse(json, nullptr, false);
  const auto damaged = [&] {
    return bad_input("the doubts kept in the task cannot be read", where, "make the task again with headroom prepare");
  };
  if (!all.is_array()) return damaged();
  std::vector<Doubt> doubts;
  for (const Json& each : all) {
    if (!each.is_object() || !each.contains("code") || !each["code"].is_string()) return damaged();
    Doubt doubt;
    doubt.code = each["code"].get<std::string>();
    if (!is_doubt_code(doubt.code)) continue;
    const auto text = [&](const char* key) {
      return each.contains(key) && each[key].is_string() ? each[key].get<std::string>() : std::string();
    };
    doubt.where = text("where");
    doubt.what = text("what");
    doubt.remedy = text("remedy");
    if (each.contains("n") && each["n"].is_number_integer()) doubt.n = each["n"].get<std::int64_t>();
    if (each.contains("accepted") && each["accepted"].is_boolean()) doubt.accepted = each["accepted"].get<bool>();
    if (each.contains("examples") && each["examples"].is_array()) {
      for (const Json& example : each["examples"]) {
        if (example.is_string() && doubt.examples.size() < kMostExamples) {
          doubt.examples.push_back(example.get<std::string>());
        }
      }
    }
    doubts.push_back(std::move(doubt));
  }
  return doubts;
}

}  // namespace headroom
