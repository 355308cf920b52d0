// JSON text as a value that we pass through: checked, never rewritten. And the few writers that produce JSON
// the way Python's json module does, because that is what the clients of the earlier systems compare with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "resultsdb/result.hpp"

namespace resultsdb::json {

inline constexpr int kMaxDepth = 512;

/// Checks that `text` is exactly one JSON value (RFC 8259; surrounding white space allowed; UTF-8; at most
/// `max_depth` nested arrays and objects). Lone surrogate escapes, duplicate members and numbers of any size
/// are accepted. On failure the message names the byte offset. Not recursive.
Status validate(std::string_view text, int max_depth = kMaxDepth);

/// Appends `text` (UTF-8) as a JSON string with quotes. `ascii_only` writes everything beyond ASCII as \uXXXX
/// (pairs of surrogates where needed), as Python does by default; else UTF-8 is kept. Invalid UTF-8 becomes
/// U+FFFD.
void append_string(std::string& out, std::string_view text, bool ascii_only = false);
std::string quote(std::string_view text);

/// Appends a finite number as Python's repr does: shortest digits that read back equal, `1.0`, `1e+16`,
/// `1e-05`. NaN and infinities are written as null.
void append_number(std::string& out, double value);
void append_number(std::string& out, std::int64_t value);

/// Valid UTF-8 (no surrogates, no overlong forms, up to U+10FFFF).
bool is_utf8(std::string_view text) noexcept;
/// Replaces every byte that is not part of valid UTF-8 by U+FFFD; optionally U+0000 as well.
std::string repair_utf8(std::string_view text, bool replace_nul = true);

/// Replaces lone surrogate escapes (`\ud800`) in JSON text by `\ufffd`, keeping everything else, for parsers
/// that refuse them. Returns true if anything was replaced.
bool replace_lone_surrogates(std::string& json_text);

}  // namespace resultsdb::json
