// CPython inside the worker: isolated from whatever the user's Python is set up to do, and the bridge in it.
#pragma once

#include <string>

#include "python/python_object.hpp"

namespace headroom {

// Starts the interpreter once in the life of a process. Its modules are those of the standard library, Debian's
// packages and, where the host grants one, a virtual environment: no user's folder, no .pth file, no variable of the
// environment. Hashes of text do not differ from process to process. Returns why it could not be started, or nothing.
std::string start_python();

// A function of bridge.py. Throws PythonRaised.
PythonObject bridge_function(const char* name);

// Takes the exception that is set: its last line and where it was raised. The traceback goes to stderr.
std::string take_python_error();

}  // namespace headroom
