// A predictor that goes wrong in the way that its option `deed` names, when it is asked to predict.
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "headroom/fit_facts.h"
#include "headroom/held_out_errors.h"

namespace {

template <std::size_t n>
constexpr headroom_string text(const char (&literal)[n]) {
  return {literal, static_cast<std::int64_t>(n) - 1};
}

void set_error(const headroom_host* host, const std::string& message) {
  host->set_error(host->handle, {message.data(), static_cast<std::int64_t>(message.size())});
}

// What the optimiser cannot see through.
volatile std::uintptr_t near_null = 8;
volatile int deepest = -1;

int overflow_stack(int depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(depth);
  return depth == deepest ? 0 : overflow_stack(depth + 1) + room[0];
}

[[noreturn]] void spin() {
  while (deepest < 0) {
  }
  std::abort();
}

// Facts of a fit, sound but for what the deed asks.
void tell_facts(const headroom_host* host, const std::string& deed) {
  const auto* facts = static_cast<const headroom_fit_facts*>(host->extension(host->handle, text(HEADROOM_FIT_FACTS)));
  if (facts == nullptr || facts->struct_size < static_cast<std::int64_t>(sizeof(headroom_fit_facts))) return;
  const auto weight = [&](std::int64_t block, headroom_string kernel, double value) {
    facts->weight(host->handle, block, kernel, value);
  };
  const auto value = [&](headroom_string name, double number) { facts->value(host->handle, name, number); };
  static const std::string long_name(100000, 'x');
  weight(0, text("rbf"), 0.25);
  weight(0, {nullptr, 0}, 0.75);
  value(text("lambda"), 1e-3);
  if (deed == "facts-twice") weight(0, text("rbf"), 0.5);
  if (deed == "facts-of-no-block") weight(1, text("rbf"), 0.5);
  if (deed == "facts-of-block-minus-one") weight(-1, text("rbf"), 0.5);
  if (deed == "facts-not-finite") weight(0, text("linear"), std::nan(""));
  if (deed == "facts-of-null-kernel") weight(0, {nullptr, 12}, 0);  // is taken as the empty name, told above
  if (deed == "facts-in-markup") weight(0, text("<b>"), 0.5);
  if (deed == "facts-long") weight(0, {long_name.data(), static_cast<std::int64_t>(long_name.size())}, 0.5);
  if (deed == "facts-many-weights") {
    for (int i = 0; i < 1000000; ++i) weight(0, {long_name.data(), 64}, i);
  }
  if (deed == "facts-many-values") {
    for (int i = 0; i < 1000000; ++i) value({long_name.data(), 64}, i);
  }
  if (deed == "facts-value-twice") value(text("lambda"), 2);
  if (deed == "facts-value-unnamed") value({nullptr, 0}, 2);
  if (deed == "facts-value-infinite") value(text("loss"), HUGE_VAL);
  if (deed == "facts-then-error") set_error(host, "after the facts");
}

headroom_status predict(const headroom_host* host, const headroom_predictor_request* request,
                        headroom_predictor_output* output) {
  const headroom_string given = host->option(host->handle, text("deed"));
  const std::string deed(given.data, static_cast<std::size_t>(given.size));
  if (deed == "segfault") *reinterpret_cast<volatile int*>(near_null) = 1;
  if (deed == "abort") std::abort();
  if (deed == "stack") return overflow_stack(0);
  if (deed == "exit") std::exit(7);
  if (deed == "throw") throw std::runtime_error("thrown on purpose");
  if (deed == "sleep") ::sleep(1000);
  if (deed == "spin") spin();
  if (deed == "spin-on") {
    std::signal(SIGXCPU, SIG_IGN);
    spin();
  }
  if (deed == "new") {
    for (;;) std::memset(::operator new (std::size_t{64} << 20), 1, 4096);
  }
  if (deed == "malloc") {
    for (;;) std::memset(std::malloc(std::size_t{64} << 20), 1, 4096);
  }
  if (deed == "caught") {
    try {
      for (;;) std::memset(::operator new (std::size_t{64} << 20), 1, 4096);
    } catch (const std::bad_alloc& failure) {
      set_error(host, failure.what());
      return HEADROOM_ERROR;
    }
  }
  if (deed == "error") {
    set_error(host, "the weights are\nnot there \xff");
    return HEADROOM_ERROR;
  }
  if (deed == "silent") return HEADROOM_ERROR;
  if (deed == "unsupported") return HEADROOM_UNSUPPORTED;
  if (deed == "fork") {
    if (::fork() == 0) ::_exit(0);
  }
  if (deed == "system" && std::system("true") != 0) set_error(host, "no shell");
  if (deed == "mark") output->feasible[0] = 7;
  if (deed == "close") {
    ::close(3);
    ::sleep(1000);
  }
  if (deed == "babble") {
    for (int i = 0; i < 100000; ++i) std::fputs("babble babble babble babble babble babble babble babble\n", stderr);
  }
  if (deed == "writes-nothing") return HEADROOM_OK;
  if (deed.rfind("facts", 0) == 0) tell_facts(host, deed);
  if (deed == "facts-then-error") return HEADROOM_ERROR;
  if (deed == "write-input") const_cast<double*>(request->delta_rows.data)[0] = 1;
  for (std::int64_t s = 0; s < request->settings.rows * request->n_planes; ++s) {
    for (std::int64_t q = 0; q < request->n_query; ++q) {
      std::memset(output->predictions[s].data + q * output->predictions[s].row_stride, 0,
                  sizeof(double) * static_cast<std::size_t>(output->predictions[s].cols));
    }
  }
  return HEADROOM_OK;
}

// Errors of one, or what the deed makes of them.
headroom_status errors(const headroom_host* host, const headroom_errors_request* request,
                       headroom_errors_output* output) {
  const headroom_string given = host->option(host->handle, text("deed"));
  const std::string deed(given.data, static_cast<std::size_t>(given.size));
  if (deed == "segfault") *reinterpret_cast<volatile int*>(near_null) = 1;
  if (deed == "mark") output->feasible[0] = 7;
  const double error = deed == "negative-error"   ? -1
                       : deed == "nan-error"      ? std::nan("")
                       : deed == "infinite-error" ? HUGE_VAL
                                                  : 1;
  if (deed == "writes-nothing") return HEADROOM_OK;
  for (std::int64_t s = 0; s < request->request->settings.rows; ++s) {
    for (std::int64_t q = 0; q < request->request->n_query; ++q) {
      output->errors.data[s * output->errors.row_stride + q] = error;
    }
  }
  return HEADROOM_OK;
}

const headroom_option kDeed{sizeof(headroom_option), text("deed"), text("none"), text("what to do wrong")};
const headroom_option* const kOptions[] = {&kDeed};
const headroom_predictor kPredictor{
    sizeof(headroom_predictor), HEADROOM_SUPPORTS_REGRESSION, 1, 1, 0, nullptr, 0, predict};
const headroom_held_out_errors kErrors{sizeof(headroom_held_out_errors), errors};

const void* extension(headroom_string id) {
  const std::string asked(id.data, static_cast<std::size_t>(id.size));
  return asked == HEADROOM_HELD_OUT_ERRORS ? &kErrors : nullptr;
}

const headroom_plugin kPlugin{sizeof(headroom_plugin),
                              HEADROOM_ABI_MAJOR,
                              HEADROOM_ABI_MINOR,
                              HEADROOM_KIND_PREDICTOR,
                              0,
                              text("faulty-predictor"),
                              text("1"),
                              text("fails"),
                              text("Apache-2.0"),
                              nullptr,
                              0,
                              kOptions,
                              1,
                              &kPredictor,
                              extension};

}  // namespace

const headroom_plugin* headroom_plugin_entry(std::uint32_t abi_major, std::uint32_t index) {
  return abi_major == HEADROOM_ABI_MAJOR && index == 0 ? &kPlugin : nullptr;
}
