// A Redis server that one test may stop, kill and configure: nobody else uses it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace resultsdb::testing {

class RedisServer {
 public:
  /// Starts it on a socket in a temporary folder; every write is on the disk before it is acknowledged.
  /// `options` go to redis-server.
  explicit RedisServer(std::vector<std::string> options = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::string url() const { return "redis://" + socket_; }
  const std::string& socket() const { return socket_; }
  void start();
  void stop(int signal);  ///< and waits until it is gone
  void send_signal(int signal) const;
  /// What redis-cli prints for a command, without the last line end.
  std::string run(const std::string& command) const;

 private:
  std::vector<std::string> options_;
  std::string folder_, socket_;
  pid_t process_ = 0;
};

/// What a command prints, without the last line end.
std::string output_of(const std::string& command);

}  // namespace resultsdb::testing
