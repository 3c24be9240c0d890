#include "terminal/terminal_progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>

#include "terminal/display_text.hpp"
#include "terminal/number_text.hpp"

namespace headroom {
namespace {

constexpr double redraw_interval_s = 0.1;
constexpr double rate_known_after_s = 1.0;  // a rate from less time than this misleads
constexpr int bar_width = 20;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string progress_bar(double fraction, bool unicode) {
  const double filled = std::clamp(fraction, 0.0, 1.0) * bar_width;
  const int full = static_cast<int>(filled);
  std::string bar;
  if (!unicode) {
    bar.assign(static_cast<std::size_t>(full), '=');
    if (full < bar_width) bar += '>';
    bar.resize(bar_width, ' ');
    return "[" + bar + "]";
  }
  static constexpr const char* eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  for (int i = 0; i < full; ++i) bar += "█";
  if (full < bar_width) bar += eighths[static_cast<int>((filled - full) * 8)];
  return "▕" + fit_left(bar, bar_width) + "▏";
}

}  // namespace

struct TerminalProgress::State {
  std::ostream& out;
  TerminalStyle style;
  Clock clock;
  Progress* follower = nullptr;

  std::atomic<std::int64_t> done{0};
  std::atomic<double> next_draw{0};

  std::mutex mutex;  // guards the stream and everything below
  bool active = false;
  std::string phase, unit, what;
  std::int64_t total = 0;
  double started = 0;

  State(std::ostream& o, const TerminalStyle& s, Clock c) : out(o), style(s), clock(std::move(c)) {}

  std::string line(double now) const {
    const double elapsed = now - started;
    const std::int64_t n = done.load(std::memory_order_relaxed);
    const char* dot = style.unicode ? " · " : " - ";
    std::string text = phase + " ";
    if (total > 0) {
      text += progress_bar(static_cast<double>(n) / static_cast<double>(total), style.unicode) +
              fmt::format(" {}/{} {}", count_text(n), count_text(total), unit);
    } else {
      text += fmt::format("{} {}", count_text(n), unit);
    }
    if (n > 0 && elapsed >= rate_known_after_s) {
      const double rate = static_cast<double>(n) / elapsed;
      text += fmt::format("{}{}/s", dot, rate >= 100 ? count_text(static_cast<std::int64_t>(rate)) : value_text(rate));
      if (total > n) text += dot + duration_text(static_cast<double>(total - n) / rate) + " left";
    } else if (elapsed >= rate_known_after_s) {
      text += dot + duration_text(elapsed);
    }
    if (!what.empty()) text += dot + what;
    return shortened(text, style.width - 1, style.unicode ? "…" : "..");
  }

  void erase() { out << "\r\x1b[K"; }

  void draw() { out << "\r\x1b[K" << line(clock()) << std::flush; }
};

TerminalProgress::TerminalProgress(std::ostream& out, const TerminalStyle& style)
    : TerminalProgress(out, style, steady_seconds) {}

TerminalProgress::TerminalProgress(std::ostream& out, const TerminalStyle& style, Clock clock)
    : state_(std::make_unique<State>(out, style, std::move(clock))) {}

TerminalProgress::TerminalProgress(std::ostream& out, const TerminalStyle& style, Progress* follower)
    : TerminalProgress(out, style, steady_seconds) {
  state_->follower = follower;
}

TerminalProgress::~TerminalProgress() {
  std::lock_guard lock(state_->mutex);
  if (state_->active && state_->style.live) {  // left by an error: the line must not stay half-drawn
    state_->erase();
    state_->out << std::flush;
  }
}

void TerminalProgress::begin(const std::string& phase, std::int64_t total, const std::string& unit) {
  if (state_->follower != nullptr) state_->follower->begin(phase, total, unit);
  std::lock_guard lock(state_->mutex);
  state_->phase = display_text(phase);
  state_->unit = display_text(unit);
  state_->what.clear();
  state_->total = total;
  state_->done = 0;
  state_->started = state_->clock();
  state_->next_draw = state_->started + redraw_interval_s;
  state_->active = true;
  if (state_->style.live) state_->draw();
}

void TerminalProgress::advance(std::int64_t n) {
  if (state_->follower != nullptr) state_->follower->advance(n);
  state_->done.fetch_add(n, std::memory_order_relaxed);
  if (!state_->style.live) return;
  const double now = state_->clock();
  double due = state_->next_draw.load(std::memory_order_relaxed);
  if (now < due || !state_->next_draw.compare_exchange_strong(due, now + redraw_interval_s)) return;
  std::lock_guard lock(state_->mutex);
  if (state_->active) state_->draw();
}

void TerminalProgress::end() {
  std::lock_guard lock(state_->mutex);
  if (!state_->active) return;
  state_->active = false;
  if (state_->follower != nullptr) state_->follower->end();
  if (!state_->style.live) return;
  const std::int64_t n = state_->done.load(std::memory_order_relaxed);
  state_->erase();
  state_->out << inked(fmt::format("{} {} {} in {}", state_->phase, count_text(n), state_->unit,
                                   duration_text(state_->clock() - state_->started)),
                       Ink::faint, state_->style)
              << '\n'
              << std::flush;
}

void TerminalProgress::working_on(const std::string& what) {
  if (state_->follower != nullptr) state_->follower->working_on(what);
  std::lock_guard lock(state_->mutex);
  state_->what = display_text(what);
}

void TerminalProgress::print_line(const std::string& line) {
  std::lock_guard lock(state_->mutex);
  const bool redraw = state_->active && state_->style.live;
  if (redraw) state_->erase();
  state_->out << line << '\n';
  if (redraw) state_->draw();
  state_->out << std::flush;
}

}  // namespace headroom
