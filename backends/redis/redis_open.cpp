// From options or a URL to an open store.
#include <algorithm>
#include <charconv>

#include "redis_storage.hpp"
#include "scripts.hpp"

namespace resultsdb::backends {

namespace {

using redis::Access;
using redis::Address;
using redis::Command;
using redis::redis_error;

constexpr int kDefaultPort = 6379;
constexpr int kMaxPool = 1000;

/// The value behind "name:" in an answer of INFO.
std::string_view info_value(std::string_view info, std::string_view name) {
  const auto line = info.find("\n" + std::string(name) + ":");
  if (line == std::string_view::npos) return {};
  const auto value = info.substr(line + name.size() + 2);
  return value.substr(0, value.find('\r'));
}

/// A server that throws away keys when memory is short would damage the store without a word.
Status check_eviction(redis::Client& client, const RedisOptions& options) {
  auto reply = client.run(options.prefix, Access::Repeatable, Command{"INFO", "memory"});
  if (!reply && reply.error().code == ErrorCode::PermissionDenied) return {};  // the user may not ask
  if (!reply) return std::move(reply).error();
  const auto policy = info_value(reply->text, "maxmemory_policy");
  if (!policy.starts_with("allkeys")) return {};
  return redis_error(ErrorCode::InvalidArgument,
                     "this Redis server evicts keys (maxmemory-policy " + std::string(policy) +
                         "), so results would vanish; set it to noeviction",
                     client.location());
}

struct Schema {
  int version = 0, oldest_reader = 0;
};

/// What is no schema is another program's.
template <class Replies>
Result<Replies> as_schema(Result<Replies> replies) {
  if (replies || replies.error().code != ErrorCode::Corrupt) return replies;
  return redis_error(ErrorCode::SchemaMismatch,
                     "keys of another program stand where this store's should; choose another ?prefix=");
}

/// Reads what the store says of itself, making a fresh one if wanted.
Result<Schema> open_schema(redis::Client& client, const RedisOptions& options) {
  const auto key = options.prefix + "schema";
  const auto version = std::to_string(redis::kSchemaVersion);
  if (options.create && !options.read_only) {
    const std::vector<Command> commands{{"HSETNX", key, "version", version},
                                        {"HSETNX", key, "oldest_reader", version}};
    RESULTSDB_ASSIGN(const auto made, as_schema(client.run(key, Access::Repeatable, commands)));
  }
  RESULTSDB_ASSIGN(
      const auto reply,
      as_schema(client.run(key, Access::Repeatable, Command{"HMGET", key, "version", "oldest_reader"})));
  if (reply.items[0].is_nil())
    return redis_error(ErrorCode::NotFound, "there is no such store; 'import' makes one",
                       client.location() + ", keys " + options.prefix + '*');
  Schema schema;
  const auto parse = [](const std::string& text, int& value) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc() && end == text.data() + text.size();
  };
  if (!parse(reply.items[0].text, schema.version) || !parse(reply.items[1].text, schema.oldest_reader))
    return redis_error(ErrorCode::SchemaMismatch, "this is no results store; choose another ?prefix=", key);
  if (schema.oldest_reader > redis::kSchemaVersion)
    return redis_error(ErrorCode::SchemaMismatch,
                       "the store has schema " + std::to_string(schema.version) + "; this software knows " +
                           version + " and older: use a newer one",
                       key);
  return schema;
}

Status check_options(const RedisOptions& options) {
  const auto bad = [](const char* what) { return invalid_argument(what, "store"); };
  if (options.nodes.empty() && options.socket.empty())
    return bad("the URL names no server; write redis://HOST:PORT");
  if (options.prefix.find_first_of("{}") != std::string::npos) return bad("prefix: must not contain braces");
  if (options.pool < 1 || options.pool > kMaxPool) return bad("pool: must be 1 to 1000");
  if (options.batch_bytes == 0) return bad("batch_mb: must be at least 1");
  return {};
}

template <class Number>
bool parse_number(std::string_view text, Number& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() && value >= 0;
}

/// `HOST[:PORT],…`, hosts of IPv6 in brackets.
bool parse_nodes(std::string_view text, RedisOptions& options) {
  while (!text.empty()) {
    const auto node = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), node.size() + 1));
    const auto bracket = node.starts_with('[') ? node.find(']') : std::string_view::npos;
    const auto colon = node.find(':', bracket == std::string_view::npos ? 0 : bracket);
    auto host = node.substr(0, colon);
    if (bracket != std::string_view::npos) host = node.substr(1, bracket - 1);
    int port = kDefaultPort;
    if (colon != std::string_view::npos && (!parse_number(node.substr(colon + 1), port) || port > 65535))
      return false;
    if (host.empty()) return false;
    options.nodes.emplace_back(host, port);
  }
  return true;
}

/// `//[[USER]:PASSWORD@]HOST[:PORT],…[/DATABASE]` or `///PATH`.
Status parse_place(const StoreUrl& url, RedisOptions& options) {
  const auto bad = [&](const char* what) { return invalid_argument(what, url.redacted()); };
  std::string_view rest = url.path;
  if (!rest.starts_with("//")) return bad("write redis://HOST:PORT");
  rest.remove_prefix(2);
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const auto colon = rest.find(':');
    if (colon > at) return bad("write redis://USER:PASSWORD@HOST or redis://:PASSWORD@HOST");
    options.user = rest.substr(0, colon);
    options.password = rest.substr(colon + 1, at - colon - 1);
    rest.remove_prefix(at + 1);
  }
  if (rest.starts_with('/')) {
    options.socket = rest;
    return {};
  }
  const auto slash = std::min(rest.find('/'), rest.size());
  if (!parse_nodes(rest.substr(0, slash), options)) return bad("servers are written HOST or HOST:PORT");
  if (slash + 1 < rest.size() && !parse_number(rest.substr(slash + 1), options.database))
    return bad("the database behind the server is a number: redis://HOST:PORT/0");
  return {};
}

Status parse_option(const StoreUrl& url, const std::string& name, const std::string& text,
                    RedisOptions& options) {
  if (name == "prefix") {
    options.prefix = text;
    return {};
  }
  int value = 0;
  if (!parse_number(text, value))
    return invalid_argument(name + ": '" + text + "' is no number of at least 0", url.redacted());
  if (name == "database")
    options.database = value;
  else if (name == "pool")
    options.pool = value;
  else if (name == "connect_timeout_ms")
    options.connect_timeout = std::chrono::milliseconds(value);
  else if (name == "timeout_ms")
    options.timeout = std::chrono::milliseconds(value);
  else if (name == "batch_mb")
    options.batch_bytes = static_cast<std::size_t>(value) << 20;
  else if (name == "wait_replicas")
    options.wait_replicas = value;
  else
    return invalid_argument("'" + name + "' is no option of Redis stores", url.redacted());
  return {};
}

}  // namespace

Result<std::shared_ptr<storage::Storage>> open_redis(const RedisOptions& options) {
  RESULTSDB_TRY(check_options(options));
  std::vector<Address> seeds;
  if (!options.socket.empty()) seeds.push_back({.socket = options.socket});
  for (const auto& [host, port] : options.nodes) seeds.push_back({.host = host, .port = port});
  const redis::Login login{options.user, options.password, options.database, options.connect_timeout,
                           options.timeout};
  namespace scripts = redis::scripts;
  RESULTSDB_ASSIGN(auto client,
                   redis::Client::open(std::move(seeds), login, options.pool,
                                       {scripts::apply, scripts::find_changes, scripts::find_commits,
                                        scripts::find_documents, scripts::find_runs, scripts::find_tests,
                                        scripts::intern, scripts::intern_tests, scripts::list_branches}));
  RESULTSDB_TRY(check_eviction(*client, options));
  RESULTSDB_ASSIGN(const auto schema, open_schema(*client, options));
  return std::shared_ptr<storage::Storage>(std::make_shared<redis::RedisStorage>(
      std::move(client), options, schema.version, schema.oldest_reader));
}

void register_redis(BackendRegistry& registry) {
  registry.add("redis",
               [](const StoreUrl& url, const OpenOptions& open) -> Result<std::shared_ptr<storage::Storage>> {
                 RedisOptions options;
                 options.read_only = open.read_only;
                 options.create = open.create;
                 RESULTSDB_TRY(parse_place(url, options));
                 for (const auto& [name, text] : url.options)
                   RESULTSDB_TRY(parse_option(url, name, text, options));
                 return open_redis(options);
               });
}

}  // namespace resultsdb::backends
