#include "report/headless_chromium.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// One browser at a time, over all test processes: each takes several cores for itself.
class Turn {
 public:
  Turn()
      : fd_(open((std::filesystem::temp_directory_path() / "headroom_chromium_turn").c_str(),
                 O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (fd_ >= 0) flock(fd_, LOCK_EX);
  }
  ~Turn() {
    if (fd_ >= 0) close(fd_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  int fd_;
};

std::string quoted(const std::filesystem::path& path) {
  return std::string(1, '\'').append(path.string()).append(1, '\'');
}

}  // namespace

std::optional<HeadlessChromium> HeadlessChromium::find() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    for (const char* name : {"chromium", "chromium-browser"}) {
      const std::filesystem::path program = std::filesystem::path(folder) / name;
      if (std::filesystem::exists(program)) return HeadlessChromium(program);
    }
  }
  return std::nullopt;
}

std::string HeadlessChromium::run(const std::string& arguments, const std::filesystem::path& page,
                                  std::string& log) const {
  const Turn turn;
  testing::TemporaryFolder folder;  // a profile of its own, so that runs neither meet nor leave anything
  const auto out = folder.path() / "out", err = folder.path() / "err";
  // Chromium's own sandbox is not to be had for root or in a container; the page is our own.
  const std::string command = "timeout 120 " + quoted(program_) +
                              " --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars "
                              "--no-first-run --enable-logging=stderr --user-data-dir=" +
                              quoted(folder.path() / "profile") + " " + arguments + " 'file://" + page.string() +
                              "' > " + quoted(out) + " 2> " + quoted(err);
  [[maybe_unused]] const int status = std::system(command.c_str());  // judged by what it wrote
  log = content_of(err);
  return content_of(out);
}

LoadedPage HeadlessChromium::load(const std::filesystem::path& page, int patience_ms) const {
  LoadedPage loaded;
  std::string log;
  loaded.dom = run("--dump-dom --virtual-time-budget=" + std::to_string(patience_ms), page, log);
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(":CONSOLE") != std::string::npos) loaded.console_messages.push_back(line);
  }
  return loaded;
}

bool HeadlessChromium::take_picture(const std::filesystem::path& page, const std::filesystem::path& png, int width,
                                    int height, bool dark) const {
  std::string log;
  std::filesystem::remove(png);
  run("--window-size=" + std::to_string(width) + "," + std::to_string(height) +
          (dark ? " --blink-settings=preferredColorScheme=0" : "") +
          " --virtual-time-budget=2000 --screenshot=" + quoted(png),
      page, log);
  return std::filesystem::exists(png);
}

bool HeadlessChromium::print_to_pdf(const std::filesystem::path& page, const std::filesystem::path& pdf) const {
  std::string log;
  std::filesystem::remove(pdf);
  run("--no-pdf-header-footer --virtual-time-budget=2000 --print-to-pdf=" + quoted(pdf), page, log);
  return std::filesystem::exists(pdf);
}

}  // namespace headroom
