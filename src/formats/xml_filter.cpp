#include "formats/xml_filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "domain/utf8.hpp"

namespace resultsdb::formats {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kMaxReference = 16;  // "&#1114111;" and some zeros

/// Bytes that may need a look: markup, references, "]]>", control characters, everything beyond ASCII.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned i = 0x20; i < 0x80; ++i) plain[i] = true;
  plain['\t'] = plain['\n'] = plain['\r'] = true;
  for (const char c : {'<', '>', '&', ']', '"', '\'', '-', '?'}) plain[static_cast<unsigned char>(c)] = false;
  return plain;
}();

constexpr bool is_legal(std::uint32_t point) noexcept {
  if (point < 0x20) return point == '\t' || point == '\n' || point == '\r';
  return (point < 0xD800 || point > 0xDFFF) && point != 0xFFFE && point != 0xFFFF && point <= 0x10FFFF;
}

/// How many bytes the lead byte announces.
constexpr std::size_t announced(char lead) noexcept {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/// True if `rest` is too short to tell whether it begins with `word`.
constexpr bool undecided(std::string_view rest, std::string_view word) noexcept {
  return rest.size() < word.size() && word.starts_with(rest);
}

}  // namespace

void XmlFilter::feed(std::string_view bytes, std::string& out) {
  std::string joined;
  if (!waiting_.empty()) {
    joined = std::move(waiting_);
    joined += bytes;
    waiting_.clear();
    bytes = joined;
  }
  while (!bytes.empty()) {
    std::size_t plain = 0;
    while (plain < bytes.size() && kPlain[static_cast<unsigned char>(bytes[plain])]) ++plain;
    out.append(bytes.substr(0, plain));
    bytes.remove_prefix(plain);
    if (bytes.empty()) break;
    const std::size_t used = step(bytes, out);
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  waiting_ = bytes;
}

void XmlFilter::finish(std::string& out) {
  // A character that is cut in the middle is part of the truncation, not of the text.
  while (!waiting_.empty() && static_cast<unsigned char>(waiting_.back()) >= 0x80) waiting_.pop_back();
  out += waiting_;
  waiting_.clear();
}

std::size_t XmlFilter::copy(std::string_view rest, std::size_t size, std::string& out) {
  out.append(rest.substr(0, size));
  return size;
}

std::string_view XmlFilter::terminator() const noexcept {
  switch (state_) {
    case State::Text:
    case State::Cdata:
      return "]]>";
    case State::Comment:
      return "-->";
    case State::Instruction:
      return "?>";
    case State::Apostrophe:
      return "'";
    case State::Quote:
      return "\"";
    case State::Tag:
      return ">";
  }
  return {};
}

/// Handles the beginning of `rest`, which is no plain byte. Returns the bytes used; 0: more are needed.
std::size_t XmlFilter::step(std::string_view rest, std::string& out) {
  const char c = rest[0];
  if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) {
    return step_character(rest, out);
  }
  if (state_ == State::Text && c == '<') return step_open(rest, out);
  const bool quoted = state_ == State::Apostrophe || state_ == State::Quote;
  if (c == '&' && (state_ == State::Text || quoted)) return step_reference(rest, out);
  if (state_ == State::Tag && (c == '"' || c == '\'')) {
    state_ = c == '"' ? State::Quote : State::Apostrophe;
    return copy(rest, 1, out);
  }
  const std::string_view end = terminator();
  if (undecided(rest, end)) return 0;
  if (!rest.starts_with(end)) return copy(rest, 1, out);
  if (state_ == State::Text) {
    repairs_ |= Malformed;
    out += "]]&gt;";
    return end.size();
  }
  state_ = quoted ? State::Tag : State::Text;
  return copy(rest, end.size(), out);
}

std::size_t XmlFilter::step_open(std::string_view rest, std::string& out) {
  constexpr std::string_view kCdata = "<![CDATA[", kComment = "<!--", kInstruction = "<?";
  if (rest.size() == 1 || undecided(rest, kCdata) || undecided(rest, kComment)) return 0;
  const auto enter = [&](State state, std::size_t size) {
    state_ = state;
    return copy(rest, size, out);
  };
  if (rest.starts_with(kCdata)) return enter(State::Cdata, kCdata.size());
  if (rest.starts_with(kComment)) return enter(State::Comment, kComment.size());
  if (rest.starts_with(kInstruction)) return enter(State::Instruction, kInstruction.size());
  return enter(State::Tag, 1);
}

/// `&#x1B;` is as illegal as the character itself.
std::size_t XmlFilter::step_reference(std::string_view rest, std::string& out) {
  if (rest.size() == 1) return 0;
  if (rest[1] != '#') return copy(rest, 1, out);
  const std::size_t end = rest.substr(0, kMaxReference).find(';');
  if (end == std::string_view::npos) return rest.size() < kMaxReference ? 0 : copy(rest, 1, out);
  const bool hex = rest.size() > 2 && rest[2] == 'x';
  const std::string_view digits = rest.substr(hex ? 3 : 2, end - (hex ? 3 : 2));
  std::uint32_t point = 0;
  const auto [last, failure] =
      std::from_chars(digits.data(), digits.data() + digits.size(), point, hex ? 16 : 10);
  const bool number = !digits.empty() && last == digits.data() + digits.size();
  if (!number || (failure == std::errc() && is_legal(point))) return copy(rest, 1, out);
  repairs_ |= IllegalChar;
  out += kReplacement;
  return end + 1;
}

std::size_t XmlFilter::step_character(std::string_view rest, std::string& out) {
  const std::size_t length = domain::utf8_length(rest);
  if (length == 0) {
    // Wait only while the bytes so far may still become a character.
    if (rest.size() < announced(rest[0]) &&
        std::all_of(rest.begin() + 1, rest.end(), [](char c) { return (c & 0xC0) == 0x80; })) {
      return 0;
    }
    repairs_ |= InvalidUtf8;
    out += kReplacement;
    return 1;
  }
  if (is_legal(domain::utf8_decode(rest, length))) return copy(rest, length, out);
  repairs_ |= IllegalChar;
  out += kReplacement;
  return length;
}

}  // namespace resultsdb::formats
