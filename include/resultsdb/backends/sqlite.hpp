#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "resultsdb/registry.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::backends {

struct SqliteOptions {
  std::string path;  ///< of the file; must be on a local file system
  enum class Synchronous { Off, Normal, Full };
  /// Normal survives the death of the process; Full also that of the machine; Off neither.
  Synchronous synchronous = Synchronous::Normal;
  int readers = 4;                                 ///< reader connections at most
  std::chrono::milliseconds busy_timeout{10'000};  ///< how long to wait for another process's writer
  std::int64_t cache_bytes = 16 << 20;             ///< page cache of each connection
  std::int64_t max_pages = 0;                      ///< `max_page_count`, pages of 2 KB; 0: no limit
  bool read_only = false;
  bool create = true;
};

/// Beside the file lies its log, PATH-wal: up to 32 MB, or 64 MB while readers of several threads or
/// processes overlap without a pause, plus one batch. The call that makes it longer folds it into the file
/// before it returns; the last one who closes the store does away with it. Close a store before fork().
/// NotFound (missing and not `create`), SchemaMismatch (no database of ours, or a newer schema),
/// PermissionDenied, Unavailable (locked), Corrupt.
Result<std::shared_ptr<storage::Storage>> open_sqlite(const SqliteOptions& options);

/// `sqlite:PATH[?synchronous=off|normal|full&readers=N&busy_timeout_ms=N&cache_mb=N&max_pages=N]`.
void register_sqlite(BackendRegistry& registry);

}  // namespace resultsdb::backends
