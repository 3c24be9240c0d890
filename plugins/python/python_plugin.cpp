// The runner `python`: a model in Python as a plugin. The worker names the file by HEADROOM_MODEL, in the data folder;
// what it defines decides whether this library is an embedding or a predictor. bridge.py does all that needs no C.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <headroom/embedding.hpp>
#include <headroom/predictor.hpp>
#include <memory>
#include <optional>

#include "plugin_host/model_fault.hpp"
#include "python/interpreter.hpp"

namespace headroom {
namespace {

// The data folder of a worker, and where it is in one with private files, which has nothing in /proc
// (kDataFolderInWorker and kPrivateDataFolder of host/sandbox). In this order: without private files, /data is the
// machine's. No host has been asked anything yet.
constexpr std::array<const char*, 2> kFolders = {"/proc/self/fd/8", "/data"};

std::string model_path() {
  const char* const model = std::getenv("HEADROOM_MODEL");
  if (model == nullptr) return {};
  for (const char* folder : kFolders) {
    std::string path = std::string(folder) + "/" + model;
    if (access(path.c_str(), R_OK) == 0) return path;
  }
  return {};
}

// ---- requests as Python sees them ----

PythonObject python_texts(const headroom_string* texts, std::int64_t n) {
  std::vector<PythonObject> list;
  list.reserve(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) list.push_back(python_text(sdk::view(texts[i])));
  return python_list(std::move(list));
}

PythonObject python_memory(const void* data, std::int64_t bytes, int access) {
  if (data == nullptr || bytes <= 0) return PythonObject::none();
  return PythonObject(PyMemoryView_FromMemory(static_cast<char*>(const_cast<void*>(data)), bytes, access));
}

template <class Matrix>
PythonObject python_matrix(const Matrix& matrix, int access) {
  const std::int64_t n = matrix.rows > 0 ? (matrix.rows - 1) * matrix.row_stride + matrix.cols : 0;
  const PythonObject memory = python_memory(matrix.data, n * static_cast<std::int64_t>(sizeof(double)), access);
  return PythonObject(Py_BuildValue("(OLLL)", memory.get(), static_cast<long long>(matrix.rows),
                                    static_cast<long long>(matrix.cols), static_cast<long long>(matrix.row_stride)));
}

PythonObject python_matrix(const headroom_matrix& matrix) { return python_matrix(matrix, PyBUF_READ); }

template <class Number>
PythonObject python_column(const Number* numbers, std::int64_t n) {
  return python_memory(numbers, n * static_cast<std::int64_t>(sizeof(Number)), PyBUF_READ);
}

// The block, and which contexts have a profile.
void set_control_profiles(PythonDict& dict, const headroom_context_block* const* blocks, std::int64_t n) {
  PythonObject profiles = PythonObject::none(), present = PythonObject::none();
  for (std::int64_t b = 0; b < n; ++b) {
    if (sdk::view(blocks[b]->name) != HEADROOM_CONTROL_PROFILE) continue;
    profiles = python_matrix(blocks[b]->features);
    present = python_column(blocks[b]->present, blocks[b]->features.rows);
    break;
  }
  dict.set("profiles", profiles);
  dict.set("profiles_present", present);
}

PythonObject python_host(const sdk::Host& host, const std::vector<sdk::Option>& options) {
  PythonDict values;
  for (const sdk::Option& option : options) values.set(option.key.c_str(), python_text(host.text(option.key)));
  PythonDict dict;
  dict.set("options", values.take());
  dict.set("seed", PythonObject(PyLong_FromUnsignedLongLong(host.seed())));
  dict.set("n_threads", python_integer(host.n_threads()));
  return dict.take();
}

PythonObject python_request(const headroom_embedding_request& r) {
  PythonDict dict;
  dict.set("ids", python_texts(r.ids, r.n_ids));
  dict.set("contexts", python_texts(r.contexts, r.n_contexts));
  dict.set("id_contexts", python_column(r.id_contexts, r.n_ids));
  dict.set("training_contexts", python_column(r.training_contexts, r.n_training));
  dict.set("n_training", python_integer(r.n_training));
  dict.set("training_ids", python_texts(r.training_ids, r.n_training));
  dict.set("training_deltas", python_matrix(r.training_deltas));
  dict.set("gene_ids", python_texts(r.gene_ids, r.n_genes));
  set_control_profiles(dict, r.context_blocks, r.n_context_blocks);
  return dict.take();
}

PythonObject python_block(const headroom_block& block) {
  PythonDict dict;
  dict.set("name", python_text(sdk::view(block.name)));
  dict.set("training", python_matrix(block.training));
  dict.set("query", python_matrix(block.query));
  dict.set("training_present", python_column(block.training_present, block.training.rows));
  dict.set("query_present", python_column(block.query_present, block.query.rows));
  return dict.take();
}

PythonObject python_request(const headroom_predictor_request& r) {
  PythonDict dict;
  std::vector<PythonObject> blocks;
  for (std::int64_t b = 0; b < r.n_blocks; ++b) blocks.push_back(python_block(*r.blocks[b]));
  dict.set("blocks", python_list(std::move(blocks)));
  dict.set("delta_rows", python_matrix(r.delta_rows));
  dict.set("training_rows", python_column(r.training_rows, r.n_training));
  dict.set("settings", python_matrix(r.settings));
  dict.set("n_planes", python_integer(r.n_planes));
  dict.set("classes", python_texts(r.classes, r.n_classes));
  dict.set("training_labelled", python_column(r.training_labelled, r.n_training));
  dict.set("contexts", python_texts(r.contexts, r.n_contexts));
  dict.set("training_contexts", python_column(r.training_contexts, r.n_training));
  dict.set("query_contexts", python_column(r.query_contexts, r.n_query));
  dict.set("training_perturbations", python_column(r.training_perturbations, r.n_training));
  dict.set("query_perturbations", python_column(r.query_perturbations, r.n_query));
  set_control_profiles(dict, r.context_blocks, r.n_context_blocks);
  return dict.take();
}

// ---- the model, once it is known ----

struct Model {
  sdk::About about;
  bool is_predictor = false, wants_training = false, wants_profiles = false;
  std::vector<sdk::Hyperparameter> hyperparameters;
  sdk::BlockCount blocks;
  std::uint32_t task_kinds = HEADROOM_SUPPORTS_REGRESSION;
  bool uses_contexts = false;
  std::string fault;  // why the file says nothing; `open` then fails with it
};

std::optional<Model> model;  // of this process

template <class Function>
void for_each_in(const PythonObject& list, Function&& function) {
  for (Py_ssize_t i = 0; i < list.size(); ++i) function(list.at(i));
}

Model read_description(const PythonObject& said) {
  Model read;
  const auto text = [&](const char* key) { return text_of(said.item(key)); };
  const auto flag = [&](const char* key) { return PyObject_IsTrue(said.item(key).get()) == 1; };
  read.is_predictor = text("kind") == "predictor";
  read.about = {text("name"), text("version"), text("description"), text("licence")};
  for_each_in(said.item("training_datasets"),
              [&](const PythonObject& name) { read.about.training_datasets.push_back(text_of(name)); });
  for_each_in(said.item("options"), [&](const PythonObject& option) {
    read.about.options.push_back({text_of(option.at(0)), text_of(option.at(1)), text_of(option.at(2))});
  });
  for_each_in(said.item("hyperparameters"), [&](const PythonObject& given) {
    sdk::Hyperparameter& to = read.hyperparameters.emplace_back();
    to.name = text_of(given.at(0));
    to.help = text_of(given.at(1));
    for_each_in(given.at(2), [&](const PythonObject& value) { to.grid.push_back(number_of(value)); });
    to.minimum = number_of(given.at(3));
    to.maximum = number_of(given.at(4));
    to.is_integer = PyObject_IsTrue(given.at(5).get()) == 1;
  });
  read.wants_training = flag("wants_training");
  read.wants_profiles = flag("wants_profiles");
  read.uses_contexts = flag("uses_contexts");
  read.blocks = {static_cast<std::int32_t>(integer_of(said.item("blocks").at(0))),
                 static_cast<std::int32_t>(integer_of(said.item("blocks").at(1)))};
  read.task_kinds = static_cast<std::uint32_t>(integer_of(said.item("tasks")));
  return read;
}

// A description is one line of some bytes.
std::string in_description(std::string fault) {
  constexpr std::size_t kMostBytes = 1000;
  if (fault.size() > kMostBytes) {
    std::size_t end = kMostBytes;
    while (end > 0 && (static_cast<unsigned char>(fault[end]) & 0xC0) == 0x80) --end;
    fault.resize(end);
  }
  std::replace_if(
      fault.begin(), fault.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return std::string(kModelNotLoaded) + fault;
}

// Something can always be said: a file that says nothing is an embedding that does not open, and says why.
Model without_model(std::string fault) {
  Model failed;
  failed.about = {"python", "0.0.0", in_description(fault), "Apache-2.0"};
  failed.fault = std::move(fault);
  return failed;
}

Model load_model() {
  const std::string path = model_path();
  if (path.empty()) return without_model("there is no model: give a file in Python, or a folder with model.py");
  if (std::string fault = start_python(); !fault.empty()) return without_model(std::move(fault));
  try {
    const PythonObject loaded(PyObject_CallFunction(bridge_function("load").get(), "s", path.c_str()));
    return read_description(loaded);
  } catch (const PythonRaised&) {
    return without_model(take_python_error());
  }
}

// Calls the bridge; what Python raises becomes the reason. The objects are views of memory that ends with the call.
template <class... Arguments>
PythonObject call(const char* function, const Arguments&... arguments) {
  try {
    return PythonObject(PyObject_CallFunctionObjArgs(bridge_function(function).get(), arguments.get()..., nullptr));
  } catch (const PythonRaised&) {
    throw sdk::Error(take_python_error());
  }
}

// Conversions may raise as well.
template <class Function>
void with_python(Function&& function) {
  try {
    function();
  } catch (const PythonRaised&) {
    throw sdk::Error(take_python_error());
  }
}

class PythonEmbedding final : public sdk::Embedding {
 public:
  static sdk::About about() { return model->about; }
  static bool wants_training() { return model->wants_training; }
  static bool wants_control_profiles() { return model->wants_profiles; }

  explicit PythonEmbedding(const sdk::Host& host) {
    if (!model->fault.empty()) throw sdk::Error(model->fault);
    with_python([&] { call("open_model", python_host(host, model->about.options)); });
  }

  std::int64_t dimension(const sdk::Host& host, const sdk::EmbeddingRequest& request) override {
    std::int64_t columns = 0;
    with_python([&] {
      columns = integer_of(call("dimension", python_host(host, model->about.options), python_request(request.c())));
    });
    return columns;
  }

  void embed(const sdk::Host& host, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    with_python([&] {
      call("embed", python_host(host, model->about.options), python_request(request.c()),
           python_matrix(output.c().vectors, PyBUF_WRITE),
           python_memory(output.c().present, request.size(), PyBUF_WRITE));
    });
  }
};

class PythonPredictor final : public sdk::Predictor {
 public:
  static sdk::About about() { return model->about; }
  static std::vector<sdk::Hyperparameter> hyperparameters() { return model->hyperparameters; }
  static sdk::BlockCount blocks() { return model->blocks; }
  static std::uint32_t task_kinds() { return model->task_kinds; }
  static bool uses_contexts() { return model->uses_contexts; }

  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    with_python([&] {
      std::vector<PythonObject> predictions;
      for (std::int64_t p = 0; p < request.n_settings() * request.n_planes(); ++p) {
        predictions.push_back(python_matrix(output.c().predictions[p], PyBUF_WRITE));
      }
      call("predict", python_host(host, model->about.options), python_request(request.c()),
           python_list(std::move(predictions)), python_memory(output.c().feasible, request.n_settings(), PyBUF_WRITE));
    });
  }
};

}  // namespace
}  // namespace headroom

extern "C" HEADROOM_EXPORT const headroom_plugin* headroom_plugin_entry(uint32_t abi_major, uint32_t index) {
  using namespace headroom;
  if (abi_major != HEADROOM_ABI_MAJOR || index != 0) return nullptr;
  try {
    if (!model) model = load_model();
    return model->is_predictor ? sdk::detail::entry<PythonPredictor>(abi_major, 0)
                               : sdk::detail::entry<PythonEmbedding>(abi_major, 0);
  } catch (...) {  // out of memory
    return nullptr;
  }
}
