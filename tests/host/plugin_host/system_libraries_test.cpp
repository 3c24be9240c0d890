// Plugins on libraries of the system, in a worker that is confined as far as this machine grants (level full where there
// are namespaces): what such libraries look for while they start is there, and what they try in vain ends nothing.
#include <gtest/gtest.h>

#include <filesystem>

#include "plugin_host/worker_session.hpp"

namespace headroom {
namespace system_libraries_test {

constexpr int kThreads = 2;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// What the plugin answers, in a worker of that much address space.
Answer<double> number_of(const std::string& name, std::uint64_t address_space_bytes) {
  auto file = open_plugin_file(std::filesystem::path(HEADROOM_TEST_PLUGINS) / (name + ".so"));
  EXPECT_TRUE(file) << file.error().line();
  WorkerSettings settings;
  settings.worker_program = HEADROOM_WORKER_PROGRAM;
  settings.limits.set_address_space_bytes(address_space_bytes);
  settings.limits.set_wall_time_s(60);  // a hundred libraries are opened, perhaps from a cold disk
  settings.n_threads = kThreads;
  auto session = WorkerSession::start(*file, settings);
  if (!session) return tl::unexpected<WorkerFault>(session.error());
  const Matrix features = Matrix::Zero(2, 1);
  auto deltas = SharedMatrix::create(2, 1);
  deltas->view().setZero();
  EXPECT_TRUE(deltas->seal());
  PredictorQuestion question(*deltas);
  question.add_block("embedding", features, features);
  question.n_query = 2;
  question.settings.resize(1, 0);
  const auto answer = (*session)->predict(question);
  if (!answer) return tl::unexpected<WorkerFault>(answer.error());
  return answer->predictions.at(0)(1, 0);
}

void expect_number(const std::string& name, double expected, std::uint64_t address_space_bytes) {
  const auto number = number_of(name, address_space_bytes);
  ASSERT_TRUE(number) << number.error().message;
  EXPECT_EQ(*number, expected);
}

TEST(SystemLibraries, BlasAndLapackAreFoundThroughTheAlternatives) { expect_number("uses_lapack", 3 * 512, 512 * kMiB); }

TEST(SystemLibraries, OpenMpStartsTheThreadsThatAreGranted) {
  expect_number("uses_openmp", 500500 + 1000 * kThreads, 512 * kMiB);
}

TEST(SystemLibraries, TorchMultipliesAndDifferentiates) {
  if (!std::filesystem::exists(std::filesystem::path(HEADROOM_TEST_PLUGINS) / "uses_torch.so")) {
    GTEST_SKIP() << "built without libtorch (libtorch-dev is not installed)";
  }
  expect_number("uses_torch", 2 * 300 * 300 + 300, 1024 * kMiB);
}

}  // namespace system_libraries_test
}  // namespace headroom
