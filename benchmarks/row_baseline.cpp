#include "row_baseline.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace resultsdb::bench {

namespace {

void check(sqlite3* database, int code) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  std::cerr << "baseline: " << sqlite3_errmsg(database) << '\n';
  std::exit(1);
}

}  // namespace

RowBaseline::RowBaseline(Schema schema, const std::string& path) : path_(path) {
  check(nullptr, sqlite3_open(path.c_str(), &database_));
  run("PRAGMA page_size = 4096");
  run("PRAGMA journal_mode = WAL");
  run("PRAGMA synchronous = NORMAL");
  run("PRAGMA cache_size = -131072");
  if (schema == Schema::R0) {
    run("CREATE TABLE result (id INTEGER PRIMARY KEY, test INTEGER NOT NULL, configuration INTEGER NOT NULL, "
        "place INTEGER NOT NULL, "
        "outcome INTEGER NOT NULL, duration INTEGER NOT NULL)");
    run("CREATE INDEX result_by_test ON result (test, configuration, place)");
    run("CREATE INDEX result_by_run ON result (configuration, place)");
  } else {
    run("CREATE TABLE result (test INTEGER NOT NULL, configuration INTEGER NOT NULL, place INTEGER NOT NULL, "
        "outcome INTEGER NOT NULL, "
        "duration INTEGER NOT NULL, PRIMARY KEY (test, configuration, place)) WITHOUT ROWID");
    run("CREATE INDEX result_not_passed ON result (configuration, place) WHERE outcome <> 0");
  }
  insert_ =
      prepare("INSERT INTO result (test, configuration, place, outcome, duration) VALUES (?, ?, ?, ?, ?)");
  history_ = prepare(
      "SELECT configuration, place, outcome FROM result WHERE test = ? AND configuration = ? AND place >= ? "
      "ORDER BY place");
  history_times_ = prepare(
      "SELECT configuration, place, outcome, duration FROM result WHERE test = ? AND configuration = ? AND "
      "place >= ? ORDER BY place");
  not_passed_ = prepare(
      "SELECT test, outcome FROM result WHERE configuration = ? AND place = ? AND outcome <> 0 ORDER BY "
      "test");
}

RowBaseline::~RowBaseline() {
  for (auto* statement : {insert_, history_, history_times_, not_passed_}) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

void RowBaseline::run(const char* statement) {
  check(database_, sqlite3_exec(database_, statement, nullptr, nullptr, nullptr));
}

sqlite3_stmt* RowBaseline::prepare(const char* statement) {
  sqlite3_stmt* prepared = nullptr;
  check(database_, sqlite3_prepare_v2(database_, statement, -1, &prepared, nullptr));
  return prepared;
}

void RowBaseline::insert(const GeneratedRun& generated) {
  run("BEGIN IMMEDIATE");
  for (std::uint32_t test = 0; test < generated.outcomes.size(); ++test) {
    if (generated.outcomes[test] == kAbsent) continue;
    sqlite3_bind_int64(insert_, 1, test);
    sqlite3_bind_int64(insert_, 2, generated.configuration);
    sqlite3_bind_int64(insert_, 3, generated.commit);
    sqlite3_bind_int64(insert_, 4, generated.outcomes[test]);
    sqlite3_bind_int64(insert_, 5, generated.duration_ms[test]);
    check(database_, sqlite3_step(insert_));
    sqlite3_reset(insert_);
  }
  run("COMMIT");
}

std::vector<RowBaseline::Row> RowBaseline::history(std::uint32_t test, std::uint32_t since, bool durations) {
  std::vector<Row> rows;
  auto* statement = durations ? history_times_ : history_;
  for (std::uint32_t configuration = 0; configuration < 8; ++configuration) {
    sqlite3_bind_int64(statement, 1, test);
    sqlite3_bind_int64(statement, 2, configuration);
    sqlite3_bind_int64(statement, 3, since);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      rows.push_back({static_cast<std::uint32_t>(sqlite3_column_int64(statement, 0)),
                      static_cast<std::uint32_t>(sqlite3_column_int64(statement, 1)),
                      static_cast<std::uint8_t>(sqlite3_column_int64(statement, 2)),
                      durations ? static_cast<std::int32_t>(sqlite3_column_int64(statement, 3)) : -1});
    }
    sqlite3_reset(statement);
  }
  return rows;
}

std::vector<std::pair<std::uint32_t, std::uint8_t>> RowBaseline::not_passed(std::uint32_t configuration,
                                                                            std::uint32_t commit) {
  std::vector<std::pair<std::uint32_t, std::uint8_t>> rows;
  sqlite3_bind_int64(not_passed_, 1, configuration);
  sqlite3_bind_int64(not_passed_, 2, commit);
  while (sqlite3_step(not_passed_) == SQLITE_ROW)
    rows.emplace_back(static_cast<std::uint32_t>(sqlite3_column_int64(not_passed_, 0)),
                      static_cast<std::uint8_t>(sqlite3_column_int64(not_passed_, 1)));
  sqlite3_reset(not_passed_);
  return rows;
}

std::vector<RowBaseline::RunCounts> RowBaseline::runs() {
  std::vector<RunCounts> runs;
  auto* statement = prepare(
      "SELECT configuration, place, count(*), sum(outcome <> 0) FROM result GROUP BY configuration, place");
  while (sqlite3_step(statement) == SQLITE_ROW)
    runs.push_back({static_cast<std::uint32_t>(sqlite3_column_int64(statement, 0)),
                    static_cast<std::uint32_t>(sqlite3_column_int64(statement, 1)),
                    static_cast<std::uint64_t>(sqlite3_column_int64(statement, 2)),
                    static_cast<std::uint64_t>(sqlite3_column_int64(statement, 3))});
  sqlite3_finalize(statement);
  return runs;
}

std::vector<std::pair<std::uint32_t, std::uint64_t>> RowBaseline::flips() {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> rows;
  auto* statement = prepare(
      "SELECT test, count(*) FROM (SELECT test, outcome, lag(outcome) OVER (PARTITION BY test, configuration "
      "ORDER BY place) AS before FROM result) "
      "WHERE before IS NOT NULL AND before <> outcome GROUP BY test ORDER BY test");
  while (sqlite3_step(statement) == SQLITE_ROW)
    rows.emplace_back(static_cast<std::uint32_t>(sqlite3_column_int64(statement, 0)),
                      static_cast<std::uint64_t>(sqlite3_column_int64(statement, 1)));
  sqlite3_finalize(statement);
  return rows;
}

std::uint64_t RowBaseline::new_failures(std::uint32_t a, std::uint32_t b) {
  static_assert(kFail == 4 && kUnexpectedPass == 7, "the statement names the unexpected outcomes");
  // The cross join keeps the order: from the few results of b that did not pass to those of a.
  auto* statement = prepare(
      "SELECT count(*) FROM (SELECT DISTINCT configuration FROM result WHERE outcome <> 0) c CROSS JOIN "
      "result b "
      "ON b.configuration = c.configuration AND b.place = ?2 AND b.outcome <> 0 CROSS JOIN result a ON "
      "a.test = "
      "b.test AND a.configuration = b.configuration AND a.place = ?1 WHERE b.outcome BETWEEN 4 AND 7 AND "
      "a.outcome "
      "NOT BETWEEN 4 AND 7");
  sqlite3_bind_int64(statement, 1, a);
  sqlite3_bind_int64(statement, 2, b);
  check(database_, sqlite3_step(statement));
  const auto count = static_cast<std::uint64_t>(sqlite3_column_int64(statement, 0));
  sqlite3_finalize(statement);
  return count;
}

std::uint64_t RowBaseline::bytes() const {
  sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  return std::filesystem::file_size(path_);
}

}  // namespace resultsdb::bench
