#include "python/interpreter.hpp"

#include <dlfcn.h>

#include <cstdlib>

#include "bridge_text.hpp"

namespace headroom {
namespace {

PyObject* bridge = nullptr;  // kept for good: the interpreter is never ended

// Extension modules of Debian find the interpreter among the symbols of the program, where it would be had Python
// loaded them. A plugin is loaded for itself, and so is what it needs.
bool show_interpreter_to_modules() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&Py_IsInitialized), &info) == 0) return false;
  return dlopen(info.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD) != nullptr;
}

// Beside the standard library, which Python finds by itself: Debian's packages and, before them, what the host grants.
void extend_search_path() {
  PyObject* const path = PySys_GetObject("path");
  if (path == nullptr) throw PythonRaised{};
  for (const char* folder :
       {"/usr/local/lib/python" HEADROOM_PYTHON_VERSION "/dist-packages", "/usr/lib/python3/dist-packages"}) {
    if (PyList_Append(path, python_text(folder).get()) != 0) throw PythonRaised{};
  }
  if (const char* granted = std::getenv("HEADROOM_PYTHON_PATH"); granted != nullptr) {
    if (PyList_Insert(path, 0, python_text(granted).get()) != 0) throw PythonRaised{};
  }
}

PyStatus fill(PyConfig& config) {
  config.site_import = 0;
  config.write_bytecode = 0;
  config.install_signal_handlers = 0;
  config.pathconfig_warnings = 0;
  config.buffered_stdio = 0;
  config.use_hash_seed = 1;
  config.hash_seed = 0;
  // Debian's, whatever stands first in a search path.
  const PyStatus set = PyConfig_SetString(&config, &config.home, L"/usr");
  if (PyStatus_Exception(set)) return set;
  return PyConfig_SetString(&config, &config.program_name, L"/usr/bin/python3");
}

// lib/python3.N/site-packages of another N would fail in stranger ways.
std::string fault_of_granted_path() {
  const char* const granted = std::getenv("HEADROOM_PYTHON_PATH");
  if (granted == nullptr) return {};
  const std::string path = granted;
  const auto at = path.rfind("/python3.");
  const std::string own = "/python" HEADROOM_PYTHON_VERSION "/";
  if (at == std::string::npos || path.compare(at, own.size(), own) == 0) return {};
  const auto end = path.find('/', at + 1);
  return "the environment of --python-path is of " + path.substr(at + 1, end - at - 1) +
         ", and models are run by Python " HEADROOM_PYTHON_VERSION;
}

std::string start() {
  if (std::string fault = fault_of_granted_path(); !fault.empty()) return fault;
  if (!show_interpreter_to_modules()) return "the Python library cannot be shown to its modules";
  // Names of files are UTF-8, whatever a worker without a locale would make of them.
  PyPreConfig before;
  PyPreConfig_InitIsolatedConfig(&before);
  before.utf8_mode = 1;
  PyStatus status = Py_PreInitialize(&before);
  if (PyStatus_Exception(status)) return "Python cannot be started in UTF-8";
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  status = fill(config);
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) {
    return std::string("Python cannot be started: ") + (status.err_msg != nullptr ? status.err_msg : "no reason given");
  }
  try {
    extend_search_path();
    const PythonObject code(Py_CompileString(kBridgeText, "<headroom>", Py_file_input));
    bridge = PyImport_ExecCodeModule("_headroom_bridge", code.get());
    if (bridge == nullptr) throw PythonRaised{};
  } catch (const PythonRaised&) {
    return take_python_error();
  }
  return {};
}

}  // namespace

std::string start_python() {
  static const std::string fault = start();
  return fault;
}

PythonObject bridge_function(const char* name) { return PythonObject(PyObject_GetAttrString(bridge, name)); }

std::string take_python_error() {
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  if (type == nullptr) return "no reason given";
  PyErr_NormalizeException(&type, &value, &trace);
  if (value != nullptr && trace != nullptr) PyException_SetTraceback(value, trace);
  const PythonObject kept_type(type);  // all three are ours now
  PythonObject kept_value, kept_trace;
  if (value != nullptr) kept_value = PythonObject(value);
  if (trace != nullptr) kept_trace = PythonObject(trace);
  try {
    if (bridge != nullptr && value != nullptr) {
      const PythonObject words(PyObject_CallFunctionObjArgs(bridge_function("explain").get(), value, nullptr));
      return text_of(words);
    }
    const PythonObject words(PyObject_Str(value != nullptr ? value : type));
    return std::string(PyExceptionClass_Name(type)) + ": " + text_of(words);
  } catch (const PythonRaised&) {
    PyErr_Clear();
    return std::string("an exception ") + PyExceptionClass_Name(type) + " that cannot be shown";
  }
}

}  // namespace headroom
