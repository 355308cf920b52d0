// The repairs in front of the JSON parser: GoogleTest forgets a comma, and many tools write half surrogate
// pairs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace resultsdb::formats {

/// Streaming: give the pieces of the document in order, get what the parser shall see.
class JsonRepair {
 public:
  void feed(std::string_view bytes, std::string& out);
  /// The end of the document: appends what waited, as it was.
  void finish(std::string& out);
  bool inserted_comma() const noexcept { return inserted_comma_; }
  bool replaced_surrogate() const noexcept { return replaced_surrogate_; }

 private:
  std::size_t step_escape(std::string_view rest, std::string& out);
  void step_outside(char c, std::string& out);

  bool in_string_ = false, after_object_ = false;
  std::size_t depth_ = 0;
  std::string waiting_;
  bool inserted_comma_ = false, replaced_surrogate_ = false;
};

}  // namespace resultsdb::formats
