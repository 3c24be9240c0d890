// Debian's chromium without a window: loads a page from a file and tells what became of it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace headroom {

struct LoadedPage {
  std::string dom;                            // after the load event, serialised
  std::vector<std::string> console_messages;  // errors, warnings and logs of the page
};

class HeadlessChromium {
 public:
  // None where chromium is not installed.
  static std::optional<HeadlessChromium> find();

  // `patience_ms`: virtual time for timers and images after loading.
  LoadedPage load(const std::filesystem::path& page, int patience_ms = 2000) const;

  // A picture of the page's top; false if none was written.
  bool take_picture(const std::filesystem::path& page, const std::filesystem::path& png, int width, int height,
                    bool dark) const;

  bool print_to_pdf(const std::filesystem::path& page, const std::filesystem::path& pdf) const;

 private:
  explicit HeadlessChromium(std::filesystem::path program) : program_(std::move(program)) {}
  std::string run(const std::string& arguments, const std::filesystem::path& page, std::string& log) const;
  std::filesystem::path program_;
};

}  // namespace headroom
