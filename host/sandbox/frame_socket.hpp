// Frames between host and worker: one message each on a SOCK_SEQPACKET socket, at most 64 KiB and one file descriptor.
// The cap is what keeps a hostile message from costing the parser gigabytes.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "sandbox/file_descriptor.hpp"

namespace headroom {

inline constexpr std::size_t kMaxFrameBytes = std::size_t{64} << 10;

struct Frame {
  std::string bytes;
  FileDescriptor attachment;  // close-on-exec; empty if none came
  pid_t sender = 0;           // by the kernel's word, if senders are named
};

enum class FrameStatus {
  received,
  nothing_yet,  // only with wait = false
  closed,       // the peer closed its end (or sent a frame of no bytes)
  malformed,    // longer than the cap, or with more descriptors than one, or with one where none is allowed
  failed,       // errno says why
};

// Has the kernel name the sender of every frame that brings an attachment or could. Frames that accept none are
// malformed while it does.
void name_senders(int socket, bool named);

// Descriptors of malformed frames are closed. `names_sender`: the socket does, and an attachment is accepted.
FrameStatus receive_frame(int socket, Frame& frame, bool accepts_attachment, bool wait, bool names_sender = false);

// Returns 0 or an errno: EPIPE if the peer is gone, EMSGSIZE beyond the cap, EAGAIN if wait is false and the peer has
// stopped reading.
int send_frame(int socket, std::string_view bytes, int attachment_fd, bool wait);

}  // namespace headroom
