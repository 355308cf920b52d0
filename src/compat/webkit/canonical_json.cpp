#include "canonical_json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <limits>

#include "json_text.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;
using bj::error_code;
using bj::string_view;

/// Hands the events of a parser to a writer.
class CanonicalHandler {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  JsonTextWriter writer;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
  bool on_object_begin(error_code&) { return begin(true); }
  bool on_object_end(std::size_t, error_code&) { return end(); }
  bool on_array_begin(error_code&) { return begin(false); }
  bool on_array_end(std::size_t, error_code&) { return end(); }
  bool on_key_part(string_view part, std::size_t, error_code&) { return add(part); }
  bool on_key(string_view part, std::size_t, error_code&) {
    add(part);
    writer.key(text_);
    return clear();
  }
  bool on_string_part(string_view part, std::size_t, error_code&) { return add(part); }
  bool on_string(string_view part, std::size_t, error_code&) {
    add(part);
    writer.string(text_);
    return clear();
  }
  bool on_number_part(string_view part, error_code&) { return add(part); }
  bool on_int64(std::int64_t, string_view part, error_code&) { return number(part); }
  bool on_uint64(std::uint64_t, string_view part, error_code&) { return number(part); }
  bool on_double(double, string_view part, error_code&) { return number(part); }
  bool on_bool(bool value, error_code&) { return word(value ? "true" : "false"); }
  bool on_null(error_code&) { return word("null"); }

 private:
  bool begin(bool object) {
    writer.begin(object);
    return true;
  }
  bool end() {
    writer.end();
    return true;
  }
  bool add(string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool clear() {
    text_.clear();
    return true;
  }
  // The text counts, since the parser's own doubles are not exact to the last digit.
  bool number(string_view part) {
    add(part);
    writer.value(canonical_number(text_));
    return clear();
  }
  bool word(const char* text) {
    writer.value(text);
    return true;
  }

  std::string text_;
};

}  // namespace

Result<std::string> canonical_json(std::string_view text) {
  std::string repaired;
  for (int attempt = 0; attempt < 2; ++attempt) {
    bj::parse_options options;
    options.max_depth = json::kMaxDepth;
    bj::basic_parser<CanonicalHandler> parser(options);
    error_code error;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
    if (!error && used != text.size()) error = bj::error::extra_data;
    if (!error) return parser.handler().writer.take();
    // Python's parser takes lone surrogates, ours refuses them.
    repaired = text;
    if (attempt > 0 || !json::replace_lone_surrogates(repaired)) {
      return invalid_argument("no JSON: " + error.message());
    }
    text = repaired;
  }
  return std::string();
}

}  // namespace resultsdb::webkit
