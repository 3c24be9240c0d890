// Progress of long work, as an interface: the numerics report, the terminal (or nobody) shows.
#pragma once

#include <cstdint>
#include <string>

namespace headroom {

// One phase at a time. advance() may be called from any thread; begin() and end() from the one that drives the work.
class Progress {
 public:
  virtual ~Progress() = default;
  // total: how many units the phase has (0: unknown); unit: "cells", "evaluations", "MB".
  virtual void begin(const std::string& phase, std::int64_t total, const std::string& unit) = 0;
  virtual void advance(std::int64_t n) = 0;
  virtual void end() = 0;
  // What is being worked on. Any thread.
  virtual void working_on(const std::string&) {}
};

class NoProgress final : public Progress {
 public:
  void begin(const std::string&, std::int64_t, const std::string&) override {}
  void advance(std::int64_t) override {}
  void end() override {}
};

}  // namespace headroom
