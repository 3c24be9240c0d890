#include "onnx/model.hpp"

#include <algorithm>
#include <headroom/plugin.hpp>

#include "onnx/tensor.hpp"

namespace headroom::onnx {
namespace {

std::string quoted(const std::string& name) { return "'" + name + "'"; }

// One thread a run: who calls from several threads has them all busy, and a sum is the same whatever their number.
Owned<OrtSession> open_session(const Runtime& runtime, const OrtEnv* env, const std::string& path) {
  const auto options = runtime.make(member::create_session_options, member::release_session_options);
  runtime.call(member::set_intra_op_num_threads, options.get(), 1);
  runtime.call(member::set_inter_op_num_threads, options.get(), 1);
  return runtime.make(member::create_session, member::release_session, env, path.c_str(), options.get());
}

std::vector<std::int64_t> shape_of(const Runtime& runtime, const OrtTensorInfo* info) {
  std::size_t n = 0;
  runtime.call(member::get_dimensions_count, info, &n);
  std::vector<std::int64_t> shape(n);
  runtime.call(member::get_dimensions, info, shape.data(), n);
  return shape;
}

ElementType element_of(const Runtime& runtime, const OrtTensorInfo* info) {
  std::int32_t element = 0;
  runtime.call(member::get_tensor_element_type, info, &element);
  return static_cast<ElementType>(element);
}

}  // namespace

Model::Model(const Runtime& runtime, const std::string& path, const std::string& output)
    : runtime_(runtime),
      env_(runtime.make(member::create_env, member::release_env, kLogFatal, "model")),
      session_(open_session(runtime, env_.get(), path)),
      memory_(runtime.make(member::create_cpu_memory_info, member::release_memory_info, kArenaAllocator,
                           kMemoryOfOutputs)) {
  std::size_t n_inputs = 0, n_outputs = 0;
  runtime.call(member::session_get_input_count, session_.get(), &n_inputs);
  runtime.call(member::session_get_output_count, session_.get(), &n_outputs);
  const auto port = [&](std::size_t i, auto get_info, auto get_name) {
    OrtAllocator* allocator = nullptr;
    runtime.call(member::get_allocator_with_default_options, &allocator);
    const auto info = runtime.make(get_info, member::release_type_info, session_.get(), i);
    char* name = nullptr;
    runtime.call(get_name, session_.get(), i, allocator, &name);
    std::string called;
    try {
      called = name;
    } catch (...) {  // out of memory
      runtime.call(member::allocator_free, allocator, name);
      throw;
    }
    runtime.call(member::allocator_free, allocator, name);
    return describe(info.get(), called);
  };
  for (std::size_t i = 0; i < n_inputs; ++i) {
    inputs_.push_back(port(i, member::session_get_input_type_info, member::session_get_input_name));
    if (!is_known(inputs_.back().element)) {
      throw sdk::Error("the input " + quoted(inputs_.back().name) + " is of " + name_of(inputs_.back().element) +
                       ", which is no number that a vocabulary could hold");
    }
  }
  std::string known;
  for (std::size_t i = 0; i < n_outputs; ++i) {
    Port each = port(i, member::session_get_output_type_info, member::session_get_output_name);
    known += (known.empty() ? "" : ", ") + each.name;
    if (!output_.name.empty() || (!output.empty() && each.name != output)) continue;
    output_ = std::move(each);
  }
  if (output_.name.empty()) throw sdk::Error("the model has no output " + quoted(output) + "; it has " + known);
  if (!is_known(output_.element)) {
    throw sdk::Error("the output " + quoted(output_.name) + " is of " + name_of(output_.element) +
                     ", which is no number; --set NAME.output chooses among " + known);
  }
}

Port Model::describe(OrtTypeInfo* info, const std::string& name) const {
  Port port;
  port.name = name;
  const OrtTensorInfo* tensor = nullptr;  // the type's own
  runtime_.call(member::cast_type_info_to_tensor_info, info, &tensor);
  if (tensor == nullptr) throw sdk::Error(quoted(port.name) + " of the model is no tensor");
  port.element = element_of(runtime_, tensor);
  port.shape = shape_of(runtime_, tensor);
  return port;
}

std::optional<std::int64_t> Model::fixed_rows() const {
  for (const Port& input : inputs_) {
    if (!input.shape.empty() && input.shape.front() > 0) return input.shape.front();
  }
  return std::nullopt;
}

Matrix Model::run(const std::vector<Matrix>& rows) const {
  std::vector<std::vector<std::byte>> bytes;  // the values point into it
  std::vector<Owned<OrtValue>> values;
  std::vector<const OrtValue*> input_values;
  std::vector<const char*> input_names;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Port& input = inputs_[i];
    const std::vector<std::int64_t> shape = shape_for(input, rows[i].rows(), rows[i].cols());
    std::vector<std::byte>& held = bytes.emplace_back(tensor_bytes(rows[i], input));
    values.push_back(runtime_.make(member::create_tensor_with_data, member::release_value, memory_.get(),
                                   static_cast<void*>(held.data()), held.size(), shape.data(), shape.size(),
                                   static_cast<std::int32_t>(input.element)));
    input_values.push_back(values.back().get());
    input_names.push_back(input.name.c_str());
  }
  const char* const output_name = output_.name.c_str();
  OrtValue* made = nullptr;
  runtime_.call(member::run, session_.get(), static_cast<const OrtRunOptions*>(nullptr), input_names.data(),
                input_values.data(), input_values.size(), &output_name, std::size_t{1}, &made);
  const auto output = runtime_.own(made, member::release_value);
  return read_output(*output, rows.front().rows());
}

Matrix Model::read_output(OrtValue& value, Eigen::Index n_rows) const {
  std::int32_t kind = 0;
  runtime_.call(member::get_value_type, &value, &kind);
  if (kind != kIsTensor) throw sdk::Error("the output " + quoted(output_.name) + " is no tensor");
  const auto info = runtime_.make(member::get_tensor_type_and_shape, member::release_tensor_info, &value);
  const std::vector<std::int64_t> shape = shape_of(runtime_, info.get());
  std::int64_t n_columns = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) n_columns *= shape[i];
  if (shape.empty() || shape.front() != n_rows || n_columns < 1) {
    throw sdk::Error("the output " + quoted(output_.name) + " has the shape " + shape_text(shape) + " for " +
                     std::to_string(n_rows) + " rows; its first dimension must be that of the rows");
  }
  void* data = nullptr;
  runtime_.call(member::get_tensor_data, &value, &data);
  return numbers_of(data, element_of(runtime_, info.get()), n_rows, n_columns);
}

}  // namespace headroom::onnx
