#include "support/postgres.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "support/waiting.hpp"

namespace resultsdb::testing {

std::string exported(const char* variable) {
  if (const char* value = std::getenv(variable)) return value;
  std::fprintf(stderr, "%s is not set: run this below tests/support/servers.sh, as script/test does\n",
               variable);
  std::exit(1);
}

std::string postgres_url() { return exported("RESULTSDB_TEST_POSTGRES"); }

std::uint16_t postgres_port() {
  const auto url = postgres_url();
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

std::string postgres_url_through(std::uint16_t port) {
  auto url = postgres_url();
  const auto own = ":" + std::to_string(postgres_port());
  return url.replace(url.rfind(own), own.size(), ":" + std::to_string(port));
}

std::string schema_name() {
  static int number = 0;
  return "test_" + std::to_string(::getpid()) + "_" + std::to_string(++number);
}

std::string administer(const std::string& statements) {
  const auto command = "PGOPTIONS='-c client_min_messages=error' psql -X -q -A -t -v ON_ERROR_STOP=1 '" +
                       exported("RESULTSDB_TEST_POSTGRES_ADMIN") + "' <<'END'\n" + statements + "\nEND\n";
  std::FILE* psql = ::popen(command.c_str(), "r");
  if (psql == nullptr) throw std::runtime_error("psql does not start");
  std::string output;
  for (int c = 0; (c = std::fgetc(psql)) != EOF;) output += static_cast<char>(c);
  if (::pclose(psql) != 0) throw std::runtime_error("psql failed: " + statements);
  while (output.ends_with('\n')) output.pop_back();
  return output;
}

LockHolder::LockHolder(const std::string& statement) {
  const auto command =
      "psql -X -q -v ON_ERROR_STOP=1 '" + exported("RESULTSDB_TEST_POSTGRES_ADMIN") + "' >/dev/null";
  psql_ = ::popen(command.c_str(), "w");
  if (psql_ == nullptr) throw std::runtime_error("psql does not start");
  std::fprintf(psql_, "SET application_name = 'holder';\nBEGIN;\n%s;\nSET application_name = 'holds';\n",
               statement.c_str());
  std::fflush(psql_);
  const auto holds = [] {
    return administer("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holds'") == "1";
  };
  if (!comes_true(holds)) throw std::runtime_error("no lock: " + statement);
}

LockHolder::~LockHolder() { ::pclose(psql_); }  // the end of its input ends the transaction

}  // namespace resultsdb::testing
