// Every threat against real workers: the verdict, that the labels were not read, that the host lives, that a good
// plugin that runs at the same time gives the same bytes as alone, and that no process is left. Then, where a layer of
// the sandbox is what stops the threat, that it does get through with that layer left out: a test of the test.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "as_user.hpp"
#include "plugin_host/host_process.hpp"
#include "plugin_host/worker_session.hpp"

namespace headroom {
namespace hostile_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// What nobody may learn. It lies in a file that every user may read, in this process's memory and in its environment.
char kSecret[] = "LABELS-of-the-test-fold";
constexpr const char* kSecretFile = HEADROOM_SECRET_FILE;

// The host's side of every test: a worker program with a name of its own (so that its processes can be told from those
// of others), servers to connect to, a good plugin.
class HostileTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (access(HEADROOM_WORKER_PROGRAM, X_OK) != 0 || access(HEADROOM_GOOD_PLUGIN, R_OK) != 0) return;
    std::string pattern = (fs::path(::testing::TempDir()) / "headroom-hostile-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::permissions(folder_, fs::perms(0755));
    worker_name_ = "hh-" + std::to_string(getpid());
    fs::copy_file(HEADROOM_WORKER_PROGRAM, folder_ / worker_name_);
    std::string held;
    ASSERT_TRUE(std::getline(std::ifstream(kSecretFile), held));
    ASSERT_EQ(held, kSecret);
    fs::create_directory(folder_ / "bundle");
    fs::permissions(folder_ / "bundle", fs::perms(0777));
    fs::create_symlink(kSecretFile, folder_ / "bundle" / "link");
    fs::create_symlink("/", folder_ / "bundle" / "root");
    // What a careless host leaves open to its children, at numbers that are not the worker's own.
    const FileDescriptor labels(open(kSecretFile, O_RDONLY | O_CLOEXEC));
    for (const int above : {6, 50, 200}) static_cast<void>(fcntl(labels.get(), F_DUPFD, above));
    setenv("LD_PRELOAD", "/nowhere/left-over.so", 1);
    setenv("HEADROOM_LABELS", kSecret, 1);
    alone_ = predict_with_good_plugin(*start_good_plugin());
  }
  static void TearDownTestSuite() {
    if (!folder_.empty()) fs::remove_all(folder_);
  }
  void SetUp() override {
    if (folder_.empty()) GTEST_SKIP() << "this user cannot reach the build folder";
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  }

  static WorkerSettings settings() {
    WorkerSettings settings;
    settings.worker_program = folder_ / worker_name_;
    settings.limits.set_wall_time_s(20);
    settings.limits.set_address_space_bytes(std::uint64_t{1} << 30);
    settings.data_folder = folder_ / "bundle";
    return settings;
  }

  static std::unique_ptr<WorkerSession> start_good_plugin() {
    auto file = open_plugin_file(HEADROOM_GOOD_PLUGIN);
    EXPECT_TRUE(file) << file.error().line();
    auto session = WorkerSession::start(*file, settings());
    EXPECT_TRUE(session) << session.error().message;
    return session ? std::move(*session) : nullptr;
  }
  static Matrix predict_with_good_plugin(WorkerSession& session) {
    Matrix deltas(20, 30);
    for (Eigen::Index i = 0; i < deltas.size(); ++i) deltas.data()[i] = static_cast<double>(i * i % 101) / 7;
    auto shared = SharedMatrix::create(20, 30);
    shared->view() = deltas;
    EXPECT_TRUE(shared->seal());
    const Matrix training = Matrix::Zero(20, 1), query = Matrix::Constant(4, 1, 0.25);
    PredictorQuestion question(*shared);
    question.add_block("embedding", training, query);
    question.n_query = 4;
    question.settings = Matrix::Constant(1, 1, 1.5);
    const auto answer = session.predict(question);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? Matrix(answer->predictions[0]) : Matrix();
  }

  // Processes of this test's workers, the monitors and inits among them.
  static int workers() {
    int n = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "comm");
      std::string name;
      if (file && std::getline(file, name) && name == worker_name_) ++n;
    }
    return n;
  }

  static fs::path folder_;
  static std::string worker_name_;
  static Matrix alone_;  // what the good plugin predicts when nothing else runs
};
fs::path HostileTest::folder_;
std::string HostileTest::worker_name_;
Matrix HostileTest::alone_;

// Listens on TCP and on an abstract unix socket while it lives.
struct Servers {
  FileDescriptor tcp{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  FileDescriptor unix_socket{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int port = 0;
  std::string name = "headroom-hostile-" + std::to_string(getpid());

  Servers() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(tcp.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(tcp.get(), 8), 0);
    socklen_t length = sizeof(address);
    EXPECT_EQ(getsockname(tcp.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    port = ntohs(address.sin_port);
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    EXPECT_EQ(bind(unix_socket.get(), reinterpret_cast<sockaddr*>(&local), size), 0);
    EXPECT_EQ(listen(unix_socket.get(), 8), 0);
  }
};

struct Outcome {
  WorkerVerdict verdict = COMPLETED;
  std::string message;
  std::string log;
  bool got_through = false;  // the plugin predicts something else than zeros
  Matrix vectors;            // of an embedding
};

// With which layers a threat is met again, to see it get through.
using Layers = std::vector<std::string>;

struct Threat {
  const char* plugin;
  WorkerVerdict verdict;
  const char* message;  // a part of the fault's
  Layers stopped_by;  // left out, all of them together, the attack gets through; empty: no layer of the worker stops it
  // What getting through looks like, if it is not predicting ones.
  std::function<bool(const Outcome&)> is_through = [](const Outcome& outcome) { return outcome.got_through; };
  std::function<void(WorkerSettings&)> adjust = [](WorkerSettings&) {};            // for every run
  std::function<void(WorkerSettings&)> adjust_unguarded = [](WorkerSettings&) {};  // for the run that gets through
  bool depends_on_kernel = false;  // what is attacked may not be there at all: then the unguarded run proves nothing
  bool needs_root = false;         // the unguarded run does
};
std::ostream& operator<<(std::ostream& out, const Threat& threat) { return out << threat.plugin; }

class Threats : public HostileTest, public ::testing::WithParamInterface<Threat> {
 protected:
  Outcome run(WorkerSettings with) {
    const Servers servers;
    char address[32];
    std::snprintf(address, sizeof(address), "%ld", reinterpret_cast<long>(&kSecret[0]));
    with.options = {{"host_pid", std::to_string(getpid())},
                    {"address", address},
                    {"port", std::to_string(servers.port)},
                    {"socket", servers.name}};
    Outcome outcome;
    const auto fail = [&](const WorkerFault& fault) {
      outcome.verdict = fault.verdict;
      outcome.message = fault.message;
    };
    auto file = open_plugin_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / (std::string(GetParam().plugin) + ".so"));
    EXPECT_TRUE(file) << file.error().line();
    if (!file) return outcome;
    EXPECT_FALSE(file->shipped);
    auto session = WorkerSession::start(*file, with);
    if (!session) {
      fail(session.error());
      return outcome;
    }
    if ((*session)->description().kind() == PluginKind::EMBEDDING) {
      EmbeddingQuestion question;
      question.ids = {"A", "B", "C"};
      auto answer = (*session)->embed(question);
      if (!answer)
        fail(answer.error());
      else
        outcome.vectors = answer->vectors;
    } else {
      auto deltas = SharedMatrix::create(5, 8);
      deltas->view().setConstant(3);
      EXPECT_TRUE(deltas->seal());
      const Matrix training = Matrix::Zero(5, 1), query = Matrix::Zero(2, 1);
      PredictorQuestion question(*deltas);
      question.add_block("embedding", training, query);
      question.n_query = 2;
      question.settings.resize(1, 0);
      auto answer = (*session)->predict(question);
      if (!answer)
        fail(answer.error());
      else
        outcome.got_through = answer->predictions[0](0, 0) != 0;
      EXPECT_TRUE((std::as_const(*deltas).view().array() == 3).all()) << "the shared deltas were changed";
    }
    (*session)->finish();
    outcome.log = (*session)->log();
    return outcome;
  }
};

long peak_memory_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_P(Threats, AreStopped) {
  const Threat& threat = GetParam();
  for (const Layers& left_out : {Layers{}, Layers{"namespaces"}}) {
    SCOPED_TRACE(left_out.empty() ? "best level" : "without namespaces");
    const auto good = start_good_plugin();
    ASSERT_TRUE(good);
    const long memory_before = peak_memory_kilobytes();
    WorkerSettings with = settings();
    with.disabled_layers = left_out;
    threat.adjust(with);
    const Outcome outcome = run(with);
    EXPECT_EQ(WorkerVerdict_Name(outcome.verdict), WorkerVerdict_Name(threat.verdict)) << outcome.message;
    EXPECT_THAT(outcome.message, HasSubstr(threat.message));
    EXPECT_FALSE(outcome.got_through);
    EXPECT_FALSE(threat.is_through(outcome) && !threat.stopped_by.empty());
    EXPECT_THAT(outcome.log, Not(HasSubstr(kSecret)));
    EXPECT_THAT(outcome.message, Not(HasSubstr(kSecret)));
    EXPECT_EQ(outcome.message.find_first_of("\n\x1b"), std::string::npos);
    EXPECT_LT(outcome.log.size(), 70000u);
    EXPECT_LT(peak_memory_kilobytes() - memory_before, 100 << 10);
    EXPECT_EQ(predict_with_good_plugin(*good), alone_);
    good->finish();
    EXPECT_EQ(workers(), 0);
  }
}

// Those that a layer of the worker stops; the others meet the process boundary and the host's own checks.
class LayeredThreats : public Threats {};

TEST_P(LayeredThreats, GetThroughWithoutTheLayersThatStopThem) {
  const Threat& threat = GetParam();
  if (threat.needs_root && geteuid() != 0) GTEST_SKIP() << "gets through only as root";
  WorkerSettings with = settings();
  with.accepts_any_level = true;
  with.disabled_layers = threat.stopped_by;
  threat.adjust(with);
  threat.adjust_unguarded(with);
  const Outcome outcome = run(with);
  EXPECT_EQ(workers(), 0);
  if (threat.depends_on_kernel && !threat.is_through(outcome)) GTEST_SKIP() << "what it attacks is not to be had here";
  EXPECT_TRUE(threat.is_through(outcome)) << verdict_name(outcome.verdict) << ": " << outcome.message;
}

const Layers kFiles = {"landlock", "namespaces"};
const Layers kCalls = {"seccomp"};
const Layers kOtherProcesses = {"landlock", "namespaces", "own_uid", "no_capabilities", "seccomp"};
const Layers kNetwork = {"landlock", "namespaces", "seccomp"};
const Layers kProcessAndHost = {};

bool ended_with_77(const Outcome& outcome) { return outcome.message.find("exit code 77") != std::string::npos; }
bool log_has_secret(const Outcome& outcome) { return outcome.log.find(kSecret) != std::string::npos; }
void make_host_dumpable(WorkerSettings&) { prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }
void short_wall(WorkerSettings& settings) { settings.limits.set_wall_time_s(0.5); }
void long_wall(WorkerSettings& settings) { settings.limits.set_wall_time_s(20); }
void short_cpu(WorkerSettings& settings) { settings.limits.set_cpu_time_s(1); }

std::vector<Threat> threats() {
  std::vector<Threat> all;
  const auto add = [&](const char* plugin, WorkerVerdict verdict, const char* message, Layers stopped_by) -> Threat& {
    Threat threat{};
    threat.plugin = plugin;
    threat.verdict = verdict;
    threat.message = message;
    threat.stopped_by = std::move(stopped_by);
    all.push_back(std::move(threat));
    return all.back();
  };
  // Reading what is not for it.
  add("read_label_file", COMPLETED, "", kFiles);
  add("read_in_constructor", COMPLETED, "", kFiles);
  add("read_at_exit", EARLY_EXIT, "exit code 0", kFiles).is_through = log_has_secret;
  add("follow_symlink", COMPLETED, "", kFiles);
  add("climb_from_descriptors", COMPLETED, "", kFiles);
  add("read_inherited_descriptors", COMPLETED, "", kProcessAndHost);
  add("read_environment", COMPLETED, "", kProcessAndHost);
  add("read_host_memory", COMPLETED, "", kOtherProcesses).adjust_unguarded = make_host_dumpable;
  add("read_host_memory_by_call", POLICY, "'process_vm_readv'", kOtherProcesses).adjust_unguarded = make_host_dumpable;
  add("trace_host", POLICY, "'ptrace'", kOtherProcesses).adjust_unguarded = make_host_dumpable;
  add("steal_descriptors", POLICY, "'pidfd_open'", kOtherProcesses).adjust_unguarded = make_host_dumpable;
  // Reaching out.
  add("signal_host", POLICY, "'kill'", kOtherProcesses);
  add("write_file", COMPLETED, "", kNetwork);
  add("connect_tcp", COMPLETED, "", kNetwork);
  add("connect_unix", COMPLETED, "", kNetwork);
  add("open_ring", POLICY, "'io_uring_setup'", kCalls).depends_on_kernel = true;
  add("execute_program", POLICY, "'execve'", kNetwork).is_through = ended_with_77;
  add("start_process", POLICY, "'clone'", kCalls);
  add("fork_bomb", POLICY, "'clone'", kProcessAndHost);
  add("thread_bomb", COMPLETED, "", {"rlimits"});
  add("memory_bomb", MEMORY_LIMIT, "", {"rlimits"});
  add("memory_file", COMPLETED, "", kCalls);
  add("make_namespaces", POLICY, "'unshare'", kCalls).depends_on_kernel = true;
  add("become_root", POLICY, "'setuid'", {"seccomp", "own_uid", "namespaces"}).needs_root = true;
  add("own_filter", POLICY, "'seccomp'", kCalls);
  add("foreign_calls", POLICY, "unnamed", kCalls).depends_on_kernel = true;
  // Remembering from fold to fold.
  add("remember_in_keyring", POLICY, "'add_key'", kCalls).depends_on_kernel = true;
  add("remember_in_shared_memory", POLICY, "'shmget'", kCalls);
  add("remember_in_semaphores", POLICY, "'semget'", kCalls);
  add("remember_in_queue", POLICY, "'msgget'", kCalls);
  add("remember_in_named_queue", POLICY, "'mq_open'", {"seccomp", "rlimits"}).depends_on_kernel = true;
  add("count_events", POLICY, "'perf_event_open'", kCalls).depends_on_kernel = true;
  add("change_personality", POLICY, "'personality'", kCalls);
  add("handle_faults", POLICY, "'userfaultfd'", kCalls).depends_on_kernel = true;
  add("signal_by_lock", COMPLETED, "", kCalls);
  add("signal_by_flock", COMPLETED, "", kCalls);
  // Harming the host by what is shared with it.
  add("write_input", COMPLETED, "", kProcessAndHost);
  add("truncate_output", COMPLETED, "", kProcessAndHost);
  add("punch_hole", COMPLETED, "", kProcessAndHost);
  add("go_on_after_return", COMPLETED, "", kProcessAndHost);
  // Not ending, or ending otherwise.
  {
    Threat& threat = add("sleep_for_ever", WALL_LIMIT, "no answer within 0.5 s", {"wall clock"});
    threat.adjust = short_wall;
    threat.adjust_unguarded = long_wall;
  }
  add("stop_itself", WALL_LIMIT, "no answer within 0.5 s", kProcessAndHost).adjust = short_wall;
  add("spin_for_ever", CPU_LIMIT, "1 s of CPU time", kProcessAndHost).adjust = short_cpu;
  add("crash", CRASHED, "SIGSEGV", kProcessAndHost);
  add("overflow_stack", CRASHED, "SIGSEGV", kProcessAndHost);
  add("abort_in_thread", CRASHED, "SIGABRT", kProcessAndHost);
  add("throw_across", PLUGIN_ERROR, "an exception left predict", kProcessAndHost);
  add("exit_as_if_done", EARLY_EXIT, "exit code 0", kProcessAndHost);
  // Forging what is said.
  add("close_channel", PROTOCOL_ERROR, "closed its channel", kProcessAndHost);
  add("flood_log", COMPLETED, "", kProcessAndHost);
  add("forge_confinement", PROTOCOL_ERROR, "gave no description", kProcessAndHost);
  add("forge_description", PROTOCOL_ERROR, "description is malformed", kProcessAndHost);
  add("forge_answers", PROTOCOL_ERROR, "another request", kProcessAndHost);
  add("forge_verdict", PROTOCOL_ERROR, "claims to have failed", kProcessAndHost);
  add("claim_host_fault_in_constructor", PROTOCOL_ERROR, "claims to have failed", kProcessAndHost);
  add("claim_host_fault_later", PROTOCOL_ERROR, "", kProcessAndHost);
  add("send_garbage", PROTOCOL_ERROR, "no message", kProcessAndHost);
  add("send_too_much", PROTOCOL_ERROR, "no message", kProcessAndHost);
  add("send_parser_bomb", PROTOCOL_ERROR, "another request", kProcessAndHost);
  add("send_descriptors", PROTOCOL_ERROR, "no message", kProcessAndHost);
  // Bad output, and libraries that cannot be loaded.
  add("give_nan", BAD_OUTPUT, "'A' has a value that is not finite", kProcessAndHost);
  add("give_infinity", BAD_OUTPUT, "not finite", kProcessAndHost);
  add("give_extremes", COMPLETED, "", kProcessAndHost);
  add("give_pointer", BAD_OUTPUT, "that it did not write", kProcessAndHost);
  add("mark_presence", BAD_OUTPUT, "255 in place of 0 or 1", kProcessAndHost);
  add("huge_dimension", BAD_OUTPUT, "1125899906842624 columns, more than can be used", kProcessAndHost);
  add("negative_dimension", BAD_OUTPUT, "-3 columns", kProcessAndHost);
  add("know_nothing_widely", COMPLETED, "", kProcessAndHost);
  // Declaring more than a run can bear.
  add("declare_huge_grids", ABI_MISMATCH, "more than 1024 combinations", kProcessAndHost);
  add("overflow_grids", ABI_MISMATCH, "more than 1024 combinations", kProcessAndHost);
  add("newer_library", LOAD_FAILED, "GLIBCXX_3.4.99", kProcessAndHost);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Hostile, Threats, ::testing::ValuesIn(threats()),
                         [](const auto& threat) { return std::string(threat.param.plugin); });

std::vector<Threat> layered_threats() {
  std::vector<Threat> layered = threats();
  std::erase_if(layered, [](const Threat& threat) { return threat.stopped_by.empty(); });
  return layered;
}

INSTANTIATE_TEST_SUITE_P(Hostile, LayeredThreats, ::testing::ValuesIn(layered_threats()),
                         [](const auto& threat) { return std::string(threat.param.plugin); });

using HostileSessions = HostileTest;

PluginFile open_hostile(const std::string& name) {
  auto file = open_plugin_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / (name + ".so"));
  EXPECT_TRUE(file) << file.error().line();
  return file ? std::move(*file) : PluginFile{};
}

// 5 training rows, 2 query rows, 8 genes.
struct Question {
  Matrix training = Matrix::Zero(5, 1), query = Matrix::Zero(2, 1);
  SharedMatrix deltas = SharedMatrix::create(5, 8).value();
  PredictorQuestion question{deltas};
  Question() {
    EXPECT_TRUE(deltas.seal());
    question.add_block("embedding", training, query);
    question.n_query = 2;
    question.settings.resize(1, 0);
  }
};

TEST_F(HostileSessions, NoMessageReachesTheNextWorkerThroughOutputMemory) {
  const PluginFile plugin = open_hostile("remember_in_output");
  WorkerSettings with = settings();
  with.output_slots = std::make_shared<OutputSlots>();
  Question question;
  for (int fold = 0; fold < 3; ++fold) {
    auto session = WorkerSession::start(plugin, with);
    ASSERT_TRUE(session) << session.error().message;
    const auto answer = (*session)->predict(question.question);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->predictions[0](0, 0), 0) << "fold " << fold << " found what the one before had left";
    // Within one worker the memory is the same, and the message is there: the plugin does what it says.
    const auto again = (*session)->predict(question.question);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->predictions[0](0, 0), 1);
  }
  EXPECT_EQ(with.output_slots->idle_bytes(), 0u);  // nobody else gets what a foreign plugin could write
}

TEST_F(HostileSessions, AttacksBetweenTwoQuestionsAreFound) {
  auto session = WorkerSession::start(open_hostile("attack_after_return"), settings());
  ASSERT_TRUE(session) << session.error().message;
  Question question;
  ASSERT_TRUE((*session)->predict(question.question));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto second = (*session)->predict(question.question);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().verdict, POLICY) << second.error().message;
  EXPECT_THAT(second.error().message, HasSubstr("'ptrace'"));
  EXPECT_EQ(workers(), 0);
}

TEST_F(HostileSessions, ADimensionMayNotChange) {
  auto session = WorkerSession::start(open_hostile("changing_dimension"), settings());
  ASSERT_TRUE(session) << session.error().message;
  EmbeddingQuestion question;
  question.ids = {"A"};
  ASSERT_TRUE((*session)->dimension(question));
  const auto answer = (*session)->embed(question);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().verdict, BAD_OUTPUT);
  EXPECT_THAT(answer.error().message, HasSubstr("2 columns, and said 1 before"));
}

TEST_F(HostileSessions, AHostFaultIsTheHostsToFind) {
  for (const char* name : {"claim_host_fault_in_constructor", "claim_host_fault_later"}) {
    WorkerFault fault{COMPLETED, ""};
    Question question;
    auto session = WorkerSession::start(open_hostile(name), settings());
    if (!session) {
      fault = session.error();
    } else if (auto answer = (*session)->predict(question.question); !answer) {
      fault = answer.error();
    }
    EXPECT_EQ(fault.verdict, PROTOCOL_ERROR) << name << ": " << fault.message;
    EXPECT_FALSE(fault.error);
    EXPECT_THAT(fault.message, Not(HasSubstr("--sandbox")));
  }
}

TEST_F(HostileSessions, WhatAPluginSaysOfItselfMayNotChange) {
  const PluginFile plugin = open_hostile("change_description");
  WorkerSettings with = settings();
  auto first = WorkerSession::start(plugin, with);
  ASSERT_TRUE(first) << first.error().message;
  with.introduced = std::make_shared<const PluginDescription>((*first)->description());
  const auto second = WorkerSession::start(plugin, with);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().verdict, PROTOCOL_ERROR);
  EXPECT_THAT(second.error().message, HasSubstr("otherwise than when it was introduced"));
}

TEST_F(HostileSessions, EachRequestHasTheWholeLimitOfProcessorTime) {
  WorkerSettings with = settings();
  with.limits.set_cpu_time_s(1);
  auto session = WorkerSession::start(open_hostile("work_for_a_while"), with);
  ASSERT_TRUE(session) << session.error().message;
  Question question;
  for (int request = 0; request < 4; ++request) {
    const auto answer = (*session)->predict(question.question);
    ASSERT_TRUE(answer) << "request " << request << ": " << answer.error().message;
  }
  EXPECT_GT((*session)->usage().cpu_s, 1.5);
}

TEST_F(HostileSessions, ABudgetEndsWhatNoLimitOfARequestDoes) {
  WorkerSettings with = settings();
  with.budget = std::make_shared<TimeBudget>(1.5);
  const PluginFile plugin = open_hostile("stay_under_limit");
  auto session = WorkerSession::start(plugin, with);
  ASSERT_TRUE(session) << session.error().message;
  Question question;
  std::optional<WorkerFault> fault;
  for (int request = 0; request < 10 && !fault; ++request) {
    if (const auto answer = (*session)->predict(question.question); !answer) fault = answer.error();
  }
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->verdict, TOTAL_LIMIT) << fault->message;
  EXPECT_THAT(fault->message, HasSubstr("1.5 s"));
  // Not even started again.
  const auto again = WorkerSession::start(plugin, with);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().verdict, TOTAL_LIMIT);
}

TEST_F(HostileSessions, AStopEndsEveryWait) {
  std::stop_source source;
  WorkerSettings with = settings();
  with.limits.set_wall_time_s(600);
  with.stop = source.get_token();
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    source.request_stop();
  });
  const auto session = WorkerSession::start(open_hostile("hang_in_constructor"), with);
  stopper.join();
  ASSERT_FALSE(session);
  EXPECT_TRUE(is_interruption(session.error())) << session.error().message;
  EXPECT_EQ(workers(), 0);
}

TEST_F(HostileSessions, PointersOfThePluginsAreNotFollowed) {
  auto session = WorkerSession::start(open_hostile("give_pointer"), settings());
  ASSERT_TRUE(session) << session.error().message;
  EmbeddingQuestion question;
  question.ids = {"A"};
  const auto answer = (*session)->embed(question);
  ASSERT_FALSE(answer) << "what lies behind its pointer is nobody's vector";
  EXPECT_THAT(answer.error().message, HasSubstr("that it did not write"));
}

TEST_F(HostileSessions, TheLoadedLibraryIsTheOneThatWasHashed) {
  const fs::path path = folder_ / "swapped.so";
  fs::copy_file(HEADROOM_GOOD_PLUGIN, path);
  auto file = open_plugin_file(path);
  ASSERT_TRUE(file);
  fs::copy_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / "crash.so", path, fs::copy_options::overwrite_existing);
  auto session = WorkerSession::start(*file, settings());
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ((*session)->description().name(), "steady-predictor");
}

TEST_F(HostileSessions, FilesThatAreNoLibrariesHarmNobody) {
  fs::create_directory(folder_ / "directory.so");
  ASSERT_EQ(mkfifo((folder_ / "fifo.so").c_str(), 0600), 0);
  fs::create_symlink("loop.so", folder_ / "loop.so");
  for (const char* name : {"directory.so", "fifo.so", "loop.so", "missing.so"}) {
    const auto file = open_plugin_file(folder_ / name);
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().kind, ErrorKind::plugin_fault);
  }
  std::ifstream whole(HEADROOM_GOOD_PLUGIN, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(whole)), {});
  // Every kind of damage to the file: no library, a part of one, and headers that promise what is not there.
  std::vector<std::string> damaged = {"text", std::string(1, '\x7f'),
                                      "\x7f"
                                      "ELF",
                                      std::string(100000, '\xff')};
  for (const std::size_t size :
       {std::size_t{63}, std::size_t{64}, std::size_t{500}, bytes.size() / 2, bytes.size() - 1}) {
    damaged.push_back(bytes.substr(0, size));
  }
  for (const std::size_t at : {4u, 16u, 18u, 32u, 40u, 54u, 56u, 64u, 72u, 80u, 96u, 104u}) {
    std::string spoilt = bytes;
    for (std::size_t i = 0; i < 4; ++i) spoilt[at + i] = '\xff';
    damaged.push_back(spoilt);
  }
  for (std::size_t i = 0; i < damaged.size(); ++i) {
    const fs::path path = folder_ / ("damaged-" + std::to_string(i) + ".so");
    std::ofstream(path, std::ios::binary) << damaged[i];
    const auto file = open_plugin_file(path);
    ASSERT_TRUE(file) << file.error().line();
    WorkerSettings with = settings();
    with.limits.set_wall_time_s(5);
    const auto session = WorkerSession::start(*file, with);
    // Damage that the loader does not look at leaves a good plugin.
    if (session)
      EXPECT_EQ((*session)->description().name(), "steady-predictor") << i;
    else
      EXPECT_NE(session.error().verdict, HOST_FAULT) << i << ": " << session.error().message;
  }
  EXPECT_EQ(workers(), 0);
}

// Descriptors, memory and processes after many workers. HEADROOM_MANY_WORKERS sets how many (1,000 takes a minute).
TEST_F(HostileSessions, ManyWorkersLeakNothing) {
  const char* asked = std::getenv("HEADROOM_MANY_WORKERS");
  const int n = asked ? std::atoi(asked) : 40;
  const PluginFile good = *open_plugin_file(HEADROOM_GOOD_PLUGIN), bad = open_hostile("crash");
  const auto descriptors = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto resident_kilobytes = [] {
    std::ifstream status("/proc/self/statm");
    long size = 0, resident = 0;
    status >> size >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
  };
  const auto entries = [](const fs::path& folder) {
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
  };
  WorkerSettings with = settings();
  with.output_slots = std::make_shared<OutputSlots>();
  Question question;
  const auto run_one = [&](int i) {
    auto session = WorkerSession::start(i % 4 == 3 ? bad : good, with);
    ASSERT_TRUE(session) << session.error().message;
    question.question.settings = i % 4 == 3 ? Matrix(1, 0) : Matrix(Matrix::Ones(1, 1));
    EXPECT_EQ((*session)->predict(question.question).has_value(), i % 4 != 3);
  };
  for (int i = 0; i < 4; ++i) run_one(i);  // what is taken once and kept
  const auto descriptors_before = descriptors();
  const auto files_before = entries(folder_);
  const long memory_before = resident_kilobytes();
  for (int i = 0; i < n; ++i) run_one(i);
  EXPECT_EQ(descriptors(), descriptors_before);
  EXPECT_EQ(entries(folder_), files_before);
  EXPECT_LT(resident_kilobytes() - memory_before, 4096) << "kilobytes for " << n << " workers";
  EXPECT_EQ(workers(), 0);
}

}  // namespace hostile_test
}  // namespace headroom

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (!headroom::testing::become_user_if_asked(argc, argv)) return 1;
  if (!headroom::prepare_host_process()) return 1;
  return RUN_ALL_TESTS();
}
