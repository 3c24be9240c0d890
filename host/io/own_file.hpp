// Whether a file is one that Headroom wrote, by its own marks: an output never replaces anything else.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace headroom {

// What a file that Headroom writes begins with, or holds near its beginning.
struct OwnMark {
  std::string_view name;  // of the file in a folder of results
  std::string_view mark;
  bool at_start = false;
};

inline constexpr OwnMark kReportMark{"report.html", R"(<meta name="generator" content="Headroom">)"};
inline constexpr OwnMark kSummaryMark{"summary.json", R"("headroom_version")"};
inline constexpr OwnMark kScoresMark{"scores.csv", "dataset,context,fold,name,", true};
inline constexpr OwnMark kPerturbationsMark{"perturbations.csv", "context,fold,", true};
inline constexpr OwnMark kSimilarityMark{"similarity.csv", "context,first,second,", true};
inline constexpr OwnMark kStrataMark{"strata.csv", "context,head,metric,by,stratum,", true};
inline constexpr OwnMark kSettingsMark{"run.toml", "# What this run was asked for, by Headroom", true};
inline constexpr OwnMark kRunMarks[] = {kReportMark,     kSummaryMark, kScoresMark,  kPerturbationsMark,
                                        kSimilarityMark, kStrataMark,  kSettingsMark};

// False only for a file that is there, holds something and lacks the mark.
bool may_replace(const std::filesystem::path& path, const OwnMark& mark);

// Names of what a run would replace in `folder` although it is not Headroom's.
std::vector<std::string> foreign_outputs(const std::filesystem::path& folder);

}  // namespace headroom
