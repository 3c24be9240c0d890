// Workers of one plugin that try to talk to each other: two that live at the same time, and one that comes after them.
// Each register (a place for a mark that is neither memory nor time) is tried as the sandbox is, at the best level and
// without namespaces; then, where a layer or the copies for foreign plugins close it, with these left out, to see that
// the plugin does hear its like there.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "plugin_host/worker_session.hpp"

namespace headroom {
namespace collusion_test {

namespace fs = std::filesystem;
using Layers = std::vector<std::string>;

struct Register {
  const char* plugin;
  bool can_be_opened = true;  // false: nothing that can be left out lets it through
  Layers stopped_by = {};     // left out, all of them together, the plugin hears its like
  bool needs_trust = false;   // ...and that only if the library is taken for one of Headroom's own, whose workers share
  bool depends_on_kernel = false;  // it may not be there at all: then the unguarded run proves nothing
  bool needs_namespaces = false;   // nothing else closes it: the README names it among what is left at strong
};
std::ostream& operator<<(std::ostream& out, const Register& place) { return out << place.plugin; }

class Registers : public ::testing::TestWithParam<Register> {
 protected:
  void SetUp() override {
    if (access(HEADROOM_WORKER_PROGRAM, X_OK) != 0 || access(HEADROOM_GOOD_PLUGIN, R_OK) != 0) {
      GTEST_SKIP() << "this user cannot reach the build folder";
    }
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    std::string pattern = (fs::path(::testing::TempDir()) / "headroom-collusion-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::permissions(folder_, fs::perms(0755));
    const std::string marks = (folder_ / "marks").string();
    const FileDescriptor file(open(marks.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644));
    const std::string content(std::size_t{2} << 20, 'm');
    ASSERT_EQ(write(file.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
    ASSERT_EQ(fsync(file.get()), 0);  // the page cache lets go of clean pages alone
    std::ofstream(folder_ / "vectors") << "id,0\n";
    const timespec long_ago[] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ASSERT_EQ(futimens(file.get(), long_ago), 0);
    ASSERT_TRUE(deltas_.seal());
    question_.add_block("embedding", training_, query_);
    question_.n_query = 2;
    question_.settings.resize(1, 0);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  // Whether any worker finds what another has left. All of them share what workers of one run share.
  bool hears(const Layers& left_out, bool trusted) {
    auto library = open_plugin_file(fs::path(HEADROOM_HOSTILE_PLUGINS) / (std::string(GetParam().plugin) + ".so"));
    auto data = open_data_file(folder_ / "vectors");
    EXPECT_TRUE(library && data);
    if (!library || !data) return false;
    EXPECT_FALSE(library->shipped);
    library->shipped = trusted;
    WorkerSettings settings;
    settings.worker_program = HEADROOM_WORKER_PROGRAM;
    settings.limits.set_wall_time_s(20);
    settings.limits.set_address_space_bytes(std::uint64_t{1} << 30);
    settings.data_folder = folder_;
    settings.data_file = &*data;
    settings.data_file_option = "socket";
    settings.options = {{"host_pid", std::to_string(getpid())}};
    settings.output_slots = std::make_shared<OutputSlots>();
    settings.disabled_layers = left_out;
    settings.accepts_any_level = true;

    bool heard = false;
    const auto ask = [&](WorkerSession& worker) {
      const auto answer = worker.predict(question_);
      ASSERT_TRUE(answer) << answer.error().message;
      heard |= answer->predictions[0](0, 0) != 0;
    };
    auto first = WorkerSession::start(*library, settings), second = WorkerSession::start(*library, settings);
    EXPECT_TRUE(first && second) << (first ? second : first).error().message;
    if (!first || !second) return false;
    is_full_ = (*first)->confinement().level() == ConfinementLevel::FULL;
    ask(**first);
    ask(**second);
    ask(**first);
    ask(**second);
    (*first)->finish();
    (*second)->finish();
    auto successor = WorkerSession::start(*library, settings);
    EXPECT_TRUE(successor) << successor.error().message;
    if (successor) ask(**successor);
    return heard;
  }

  fs::path folder_;
  bool is_full_ = false;  // what the workers that were last asked got
  Matrix training_ = Matrix::Zero(5, 1), query_ = Matrix::Zero(2, 1);
  SharedMatrix deltas_ = SharedMatrix::create(5, 8).value();
  PredictorQuestion question_{deltas_};
};

TEST_P(Registers, CarryNothingFromWorkerToWorker) {
  const bool heard = hears({}, false);
  if (GetParam().needs_namespaces && !is_full_) GTEST_SKIP() << "no namespaces here, and nothing else closes it";
  EXPECT_FALSE(heard) << "at the best level";
  if (GetParam().needs_namespaces) return;
  EXPECT_FALSE(hears({"namespaces"}, false)) << "without namespaces";
}

class GuardedRegisters : public Registers {};

TEST_P(GuardedRegisters, CarryMarksWithoutWhatClosesThem) {
  const Register& place = GetParam();
  const bool heard = hears(place.stopped_by, place.needs_trust);
  if (place.depends_on_kernel && !heard) GTEST_SKIP() << "there is no such register here";
  EXPECT_TRUE(heard);
}

std::vector<Register> registers() {
  const Layers calls = {"seccomp"}, files = {"namespaces"}, outside = {"namespaces", "seccomp"};
  const Layers all = {"namespaces", "seccomp", "landlock", "own_uid", "no_capabilities"};
  return {
      // Open files that were inherited: every worker gets them opened anew.
      {"remember_in_offset", false},
      {"remember_in_flags", false},
      {"remember_in_owner", false},
      {"remember_in_offset_of_data", false},
      // Their inodes, and the pages behind them: foreign plugins get copies.
      {"signal_by_access_time", true, {}, true},
      {"remember_in_access_time", true, files, true, true},
      {"remember_in_touched_pages", true, calls, true},
      // The page cache of files that cannot be copied for everybody.
      {"remember_in_page_cache", true, calls, false, true},
      {"remember_in_page_cache_mincore", true, calls, false, true},
      {"remember_in_page_cache_cachestat", true, calls, false, true},
      {"remember_in_page_cache_faults", true, calls, false, true},
      // Kernel objects on pages and files that all have.
      {"signal_by_futex", true, calls},
      {"signal_by_record_lock", true, calls, false, true},
      {"signal_by_watch", true, calls, false, true},
      {"signal_by_open_file_lock", true, calls},
      {"signal_by_lease", true, {"seccomp", "namespaces"}, false, true},
      {"remember_in_attribute", true, calls, false, true},
      // What the kernel tells of others and of the machine.
      {"read_thread_count", true, calls},
      {"read_clock_of_process", true, outside},
      {"read_limits_of_process", true, all},
      {"read_schedule_of_process", true, outside},
      {"signal_by_process_name", true, {"landlock", "namespaces"}},
      {"read_counters", true, {"landlock", "namespaces"}},
      // What it counts up.
      {"count_pipes", true, calls},
      {"count_shared_memory", true, calls},
      {"count_threads", true, calls, false, true},
      {"count_looks_at_proc", true, files, false, false, true},
      {"count_links_of_proc", true, files, false, false, true},
      {"count_processes", true, files, false, false, true},
  };
}

std::vector<Register> guarded_registers() {
  std::vector<Register> guarded = registers();
  std::erase_if(guarded, [](const Register& place) { return !place.can_be_opened; });
  return guarded;
}

std::string name_of(const ::testing::TestParamInfo<Register>& info) { return info.param.plugin; }
INSTANTIATE_TEST_SUITE_P(Collusion, Registers, ::testing::ValuesIn(registers()), name_of);
INSTANTIATE_TEST_SUITE_P(Collusion, GuardedRegisters, ::testing::ValuesIn(guarded_registers()), name_of);

}  // namespace collusion_test
}  // namespace headroom
