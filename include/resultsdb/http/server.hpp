// The rim of sockets around a handler.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "resultsdb/http/message.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free one
  int threads = 2;            ///< that run handlers
  std::size_t queue = 256;    ///< requests that wait for a thread; beyond: 503 with Retry-After
  std::size_t max_connections = 1024;
  std::size_t max_header_bytes = 64 << 10;
  std::size_t max_body_bytes = 256u << 20;  ///< after unpacking as well: 413
  /// By method and path (as received): the body goes to a file instead of memory, and may be larger.
  std::function<bool(std::string_view method, std::string_view path)> to_file;
  std::uint64_t max_file_bytes = 512u << 20;        ///< 413
  std::string file_folder;                          ///< of such files; empty: the system's
  std::chrono::milliseconds read_timeout{30'000};   ///< header, and between two pieces of a body
  std::chrono::milliseconds idle_timeout{60'000};   ///< keep-alive
  std::chrono::milliseconds drain_timeout{30'000};  ///< after stop()
  std::size_t compress_from = 1024;  ///< bodies from this size are compressed if the client accepts
};

/// Speaks HTTP/1.1: keep-alive, gzip and zstd both ways, Expect: 100-continue.
class Server {
 public:
  /// Binds at once. Unavailable: the port is taken; InvalidArgument: no such host.
  static Result<std::unique_ptr<Server>> listen(const ServerOptions& options, Handler handler);
  ~Server();

  std::uint16_t port() const;
  /// `http://HOST:PORT`
  std::string address() const;
  /// Serves until stop() and the drain are over. Blocks; call once.
  void run();
  /// From any thread or signal-driven code: no new connections, answers under way are finished.
  void stop();

  struct Statistics {
    std::uint64_t requests = 0, refused = 0, open_connections = 0, queued = 0;
  };
  Statistics statistics() const;

 private:
  class Implementation;
  explicit Server(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace resultsdb::http
