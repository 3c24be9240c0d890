// A command of Headroom in a process that belongs to somebody else: what the command line does, without taking the
// process over. The work goes on in threads of its own, in which no signal arrives.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bulletin.hpp"
#include "outcome/outcome.hpp"

namespace headroom::python {

struct CommandOutcome {
  int exit_code = 0;    // as of the program
  std::string printed;  // what the program writes to stdout
};

// One command at a time in a process: others wait in the constructor. Starts at once; `arguments` as on the command
// line, without the program's name.
class HostedCommand {
 public:
  explicit HostedCommand(std::vector<std::string> arguments);
  ~HostedCommand();  // stops the command and waits for it
  HostedCommand(const HostedCommand&) = delete;
  HostedCommand& operator=(const HostedCommand&) = delete;

  Bulletin& bulletin() { return bulletin_; }
  // Asks it to end with what it has.
  void stop();
  // Waits for its end; once.
  Result<CommandOutcome> outcome();

 private:
  void work(const std::vector<std::string>& arguments);

  std::unique_lock<std::mutex> turn_;  // the last to go
  Bulletin bulletin_;
  Result<CommandOutcome> outcome_;
  std::thread thread_;
};

// Whether the calling thread waits for a command: it must not start another.
bool waits_for_command();

}  // namespace headroom::python
