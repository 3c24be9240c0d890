// Where a plugin is found by the path that its user gives: a library, a model in Python or ONNX that one of Headroom's
// runners runs, or a folder with one of these and its data files beside it.
//
//   model.so                    the library, without a folder
//   model.py, model.onnx        the runner python.so or onnx.so; the model may read itself and files_of_model(), and
//                               nothing else of the folder that it lies in, which may be its author's desk
//   FOLDER                      plugin.so, else model.py, else model.onnx, else its only .so, .py or .onnx, else its
//                               only file of vectors; a plugin may read this folder and no other
// Only names and types are looked at: what a file holds is left to the confined worker.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "outcome/outcome.hpp"

namespace headroom {

struct PluginPlace {
  std::filesystem::path library;      // to be opened: the user's, or a runner's; empty where it is a file of vectors
  std::string model;                  // name of the file in the folder that a runner runs; empty: there is no runner
  std::filesystem::path data_folder;  // with the model or library; readable by the plugin alone; empty: none
  std::filesystem::path vectors;      // the folder's only file of vectors
  bool is_file = false;  // of data_folder the plugin may read files_of_model() alone: it was given as a file
};

inline constexpr const char* kPythonRunner = "python.so";
inline constexpr const char* kOnnxRunner = "onnx.so";

// The option of the runner of ONNX that names the files of input rows, and its default.
inline constexpr const char* kVocabularyOption = "vocabulary";
inline constexpr std::string_view kVocabulary = "vocabulary";

// Whether the name is that of a plugin: .so, .py, .onnx with something before it.
bool is_plugin_name(std::string_view file);
// Of one that a runner runs.
bool is_model_name(std::string_view file);
// The ending of a file of vectors that the name has, .csv.gz as a whole; empty if none.
std::string_view vector_ending(std::string_view file);

// What file managers, archives, interpreters and version control leave in a folder, which nobody put there.
bool is_litter(std::string_view name);

// The names in a folder, sorted. Errors (bad_input): it cannot be listed.
Result<std::vector<std::string>> names_in(const std::filesystem::path& folder);

// Which file of a folder is the plugin or the vectors, by its name. Errors (bad_input): none is, several are, it cannot
// be listed.
Result<std::string> plugin_file_of_folder(const std::filesystem::path& folder);

// What a model that was given as a file may read, by name in its data_folder: itself and, of model.onnx, its vocabulary
// (`vocabulary` or `vocabulary.INPUT` with the ending of a file of vectors), its weights (what begins with model.onnx:
// model.onnx.data, model.onnx_data; model.data, model.bin) and libonnxruntime.so. Sorted; what is no file is left out.
// Errors (bad_input): the folder cannot be listed.
Result<std::vector<std::string>> files_of_model(const PluginPlace& place, std::string_view vocabulary = kVocabulary);

// `path`: of a folder, or a file for which is_plugin_name() holds. `runners`: the folder of Headroom's own plugins.
// Errors (bad_input): there is no such path, the folder holds no plugin, or the runner is not installed.
Result<PluginPlace> place_of_plugin(const std::filesystem::path& path, const std::filesystem::path& runners);

}  // namespace headroom
