// What people call "the message" in the detail of a result, whoever wrote it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "resultsdb/aggregate/failure_reason.hpp"

namespace resultsdb {

struct FailureText {
  std::string message;  ///< empty: none
  std::string trace;    ///< where a stack may be; empty: none
};

/// Bytes of each member that are looked at: reasons stand at the beginning.
inline constexpr std::size_t kFailureTextBytes = 64u << 10;

/// `detail` is JSON. Of an object the members `message`, `text`, `stack`, `log`, `error_output`, `output` and
/// the messages of `attempts`, in this order: the message is the first that is not blank, the trace all of
/// them. `output` is no message: what passes writes there, too. A JSON text is the message itself.
FailureText read_failure_text(std::string_view detail);

struct ToldReason {
  aggregate::FailureReason reason;
  bool crash = false;  ///< a crash signature
};
/// Of a crash its signature, else that of the message; nothing: neither is told.
std::optional<ToldReason> tell_reason(std::string_view actual, const FailureText& text);

}  // namespace resultsdb
