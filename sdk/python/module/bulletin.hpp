// What a command tells while it works, on its way from the command's threads to the one that waits for it and speaks
// Python.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parallel/progress.hpp"

namespace headroom::python {

// How far a phase is: "evaluations", 12 of 40 evaluations, "lineA, fold 2, good+knn".
struct PhaseState {
  std::string phase, unit, what;
  std::int64_t done = 0;
  std::int64_t total = 0;  // 0: unknown
  bool has_ended = false;
};

// All members may be called from any thread.
class Bulletin final : public Progress {
 public:
  struct News {
    std::string messages;            // whole lines and parts of lines, as they were written
    std::vector<PhaseState> phases;  // ends of phases, and how far the current one is if that has changed
    bool is_over = false;
  };

  void begin(const std::string& phase, std::int64_t total, const std::string& unit) override;
  void advance(std::int64_t n) override;
  void end() override;
  void working_on(const std::string& what) override;
  void write(std::string_view text);
  void close();  // nothing follows

  // What was told since the last time; waits for `most` at most, and no longer than until it is over.
  News wait(std::chrono::milliseconds most);

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  News news_;
  std::optional<PhaseState> current_;
  bool has_moved_ = false;
};

// The bulletin's messages as a stream without a buffer of its own.
class MessageStream final : public std::ostream {
 public:
  explicit MessageStream(Bulletin& bulletin) : std::ostream(nullptr), buffer_(bulletin) { rdbuf(&buffer_); }

 private:
  class Buffer final : public std::streambuf {
   public:
    explicit Buffer(Bulletin& bulletin) : bulletin_(bulletin) {}

   protected:
    std::streamsize xsputn(const char* text, std::streamsize n) override;
    int_type overflow(int_type c) override;

   private:
    Bulletin& bulletin_;
  };
  Buffer buffer_;
};

}  // namespace headroom::python
