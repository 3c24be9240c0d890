// Frames on the worker's channel that a plugin makes up. Protobuf by hand: a key byte is (field << 3) | wire type.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace hostile {

inline constexpr int kChannel = 3;

inline std::string field(int number, const std::string& message) {
  std::string bytes(1, static_cast<char>(number << 3 | 2));
  for (std::size_t size = message.size();; size >>= 7) {
    bytes += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
    if (size <= 0x7f) break;
  }
  return bytes + message;
}

inline std::string field(int number, int value) { return {static_cast<char>(number << 3), static_cast<char>(value)}; }

inline bool send(const std::string& frame, int n_descriptors = 0) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 16)] = {};
  iovec data{const_cast<char*>(frame.data()), frame.size()};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (n_descriptors > 0) {
    const std::size_t bytes = sizeof(int) * static_cast<std::size_t>(n_descriptors);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(bytes);
    for (int i = 0; i < n_descriptors; ++i) {
      const int number = 2;
      std::memcpy(CMSG_DATA(item) + sizeof(int) * static_cast<std::size_t>(i), &number, sizeof(number));
    }
  }
  return sendmsg(kChannel, &message, 0) >= 0;
}

}  // namespace hostile
