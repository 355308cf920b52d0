#include "http/raw_client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>

namespace resultsdb::http {

std::string RawResponse::header(std::string_view name) const {
  const std::string line = "\r\n" + std::string(name) + ": ";
  const auto found = head.find(line);
  if (found == std::string::npos) return {};
  const auto begin = found + line.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

RawClient::~RawClient() { ::close(socket_); }

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed: its answer tells
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void RawClient::end() { ::shutdown(socket_, SHUT_WR); }

bool RawClient::read_more() {
  char piece[16 << 10];
  const auto got = ::recv(socket_, piece, sizeof piece, 0);
  if (got <= 0) return false;
  pending_.append(piece, static_cast<std::size_t>(got));
  return true;
}

std::uint64_t RawClient::skip_rest() {
  std::uint64_t bytes = 0;
  do {
    bytes += pending_.size();
    pending_.clear();
  } while (read_more());
  return bytes;
}

bool RawClient::is_closed() {
  char byte;
  const auto got = ::recv(socket_, &byte, 1, 0);
  return got == 0 || (got < 0 && errno == ECONNRESET);  // reset: it had not read all that was sent
}

std::optional<RawResponse> RawClient::receive(bool head_request) {
  std::size_t end;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more()) return std::nullopt;
  }
  RawResponse response;
  response.head = pending_.substr(0, end + 2);
  pending_.erase(0, end + 4);
  response.status = std::stoi(response.head.substr(response.head.find(' ') + 1));
  const std::string length = response.header("Content-Length");
  const std::size_t size = head_request || length.empty() ? 0 : std::stoul(length);
  while (pending_.size() < size) {
    if (!read_more()) {
      ADD_FAILURE() << "the body ends early";
      return std::nullopt;
    }
  }
  response.body = pending_.substr(0, size);
  pending_.erase(0, size);
  return response;
}

std::string get_request(std::string_view target, std::string_view headers) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}

std::string post_request(std::string_view target, std::string_view body, std::string_view headers) {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

}  // namespace resultsdb::http
