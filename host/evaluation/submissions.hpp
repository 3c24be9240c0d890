// A folder of submissions: which of its entries are one, what each is called, and what can be told to be wrong with it
// from names and types alone. Nothing is opened here; contents are left to the confined worker.
//
//   DIR/NAME.so .py                 a plugin; a model of a runner (plugin_host/plugin_place.hpp) sees its own file
//   alone DIR/NAME.onnx                   a model without its vocabulary, which has to come in a folder: at fault
//   DIR/NAME.h5ad .csv[.gz] ...     a file of vectors
//   DIR/NAME/                       a plugin or one file of vectors with data files beside it: `plugin.so`, `model.py`
//                                   or `model.onnx`, or else its only plugin, or else its only file of vectors. A
//                                   plugin may read this folder and no other.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "plan/run_options.hpp"

namespace headroom {

struct SubmissionFolder {
  std::vector<SubmissionSpec> submissions;  // in the order of their file names
  std::vector<std::string> notes;           // one sentence each: entries that are no submission, other names
};

// Reads the folder. `taken`: names that no submission can have. `results`: the folder that the run writes, left out if
// it lies here; may be empty. A symbolic link is followed only to a file beside it: whatever lies elsewhere is somebody
// else's.
//
// A submission is called by its file's name without the extension, or by its folder's. Where two would have one name,
// or the name is taken, it is called by its whole file name (a folder NAME.folder) and, should that be taken too, by a
// number after it; a note says so. '+', which joins the names of an embedding and its predictor, becomes '_', and what
// does not show in a terminal is written as display_text() does.
//
// Errors (bad_input): no such folder, not to be listed.
Result<SubmissionFolder> read_submissions(const std::filesystem::path& folder, const std::set<std::string>& taken,
                                          const std::filesystem::path& results);

}  // namespace headroom
