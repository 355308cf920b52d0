#include <algorithm>
#include <array>
#include <bitset>

#include "domain/utf8.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::json {
namespace {

/// True for bytes that stand for themselves within a string and need no further look.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// One pass over the text. Open arrays and objects are a counter and one bit each, so that depth costs no
/// stack.
class Validator {
 public:
  Validator(std::string_view text, int max_depth)
      : text_(text), max_depth_(static_cast<std::size_t>(std::clamp(max_depth, 0, kMaxDepth))) {}

  Status run() {
    if (!document()) {
      return invalid_argument("invalid JSON at byte " + std::to_string(at_) + ": " + problem_);
    }
    return {};
  }

 private:
  enum class Next { Value, ValueOrEnd, Name, NameOrEnd, CommaOrEnd };

  bool document() {
    Next next = Next::Value;
    while (true) {
      skip_space();
      if (next == Next::CommaOrEnd && depth_ == 0) return at_ == text_.size() || fail("text after the value");
      if (at_ == text_.size()) return fail("the text ends too early");
      if (!step(next)) return false;
    }
  }

  bool step(Next& next) {
    const char c = text_[at_];
    switch (next) {
      case Next::CommaOrEnd:
        if (c != ',') return close(c, next);
        ++at_;
        next = in_object() ? Next::Name : Next::Value;
        return true;
      case Next::NameOrEnd:
        if (c == '}') return close(c, next);
        [[fallthrough]];
      case Next::Name:
        next = Next::Value;
        return member_name();
      case Next::ValueOrEnd:
        if (c == ']') return close(c, next);
        [[fallthrough]];
      case Next::Value:
        return value(c, next);
    }
    return false;
  }

  bool value(char c, Next& next) {
    next = Next::CommaOrEnd;
    switch (c) {
      case '{':
      case '[':
        if (depth_ == max_depth_) return fail("nested too deeply");
        objects_[depth_++] = c == '{';
        next = c == '{' ? Next::NameOrEnd : Next::ValueOrEnd;
        ++at_;
        return true;
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool close(char c, Next& next) {
    if (c != (in_object() ? '}' : ']'))
      return fail(in_object() ? "expected ',' or '}'" : "expected ',' or ']'");
    ++at_;
    --depth_;
    next = Next::CommaOrEnd;
    return true;
  }

  bool member_name() {
    if (text_[at_] != '"') return fail("expected a member name");
    if (!string()) return false;
    skip_space();
    if (at_ == text_.size() || text_[at_] != ':') return fail("expected ':'");
    ++at_;
    return true;
  }

  bool string() {
    ++at_;
    while (true) {
      while (at_ < text_.size() && kPlain[static_cast<unsigned char>(text_[at_])]) ++at_;
      if (at_ == text_.size()) return fail("a string without end");
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (!escape()) return false;
      } else {
        const bool control = static_cast<unsigned char>(c) < ' ';
        const std::size_t length = control ? 0 : domain::utf8_length(text_.substr(at_));
        if (length == 0) return fail(control ? "a control character in a string" : "invalid UTF-8");
        at_ += length;
      }
    }
  }

  bool escape() {
    constexpr std::string_view kShort = "\"\\/bfnrt";
    const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (kind != '\0' && kShort.find(kind) != std::string_view::npos) {
      at_ += 2;
      return true;
    }
    const std::string_view digits = kind == 'u' ? text_.substr(at_ + 2, 4) : std::string_view{};
    if (digits.size() != 4 || !std::all_of(digits.begin(), digits.end(), is_hex))
      return fail("a wrong escape");
    at_ += 6;
    return true;
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return fail("expected a value");
    at_ += expected.size();
    return true;
  }

  bool number() {
    accept('-');
    if (!accept('0') && !digits()) return fail("expected a value");
    if (accept('.') && !digits()) return fail("expected a digit");
    if (accept('e') || accept('E')) {
      if (!accept('+')) accept('-');
      if (!digits()) return fail("expected a digit");
    }
    return true;
  }

  bool digits() {
    const std::size_t first = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ != first;
  }

  bool accept(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool in_object() const { return depth_ != 0 && objects_[depth_ - 1]; }
  bool fail(const char* problem) {
    problem_ = problem;
    return false;
  }

  std::string_view text_;
  std::size_t max_depth_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::bitset<kMaxDepth> objects_;
  const char* problem_ = "";
};

}  // namespace

Status validate(std::string_view text, int max_depth) { return Validator(text, max_depth).run(); }

}  // namespace resultsdb::json
