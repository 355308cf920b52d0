#include "redis_hashes.hpp"

#include <hiredis/hiredis.h>

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>

namespace resultsdb::bench {

namespace {

constexpr std::size_t kPipeline = 4000;

[[noreturn]] void stop(const std::string& what) {
  std::cerr << "baseline: " << what << '\n';
  std::exit(1);
}

using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

Reply next_reply(redisContext* connection) {
  void* reply = nullptr;
  if (redisGetReply(connection, &reply) != REDIS_OK) stop(connection->errstr);
  auto owned = Reply(static_cast<redisReply*>(reply), freeReplyObject);
  if (owned->type == REDIS_REPLY_ERROR) stop(owned->str);
  return owned;
}

redisContext* connect(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (!url.starts_with(kScheme)) stop("write redis://HOST:PORT or redis:///SOCKET");
  const std::string place(url.substr(kScheme.size()));
  if (place.starts_with('/')) return redisConnectUnix(place.c_str());
  const auto colon = place.find(':');
  return redisConnect(place.substr(0, colon).c_str(),
                      colon == place.npos ? 6379 : std::atoi(place.c_str() + colon + 1));
}

}  // namespace

RedisHashes::RedisHashes(const std::string& url, std::string prefix)
    : connection_(connect(url)), prefix_(std::move(prefix)) {
  if (!connection_ || connection_->err) stop(connection_ ? connection_->errstr : "no memory");
}

RedisHashes::~RedisHashes() { redisFree(connection_); }

std::string RedisHashes::key(std::uint32_t test, std::uint32_t configuration) const {
  return prefix_ + std::to_string(test) + ':' + std::to_string(configuration);
}

void RedisHashes::insert(const GeneratedRun& run) {
  const std::string commit = std::to_string(run.commit);
  std::size_t sent = 0;
  const auto flush = [&] {
    for (; sent > 0; --sent) next_reply(connection_);
  };
  for (std::uint32_t test = 0; test < run.outcomes.size(); ++test) {
    if (run.outcomes[test] == kAbsent) continue;
    const auto name = key(test, run.configuration);
    const auto duration = static_cast<std::uint32_t>(run.duration_ms[test]);
    if (duration > 0xFFFF) stop("three bytes do not hold this duration");
    const char value[] = {static_cast<char>(run.outcomes[test]), static_cast<char>(duration >> 8),
                          static_cast<char>(duration)};
    const char* arguments[] = {"HSET", name.data(), commit.data(), value};
    const std::size_t lengths[] = {4, name.size(), commit.size(), 3};
    redisAppendCommandArgv(connection_, 4, arguments, lengths);
    if (++sent == kPipeline) flush();
  }
  flush();
}

std::vector<RowBaseline::Row> RedisHashes::history(std::uint32_t test, std::uint32_t configurations,
                                                   std::uint32_t since, bool durations) {
  for (std::uint32_t configuration = 0; configuration < configurations; ++configuration) {
    const auto name = key(test, configuration);
    const char* arguments[] = {"HGETALL", name.data()};
    const std::size_t lengths[] = {7, name.size()};
    redisAppendCommandArgv(connection_, 2, arguments, lengths);
  }
  std::vector<RowBaseline::Row> rows;
  for (std::uint32_t configuration = 0; configuration < configurations; ++configuration) {
    const auto reply = next_reply(connection_);
    for (std::size_t i = 0; i + 1 < reply->elements; i += 2) {
      const auto &field = *reply->element[i], &value = *reply->element[i + 1];
      std::uint32_t commit = 0;
      std::from_chars(field.str, field.str + field.len, commit);
      if (commit < since) continue;
      const auto byte = [&](int at) { return static_cast<unsigned char>(value.str[at]); };
      rows.push_back({configuration, commit, byte(0), durations ? byte(1) << 8 | byte(2) : -1});
    }
  }
  return rows;
}

std::uint64_t RedisHashes::used_memory() {
  const char* arguments[] = {"INFO", "memory"};
  redisAppendCommandArgv(connection_, 2, arguments, nullptr);
  const auto reply = next_reply(connection_);
  const std::string_view text(reply->str, reply->len);
  constexpr std::string_view kName = "\nused_memory:";
  const auto at = text.find(kName);
  if (at == text.npos) stop("INFO does not tell used_memory");
  return std::strtoull(text.data() + at + kName.size(), nullptr, 10);
}

}  // namespace resultsdb::bench
