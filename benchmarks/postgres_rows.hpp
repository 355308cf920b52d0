// P0: a row per result in PostgreSQL, filled by COPY in binary form, asked with a prepared statement: the
// shortest way that the server offers. Its source is the only file here that knows libpq.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <string>
#include <vector>

#include "corpus.hpp"
#include "row_baseline.hpp"

namespace resultsdb::bench {

class PostgresRows {
 public:
  /// Makes its table in a schema of its own.
  PostgresRows(const std::string& url, const std::string& schema);
  ~PostgresRows();
  PostgresRows(const PostgresRows&) = delete;
  PostgresRows& operator=(const PostgresRows&) = delete;

  /// One COPY, one transaction.
  void insert(const GeneratedRun& run);
  /// Tidies up as autovacuum would.
  void settle();
  /// One test on all configurations, commits from `since` on, by configuration and commit.
  std::vector<RowBaseline::Row> history(std::uint32_t test, std::uint32_t since, bool durations);
  std::uint64_t bytes();

 private:
  void run(const std::string& statement);
  PGresult* need(PGresult* result, ExecStatusType wanted);

  PGconn* connection_;
};

}  // namespace resultsdb::bench
