// One connection to one Redis server.
#pragma once

#include <chrono>
#include <compare>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reply.hpp"

struct redisContext;

namespace resultsdb::backends::redis {

struct Address {
  std::string host;
  int port = 0;
  std::string socket;  ///< path of a socket; then host and port do not count
  auto operator<=>(const Address&) const = default;
  std::string text() const { return socket.empty() ? host + ':' + std::to_string(port) : socket; }
};

/// How each connection begins.
struct Login {
  std::string user, password;
  int database = 0;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{30'000};  ///< for each answer
};

/// For one thread at a time. A connection that failed once stays failed: throw it away.
class Connection {
 public:
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Connects, logs in, selects the database, checks the server's version. Unavailable, PermissionDenied,
  /// SchemaMismatch (server too old), InvalidArgument (no such database).
  static Result<std::unique_ptr<Connection>> open(const Address& address, const Login& login);

  /// Sends all, then reads one reply each; error replies are replies. Unavailable: the connection failed, and
  /// nobody knows which of the commands were done.
  Result<std::vector<Reply>> run(std::span<const Command> commands);

  /// False if it failed or the server closed it meanwhile. Does not block.
  bool usable() const;
  bool is_cluster() const { return cluster_; }

 private:
  Connection(redisContext* context, const Address& address) : context_(context), address_(address) {}
  Status log_in(const Login& login);
  Error lost() const;

  redisContext* context_;
  Address address_;
  bool cluster_ = false;
};

}  // namespace resultsdb::backends::redis
