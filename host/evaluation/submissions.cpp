#include "evaluation/submissions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <string_view>

#include "plan/method_names.hpp"
#include "plugin_host/plugin_place.hpp"
#include "terminal/display_text.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

bool is_submission_name(std::string_view file) { return is_plugin_name(file) || !vector_ending(file).empty(); }

// Text of a result: shows in a terminal, is valid UTF-8, and does not hold the '+' of method names (what does is
// refused, but its row needs a name).
std::string result_name(const std::string& file) {
  std::string name = display_text(file);
  std::replace(name.begin(), name.end(), '+', '_');
  return name;
}

// A fault as its row tells it: with the file's name, and what to do.
std::string told(std::string what, const std::string& file, std::string remedy) {
  return bad_input(std::move(what), display_text(file), std::move(remedy)).value().line();
}

// Why a symbolic link is not followed; empty where it leads to something beside it, or the path is no link.
std::string fault_of_link(const fs::path& path) {
  std::error_code error;
  if (!fs::is_symlink(fs::symlink_status(path, error))) return {};
  const std::string file = path.filename().string(), remedy = "put the file itself in its place";
  const fs::path target = fs::canonical(path, error);
  if (error) return told("its symbolic link leads nowhere", file, remedy);
  const fs::path beside = fs::canonical(path.parent_path(), error);
  if (!error && target.parent_path() == beside) return {};
  return told("its symbolic link leads out of the folder that it lies in", file, remedy);
}

std::size_t n_unseen(const std::string& name) { return name.size() - seen_name(name).size(); }

// Why a file or folder cannot be evaluated under its name; empty if it can.
std::string fault_of_file_name(const std::string& file) {
  if (file.find('+') == std::string::npos) return {};
  return fmt::format("{}: rename it to '{}'", fault_of_name(file), result_name(file));
}

struct Candidate {
  SubmissionSpec spec;
  std::string file;        // in the folder of submissions
  std::string whole_name;  // what it is called where `spec.name` is not to be had
};

Candidate file_candidate(const fs::path& folder, const std::string& file) {
  Candidate candidate;
  candidate.file = file;
  candidate.whole_name = result_name(file);
  const std::size_t ending = is_plugin_name(file) ? file.size() - file.rfind('.') : vector_ending(file).size();
  candidate.spec.name = result_name(file.substr(0, file.size() - ending));
  candidate.spec.path = folder / file;
  candidate.spec.fault = fault_of_link(folder / file);
  if (candidate.spec.fault.empty() && file.ends_with(".onnx")) {
    candidate.spec.fault = told("a model in ONNX has a vocabulary beside it", file,
                                "hand in a folder with model.onnx and its vocabulary.csv");
  }
  return candidate;
}

Candidate folder_candidate(const fs::path& folder, const std::string& name) {
  Candidate candidate;
  candidate.file = name;
  candidate.whole_name = result_name(name + ".folder");
  candidate.spec.name = result_name(name);
  const auto file = plugin_file_of_folder(folder / name);
  if (!file) {
    candidate.spec.fault = told(file.error().what, name, file.error().remedy);
    return candidate;
  }
  candidate.spec.path = folder / name / *file;
  candidate.spec.fault = fault_of_link(candidate.spec.path);
  // The reader of vector files is given the file itself and has no need of the folder.
  if (is_plugin_name(*file)) candidate.spec.data_folder = folder / name;
  return candidate;
}

// Gives every candidate a name of its own. One that a reader could not tell from another's by its blanks is refused,
// and so is one without anything to read; those with fewer blanks go first.
void tell_apart(std::vector<Candidate>& candidates, const std::set<std::string>& given_away,
                std::vector<std::string>& notes) {
  TakenNames taken(given_away);
  std::vector<std::string> wanted;
  for (const Candidate& candidate : candidates) wanted.push_back(candidate.spec.name);
  // A whole name can be another's short one ("a.so" of a.so.csv), so until nothing changes.
  for (bool changed = true; changed;) {
    changed = false;
    std::map<std::string, int> uses;
    for (const Candidate& candidate : candidates) ++uses[candidate.spec.name];
    for (Candidate& candidate : candidates) {
      const bool clashes = uses[candidate.spec.name] > 1 || taken.has(candidate.spec.name);
      if (!clashes || candidate.spec.name == candidate.whole_name) continue;
      candidate.spec.name = candidate.whole_name;
      changed = true;
    }
  }
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return n_unseen(candidates[a].spec.name) < n_unseen(candidates[b].spec.name);
  });
  std::map<std::string, std::string> by_seen;
  for (const std::size_t i : order) {
    std::string& name = candidates[i].spec.name;
    const std::string unnumbered = name;
    std::string& fault = candidates[i].spec.fault;
    const std::string seen = seen_name(name);
    if (seen.empty()) {
      fault = told("its name is blank", candidates[i].file, "rename it");
    } else if (const auto [other, is_new] = by_seen.emplace(seen, name); !is_new && other->second != name) {
      fault = told(fmt::format("its name differs from '{}' by blanks only", other->second), candidates[i].file,
                   "rename one of them");
    }
    for (int n = 2; !taken.take(name).empty(); ++n) name = fmt::format("{}~{}", unnumbered, n);
    if (name == wanted[i]) continue;
    notes.push_back(fmt::format("the submission '{}' is called '{}', since the name '{}' is another's",
                                display_text(candidates[i].file), name, wanted[i]));
  }
}

}  // namespace

Result<SubmissionFolder> read_submissions(const fs::path& folder, const std::set<std::string>& taken,
                                          const fs::path& results) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    return bad_input("there is no such folder", "--submissions " + folder.string(), "name the folder of submissions");
  }
  auto names = names_in(folder);
  if (!names) return tl::unexpected<Error>(names.error());

  SubmissionFolder found;
  std::vector<Candidate> candidates;
  std::vector<std::string> litter;
  for (const std::string& name : *names) {
    const fs::path path = folder / name;
    const bool is_link = fs::is_symlink(fs::symlink_status(path, ignored));
    if (is_litter(name)) {
      litter.push_back(fmt::format("'{}'", display_text(name)));
    } else if (is_submission_name(name)) {
      candidates.push_back(file_candidate(folder, name));
    } else if (!fs::is_directory(path, ignored)) {
      found.notes.push_back(
          fmt::format("'{}' is no submission: neither a plugin (.so, .py, .onnx), nor a file of vectors, nor a folder",
                      display_text(name)));
    } else if (!results.empty() && fs::equivalent(path, results, ignored)) {
      found.notes.push_back(fmt::format("'{}' is no submission: results are written there", display_text(name)));
    } else if (is_link) {
      Candidate candidate;
      candidate.file = name;
      candidate.whole_name = result_name(name + ".folder");
      candidate.spec.name = result_name(name);
      candidate.spec.fault = told("it is a symbolic link to a folder", name, "put the folder itself in its place");
      candidates.push_back(std::move(candidate));
    } else {
      candidates.push_back(folder_candidate(folder, name));
    }
  }
  if (!litter.empty()) {
    constexpr std::size_t kShown = 5;
    const std::size_t n_shown = std::min(litter.size(), kShown);
    found.notes.push_back(
        fmt::format("{} hidden or system file{} {} passed over: {}{}", litter.size(), litter.size() == 1 ? "" : "s",
                    litter.size() == 1 ? "is" : "are",
                    fmt::join(litter.begin(), litter.begin() + static_cast<std::ptrdiff_t>(n_shown), ", "),
                    n_shown < litter.size() ? ", …" : ""));
  }
  for (Candidate& candidate : candidates) {
    const std::string fault = fault_of_file_name(candidate.file);
    if (!fault.empty()) candidate.spec.fault = fault;
  }
  tell_apart(candidates, taken, found.notes);
  for (Candidate& candidate : candidates) found.submissions.push_back(std::move(candidate.spec));
  return found;
}

}  // namespace headroom
