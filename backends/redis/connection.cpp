// The only file that knows hiredis; written for 0.14 and 1.2 alike.
#include "connection.hpp"

#include <hiredis/hiredis.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace resultsdb::backends::redis {

namespace {

constexpr int kOldestServer = 7;

timeval to_timeval(std::chrono::milliseconds time) {
  return {.tv_sec = static_cast<time_t>(time.count() / 1000),
          .tv_usec = static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

Reply to_reply(const redisReply& from) {
  Reply reply;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::Integer;
      reply.integer = from.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      reply.kind = from.type == REDIS_REPLY_ERROR ? Reply::Kind::Error : Reply::Kind::Text;
      reply.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = Reply::Kind::Array;
      reply.items.reserve(from.elements);
      for (std::size_t i = 0; i < from.elements; ++i) reply.items.push_back(to_reply(*from.element[i]));
      break;
    default:
      break;
  }
  return reply;
}

Error cannot_connect(const Address& address, const std::string& why, int native_code) {
  return redis_error(ErrorCode::Unavailable, "cannot connect to Redis (" + why + "); is the server running?",
                     address.text(), native_code);
}

}  // namespace

Connection::~Connection() { redisFree(context_); }

Result<std::unique_ptr<Connection>> Connection::open(const Address& address, const Login& login) {
  const auto wait = to_timeval(login.connect_timeout);
  auto* context = address.socket.empty() ? redisConnectWithTimeout(address.host.c_str(), address.port, wait)
                                         : redisConnectUnixWithTimeout(address.socket.c_str(), wait);
  if (context == nullptr) return cannot_connect(address, "no memory", ENOMEM);
  std::unique_ptr<Connection> connection(new Connection(context, address));
  if (context->err != 0) return cannot_connect(address, context->errstr, context->err);
  redisSetTimeout(context, to_timeval(login.timeout));
  if (address.socket.empty()) redisEnableKeepAlive(context);
  RESULTSDB_TRY(connection->log_in(login));
  return connection;
}

Status Connection::log_in(const Login& login) {
  std::vector<Command> commands{{"HELLO", "2"}};
  if (!login.password.empty())
    commands[0].insert(commands[0].end(),
                       {"AUTH", login.user.empty() ? "default" : login.user, login.password});
  if (login.database != 0) commands.push_back({"SELECT", std::to_string(login.database)});
  RESULTSDB_ASSIGN(const auto replies, run(commands));
  const auto old = [&](const std::string& version) {
    return redis_error(ErrorCode::SchemaMismatch,
                       "this Redis server is " + version + "; 7.0 or newer is needed", address_.text());
  };
  const auto& hello = replies[0];
  if (hello.is_error() && hello.text.starts_with("ERR unknown command")) return old("older than 6.0");
  for (const auto& reply : replies) {
    if (!reply.is_error()) continue;
    auto error = to_error(reply);
    error.context = address_.text();
    return error;
  }
  for (std::size_t i = 0; i + 1 < hello.items.size(); i += 2) {
    const auto& name = hello.items[i].text;
    const auto& value = hello.items[i + 1].text;
    if (name == "mode") cluster_ = value == "cluster";
    if (name != "version") continue;
    int major = 0;
    std::from_chars(value.data(), value.data() + value.size(), major);
    if (major < kOldestServer) return old(value);
  }
  return {};
}

Error Connection::lost() const {
  const bool slow = context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT);
  return redis_error(ErrorCode::Unavailable,
                     slow ? "Redis did not answer in time; raise ?timeout_ms= if it is only slow"
                          : "the connection to Redis was lost (" + std::string(context_->errstr) + ")",
                     address_.text(), context_->err);
}

Result<std::vector<Reply>> Connection::run(std::span<const Command> commands) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& command : commands) {
    texts.clear();
    sizes.clear();
    for (const auto& argument : command) {
      texts.push_back(argument.data());
      sizes.push_back(argument.size());
    }
    if (redisAppendCommandArgv(context_, static_cast<int>(texts.size()), texts.data(), sizes.data()) !=
        REDIS_OK)
      return lost();
  }
  std::vector<Reply> replies;
  replies.reserve(commands.size());
  while (replies.size() < commands.size()) {
    void* raw = nullptr;
    if (redisGetReply(context_, &raw) != REDIS_OK || raw == nullptr) return lost();
    const std::unique_ptr<void, void (*)(void*)> owner(raw, freeReplyObject);
    replies.push_back(to_reply(*static_cast<redisReply*>(raw)));
  }
  return replies;
}

bool Connection::usable() const {
  if (context_->err != 0) return false;
  char byte = 0;  // an idle connection has nothing to read, unless its end
  const auto got = ::recv(context_->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && errno == EAGAIN;
}

}  // namespace resultsdb::backends::redis
