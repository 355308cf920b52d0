// The PostgreSQL of tests/support/servers.sh, as its administrator sees it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace resultsdb::testing {

/// What servers.sh exports under that name. Without it the program ends as failed: a test that needs a server
/// is not passed without one.
std::string exported(const char* variable);

/// The store's URL over TCP; RESULTSDB_TEST_POSTGRES.
std::string postgres_url();
std::uint16_t postgres_port();
/// The same through another port of this machine.
std::string postgres_url_through(std::uint16_t port);

/// A name that no other test process on the server uses.
std::string schema_name();

/// Runs statements as the administrator (psql); its output, one line a row.
std::string administer(const std::string& statements);

/// Holds locks from other sessions' statements until it ends.
class LockHolder {
 public:
  /// Returns when `statement` is done within a transaction that stays open.
  explicit LockHolder(const std::string& statement);
  ~LockHolder();
  LockHolder(const LockHolder&) = delete;
  LockHolder& operator=(const LockHolder&) = delete;

 private:
  std::FILE* psql_;
};

}  // namespace resultsdb::testing
