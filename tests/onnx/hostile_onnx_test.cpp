// Models in ONNX and folders that try what no plugin may, or that are damaged: each ends by itself, as root and as an
// ordinary user.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "as_user.hpp"
#include "onnx/onnx_session.hpp"
#include "plugin_host/host_process.hpp"

namespace headroom {
namespace hostile_onnx_test {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using testing::copy_model;
using testing::embed_by;
using testing::fault_of;
using ::testing::HasSubstr;
using testing::kModels;
using testing::kPerceptron;
using testing::kRuntime;
using ::testing::Not;
using testing::question_of;
using testing::settings_of_folder;
using testing::settings_of_model;
using testing::start_model;
using testing::TemporaryFolder;

// Of one that ended by itself, or answered.
bool ended_by_itself(const Answer<EmbeddingAnswer>& answer) {
  return answer || answer.error().verdict != WorkerVerdict::HOST_FAULT;
}

// Weights that lie in a file which is not the plugin's to read. The vector would be its first bytes.
class HostileWeights : public testing::WithRuntime, public ::testing::WithParamInterface<const char*> {};

TEST_P(HostileWeights, AreNotRead) {
  const auto answer = embed_by(settings_of_folder(kModels / GetParam()), {"A"});
  EXPECT_THAT(fault_of(answer), HasSubstr("plugin_error: ONNX Runtime: ")) << (answer ? answer->vectors : Matrix());
}

INSTANTIATE_TEST_SUITE_P(, HostileWeights,
                         ::testing::Values("steals_absolute", "steals_relative", "steals_root", "steals_link",
                                           "steals_process", "steals_device", "huge_weights", "negative_weights",
                                           "short_weights"),
                         [](const auto& tested) { return std::string(tested.param); });

// A test of the test: nothing but the sandbox is in the way.
class HostileWeightsUnconfined : public testing::WithRuntime {};

TEST_F(HostileWeightsUnconfined, AreRead) {
  for (const char* name : {"steals_absolute", "steals_relative", "steals_link"}) {
    WorkerSettings settings = settings_of_folder(kModels / name);
    settings.mode = SandboxMode::OFF;
    const auto answer = embed_by(settings, {"A"});
    EXPECT_TRUE(answer) << name << ": " << fault_of(answer);
  }
}

class HostileModelFile : public testing::WithRuntime {};

TEST_F(HostileModelFile, MayBeDamagedAnywhere) {
  const std::string whole = testing::read_bytes(kPerceptron / "model.onnx");
  const TemporaryFolder folder;
  copy_model(kPerceptron, folder);
  constexpr std::size_t kDamages = 12;
  for (std::size_t i = 0; i < kDamages; ++i) {
    const std::size_t at = i * whole.size() / kDamages;
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (i % 8)));
    for (const std::string& damaged : {whole.substr(0, at), flipped}) {
      folder.write("model.onnx", damaged);
      const auto answer = embed_by(settings_of_folder(folder.path()), {"TP53"});
      EXPECT_TRUE(ended_by_itself(answer)) << at << ": " << fault_of(answer);
    }
  }
}

TEST_F(HostileModelFile, MayAskForMoreMemoryThanThereIs) {
  WorkerSettings settings = settings_of_folder(kModels / "huge_tensor");
  settings.limits.set_address_space_bytes(std::uint64_t{1} << 30);
  EXPECT_THAT(fault_of(embed_by(settings, {"A"})),
              AnyOf(HasSubstr("memory_limit"), HasSubstr("plugin_error: ONNX Runtime")));
}

TEST_F(HostileModelFile, MayNeverEnd) {
  WorkerSettings settings = settings_of_folder(kModels / "endless");
  settings.limits.set_wall_time_s(4);
  EXPECT_THAT(fault_of(embed_by(settings, {"A"})), HasSubstr("wall_limit"));
}

TEST_F(HostileModelFile, MayHaveADamagedVocabulary) {
  const TemporaryFolder folder;
  copy_model(kModels / "lookup", folder);
  for (const char* text : {"", "\n", "id\n", "id,x0\nA,\n", "id,x0\nA,nan\n", "id,x0\nA,1\nA,2\n", "id,x0\nA,1,2\n",
                           "id,x0\nA,1e300\n", "PK\x03\x04", "\x89HDF\r\n\x1a\n", "\x1f\x8b\x08"}) {
    folder.write("vocabulary.csv", text);
    EXPECT_THAT(fault_of(embed_by(settings_of_folder(folder.path()), {"A"})), HasSubstr("plugin_error")) << text;
  }
}

// Libraries in the folder that are called as the system's are, beside a runtime that looks there first.
class HostileLibraries : public testing::WithRuntime {
 protected:
  void put(const std::vector<const char*>& names) {
    copy_model(kModels / "lookup", folder_);
    for (const char* name : names) {
      fs::copy_file(HEADROOM_SHADOW_LIBRARY, folder_ / name, fs::copy_options::overwrite_existing);
    }
  }
  // What the worker said after it had been asked.
  std::string log_of(Answer<EmbeddingAnswer>& answer) {
    WorkerSettings settings = settings_of_model(folder_ / "model.onnx");
    settings.log = std::make_shared<PluginLog>();
    answer = embed_by(settings, {"BB"});
    return settings.log->text();
  }
  const TemporaryFolder folder_;
  Answer<EmbeddingAnswer> answer_ = EmbeddingAnswer();
};

TEST_F(HostileLibraries, TakeNoPlaceOfWhatTheWorkerHas) {
  put({"libc.so.6", "libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"});
  fs::copy_file(kRuntime, folder_ / "libonnxruntime.so.1");
  const std::string log = log_of(answer_);
  ASSERT_TRUE(answer_) << fault_of(answer_) << log;
  EXPECT_EQ(answer_->vectors(0, 1), 6);
  EXPECT_THAT(log, Not(HasSubstr("shadow:")));
}

TEST_F(HostileLibraries, SeeAndReachNoMoreThanAnyPlugin) {
  put({"libdl.so.2", "librt.so.1", "libpthread.so.0"});
  fs::copy_file(kRuntime, folder_ / "libonnxruntime.so.1");
  const std::string log = log_of(answer_);
  EXPECT_TRUE(ended_by_itself(answer_)) << fault_of(answer_);
  EXPECT_THAT(log, Not(HasSubstr("LABELS")));
  EXPECT_FALSE(fs::exists(folder_ / "mark"));
}

TEST_F(HostileLibraries, MayBeCalledAsTheRuntime) {
  put({"libonnxruntime.so.1"});
  const std::string log = log_of(answer_);
  EXPECT_THAT(fault_of(answer_), HasSubstr("does not export OrtGetApiBase"));
  EXPECT_THAT(log, HasSubstr("shadow: is loaded, reads nothing, writes nothing"));
  EXPECT_FALSE(fs::exists(folder_ / "mark"));
}

}  // namespace hostile_onnx_test
}  // namespace headroom

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (!headroom::testing::become_user_if_asked(argc, argv)) return 1;
  if (!headroom::prepare_host_process()) return 1;
  return RUN_ALL_TESTS();
}
