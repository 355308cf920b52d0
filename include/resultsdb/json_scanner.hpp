// JSON text as events, in one pass, without a tree: for texts of millions of values.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "resultsdb/json.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::json {

namespace detail {

inline bool is_plain(char c) noexcept {
  return static_cast<signed char>(c) >= ' ' && c != '"' && c != '\\';  // beyond ASCII is negative
}

/// Bytes from `at` that stand for themselves within a string: ASCII, no quote, no backslash, no control
/// character. Sixteen at a time where every processor can.
inline std::size_t plain_bytes(std::string_view text, std::size_t at) noexcept {
  const std::size_t begin = at;
#if defined(__SSE2__)
  using Bytes = char __attribute__((vector_size(16)));  // where there are these, char is signed
  for (; text.size() - at >= sizeof(Bytes); at += sizeof(Bytes)) {
    Bytes bytes;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    const auto special = (bytes == '"') | (bytes == '\\') | (bytes < ' ');
    const auto mask = static_cast<unsigned>(__builtin_ia32_pmovmskb128(std::bit_cast<Bytes>(special)));
    if (mask != 0) return at - begin + static_cast<std::size_t>(std::countr_zero(mask));
  }
#endif
  while (at < text.size() && is_plain(text[at])) ++at;
  return at - begin;
}

/// The rest of a string that is not all plain: `begin` is behind its quote, `at` where plain_bytes() stopped;
/// in the end it is behind the closing quote. `value` is a part of the text, or `scratch` if there are
/// escapes; lone surrogates become U+FFFD. Nothing, or what is wrong at `at`.
const char* finish_string(std::string_view text, std::size_t begin, std::size_t& at, std::string& scratch,
                          std::string_view& value);

/// Moves `at` behind the number that begins there. Nothing, or what is wrong at `at`.
const char* skip_number(std::string_view text, std::size_t& at) noexcept;

}  // namespace detail

/// Hands the parts of one JSON value (RFC 8259; UTF-8; white space around it is allowed) to a handler, in
/// order:
///
///     void begin_object();               void end_object();
///     void begin_array();                void end_array();
///     void key(std::string_view name);   void string(std::string_view text);
///     void number(std::string_view digits);
///     void boolean(bool value);          void null();
///
/// Names and texts are decoded, numbers are as they are written; views live until the call returns. What
/// json::validate() accepts is accepted. Not recursive.
template <class Handler>
class Scanner {
 public:
  /// Both must outlive the scanner.
  Scanner(std::string_view text, Handler& handler, int max_depth = kMaxDepth)
      : text_(text),
        handler_(handler),
        max_depth_(static_cast<std::size_t>(max_depth < 0           ? 0
                                            : max_depth < kMaxDepth ? max_depth
                                                                    : kMaxDepth)) {}

  /// InvalidArgument names the byte; what was handed over until then does not count.
  Status run() {
    if (!document()) return invalid_argument("invalid JSON at byte " + std::to_string(at_) + ": " + problem_);
    return {};
  }

 private:
  enum class Then { Value, End };  // what follows: another value, or the end of the one that is open

  bool document() {
    for (;;) {
      Then then = Then::End;
      if (!begin_value(then)) return false;
      if (then == Then::Value) continue;
      do {
        if (depth_ == 0) {
          skip_space();
          return at_ == text_.size() || fail("text after the value");
        }
        if (!after_value(then)) return false;
      } while (then == Then::End);
    }
  }

  // A scalar, or the beginning of an object or array that has something in it.
  bool begin_value(Then& then) {
    skip_space();
    if (at_ == text_.size()) return fail("the text ends too early");
    switch (text_[at_]) {
      case '{':
      case '[':
        return open(text_[at_] == '{', then);
      case '"': {
        std::string_view text;
        if (!string(text)) return false;
        handler_.string(text);
        return true;
      }
      case 't':
        return word("true") && (handler_.boolean(true), true);
      case 'f':
        return word("false") && (handler_.boolean(false), true);
      case 'n':
        return word("null") && (handler_.null(), true);
      default: {
        const std::size_t begin = at_;
        if (const char* problem = detail::skip_number(text_, at_)) return fail(problem);
        handler_.number(text_.substr(begin, at_ - begin));
        return true;
      }
    }
  }

  bool open(bool object, Then& then) {
    if (depth_ == max_depth_) return fail("nested too deeply");
    ++at_;
    objects_[depth_++] = in_object_ = object;
    object ? handler_.begin_object() : handler_.begin_array();
    skip_space();
    if (at_ < text_.size() && text_[at_] == (object ? '}' : ']')) {
      close();
      return true;
    }
    then = Then::Value;
    return !object || name();
  }

  void close() {
    ++at_;
    in_object_ ? handler_.end_object() : handler_.end_array();
    --depth_;
    in_object_ = depth_ > 0 && objects_[depth_ - 1];
  }

  bool after_value(Then& then) {
    skip_space();
    if (at_ == text_.size()) return fail("the text ends too early");
    if (text_[at_] == ',') {
      ++at_;
      then = Then::Value;
      if (!in_object_) return true;
      skip_space();
      return name();
    }
    if (text_[at_] != (in_object_ ? '}' : ']'))
      return fail(in_object_ ? "expected ',' or '}'" : "expected ',' or ']'");
    close();
    return true;
  }

  bool name() {
    if (at_ == text_.size()) return fail("the text ends too early");
    if (text_[at_] != '"') return fail("expected a member name");
    std::string_view text;
    if (!string(text)) return false;
    handler_.key(text);
    skip_space();
    if (at_ == text_.size() || text_[at_] != ':') return fail("expected ':'");
    ++at_;
    return true;
  }

  bool string(std::string_view& value) {
    const std::size_t begin = ++at_;
    at_ += detail::plain_bytes(text_, at_);
    if (at_ < text_.size() && text_[at_] == '"') {
      value = text_.substr(begin, at_++ - begin);
      return true;
    }
    const char* const problem = detail::finish_string(text_, begin, at_, scratch_, value);
    return problem == nullptr || fail(problem);
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return fail("expected a value");
    at_ += expected.size();
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && text_[at_] <= ' ' &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool fail(const char* problem) {
    problem_ = problem;
    return false;
  }

  const std::string_view text_;
  Handler& handler_;
  const std::size_t max_depth_;
  std::size_t at_ = 0, depth_ = 0;
  bool in_object_ = false;
  std::array<bool, kMaxDepth> objects_{};  // of the open ones, by depth
  std::string scratch_;
  const char* problem_ = "";
};

}  // namespace resultsdb::json
