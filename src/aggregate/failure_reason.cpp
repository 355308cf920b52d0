#include "resultsdb/aggregate/failure_reason.hpp"

#include <algorithm>

#include "domain/fields.hpp"
#include "domain/sha256.hpp"
#include "domain/utf8.hpp"
#include "resultsdb/base64url.hpp"

namespace resultsdb::aggregate {
namespace {

constexpr std::size_t kIdBytes = 15;          // 120 bits: 20 letters without a rest
constexpr std::size_t kMostLines = 4;         // joined into one reason
constexpr std::size_t kMostLineBytes = 8192;  // of a line that are read: far more than a pattern holds
constexpr std::string_view kReplacement = "\xEF\xBF\xBD", kEllipsis = "…";
constexpr std::string_view kTraceback = "Traceback (most recent call last)";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_encoded(char c) {  // an octet of Base64
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '+';
}
bool is_spaced_hex(char c) { return is_hex(c) || is_blank(c) || c == '-'; }
bool is_address(char c) { return is_hex(c) || c == 'x'; }

/// Where the stretch of a class of bytes ends. Asked from left to right it looks at each byte once.
class Reach {
 public:
  Reach(std::string_view text, bool (*in)(char)) : text_(text), in_(in) {}
  std::size_t end(std::size_t from) {
    if (end_ < from) end_ = from;
    while (end_ < text_.size() && in_(text_[end_])) ++end_;
    return end_;
  }

 private:
  std::string_view text_;
  bool (*in_)(char);
  std::size_t end_ = 0;
};

/// Replaces each match of the expression of LUCI Analysis' failure reason clustering, version 6:
///   [/+0-9a-zA-Z]{10,}=+ | [\-0-9a-fA-F \t]{16,} | [0-9a-fA-Fx]{8,} | [0-9]+
/// The leftmost match counts, at one place the first alternative. All repeats are greedy and nothing follows
/// them that they could give back, so a match from a place is the whole rest of a stretch or nothing.
std::string replace_variable_parts(std::string_view text) {
  Reach encoded(text, is_encoded), spaced(text, is_spaced_hex), address(text, is_address),
      number(text, is_digit);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = encoded.end(at);
    if (end - at >= 10 && end < text.size() && text[end] == '=') {
      end = std::min(text.find_first_not_of('=', end), text.size());
    } else if (end = spaced.end(at); end - at < 16) {
      if (end = address.end(at); end - at < 8) end = number.end(at);
    }
    out += end > at ? '%' : text[at];
    at = std::max(end, at + 1);
  }
  return out;
}

/// After a colour or cursor sequence (ECMA-48: ESC [ parameters letter) that begins at `at`.
std::size_t skip_escape(std::string_view text, std::size_t at) {
  if (++at >= text.size() || text[at] != '[') return at;
  ++at;
  while (at < text.size() && text[at] >= 0x20 && text[at] < 0x40) ++at;
  return at < text.size() && text[at] >= 0x40 && text[at] < 0x7F ? at + 1 : at;
}

/// Valid UTF-8 without control characters, trimmed.
std::string clean_line(std::string_view line) {
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    const char c = line[at];
    const std::size_t length = domain::utf8_length(line.substr(at));
    if (c == '\x1B') {
      at = skip_escape(line, at);
      continue;
    }
    if (length == 0) {
      out += kReplacement;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += c == '\t' ? c : ' ';
    } else {
      out += line.substr(at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  out.erase(std::find_if_not(out.rbegin(), out.rend(), is_blank).base(), out.end());
  out.erase(out.begin(), std::find_if_not(out.begin(), out.end(), is_blank));
  return out;
}

/// The last place up to `at` where no character is cut in two.
std::size_t character_start(std::string_view text, std::size_t at) {
  const auto inside = [&] { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };
  for (int back = 0; back < 3 && at > 0 && inside(); ++back) --at;
  return at;
}

/// Lines one after the other, each as much of it as is read.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const std::size_t size = std::min(rest_.find('\n'), rest_.size());
    line = rest_.substr(0, size <= kMostLineBytes ? size : character_start(rest_, kMostLineBytes));
    rest_.remove_prefix(std::min(size + 1, rest_.size()));
    return true;
  }
  bool next_clean(std::string& text) {
    std::string_view line;
    while (next(line)) {
      indented_ = !line.empty() && is_blank(line[0]);
      if (text = clean_line(line); !text.empty()) return true;
    }
    return false;
  }
  bool indented() const { return indented_; }

 private:
  std::string_view rest_;
  bool indented_ = false;
};

/// `x.cc:3: Failure` and `Expected equality of these values:` are equal for failures of very different kinds.
bool announces_more(std::string_view line) { return line.ends_with(':') || line.ends_with(": Failure"); }

std::string telling_lines(std::string_view message) {
  Lines lines(message);
  std::string text, more;
  if (!lines.next_clean(text)) return {};
  if (text.starts_with(kTraceback)) {
    while (lines.next_clean(more)) {
      if (!lines.indented()) return more;
    }
    return text;
  }
  for (std::size_t count = 1; count < kMostLines && announces_more(text) && lines.next_clean(more); ++count) {
    text += ' ' + more;
  }
  return text;
}

void cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return;
  text.resize(character_start(text, most - kEllipsis.size()));
  text += kEllipsis;
}

std::optional<FailureReason> with_id(std::string pattern) {
  if (pattern.empty()) return std::nullopt;
  const std::string hash = domain::sha256(domain::FieldWriter().number(kReasonVersion).text(pattern).bytes());
  return FailureReason{"k_" + base64url_encode(std::string_view(hash).substr(0, kIdBytes)),
                       std::move(pattern)};
}

}  // namespace

std::string normalise_reason(std::string_view message) {
  std::string pattern = replace_variable_parts(telling_lines(message));
  cut(pattern, kReasonBytes);
  return pattern;
}

std::optional<FailureReason> failure_reason(std::string_view message) {
  return with_id(normalise_reason(message));
}

std::optional<FailureReason> crash_signature(std::string_view trace) {
  std::string pattern;
  for (const std::string& frame : crash_frames(trace)) {
    if (!pattern.empty()) pattern += " < ";
    pattern += frame;
  }
  cut(pattern, kReasonBytes);
  return with_id(std::move(pattern));
}

}  // namespace resultsdb::aggregate
