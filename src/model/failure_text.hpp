// What people call "the message" in the detail of a result, whoever wrote it.
#pragma once

#include <string>
#include <string_view>

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

}  // namespace resultsdb
