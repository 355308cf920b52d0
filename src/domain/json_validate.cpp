#include "domain/json_escape.hpp"
#include "domain/utf8.hpp"
#include "resultsdb/json_scanner.hpp"

namespace resultsdb::json {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Appends the character of the escape at `at` and moves behind it. False if it is none.
bool append_escape(std::string_view text, std::size_t& at, std::string& out) {
  constexpr std::string_view kShort = "\"\\/bfnrt", kMeaning = "\"\\/\b\f\n\r\t";
  const char kind = at + 1 < text.size() ? text[at + 1] : '\0';
  if (const std::size_t index = kind == '\0' ? kShort.npos : kShort.find(kind); index != kShort.npos) {
    out += kMeaning[index];
    at += 2;
    return true;
  }
  const std::int32_t unit = domain::unicode_escape_at(text, at);
  if (unit < 0) return false;
  at += 6;
  const bool high = domain::is_high_surrogate(unit);
  const std::int32_t next = high ? domain::unicode_escape_at(text, at) : -1;
  if (domain::is_low_surrogate(next)) {
    at += 6;
    domain::append_utf8(out, static_cast<std::uint32_t>(0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00)));
  } else {
    const bool lone = high || domain::is_low_surrogate(unit);
    domain::append_utf8(out, lone ? kReplacement : static_cast<std::uint32_t>(unit));
  }
  return true;
}

struct Nobody {
  void begin_object() {}
  void end_object() {}
  void begin_array() {}
  void end_array() {}
  void key(std::string_view) {}
  void string(std::string_view) {}
  void number(std::string_view) {}
  void boolean(bool) {}
  void null() {}
};

}  // namespace

namespace detail {

const char* finish_string(std::string_view text, std::size_t begin, std::size_t& at, std::string& scratch,
                          std::string_view& value) {
  bool copied = false;
  scratch.clear();
  for (std::size_t copied_to = begin;;) {
    if (at == text.size()) return "a string without end";
    const char c = text[at];
    if (c == '"') {
      if (copied) scratch.append(text, copied_to, at - copied_to);
      value = copied ? std::string_view(scratch) : text.substr(begin, at - begin);
      ++at;
      return nullptr;
    }
    if (c == '\\') {
      scratch.append(text, copied_to, at - copied_to);
      copied = true;
      if (!append_escape(text, at, scratch)) return "a wrong escape";
      copied_to = at;
    } else {
      const bool control = static_cast<unsigned char>(c) < ' ';
      const std::size_t length = control ? 0 : domain::utf8_length(text.substr(at));
      if (length == 0) return control ? "a control character in a string" : "invalid UTF-8";
      at += length;
    }
    at += plain_bytes(text, at);
  }
}

const char* skip_number(std::string_view text, std::size_t& at) noexcept {
  const auto accept = [&](char c) { return at < text.size() && text[at] == c && (++at, true); };
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at != first;
  };
  accept('-');
  if (!accept('0') && !digits()) return "expected a value";
  if (accept('.') && !digits()) return "expected a digit";
  if (accept('e') || accept('E')) {
    if (!accept('+')) accept('-');
    if (!digits()) return "expected a digit";
  }
  return nullptr;
}

}  // namespace detail

Status validate(std::string_view text, int max_depth) {
  Nobody nobody;
  return Scanner(text, nobody, max_depth).run();
}

}  // namespace resultsdb::json
