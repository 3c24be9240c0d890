// A counted reference to a Python object, and the few conversions that the runner needs.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headroom {

// A Python exception is set; take_python_error() (interpreter.hpp) takes it.
struct PythonRaised {};

class PythonObject {
 public:
  PythonObject() = default;
  // Takes a new reference; a null pointer is an exception.
  explicit PythonObject(PyObject* owned) : object_(owned) {
    if (owned == nullptr) throw PythonRaised{};
  }
  PythonObject(PythonObject&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PythonObject& operator=(PythonObject&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~PythonObject() { Py_XDECREF(object_); }

  static PythonObject borrowed(PyObject* object) {
    Py_XINCREF(object);
    return PythonObject(object);
  }
  static PythonObject none() { return borrowed(Py_None); }

  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

  PythonObject attribute(const char* name) const { return PythonObject(PyObject_GetAttrString(object_, name)); }
  // Of a dict.
  PythonObject item(const char* key) const {
    PyObject* const found = PyDict_GetItemString(object_, key);
    if (found == nullptr) {
      PyErr_SetString(PyExc_KeyError, key);
      throw PythonRaised{};
    }
    return borrowed(found);
  }
  // Of a list or tuple.
  Py_ssize_t size() const {
    const Py_ssize_t n = PySequence_Size(object_);
    if (n < 0) throw PythonRaised{};
    return n;
  }
  PythonObject at(Py_ssize_t i) const { return PythonObject(PySequence_GetItem(object_, i)); }

 private:
  PyObject* object_ = nullptr;
};

// Ids may be any bytes: what is no UTF-8 is there as surrogates, in the same way each time; text_of() shows it as '?'.
inline PythonObject python_text(std::string_view text) {
  return PythonObject(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape"));
}

inline std::string text_of(const PythonObject& object) {
  const PythonObject bytes(PyUnicode_AsEncodedString(object.get(), "utf-8", "replace"));
  char* data = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(bytes.get(), &data, &size) != 0) throw PythonRaised{};
  return std::string(data, static_cast<std::size_t>(size));
}

inline long integer_of(const PythonObject& object) {
  const long value = PyLong_AsLong(object.get());
  if (value == -1 && PyErr_Occurred()) throw PythonRaised{};
  return value;
}

inline double number_of(const PythonObject& object) {
  const double value = PyFloat_AsDouble(object.get());
  if (value == -1 && PyErr_Occurred()) throw PythonRaised{};
  return value;
}

inline PythonObject python_integer(long long value) { return PythonObject(PyLong_FromLongLong(value)); }

// Takes the values.
inline PythonObject python_list(std::vector<PythonObject> values) {
  PythonObject list(PyList_New(static_cast<Py_ssize_t>(values.size())));
  for (std::size_t i = 0; i < values.size(); ++i) {
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), values[i].release());
  }
  return list;
}

class PythonDict {
 public:
  PythonDict() : dict_(PyDict_New()) {}
  void set(const char* key, const PythonObject& value) {
    if (PyDict_SetItemString(dict_.get(), key, value.get()) != 0) throw PythonRaised{};
  }
  PyObject* get() const { return dict_.get(); }
  PythonObject take() { return std::move(dict_); }

 private:
  PythonObject dict_;
};

}  // namespace headroom
