#include "context.hpp"

#include <iostream>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/backends/sqlite.hpp"
#ifdef RESULTSDB_WITH_POSTGRES
#include "resultsdb/backends/postgres.hpp"
#endif
#ifdef RESULTSDB_WITH_REDIS
#include "resultsdb/backends/redis.hpp"
#endif

namespace resultsdb::cli {

namespace {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::NotFound:
      return kWrongUse;
    case ErrorCode::AlreadyExists:
      return kRefused;
    default:
      return kUnavailable;
  }
}

[[noreturn]] void end_with(const Error& error, int code) {
  std::cerr << "resultsdb: " << error.text() << '\n';
  throw Exit{code};
}

}  // namespace

void fail(const Error& error) { end_with(error, exit_code(error.code)); }

void refuse(const Error& error) {
  end_with(error, error.code == ErrorCode::Unavailable ? kUnavailable : kRefused);
}

std::shared_ptr<storage::Storage> open_storage(const std::string& url, Access access) {
  BackendRegistry registry;
  backends::register_memory(registry);
  backends::register_sqlite(registry);
#ifdef RESULTSDB_WITH_POSTGRES
  backends::register_postgres(registry);
#endif
#ifdef RESULTSDB_WITH_REDIS
  backends::register_redis(registry);
#endif
  OpenOptions open;
  open.create = access == Access::Create;
  open.read_only = access == Access::Read;
  auto storage = registry.open(url, open);
  if (!storage) {
    std::cerr << "resultsdb: " << storage.error().text() << '\n';
    throw Exit{storage.error().code == ErrorCode::InvalidArgument ? kWrongUse : kUnavailable};
  }
  return std::move(storage).value();
}

std::shared_ptr<Model> open_model(const std::string& url, Access access, RepositoryList repositories) {
  ModelOptions model;
  model.repositories = std::move(repositories);
  return need(Model::create(open_storage(url, access), std::move(model)));
}

Configuration parse_configuration(const std::vector<std::string>& texts) {
  Configuration all;
  for (const auto& text : texts) {
    auto parsed = Configuration::parse(text);
    if (!parsed) throw UsageError{"--configuration: " + parsed.error().text()};
    for (const auto& [facet, value] : parsed->facets()) all.set(facet, value);
  }
  return all;
}

Selection parse_selection(const Options& options) {
  Selection selection;
  if (options.has("branch")) selection.branches.push_back(options.text("branch"));
  const auto wanted = parse_configuration(options.texts("configuration"));
  for (const auto& [facet, value] : wanted.facets())
    selection.where.push_back({.facet = facet, .values = {value}});
  return selection;
}

}  // namespace resultsdb::cli
