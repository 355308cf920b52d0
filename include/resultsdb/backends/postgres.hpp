#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "resultsdb/registry.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::backends {

struct PostgresOptions {
  /// libpq's own connection parameters by name: host (a folder: its socket), port, dbname, user, password,
  /// sslmode, … What is missing comes from libpq's environment variables and password file.
  std::map<std::string, std::string> connection;
  /// Holds the tables and nothing else. It is made if the role may do so; a role that owns just this schema
  /// needs no other right.
  std::string schema = "resultsdb";
  int connections = 8;                             ///< at most, made when first needed
  std::chrono::milliseconds pool_timeout{30'000};  ///< how long a call waits for a free connection
  std::chrono::milliseconds statement_timeout{
      60'000};  ///< of one statement, waiting for locks included; 0: none
  std::chrono::seconds connect_timeout{10};
  bool read_only = false;
  bool create = true;
};

/// Connections that died are replaced: a call that finds its connection dead before it changed anything goes
/// on with a new one, others are Unavailable. An apply() that is Unavailable may have been stored, if the
/// connection broke while it was committed: repeating it is Conflict then.
/// NotFound (no such database, or no store in it and not `create`), SchemaMismatch (server older than version
/// 12, or a newer store), PermissionDenied, Unavailable.
Result<std::shared_ptr<storage::Storage>> open_postgres(const PostgresOptions& options);

/// `postgresql://[USER[:PASSWORD]@][HOST[:PORT]]/DATABASE[?schema=NAME&connections=N&pool_timeout_ms=N&`
/// `statement_timeout_ms=N&connect_timeout_s=N&sslmode=MODE&…]`, also as `postgres:`; every other parameter
/// that libpq knows for host, port, user, password, passfile, service and ssl… may be given as well. A HOST
/// that begins with `/` (written `%2F`) is the folder of a socket.
void register_postgres(BackendRegistry& registry);

}  // namespace resultsdb::backends
