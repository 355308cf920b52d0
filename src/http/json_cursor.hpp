// Walks over JSON text that json::validate() has accepted: no tree, and values can be taken as they stand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace resultsdb::http {

/// Calling for another kind of value than kind() says is a mistake of the caller.
class JsonCursor {
 public:
  enum class Kind : std::uint8_t { Object, Array, String, Number, Bool, Null };

  /// The text must be valid and outlive the cursor.
  explicit JsonCursor(std::string_view valid_text) : text_(valid_text) { skip_space(); }

  Kind kind() const;
  /// Into an object or array.
  void enter();
  /// To the next member's value, or behind the object. Names with lone surrogates carry U+FFFD for them.
  bool next_member(std::string& name);
  /// To the next element, or behind the array.
  bool next_element();
  /// Takes a string; the view lives as long as the text and `scratch` do.
  std::string_view string(std::string& scratch);
  /// Takes any value: its text without white space around it.
  std::string_view slice();

 private:
  void skip_space();
  void skip_string();
  bool next(char closing);

  std::string_view text_;
  std::size_t at_ = 0;
};

/// "an object", "a text", …
std::string_view describe(JsonCursor::Kind kind) noexcept;

}  // namespace resultsdb::http
