#include "reply.hpp"

#include <array>

namespace resultsdb::backends::redis {

namespace {

struct Meaning {
  std::string_view begin;  // of the server's message
  ErrorCode code;
  std::string_view advice;
};

constexpr std::array kMeanings = {
    Meaning{"NOAUTH", ErrorCode::PermissionDenied,
            "Redis wants a password; write redis://USER:PASSWORD@HOST:PORT"},
    Meaning{"ERR HELLO must be called with the client already authenticated", ErrorCode::PermissionDenied,
            "Redis wants a password; write redis://USER:PASSWORD@HOST:PORT"},
    Meaning{"WRONGPASS", ErrorCode::PermissionDenied, "Redis refuses this user and password"},
    Meaning{"NOPERM", ErrorCode::PermissionDenied,
            "the Redis user may not do this; it needs the keys below the prefix and ordinary commands"},
    Meaning{"OOM", ErrorCode::ResourceExhausted,
            "Redis is out of memory and changed nothing; raise maxmemory or purge old runs"},
    Meaning{"MISCONF", ErrorCode::ResourceExhausted,
            "Redis refuses writes because it cannot save to its disk; see the server's log"},
    Meaning{"READONLY", ErrorCode::Unavailable,
            "this Redis server is a replica; wait until the fail-over is over or name the master"},
    Meaning{"LOADING", ErrorCode::Unavailable, "Redis is loading its data; repeat later"},
    Meaning{"BUSY", ErrorCode::Unavailable, "Redis is busy with a long script; repeat later"},
    Meaning{"MASTERDOWN", ErrorCode::Unavailable, "the replica lost its master; repeat later"},
    Meaning{"CLUSTERDOWN", ErrorCode::Unavailable, "the Redis cluster is down; repeat later"},
    Meaning{"TRYAGAIN", ErrorCode::Unavailable, "the data are being moved to another node; repeat later"},
    Meaning{"NOREPLICAS", ErrorCode::Unavailable, "Redis has too few replicas; repeat later"},
    Meaning{"ERR max number of clients", ErrorCode::Unavailable,
            "Redis has too many clients; raise maxclients or lower ?pool="},
    Meaning{"WRONGTYPE", ErrorCode::Corrupt,
            "a key of the store holds another kind of value: it is damaged, or another program wrote there"},
    Meaning{"ERR DB index is out of range", ErrorCode::InvalidArgument,
            "Redis has no database of this number"},
    Meaning{"ERR SELECT is not allowed in cluster mode", ErrorCode::InvalidArgument,
            "a Redis cluster has database 0 only"},
};

}  // namespace

Error redis_error(ErrorCode code, std::string message, std::string context, int native_code) {
  auto error = make_error(code, std::move(message), std::move(context));
  error.backend = "redis";
  error.native_code = native_code;
  return error;
}

Error to_error(const Reply& reply) {
  for (const auto& meaning : kMeanings)
    if (reply.text.starts_with(meaning.begin))
      return redis_error(meaning.code, std::string(meaning.advice), std::string(meaning.begin));
  return redis_error(ErrorCode::Internal, "Redis answered: " + reply.text);
}

}  // namespace resultsdb::backends::redis
