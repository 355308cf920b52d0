// Values for expected failures. The library throws nothing across its public interface except
// std::bad_alloc and the exceptions of the caller's own callbacks.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace resultsdb {

/// What kind of failure an Error is. The list is closed: callers may switch over it.
enum class ErrorCode {
  InvalidArgument,    ///< the caller's input is wrong; repeating it cannot succeed
  NotFound,           ///< a named thing does not exist (a miss of a look-up is an empty optional instead)
  AlreadyExists,      ///< the thing exists with other content, or a unique key is taken
  Conflict,           ///< somebody else changed the data meanwhile; read again and repeat
  Unavailable,        ///< the store cannot be reached or is busy; repeat later
  Corrupt,            ///< stored bytes are damaged
  SchemaMismatch,     ///< the store was written by an incompatible version, or is no store of ours
  PermissionDenied,   ///< read-only store, missing right
  ResourceExhausted,  ///< disk full, a limit of the store or of the request is exceeded
  Internal,           ///< a defect of this library
};

/// "InvalidArgument", "NotFound", …: the spelling used in JSON answers and messages.
std::string_view to_string(ErrorCode code) noexcept;

/// One failure. `message` says what is wrong and what to do; `context` says where (a file and line, a member
/// of a request, a table and key) and may be empty. Never holds secrets.
struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
  std::string context;
  std::string backend;  ///< name of the storage backend that failed, empty for the core
  int native_code = 0;  ///< the client library's code, 0 if there is none

  /// True if the same call may succeed when simply repeated (Conflict, Unavailable).
  bool retryable() const noexcept { return code == ErrorCode::Conflict || code == ErrorCode::Unavailable; }
  /// "context: message", or the message alone when there is no context.
  std::string text() const { return context.empty() ? message : context + ": " + message; }

  bool operator==(const Error&) const = default;
};

inline Error make_error(ErrorCode code, std::string message, std::string context = {}) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.context = std::move(context);
  return error;
}
inline Error invalid_argument(std::string message, std::string context = {}) {
  return make_error(ErrorCode::InvalidArgument, std::move(message), std::move(context));
}

std::ostream& operator<<(std::ostream& out, const Error& error);

/// A value or an Error. Accessing the wrong side is a programming mistake (asserted, else undefined).
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & { return assert(ok()), *std::get_if<0>(&state_); }
  const T& value() const& { return assert(ok()), *std::get_if<0>(&state_); }
  T&& value() && { return assert(ok()), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return assert(!ok()), *std::get_if<1>(&state_); }
  const Error& error() const& { return assert(!ok()), *std::get_if<1>(&state_); }
  Error&& error() && { return assert(!ok()), std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return ok(); }
  void value() const { assert(ok()); }

  Error& error() & { return assert(!ok()), *error_; }
  const Error& error() const& { return assert(!ok()), *error_; }
  Error&& error() && { return assert(!ok()), std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace resultsdb

/// Leaves the function with the error of `expression` (a Result), else goes on.
#define RESULTSDB_TRY(expression)                                                                            \
  do {                                                                                                       \
    if (auto resultsdb_status = (expression); !resultsdb_status) return std::move(resultsdb_status).error(); \
  } while (false)

#define RESULTSDB_CONCAT_(a, b) a##b
#define RESULTSDB_CONCAT(a, b) RESULTSDB_CONCAT_(a, b)

/// `RESULTSDB_ASSIGN(auto x, f());` declares x from the value of f(), or leaves the function with its error.
#define RESULTSDB_ASSIGN(declaration, expression)                            \
  auto RESULTSDB_CONCAT(resultsdb_result_, __LINE__) = (expression);         \
  if (!RESULTSDB_CONCAT(resultsdb_result_, __LINE__))                        \
    return std::move(RESULTSDB_CONCAT(resultsdb_result_, __LINE__)).error(); \
  declaration = std::move(RESULTSDB_CONCAT(resultsdb_result_, __LINE__)).value()
