// The members of ONNX Runtime's C API that the runner uses. The API is a table of functions that only ever grows at its
// end, so a member is known by its position; no header of ONNX Runtime is needed, and any library since 1.5 will do.
#pragma once

#include <cstddef>
#include <cstdint>

namespace headroom::onnx {

// Objects of the runtime, known by pointers alone.
struct OrtStatus;
struct OrtEnv;
struct OrtSession;
struct OrtSessionOptions;
struct OrtMemoryInfo;
struct OrtValue;
struct OrtTypeInfo;
struct OrtTensorInfo;
struct OrtRunOptions;
struct OrtAllocator;

inline constexpr std::uint32_t kApiVersion = 5;  // the first that has all of the members below

using ApiTable = const void* const*;

// What the library exports, by the name of kEntry: const ApiBase* OrtGetApiBase().
struct ApiBase {
  ApiTable (*api)(std::uint32_t version);  // null: the library is older than that
  const char* (*version)();
};
inline constexpr const char* kEntry = "OrtGetApiBase";

// A member by its position in the table.
template <std::size_t kPosition, class Function>
struct Member {
  static Function* in(ApiTable table) { return reinterpret_cast<Function*>(const_cast<void*>(table[kPosition])); }
};

// Values of the runtime's enumerations.
enum class ElementType : std::int32_t {
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  int32 = 6,
  int64 = 7,
  boolean = 9,
  float16 = 10,
  float64 = 11,
};
inline constexpr std::int32_t kLogFatal = 4;         // severity; errors are told by a status
inline constexpr std::int32_t kArenaAllocator = 1;   // of the CPU's memory
inline constexpr std::int32_t kMemoryOfOutputs = 0;  // the default kind of memory
inline constexpr std::int32_t kIsTensor = 1;         // of the kinds of values

// Those that return a status give null for success; whoever gets one releases it.
namespace member {

inline constexpr Member<2, const char*(const OrtStatus*)> get_error_message;
inline constexpr Member<3, OrtStatus*(std::int32_t severity, const char* name, OrtEnv**)> create_env;
inline constexpr Member<7, OrtStatus*(const OrtEnv*, const char* path, const OrtSessionOptions*, OrtSession**)>
    create_session;
inline constexpr Member<9, OrtStatus*(OrtSession*, const OrtRunOptions*, const char* const* input_names,
                                      const OrtValue* const* inputs, std::size_t n_inputs,
                                      const char* const* output_names, std::size_t n_outputs, OrtValue** outputs)>
    run;
inline constexpr Member<10, OrtStatus*(OrtSessionOptions**)> create_session_options;
inline constexpr Member<24, OrtStatus*(OrtSessionOptions*, int)> set_intra_op_num_threads;
inline constexpr Member<25, OrtStatus*(OrtSessionOptions*, int)> set_inter_op_num_threads;
inline constexpr Member<30, OrtStatus*(const OrtSession*, std::size_t*)> session_get_input_count;
inline constexpr Member<31, OrtStatus*(const OrtSession*, std::size_t*)> session_get_output_count;
inline constexpr Member<33, OrtStatus*(const OrtSession*, std::size_t, OrtTypeInfo**)> session_get_input_type_info;
inline constexpr Member<34, OrtStatus*(const OrtSession*, std::size_t, OrtTypeInfo**)> session_get_output_type_info;
inline constexpr Member<36, OrtStatus*(const OrtSession*, std::size_t, OrtAllocator*, char**)> session_get_input_name;
inline constexpr Member<37, OrtStatus*(const OrtSession*, std::size_t, OrtAllocator*, char**)> session_get_output_name;
// Of memory that the caller keeps until the value is released.
inline constexpr Member<49, OrtStatus*(const OrtMemoryInfo*, void* data, std::size_t n_bytes, const std::int64_t* shape,
                                       std::size_t n_dimensions, std::int32_t element_type, OrtValue**)>
    create_tensor_with_data;
inline constexpr Member<51, OrtStatus*(OrtValue*, void**)> get_tensor_data;
// Null for what is no tensor; the result belongs to the type info.
inline constexpr Member<55, OrtStatus*(const OrtTypeInfo*, const OrtTensorInfo**)> cast_type_info_to_tensor_info;
inline constexpr Member<60, OrtStatus*(const OrtTensorInfo*, std::int32_t*)> get_tensor_element_type;
inline constexpr Member<61, OrtStatus*(const OrtTensorInfo*, std::size_t*)> get_dimensions_count;
inline constexpr Member<62, OrtStatus*(const OrtTensorInfo*, std::int64_t*, std::size_t)> get_dimensions;
inline constexpr Member<65, OrtStatus*(const OrtValue*, OrtTensorInfo**)> get_tensor_type_and_shape;
inline constexpr Member<67, OrtStatus*(const OrtValue*, std::int32_t*)> get_value_type;
inline constexpr Member<69, OrtStatus*(std::int32_t allocator, std::int32_t kind, OrtMemoryInfo**)>
    create_cpu_memory_info;
inline constexpr Member<76, OrtStatus*(OrtAllocator*, void*)> allocator_free;
inline constexpr Member<78, OrtStatus*(OrtAllocator**)> get_allocator_with_default_options;
inline constexpr Member<92, void(OrtEnv*)> release_env;
inline constexpr Member<93, void(OrtStatus*)> release_status;
inline constexpr Member<94, void(OrtMemoryInfo*)> release_memory_info;
inline constexpr Member<95, void(OrtSession*)> release_session;
inline constexpr Member<96, void(OrtValue*)> release_value;
inline constexpr Member<98, void(OrtTypeInfo*)> release_type_info;
inline constexpr Member<99, void(OrtTensorInfo*)> release_tensor_info;
inline constexpr Member<100, void(OrtSessionOptions*)> release_session_options;

}  // namespace member
}  // namespace headroom::onnx
