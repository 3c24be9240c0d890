// The worker's side of the conversation, with a host that speaks as it should and as it should not. Whole evaluations
// through it are tested in plugin_host.
#include "worker/request_server.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace headroom {
namespace {

using ::testing::HasSubstr;

constexpr const char* kKnn = HEADROOM_BUILD_DIR "/lib/headroom/knn.so";
constexpr const char* kGeneFamily = HEADROOM_BUILD_DIR "/lib/headroom/examples/gene_family.so";

// A server in a process of its own, as the worker is: it gives descriptors fixed numbers.
class RequestServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    channel_ = ends[0];
    child_ = fork();
    if (child_ == 0) {
      constexpr int kOutOfTheWay = 200;
      dup2(ends[1], kOutOfTheWay);
      close(ends[0]);
      close(ends[1]);
      RequestServer(false).run(kOutOfTheWay);
      _exit(0);
    }
    close(ends[1]);
  }
  void TearDown() override {
    if (channel_ >= 0) close(channel_);
    if (child_ > 0) EXPECT_EQ(end_of_server(), 0);
  }

  // The exit code of the server, which must have been told to end.
  int end_of_server() {
    int status = -1;
    waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // What the server answers; nothing where it hung up.
  std::optional<WorkerReply> ask(WorkerRequest request, const char* attached = nullptr) {
    request.set_sequence(++sequence_);
    const int file = attached == nullptr ? -1 : open(attached, O_RDONLY | O_CLOEXEC);
    EXPECT_TRUE(attached == nullptr || file >= 0) << attached;
    const int failed = send_frame(channel_, request.SerializeAsString(), file, true);
    if (file >= 0) close(file);
    Frame frame;
    if (failed != 0 || receive_frame(channel_, frame, false, true) != FrameStatus::received) return std::nullopt;
    WorkerReply reply;
    EXPECT_TRUE(reply.ParseFromString(frame.bytes));
    EXPECT_EQ(reply.sequence(), sequence_) << "the answer is to this request";
    EXPECT_GE(reply.usage().cpu_s(), 0);
    return reply;
  }
  void expect_failure(const WorkerRequest& request, WorkerVerdict verdict, const std::string& words,
                      const char* attached = nullptr) {
    const auto reply = ask(request, attached);
    ASSERT_TRUE(reply) << words;
    ASSERT_TRUE(reply->has_failure()) << words;
    EXPECT_EQ(reply->failure().verdict(), verdict) << reply->failure().message();
    EXPECT_THAT(reply->failure().message(), HasSubstr(words));
  }

  int channel_ = -1;
  pid_t child_ = -1;
  std::uint64_t sequence_ = 40;
};

WorkerRequest load_request() {
  WorkerRequest request;
  request.mutable_load();
  return request;
}
WorkerRequest configure_request() {
  WorkerRequest request;
  request.mutable_configure()->set_n_threads(1);
  return request;
}
WorkerRequest predict_request() {
  WorkerRequest request;
  request.mutable_predict();
  return request;
}
WorkerRequest dimension_request() {
  WorkerRequest request;
  request.mutable_dimension();
  return request;
}

TEST_F(RequestServerTest, IsTheHostsFaultWhatComesOutOfOrder) {
  expect_failure(WorkerRequest(), WorkerVerdict::HOST_FAULT, "is not one that this worker knows");
  expect_failure(load_request(), WorkerVerdict::HOST_FAULT, "a library came without its descriptor");
  expect_failure(configure_request(), WorkerVerdict::HOST_FAULT, "configured before the plugin was loaded");
  expect_failure(predict_request(), WorkerVerdict::HOST_FAULT, "the plugin is no predictor");
  expect_failure(dimension_request(), WorkerVerdict::HOST_FAULT, "the plugin is no embedding");
  WorkerRequest errors;
  errors.mutable_errors();
  expect_failure(errors, WorkerVerdict::HOST_FAULT, "the plugin is no predictor");
}

TEST_F(RequestServerTest, DescribesAPredictorAndAsksItForNoVectors) {
  const auto loaded = ask(load_request(), kKnn);
  ASSERT_TRUE(loaded && loaded->has_description()) << loaded->failure().message();
  EXPECT_EQ(loaded->description().name(), "knn");
  EXPECT_EQ(loaded->description().kind(), PluginKind::PREDICTOR);
  expect_failure(load_request(), WorkerVerdict::HOST_FAULT, "or twice", kKnn);
  const auto configured = ask(configure_request());
  ASSERT_TRUE(configured && configured->has_done());
  expect_failure(dimension_request(), WorkerVerdict::HOST_FAULT, "the plugin is no embedding");
  expect_failure(predict_request(), WorkerVerdict::HOST_FAULT, "the request names no context");
}

TEST_F(RequestServerTest, OpensAnEmbeddingOnceAndClosesItAtTheEnd) {
  const auto loaded = ask(load_request(), kGeneFamily);
  ASSERT_TRUE(loaded && loaded->has_description()) << loaded->failure().message();
  EXPECT_EQ(loaded->description().kind(), PluginKind::EMBEDDING);
  expect_failure(dimension_request(), WorkerVerdict::HOST_FAULT, "or was not configured");
  WorkerRequest wrong = configure_request();
  OptionValue& option = *wrong.mutable_configure()->add_options();
  option.set_key("dimension");
  option.set_value("none");
  expect_failure(wrong, WorkerVerdict::PLUGIN_ERROR, "dimension");
  const auto configured = ask(configure_request());
  ASSERT_TRUE(configured && configured->has_done()) << configured->failure().message();
  expect_failure(configure_request(), WorkerVerdict::HOST_FAULT, "or twice");
  expect_failure(predict_request(), WorkerVerdict::HOST_FAULT, "the plugin is no predictor");
  WorkerRequest shutdown;
  shutdown.mutable_shutdown();
  const auto ended = ask(shutdown);
  ASSERT_TRUE(ended && ended->has_done());
  EXPECT_EQ(end_of_server(), 0) << "shutdown ends the server";
}

TEST_F(RequestServerTest, TellsALibraryThatIsNone) {
  std::string path = (std::string(::testing::TempDir()) + "headroom-no-library-XXXXXX");
  const int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  ASSERT_EQ(write(file, "no library", 10), 10);
  close(file);
  expect_failure(load_request(), WorkerVerdict::LOAD_FAILED, "", path.c_str());
  unlink(path.c_str());
  expect_failure(configure_request(), WorkerVerdict::HOST_FAULT, "configured before the plugin was loaded");
}

TEST_F(RequestServerTest, EndsWhereTheHostSpeaksNoProtobuf) {
  ASSERT_EQ(send_frame(channel_, "\xff\xff\xff", -1, true), 0);
  EXPECT_EQ(end_of_server(), 0);
}

TEST_F(RequestServerTest, EndsWithTheChannel) {
  close(channel_);
  channel_ = -1;
  EXPECT_EQ(end_of_server(), 0);
}

}  // namespace
}  // namespace headroom
