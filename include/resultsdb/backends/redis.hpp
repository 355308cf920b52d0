#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "resultsdb/registry.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::backends {

struct RedisOptions {
  /// One server, or some nodes of a cluster: which of the two they are is asked of the first that answers.
  std::vector<std::pair<std::string, int>> nodes;
  std::string socket;  ///< path of the server's socket, instead of nodes
  std::string user, password;
  int database = 0;                   ///< 0 in a cluster
  std::string prefix = "resultsdb:";  ///< of all keys; without braces. Stores with different ones are apart
  int pool = 8;                       ///< connections at most, to each node
  std::chrono::milliseconds connect_timeout{5'000};  ///< also: how long to wait for a cluster to settle
  std::chrono::milliseconds timeout{30'000};         ///< for each answer
  /// A write that is larger is staged in pieces of this size before it is applied in one step.
  std::size_t batch_bytes = 8u << 20;
  /// Replicas that must have a write before it is acknowledged (WAIT): without, a fail-over may lose the last
  /// acknowledged writes.
  int wait_replicas = 0;
  bool read_only = false;
  bool create = true;
};

/// A store on a Redis server or Redis cluster, 7.0 or newer. How much an acknowledged write survives is the
/// server's configuration: docs/backends.md. A server that evicts keys (`maxmemory-policy allkeys-*`) is
/// refused. Unavailable, PermissionDenied, NotFound (no store there and not `create`), SchemaMismatch (server
/// too old, or a newer store), InvalidArgument.
Result<std::shared_ptr<storage::Storage>> open_redis(const RedisOptions& options);

/// `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]` or `redis:///PATH/OF/SOCKET`, with the options
/// `?prefix=TEXT&database=N&nodes=HOST:PORT,…&pool=N&connect_timeout_ms=N&timeout_ms=N&batch_mb=N&
/// wait_replicas=N`.
void register_redis(BackendRegistry& registry);

}  // namespace resultsdb::backends
