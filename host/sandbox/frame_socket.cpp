#include "sandbox/frame_socket.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace headroom {
namespace {

struct alignas(cmsghdr) ControlBuffer {
  char bytes[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int))];
};
// Room for one descriptor and no more: the kernel discards what does not fit and says so. (CMSG_SPACE would leave room
// for a second one in its padding.)
constexpr std::size_t kOneDescriptor = CMSG_LEN(sizeof(int));

}  // namespace

void name_senders(int socket, bool named) {
  const int value = named ? 1 : 0;
  setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &value, sizeof(value));
}

FrameStatus receive_frame(int socket, Frame& frame, bool accepts_attachment, bool wait, bool names_sender) {
  frame.bytes.resize(kMaxFrameBytes);
  frame.attachment.reset();
  frame.sender = 0;
  iovec data{frame.bytes.data(), frame.bytes.size()};
  ControlBuffer control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = accepts_attachment ? &control : nullptr;
  message.msg_controllen = accepts_attachment ? kOneDescriptor + (names_sender ? CMSG_SPACE(sizeof(ucred)) : 0) : 0;
  ssize_t received;
  do {
    received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  } while (received < 0 && errno == EINTR);
  if (received < 0) {
    frame.bytes.clear();
    if (errno == EAGAIN) return FrameStatus::nothing_yet;
    return errno == ECONNRESET ? FrameStatus::closed : FrameStatus::failed;
  }
  frame.bytes.resize(static_cast<std::size_t>(received));
  for (cmsghdr* item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials{};
      std::memcpy(&credentials, CMSG_DATA(item), sizeof(credentials));
      frame.sender = credentials.pid;
    }
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS || item->cmsg_len != CMSG_LEN(sizeof(int)))
      continue;
    int number;
    std::memcpy(&number, CMSG_DATA(item), sizeof(number));
    frame.attachment = FileDescriptor(number);
  }
  if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
    frame.attachment.reset();
    return FrameStatus::malformed;
  }
  return received == 0 ? FrameStatus::closed : FrameStatus::received;
}

int send_frame(int socket, std::string_view bytes, int attachment_fd, bool wait) {
  if (bytes.size() > kMaxFrameBytes) return EMSGSIZE;
  iovec data{const_cast<char*>(bytes.data()), bytes.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (attachment_fd >= 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(item), &attachment_fd, sizeof(attachment_fd));
  }
  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return 0;
  return errno == ECONNRESET ? EPIPE : errno;
}

}  // namespace headroom
