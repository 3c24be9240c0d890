// summary.json: the RunSummary message as protobuf JSON with original field names.
#pragma once

#include <filesystem>
#include <string>

#include "outcome/outcome.hpp"
#include "summary.pb.h"

namespace headroom {

// The same message gives the same bytes: fields in the order of the schema, map keys sorted, two blanks of indentation.
// Unlike protobuf's own printer it writes 64-bit integers as numbers, and drops numbers that are not finite: an
// undefined number is absent, a true zero is printed. Text that is no UTF-8 gets U+FFFD for its bad bytes.
std::string summary_json(const RunSummary& summary);

// Without a line break or a blank: for embedding.
std::string compact_summary_json(const RunSummary& summary);

// Any other message of the schemas, in the same way.
std::string message_json_line(const google::protobuf::Message& message);

// Reads it back. Fields of later versions are ignored; anything that is no summary is an error naming the file.
Result<RunSummary> read_summary_json(const std::filesystem::path& path);
Result<RunSummary> parse_summary_json(const std::string& json, const std::string& where);

}  // namespace headroom
