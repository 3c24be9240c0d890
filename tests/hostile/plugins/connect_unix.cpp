// Connects to an abstract unix socket, which no file permission guards.
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>

#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  const std::string name = call.option("socket");
  const int connection = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return connect(connection, reinterpret_cast<sockaddr*>(&address), length) == 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
