#include "loopback_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

namespace resultsdb::bench {
namespace {

[[noreturn]] void fail(const char* what) {
  std::cerr << "loopback client: " << what << '\n';
  std::exit(1);
}

}  // namespace

LoopbackClient::LoopbackClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("no server");
}

LoopbackClient::~LoopbackClient() { ::close(socket_); }

LoopbackClient::Answer LoopbackClient::get(std::string_view target) {
  return exchange("GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", {});
}

LoopbackClient::Answer LoopbackClient::post(std::string_view target, std::string_view body) {
  return exchange("POST " + std::string(target) +
                      " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n\r\n",
                  body);
}

LoopbackClient::Answer LoopbackClient::exchange(std::string_view head, std::string_view body) {
  const auto begin = std::chrono::steady_clock::now();
  send(head);
  send(body);
  Answer answer;
  std::string& bytes = answer.body;
  std::size_t expected = std::string::npos, got = 0;
  while (got < expected) {
    constexpr std::size_t kPiece = 256 << 10;
    bytes.resize(std::max(got + kPiece, bytes.size()));
    const auto piece = ::recv(socket_, bytes.data() + got, bytes.size() - got, 0);
    if (piece <= 0) fail("the server closed the connection");
    if (got == 0)
      answer.first_byte = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    got += static_cast<std::size_t>(piece);
    const std::string_view so_far(bytes.data(), got);
    const std::size_t end = so_far.find("\r\n\r\n");
    if (expected != std::string::npos || end == so_far.npos) continue;
    const std::size_t length = so_far.find("\r\nContent-Length: ");
    if (length >= end) fail("no Content-Length");
    answer.status = std::atoi(bytes.c_str() + bytes.find(' '));
    expected = end + 4 + std::strtoull(bytes.c_str() + length + 18, nullptr, 10);
  }
  bytes.resize(expected);
  bytes.erase(0, bytes.find("\r\n\r\n") + 4);
  return answer;
}

void LoopbackClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail("the server takes nothing");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace resultsdb::bench
