#include "support/cutting_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace resultsdb::testing {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

template <class Call>
int with_address(const Call& call, sockaddr_in address) {
  return call(reinterpret_cast<sockaddr*>(&address), sizeof address);
}

bool send_all(int socket, const char* data, ssize_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= sent;
  }
  return true;
}

}  // namespace

CuttingProxy::CuttingProxy(std::uint16_t server_port) : server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::pipe(wake_) != 0 ||
      with_address([&](sockaddr* at, socklen_t bytes) { return ::bind(listener_, at, bytes); }, address) !=
          0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the proxy cannot listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_clients(); });
}

CuttingProxy::~CuttingProxy() {
  ::close(wake_[1]);  // its other end is readable for everybody
  acceptor_.join();
  for (auto& connection : connections_) connection.join();
  ::close(listener_);
  ::close(wake_[0]);
}

void CuttingProxy::cut_at(int message, When when, std::function<void()> at_cut) {
  const std::lock_guard lock(mutex_);
  remaining_ = message;
  when_ = when;
  was_cut_ = false;
  at_cut_ = std::move(at_cut);
}

bool CuttingProxy::finish() {
  const std::lock_guard lock(mutex_);
  remaining_ = -1;
  return was_cut_;
}

CuttingProxy::Fate CuttingProxy::next_message() {
  const std::lock_guard lock(mutex_);
  if (remaining_ < 0 || remaining_-- > 0) return Fate::Pass;
  was_cut_ = true;
  return when_ == When::BeforeTheServer ? Fate::CutBefore : Fate::CutAfter;
}

void CuttingProxy::at_cut() {
  const std::lock_guard lock(mutex_);
  if (at_cut_) at_cut_();
}

void CuttingProxy::accept_clients() {
  for (;;) {
    std::array<pollfd, 2> ready{{{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0 || ready[1].revents != 0) return;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) connections_.emplace_back([this, client] { serve(client); });
  }
}

void CuttingProxy::serve(int client) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int no_delay = 1;
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  ::setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  bool open = with_address([&](sockaddr* at, socklen_t bytes) { return ::connect(server, at, bytes); },
                           loopback(server_port_)) == 0;
  bool answer_is_lost = false;
  std::vector<char> buffer(1 << 20);
  while (open) {
    std::array<pollfd, 3> ready{{{client, POLLIN, 0}, {server, POLLIN, 0}, {wake_[0], POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0 || ready[2].revents != 0) break;
    if (ready[1].revents != 0) {
      const ssize_t size = ::recv(server, buffer.data(), buffer.size(), 0);
      if (answer_is_lost) at_cut();
      open = size > 0 && !answer_is_lost && send_all(client, buffer.data(), size);
    } else if (ready[0].revents != 0) {
      const ssize_t size = ::recv(client, buffer.data(), buffer.size(), 0);
      if (size <= 0) break;
      const Fate fate = next_message();
      if (fate == Fate::CutBefore) {
        at_cut();
        break;
      }
      answer_is_lost = fate == Fate::CutAfter;
      open = send_all(server, buffer.data(), size);
    }
  }
  ::close(client);
  ::close(server);
}

}  // namespace resultsdb::testing
