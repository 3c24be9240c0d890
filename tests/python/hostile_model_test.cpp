// Models in Python that try what no plugin may, by the means that Python has: each is stopped by itself, as root and as
// an ordinary user. A model answers 1 for an attempt that succeeded and 0 for one that was refused.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "as_user.hpp"
#include "plugin_host/host_process.hpp"
#include "python/python_session.hpp"

namespace headroom {
namespace hostile_model_test {

using ::testing::HasSubstr;
using testing::question_of;
using testing::settings_of_model;
using testing::start_model;
using testing::TemporaryFolder;

struct Attack {
  std::string name;
  std::string code;  // of `attempt()`, which returns when it got through and raises when it was refused
  std::vector<WorkerVerdict> ends_by = {};  // beside being refused
};

std::vector<Attack> attacks() {
  using enum WorkerVerdict;
  const std::string secret = HEADROOM_SECRET_FILE;
  return {
      {"ReadLabels", "    assert 'LABELS' in open('" + secret + "').read()\n"},
      {"ListFolders", "    import os\n    assert os.listdir('/root') + os.listdir('/home')\n"},
      {"ListTemporaryFiles", "    import os\n    assert os.listdir('/tmp')\n"},
      {"WriteBesideItself",
       "    import os\n    open(os.path.join(os.path.dirname(__file__), 'mark'), 'w').write('x')\n"},
      {"WriteTemporaryFile", "    import tempfile\n    tempfile.NamedTemporaryFile().write(b'x')\n"},
      {"OpenSocket", "    import socket\n    socket.socket().connect(('127.0.0.1', 22))\n", {POLICY}},
      {"AskForNames", "    import socket\n    socket.getaddrinfo('localhost', 80)\n", {POLICY}},
      {"Fork", "    import os\n    os.fork() or os._exit(0)\n", {POLICY}},
      {"StartProcess", "    import subprocess\n    subprocess.run(['/bin/true'], check=True)\n", {POLICY}},
      {"AskShell", "    import os\n    assert os.system('true') == 0\n", {POLICY}},
      {"UseProcessPool",
       "    import multiprocessing\n    multiprocessing.get_context('fork').Pool(2).map(len, ['a'])\n",
       {POLICY}},
      {"SignalParent", "    import os\n    os.kill(os.getppid() or -1, 9)\n", {POLICY}},
      {"TraceByCtypes",
       "    import ctypes\n    libc = ctypes.CDLL(None, use_errno=True)\n"
       "    assert libc.ptrace(16, 1, 0, 0) == 0\n",
       {POLICY}},
      {"ReadHostByCtypes",
       "    import ctypes, os\n    libc = ctypes.CDLL(None, use_errno=True)\n"
       "    held = (ctypes.c_char * 64)()\n"
       "    vector = (ctypes.c_size_t * 2)(ctypes.addressof(held), 64)\n"
       "    assert libc.process_vm_readv(os.getppid(), vector, 1, vector, 1, 0) > 0\n",
       {POLICY}},
      {"WriteMemoryFile", "    import os\n    os.memfd_create('mark')\n", {POLICY}},
      {"ShareMemory",
       "    from multiprocessing import shared_memory\n    shared_memory.SharedMemory(create=True, size=64)\n",
       {POLICY}},
      {"LockFile", "    import fcntl\n    fcntl.flock(open(__file__), fcntl.LOCK_EX)\n", {POLICY}},
      {"LoadPickle",
       "    import pickle\n    pickle.loads(b\"cposix\\nsystem\\n(S'true'\\ntR.\")\n    raise OSError('loaded, and no "
       "shell')\n",
       {POLICY}},
      {"ReadProcesses", "    import os\n    assert open('/proc/%d/environ' % os.getppid(), 'rb').read()\n"},
      {"MakeNamespace", "    import ctypes\n    assert ctypes.CDLL(None).unshare(0x10000000) == 0\n", {POLICY}},
      {"RaiseLimits", "    import resource\n    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n", {POLICY}},
  };
}

class HostileModel : public ::testing::TestWithParam<Attack> {
 protected:
  void SetUp() override {
    if (access(HEADROOM_WORKER_PROGRAM, X_OK) != 0 || access(HEADROOM_RUNNER, R_OK) != 0) {
      GTEST_SKIP() << "this user cannot reach the build folder";
    }
  }
};

// Every user may read it: as root the worker has an id of its own.
std::filesystem::path readable(const std::filesystem::path& model) {
  std::filesystem::permissions(model.parent_path(), std::filesystem::perms(0755));
  std::filesystem::permissions(model, std::filesystem::perms(0644));
  return model;
}

TEST_P(HostileModel, IsStopped) {
  const Attack& attack = GetParam();
  const TemporaryFolder folder;
  auto session = start_model(settings_of_model(readable(
      folder.write("model.py", "def attempt():\n" + attack.code +
                                   "def embed(ids, context):\n"
                                   "  try:\n    attempt()\n    return [[1.0]] * len(ids)\n"
                                   "  except (Exception, SystemExit) as refusal:\n"
                                   "    print(type(refusal).__name__, refusal)\n    return [[0.0]] * len(ids)\n"))));
  ASSERT_TRUE(session) << session.error().message;
  const auto answer = (*session)->embed(question_of({"A"}));
  (*session)->finish();
  EXPECT_EQ((*session)->log().find("LABELS-of"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "mark"));
  if (answer) {
    EXPECT_EQ(answer->vectors(0, 0), 0) << "it got through; " << (*session)->log();
  } else {
    EXPECT_NE(std::find(attack.ends_by.begin(), attack.ends_by.end(), answer.error().verdict), attack.ends_by.end())
        << verdict_name(answer.error().verdict) << ": " << answer.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(, HostileModel, ::testing::ValuesIn(attacks()),
                         [](const auto& tested) { return tested.param.name; });

// How it ends where it does not want to go on.
struct Ending {
  std::string name;
  std::string code;  // of embed()
  WorkerVerdict verdict;
  std::string reason;
};
class HostileEnding : public ::testing::TestWithParam<Ending> {};

TEST_P(HostileEnding, IsNamed) {
  if (access(HEADROOM_WORKER_PROGRAM, X_OK) != 0) GTEST_SKIP() << "this user cannot reach the build folder";
  const TemporaryFolder folder;
  auto settings =
      settings_of_model(readable(folder.write("model.py", "def embed(ids, context, training):\n" + GetParam().code)));
  settings.limits.set_wall_time_s(GetParam().verdict == WorkerVerdict::WALL_LIMIT ? 6 : 60);
  settings.limits.set_address_space_bytes(std::uint64_t{2} << 30);
  auto session = start_model(settings);
  ASSERT_TRUE(session) << session.error().message;
  auto deltas = SharedMatrix::create(1, 1);
  ASSERT_TRUE(deltas && deltas->seal());
  EmbeddingQuestion question = question_of({"A"});
  question.training = EmbeddingTraining{{"A"}, *deltas, {"g"}, {}};
  const auto answer = (*session)->embed(question);
  ASSERT_FALSE(answer);
  EXPECT_EQ(verdict_name(answer.error().verdict), verdict_name(GetParam().verdict)) << answer.error().message;
  EXPECT_THAT(answer.error().message, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    , HostileEnding,
    ::testing::Values(
        Ending{"Exit", "  import os\n  os._exit(0)\n", WorkerVerdict::EARLY_EXIT, "exit code 0"},
        Ending{"Loop", "  while True: pass\n", WorkerVerdict::WALL_LIMIT, "no answer within 6 s"},
        Ending{"Memory", "  held = bytearray(1 << 36)\n", WorkerVerdict::PLUGIN_ERROR, "MemoryError"},
        Ending{"WriteInput", "  import ctypes\n  ctypes.memset(training.deltas.ctypes.data, 1, 8)\n",
               WorkerVerdict::CRASHED, "inputs are read-only"},
        Ending{"WriteInputInPython", "  training.deltas[0, 0] = 1\n", WorkerVerdict::PLUGIN_ERROR,
               "ValueError: assignment destination is read-only"},
        Ending{"NullPointer", "  import ctypes\n  ctypes.string_at(8)\n", WorkerVerdict::CRASHED, "SIGSEGV"},
        Ending{"SpeakOnChannel", "  import os\n  os.write(3, b'forged')\n", WorkerVerdict::PROTOCOL_ERROR, ""},
        // Where NumPy lies, its own numbers become useless, and the host finds them so.
        Ending{"PatchedNumpy",
               "  import numpy as np\n  np.isnan = lambda a: np.zeros(a.shape, bool)\n  return [[float('nan')]]\n",
               WorkerVerdict::BAD_OUTPUT, "not finite"}),
    [](const auto& tested) { return tested.param.name; });

// Python's threads hold still while nobody asks: the interpreter is the worker's, and waits for the host.
TEST(HostileThreads, LeftRunningDisturbNobody) {
  if (access(HEADROOM_WORKER_PROGRAM, X_OK) != 0) GTEST_SKIP() << "this user cannot reach the build folder";
  const TemporaryFolder folder;
  auto session = start_model(
      settings_of_model(readable(folder.write("model.py",
                                              "import threading\n"
                                              "def spin():\n  while True: pass\n"
                                              "threading.Thread(target=spin, daemon=True).start()\n"
                                              "def embed(ids, context):\n  return [[float(len(i))] for i in ids]\n"))));
  ASSERT_TRUE(session) << session.error().message;
  for (int round = 0; round < 2; ++round) {
    const auto answer = (*session)->embed(question_of({"A", "BB"}));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->vectors(1, 0), 2);
  }
  const double before_s = (*session)->usage().cpu_s;
  usleep(300'000);
  ASSERT_TRUE((*session)->dimension(question_of({"A"})));
  EXPECT_LT((*session)->usage().cpu_s - before_s, 0.2);
}

// A module of the folder that is called as one of the system's does not take its place in what runs the model.
TEST(HostileFolder, ShadowsNoModuleOfTheRunner) {
  if (access(HEADROOM_WORKER_PROGRAM, X_OK) != 0) GTEST_SKIP() << "this user cannot reach the build folder";
  const TemporaryFolder folder;
  for (const char* name : {"numpy.py", "traceback.py", "inspect.py", "os.py"}) {
    readable(folder.write(name, "raise SystemExit('the folder was first')\n"));
  }
  auto session = start_model(settings_of_model(readable(folder.write(
      "model.py",
      "import numpy, os\ndef embed(ids, context):\n"
      "  return [[float(numpy.__file__.startswith('/usr/') and os.__file__.startswith('/usr/'))]] * len(ids)\n"))));
  ASSERT_TRUE(session) << session.error().message;
  const auto answer = (*session)->embed(question_of({"A"}));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->vectors(0, 0), 1);
}

}  // namespace hostile_model_test
}  // namespace headroom

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (!headroom::testing::become_user_if_asked(argc, argv)) return 1;
  if (!headroom::prepare_host_process()) return 1;
  return RUN_ALL_TESTS();
}
