// The repairs in front of the XML parser. Real tools write bytes that are not UTF-8, control characters and
// "]]>" in text; a parser that conforms refuses the whole file for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace resultsdb::formats {

/// Streaming: give the pieces of the document in order, get what the parser shall see. Input is UTF-8 or
/// nearly.
class XmlFilter {
 public:
  enum Repair : unsigned { InvalidUtf8 = 1, IllegalChar = 2, Malformed = 4 };

  /// Appends the repaired form of everything that can be decided; a few bytes may wait for the next piece.
  void feed(std::string_view bytes, std::string& out);
  /// The end of the document: appends what waited, as it was.
  void finish(std::string& out);
  /// What was repaired so far (bits of Repair).
  unsigned repairs() const noexcept { return repairs_; }

 private:
  enum class State : std::uint8_t { Text, Tag, Apostrophe, Quote, Cdata, Comment, Instruction };

  std::size_t step(std::string_view rest, std::string& out);
  std::size_t step_open(std::string_view rest, std::string& out);
  std::size_t step_reference(std::string_view rest, std::string& out);
  std::size_t step_character(std::string_view rest, std::string& out);
  std::size_t copy(std::string_view rest, std::size_t size, std::string& out);
  std::string_view terminator() const noexcept;

  State state_ = State::Text;
  std::string waiting_;
  unsigned repairs_ = 0;
};

}  // namespace resultsdb::formats
