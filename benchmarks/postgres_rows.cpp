#include "postgres_rows.hpp"

#include <cstdlib>
#include <iostream>

namespace resultsdb::bench {

namespace {

void append_number(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

std::uint32_t read_number(const char* bytes, int size) {
  std::uint32_t value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

PostgresRows::PostgresRows(const std::string& url, const std::string& schema)
    : connection_(PQconnectdb(url.c_str())) {
  if (PQstatus(connection_) != CONNECTION_OK) {
    std::cerr << "baseline: " << PQerrorMessage(connection_);
    std::exit(1);
  }
  run("SET client_min_messages = error");
  run("CREATE SCHEMA " + schema);
  run("SET search_path = " + schema);
  run("CREATE TABLE result (test integer NOT NULL, configuration integer NOT NULL, place integer NOT NULL, "
      "outcome smallint NOT NULL, duration integer NOT NULL, PRIMARY KEY (test, configuration, place))");
  run("CREATE INDEX result_not_passed ON result (configuration, place) WHERE outcome <> 0");
  for (const bool durations : {false, true}) {
    const std::string statement =
        std::string("SELECT configuration, place, outcome") + (durations ? ", duration" : "") +
        " FROM result WHERE test = $1 AND place >= $2 ORDER BY configuration, place";
    PQclear(
        need(PQprepare(connection_, durations ? "history_times" : "history", statement.c_str(), 2, nullptr),
             PGRES_COMMAND_OK));
  }
}

PostgresRows::~PostgresRows() { PQfinish(connection_); }

PGresult* PostgresRows::need(PGresult* result, ExecStatusType wanted) {
  if (PQresultStatus(result) == wanted) return result;
  std::cerr << "baseline: " << PQerrorMessage(connection_);
  std::exit(1);
}

void PostgresRows::run(const std::string& statement) {
  PQclear(need(PQexec(connection_, statement.c_str()), PGRES_COMMAND_OK));
}

void PostgresRows::insert(const GeneratedRun& generated) {
  std::string out("PGCOPY\n\377\r\n\0", 11);
  out.reserve(generated.outcomes.size() * 40 + 32);
  append_number(out, 0, 8);  // no flags, no extension
  for (std::uint32_t test = 0; test < generated.outcomes.size(); ++test) {
    if (generated.outcomes[test] == kAbsent) continue;
    append_number(out, 5, 2);
    for (const std::uint32_t number : {test, generated.configuration, generated.commit}) {
      append_number(out, 4, 4);
      append_number(out, number, 4);
    }
    append_number(out, 2, 4);
    append_number(out, generated.outcomes[test], 2);
    append_number(out, 4, 4);
    append_number(out, static_cast<std::uint32_t>(generated.duration_ms[test]), 4);
  }
  append_number(out, 0xFFFF, 2);
  PQclear(need(PQexec(connection_, "COPY result FROM STDIN (FORMAT binary)"), PGRES_COPY_IN));
  if (PQputCopyData(connection_, out.data(), static_cast<int>(out.size())) != 1 ||
      PQputCopyEnd(connection_, nullptr) != 1) {
    std::cerr << "baseline: " << PQerrorMessage(connection_);
    std::exit(1);
  }
  PQclear(need(PQgetResult(connection_), PGRES_COMMAND_OK));
  PQclear(PQgetResult(connection_));  // none
}

void PostgresRows::settle() { run("VACUUM ANALYZE result"); }

std::vector<RowBaseline::Row> PostgresRows::history(std::uint32_t test, std::uint32_t since, bool durations) {
  std::string parameters[2];
  append_number(parameters[0], test, 4);
  append_number(parameters[1], since, 4);
  const char* values[] = {parameters[0].data(), parameters[1].data()};
  const int lengths[] = {4, 4}, formats[] = {1, 1};
  PGresult* result = need(
      PQexecPrepared(connection_, durations ? "history_times" : "history", 2, values, lengths, formats, 1),
      PGRES_TUPLES_OK);
  std::vector<RowBaseline::Row> rows;
  const int count = PQntuples(result);
  rows.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    rows.push_back({read_number(PQgetvalue(result, i, 0), 4), read_number(PQgetvalue(result, i, 1), 4),
                    static_cast<std::uint8_t>(read_number(PQgetvalue(result, i, 2), 2)),
                    durations ? static_cast<std::int32_t>(read_number(PQgetvalue(result, i, 3), 4)) : -1});
  PQclear(result);
  return rows;
}

std::uint64_t PostgresRows::bytes() {
  PGresult* result = need(PQexec(connection_, "SELECT pg_total_relation_size('result')"), PGRES_TUPLES_OK);
  const auto bytes = std::strtoull(PQgetvalue(result, 0, 0), nullptr, 10);
  PQclear(result);
  return bytes;
}

}  // namespace resultsdb::bench
