// Connects to a server on this machine.
#include <arpa/inet.h>
#include <sys/socket.h>

#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(call.number("port")));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
