// The command line of resultsdb-server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#ifdef RESULTSDB_SERVER_WEBKIT
#include "resultsdb/http/webkit.hpp"
#endif

struct ServerArguments {
  std::string store;
  std::int64_t wait_for_store = 0;  ///< seconds
  std::string host;
  std::uint16_t port = 0;
  std::string repositories;             ///< file of static repositories, or empty
  std::vector<std::string> git_clones;  ///< [KEY=]PATH
  std::string ci;                       ///< file of Buildbot masters, or empty
  std::optional<std::int64_t> clock;    ///< seconds since 1970: the time stands still there
  int threads = 2;
  bool async_processing = false;
  int workers = 1;           ///< threads for what webkit::needs_workers() tells of; 0: none here
  std::string api_key_file;  ///< or empty
  bool allow_anonymous_writes = false;
#ifdef RESULTSDB_SERVER_WEBKIT
  resultsdb::webkit::ProfileName webkit_profile = resultsdb::webkit::ProfileName::Webkit;
  std::optional<bool> webkit_ews;  ///< else as the profile has it
#endif
  std::string body_folder;                           ///< of large bodies; empty: the system's
  std::int64_t webkit_ttl = 5 * 365 * 86'400;        ///< seconds; 0: for ever
  std::int64_t webkit_archive_ttl = 8 * 7 * 86'400;  ///< seconds; 0: for ever
};

/// What to print and exit with instead of serving.
struct Farewell {
  std::string text;
  bool wrong_use = false;
};

std::variant<ServerArguments, Farewell> parse_arguments(int argc, const char* const* argv);
