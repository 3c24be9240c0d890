// report.html: one self-contained page (style, scripts, D3 and data inside, nothing from a network).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "outcome/outcome.hpp"
#include "report/report_model.hpp"

namespace headroom {

// The page. The same model gives the same bytes. Columns over perturbations are packed as 16-bit steps of their range
// (a relative error of 1.5e-5 of the range); a metric other than the primary one keeps only what its figures show.
std::string report_page(const ReportModel& model);
// With a chapter a target, at least one; one alone is as above.
std::string report_page(const std::vector<ReportModel>& chapters);

Result<void> write_report(const std::filesystem::path& path, const std::vector<ReportModel>& chapters);

// JSON that may stand inside <script>: every character that could end the element, or that old parsers take for the end
// of a line, is written as an escape. The one place where foreign text meets markup.
std::string script_safe_json(std::string_view json);

}  // namespace headroom
