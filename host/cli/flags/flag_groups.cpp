#include "cli/flags/flag_groups.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <string_view>
#include <system_error>

#include "parallel/thread_pool.hpp"

namespace headroom::cli {

void begin_group(CLI::App& command, const std::string& heading) { command.option_defaults()->group(heading); }

void add_common_flags(CLI::App& command, CommonArguments& common) {
  common.n_threads = available_cores();
  begin_group(command, "Output and machine");
  command
      .add_option("--threads", common.n_threads, "Threads to use, 1 to 1024; no result depends on it (default: all)")
      ->check(CLI::Range(1, 1024));
  command.add_flag("--quiet", common.quiet, "No progress and no notes on stderr");
  command.add_flag_callback(
      "--json", [&common] { common.format = TableFormat::json; }, "Results as JSON on stdout");
  add_choice(command, "--format", common.format,
             {{"table", TableFormat::text},
              {"csv", TableFormat::csv},
              {"json", TableFormat::json},
              {"markdown", TableFormat::markdown}},
             "How results are printed on stdout");
}

void add_label_flags(CLI::App& command, LabelOptions& labels) {
  command
      .add_option("--control", labels.controls,
                  "Label of the control, or a pattern such as 'NegCtrl*'; all that are given are one control")
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command.add_flag("--merge-labels", labels.merge,
                   "Join spellings of one perturbation: case, blanks, the order of A+B, A+ctrl");
  command.add_option("--keep-label", labels.kept, "A label such as nan or None that does name a perturbation")
      ->type_name("LABEL")
      ->allow_extra_args(false);
}

void add_review_flags(CLI::App& command, ReviewOptions& review) {
  begin_group(command, "Doubts about the input");
  command
      .add_option("--accept", review.accepted,
                  "Go on although a doubt of this code was raised: the data mean what they say")
      ->type_name("CODE")
      ->allow_extra_args(false)
      ->check([](const std::string& code) {
        const auto known = validate(ReviewOptions{{code}, false});
        return known ? std::string() : known.error().line();
      });
  command.add_flag("--strict", review.strict, "Doubts that are only noted stop the command as well");
}

void add_where_flag(CLI::App& command, std::vector<RowFilter>& where, const std::string& help) {
  command
      .add_option_function<std::vector<std::string>>(
          "--where",
          [&where](const std::vector<std::string>& given) {
            where.clear();
            for (const std::string& text : given) {
              const auto equals = text.find('=');
              where.push_back({text.substr(0, equals), text.substr(equals + 1)});
            }
          },
          help)
      ->type_name("COLUMN=VALUE")
      ->allow_extra_args(false)
      ->check([](const std::string& text) {
        const auto equals = text.find('=');
        return equals == std::string::npos || equals == 0 ? "'" + text + "' is not COLUMN=VALUE" : std::string();
      });
}

void add_target_flag(CLI::App& command, std::string& target) {
  command.add_option("--target", target, "Only this target's part of the results: lfc, deg or cells (default: all)")
      ->check(CLI::IsMember({"lfc", "deg", "cells"}))
      ->type_name("lfc|deg|cells");
}

CLI::Option* add_time_flag(CLI::App& command, const std::string& flag, double& seconds, const std::string& help) {
  const auto in_seconds = [](std::string& text) {
    static const std::map<std::string_view, double> kUnits = {{"", 1}, {"s", 1}, {"min", 60}, {"h", 3600}};
    double value = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto unit = kUnits.find(std::string_view(end, text.data() + text.size()));
    if (status != std::errc() || unit == kUnits.end() || !(value > 0) || !std::isfinite(value)) {
      return fmt::format("'{}' is no time above 0; write it as 600, 90s, 10min or 4h", text);
    }
    text = fmt::format("{}", value * unit->second);
    return std::string();
  };
  return command.add_option(flag, seconds, help)->type_name("TIME")->transform(CLI::Validator(in_seconds, ""));
}

}  // namespace headroom::cli
