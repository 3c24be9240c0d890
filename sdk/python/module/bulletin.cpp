#include "bulletin.hpp"

namespace headroom::python {

void Bulletin::begin(const std::string& phase, std::int64_t total, const std::string& unit) {
  std::lock_guard lock(mutex_);
  current_ = PhaseState{phase, unit, {}, 0, total, false};
  has_moved_ = true;
}

void Bulletin::advance(std::int64_t n) {
  std::lock_guard lock(mutex_);
  if (!current_) return;
  current_->done += n;
  has_moved_ = true;
}

void Bulletin::end() {
  std::lock_guard lock(mutex_);
  if (!current_) return;
  current_->has_ended = true;
  news_.phases.push_back(std::move(*current_));
  current_.reset();
  has_moved_ = false;
}

void Bulletin::working_on(const std::string& what) {
  std::lock_guard lock(mutex_);
  if (!current_) return;
  current_->what = what;
  has_moved_ = true;
}

void Bulletin::write(std::string_view text) {
  std::lock_guard lock(mutex_);
  news_.messages += text;
}

void Bulletin::close() {
  {
    std::lock_guard lock(mutex_);
    news_.is_over = true;
  }
  over_.notify_all();
}

Bulletin::News Bulletin::wait(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  over_.wait_for(lock, most, [this] { return news_.is_over; });
  if (current_ && has_moved_) news_.phases.push_back(*current_);
  has_moved_ = false;
  const bool is_over = news_.is_over;
  News told = std::exchange(news_, News{});
  news_.is_over = is_over;
  return told;
}

std::streamsize MessageStream::Buffer::xsputn(const char* text, std::streamsize n) {
  bulletin_.write({text, static_cast<std::size_t>(n)});
  return n;
}

MessageStream::Buffer::int_type MessageStream::Buffer::overflow(int_type c) {
  if (!traits_type::eq_int_type(c, traits_type::eof())) {
    const char letter = traits_type::to_char_type(c);
    bulletin_.write({&letter, 1});
  }
  return traits_type::not_eof(c);
}

}  // namespace headroom::python
