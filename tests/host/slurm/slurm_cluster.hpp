// Slurm on this machine alone, for one test: munged, slurmctld and slurmd of Debian with folders, ports and a key of
// their own, started here and ended with all that came of them, also where the test is killed. Tasks need no rights
// beyond those of whoever runs the test.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "kept_process.hpp"
#include "slurm/program_output.hpp"

namespace headroom::testing {

inline bool wait_until(const std::function<bool()>& is_so, double most_s) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(most_s);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return true;
}

class SlurmCluster {
 public:
  // `folder`: of its own, short enough for the path of a socket.
  explicit SlurmCluster(std::filesystem::path folder) : folder_(std::move(folder)) {
    for (const char* name : {"state", "spool", "logs"}) std::filesystem::create_directories(folder_ / name);
  }

  ~SlurmCluster() {
    while (!daemons_.empty()) daemons_.pop_back();  // the last one first
    unsetenv("SLURM_CONF");
  }

  // Why munged, without which there is no Slurm, cannot be started; empty: it runs.
  std::string start_munged() {
    const std::filesystem::path program = program_of("munged");
    if (program.empty()) return "munged is not installed (package munge)";
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    std::random_device random;
    std::string key;
    for (int i = 0; i < 32; ++i) key += fmt::format("{:08x}", random());
    std::ofstream(folder_ / "munge.key") << key;
    std::filesystem::permissions(folder_ / "munge.key", std::filesystem::perms::owner_read);
    const auto at = [&](const char* name) { return (folder_ / name).string(); };
    start({program, "--force", "--foreground", "--num-threads=2", "--key-file=" + at("munge.key"),
           "--socket=" + at("munge.sock"), "--pid-file=" + at("munged.pid"), "--log-file=" + at("munged.log"),
           "--seed-file=" + at("munge.seed")},
          "munged");
    if (wait_until([&] { return std::filesystem::exists(folder_ / "munge.sock") || !daemons_.back().is_alive(); },
                   10) &&
        daemons_.back().is_alive()) {
      return "";
    }
    return "munged does not start: " + log_of("munged");
  }

  // Why Slurm is not ready; empty: its node waits for jobs.
  std::string start_slurm(int n_cpus) {
    for (const char* name : {"slurmctld", "slurmd"}) {
      if (program_of(name).empty()) return std::string(name) + " is not installed (package slurm-wlm)";
    }
    char host[256] = {};
    gethostname(host, sizeof host - 1);
    node_ = std::string(host).substr(0, std::string(host).find('.'));
    const passwd* user = getpwuid(geteuid());
    const std::string name = user != nullptr ? user->pw_name : std::to_string(geteuid());
    const std::string conf = fmt::format(
        "ClusterName=headroom\nSlurmctldHost={node}(127.0.0.1)\nSlurmctldPort={port}\nSlurmdPort={other}\n"
        "AuthType=auth/munge\nAuthInfo=socket={folder}/munge.sock\nSlurmUser={user}\nSlurmdUser={user}\n"
        "StateSaveLocation={folder}/state\nSlurmdSpoolDir={folder}/spool\n"
        "SlurmctldPidFile={folder}/slurmctld.pid\nSlurmdPidFile={folder}/slurmd.pid\n"
        "SlurmctldLogFile={folder}/logs/slurmctld.log\nSlurmdLogFile={folder}/logs/slurmd.log\n"
        "ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\n"
        "AccountingStorageType=accounting_storage/none\nSelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\n"
        "SchedulerType=sched/backfill\nSchedulerParameters=sched_interval=1,bf_interval=1\nMpiDefault=none\n"
        "SwitchType=switch/none\nMailProg=/bin/true\nSlurmdParameters=config_overrides\nReturnToService=2\nKillWait=1\n"
        "NodeName={node} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=1000 State=UNKNOWN\n"
        "PartitionName=main Nodes={node} Default=YES MaxTime=INFINITE State=UP\n",
        fmt::arg("node", node_), fmt::arg("port", free_port()), fmt::arg("other", free_port()),
        fmt::arg("folder", folder_.string()), fmt::arg("user", name), fmt::arg("cpus", n_cpus));
    const std::string path = (folder_ / "slurm.conf").string();
    std::ofstream(path) << conf;
    // Nothing here asks for control groups; what is detected by itself ends slurmd where none are mounted (a chroot).
    std::ofstream(folder_ / "cgroup.conf") << "CgroupPlugin=cgroup/v1\n";
    setenv("SLURM_CONF", path.c_str(), 1);
    start({program_of("slurmctld"), "-D", "-f", path}, "slurmctld");
    start({program_of("slurmd"), "-D", "-f", path}, "slurmd");
    const bool is_up = wait_until(
        [&] {
          return said({"sinfo", "--noheader", "--format=%t"}).starts_with("idle") || !all_alive();
        },
        30);
    if (is_up && all_alive()) return "";
    return "Slurm does not start: " + log_of("slurmctld") + log_of("slurmd") + said({"sinfo"});
  }

  const std::string& node() const { return node_; }

  // What a command of Slurm says; empty where it fails.
  static std::string said(const std::vector<std::string>& command) {
    const auto output = output_of(command);
    return output && output->exit_code == 0 ? output->out : "";
  }

 private:
  static std::filesystem::path program_of(const std::string& name) {
    for (const char* folder : {"/usr/sbin", "/usr/bin", "/sbin"}) {
      if (access((std::string(folder) + "/" + name).c_str(), X_OK) == 0) return std::filesystem::path(folder) / name;
    }
    return {};
  }

  static int free_port() {
    const int end = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    (void)bind(end, reinterpret_cast<sockaddr*>(&address), length);
    (void)getsockname(end, reinterpret_cast<sockaddr*>(&address), &length);
    close(end);
    return ntohs(address.sin_port);
  }

  void start(const std::vector<std::string>& command, const std::string& name) {
    daemons_.emplace_back(command, (folder_ / "logs" / (name + ".out")).string());
  }

  bool all_alive() {
    return std::all_of(daemons_.begin(), daemons_.end(), [](KeptProcess& daemon) { return daemon.is_alive(); });
  }

  std::string log_of(const std::string& name) const {
    std::ifstream file(folder_ / "logs" / (name + ".out"));
    std::string text, line;
    while (std::getline(file, line)) text += line + "; ";
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 600));
  }

  std::filesystem::path folder_;
  std::string node_;
  std::vector<KeptProcess> daemons_;
};

}  // namespace headroom::testing
