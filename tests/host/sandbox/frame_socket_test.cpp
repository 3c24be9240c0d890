#include "sandbox/frame_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace headroom {
namespace {

struct Pair {
  FileDescriptor ours, theirs;
  Pair() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ours = FileDescriptor(ends[0]);
    theirs = FileDescriptor(ends[1]);
  }
};

// Sends `n` descriptors in one frame, as no peer of ours would.
void send_descriptors(int socket, int n) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)] = {};
  char byte = 'x';
  iovec data{&byte, 1};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(sizeof(int) * static_cast<std::size_t>(n));
  cmsghdr* item = CMSG_FIRSTHDR(&message);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(sizeof(int) * static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    const int number = 0;
    std::memcpy(CMSG_DATA(item) + sizeof(int) * static_cast<std::size_t>(i), &number, sizeof(number));
  }
  ASSERT_EQ(sendmsg(socket, &message, 0), 1);
}

int open_descriptors() {
  int n = 0;
  for (int fd = 0; fd < 256; ++fd) n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

TEST(FrameSocket, KeepsFramesApartAndCarriesADescriptor) {
  Pair pair;
  const FileDescriptor file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(send_frame(pair.theirs.get(), "one", -1, false), 0);
  EXPECT_EQ(send_frame(pair.theirs.get(), std::string(kMaxFrameBytes, 'x'), file.get(), false), 0);
  Frame frame;
  EXPECT_EQ(receive_frame(pair.ours.get(), frame, true, false), FrameStatus::received);
  EXPECT_EQ(frame.bytes, "one");
  EXPECT_FALSE(frame.attachment);
  EXPECT_EQ(receive_frame(pair.ours.get(), frame, true, false), FrameStatus::received);
  EXPECT_EQ(frame.bytes.size(), kMaxFrameBytes);
  EXPECT_TRUE(frame.attachment);
  EXPECT_TRUE(fcntl(frame.attachment.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(receive_frame(pair.ours.get(), frame, true, false), FrameStatus::nothing_yet);
}

TEST(FrameSocket, RefusesWhatIsTooLong) {
  Pair pair;
  EXPECT_EQ(send_frame(pair.theirs.get(), std::string(kMaxFrameBytes + 1, 'x'), -1, false), EMSGSIZE);
  const std::string flood(kMaxFrameBytes + 1, 'x');
  ASSERT_EQ(send(pair.theirs.get(), flood.data(), flood.size(), 0), static_cast<ssize_t>(flood.size()));
  Frame frame;
  EXPECT_EQ(receive_frame(pair.ours.get(), frame, true, false), FrameStatus::malformed);
}

TEST(FrameSocket, TakesNoDescriptorBeyondTheOneThatIsExpected) {
  Pair pair;
  Frame frame;
  const int before = open_descriptors();
  send_descriptors(pair.theirs.get(), 1);
  EXPECT_EQ(receive_frame(pair.ours.get(), frame, false, false), FrameStatus::malformed);
  send_descriptors(pair.theirs.get(), 5);
  EXPECT_EQ(receive_frame(pair.ours.get(), frame, true, false), FrameStatus::malformed);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(FrameSocket, SeesThatThePeerIsGone) {
  Pair pair;
  pair.theirs.reset();
  Frame frame;
  EXPECT_EQ(receive_frame(pair.ours.get(), frame, true, true), FrameStatus::closed);
  EXPECT_EQ(send_frame(pair.ours.get(), "x", -1, true), EPIPE);
}

TEST(FrameSocket, DoesNotWaitForAPeerThatHasStoppedReading) {
  Pair pair;
  int error = 0;
  for (int i = 0; i < 1000 && error == 0; ++i) error = send_frame(pair.ours.get(), std::string(60000, 'x'), -1, false);
  EXPECT_EQ(error, EAGAIN);
}

}  // namespace
}  // namespace headroom
