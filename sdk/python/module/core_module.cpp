// headroom._core: the commands of the program as functions of Python. Nothing is computed here.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "hosted_command.hpp"
#include "io/csv_writer.hpp"
#include "plugin_host/host_process.hpp"
#include "report/bounds_card.hpp"
#include "report/method_bars.hpp"
#include "suite/suite_card.hpp"
#include "summary/primary_metric.hpp"
#include "summary/summary_json.hpp"
#include "summary/target_parts.hpp"
#include "terminal/terminal_style.hpp"
#include "version.hpp"

namespace py = pybind11;

namespace headroom::python {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{100};

// The exceptions, for as long as the interpreter lives.
struct Exceptions {
  PyObject *any, *input, *plugin, *harness, *sandbox;
};
Exceptions exceptions;

PyObject* make_exception(py::module_& core, const char* name, const char* doc, std::vector<PyObject*> bases) {
  py::tuple of(bases.size());
  for (std::size_t i = 0; i < bases.size(); ++i) of[i] = py::reinterpret_borrow<py::object>(bases[i]);
  PyObject* made = PyErr_NewExceptionWithDoc((std::string("headroom.") + name).c_str(), doc, of.ptr(), nullptr);
  if (made == nullptr) throw py::error_already_set();
  core.add_object(name, py::reinterpret_borrow<py::object>(made));
  return made;
}

PyObject* exception_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input:
      return exceptions.input;
    case ErrorKind::plugin_fault:
      return exceptions.plugin;
    case ErrorKind::sandbox_unavailable:
      return exceptions.sandbox;
    case ErrorKind::interrupted:
      return PyExc_KeyboardInterrupt;
    case ErrorKind::harness_fault:
      break;
  }
  return exceptions.harness;
}

// The text is the command line's, without "headroom: error: ".
// Names of files may be any bytes.
py::str text_of(const std::string& bytes) {
  PyObject* const text = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace");
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

[[noreturn]] void raise(const Error& error) {
  PyErr_SetObject(exception_of(error.kind), text_of(error.line()).ptr());
  throw py::error_already_set();
}

void pass_on(const Bulletin::News& news, const py::function& on_message, const py::function& on_progress) {
  if (!news.messages.empty()) on_message(text_of(news.messages));
  for (const PhaseState& state : news.phases) {
    on_progress(text_of(state.phase), state.done, state.total, text_of(state.unit), text_of(state.what),
                state.has_ended);
  }
}

py::tuple run(std::vector<std::string> arguments, const py::function& on_message, const py::function& on_progress) {
  if (waits_for_command()) {
    PyErr_SetString(PyExc_RuntimeError, "a command of headroom cannot be run from the progress of another");
    throw py::error_already_set();
  }
  std::optional<HostedCommand> command;
  {
    const py::gil_scoped_release others_run;
    command.emplace(std::move(arguments));
  }
  std::optional<py::error_already_set> raised;
  Bulletin::News news;
  do {
    {
      const py::gil_scoped_release others_run;
      news = command->bulletin().wait(kBetweenLooks);
    }
    try {
      if (!raised) pass_on(news, on_message, on_progress);
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    } catch (py::error_already_set& problem) {
      if (!raised) raised.emplace(std::move(problem));
      command->stop();
    }
  } while (!news.is_over);
  Result<CommandOutcome> outcome = CommandOutcome{};
  {
    const py::gil_scoped_release others_run;
    outcome = command->outcome();
    command.reset();
  }
  if (raised) throw std::move(*raised);
  if (!outcome) raise(outcome.error());
  return py::make_tuple(outcome->exit_code, outcome->printed);
}

RunSummary summary_of(const std::string& json, const std::string& where) {
  auto summary = parse_summary_json(json, where);
  if (!summary) raise(summary.error());
  return std::move(*summary);
}

std::string bounds_text(const std::string& json) {
  std::ostringstream text;
  draw_bounds_card(text, summary_of(json, "summary"), TerminalStyle());
  return text.str();
}

std::string methods_text(const std::string& json) {
  const RunSummary summary = summary_of(json, "summary");
  std::ostringstream text;
  for (const std::string& target : targets_of(summary)) {
    const RunSummary part = part_of_target(summary, target);
    if (part.contexts_size() > 0) draw_method_bars(text, part, primary_metric(part), TerminalStyle());
  }
  for (const SuiteResult& suite : summary.suites()) draw_suite_card(text, suite, TerminalStyle());
  return text.str();
}

}  // namespace
}  // namespace headroom::python

PYBIND11_MODULE(_core, core) {
  using namespace headroom::python;
  core.doc() = "The commands of the program headroom, in this process.";
  core.attr("__version__") = HEADROOM_VERSION;
  exceptions.any =
      make_exception(core, "Error", "What went wrong, where, and the remedy, in one line.", {PyExc_Exception});
  exceptions.input = make_exception(core, "InputError", "The arguments or what they name are wrong (exit code 2).",
                                    {exceptions.any, PyExc_ValueError});
  exceptions.plugin = make_exception(core, "PluginError", "A plugin failed (exit code 3).", {exceptions.any});
  exceptions.harness = make_exception(core, "HarnessError", "Headroom or the machine failed (exit code 4).",
                                      {exceptions.any, PyExc_RuntimeError});
  exceptions.sandbox =
      make_exception(core, "SandboxError", "The confinement that was asked for is not to be had (exit code 4).",
                     {exceptions.any, PyExc_RuntimeError});
  core.def(
      "name_program_file", [](const std::string& path) { headroom::name_program_file(path); }, py::arg("path"),
      "Where the program lies, beside which the worker and the shipped plugins are found.");
  core.def("run", &run, py::arg("arguments"), py::arg("on_message"), py::arg("on_progress"),
           "Carries out one command; returns its exit code and what it prints.");
  core.def("bounds_text", &bounds_text, py::arg("summary_json"), "What `headroom bounds` prints.");
  core.def("methods_text", &methods_text, py::arg("summary_json"), "What `headroom run` prints of the methods.");
  core.def(
      "unguarded", [](const std::string& field) { return std::string(headroom::unguarded(field)); }, py::arg("field"),
      "A text of a table, without the apostrophe that keeps spreadsheets from running it.");
}
