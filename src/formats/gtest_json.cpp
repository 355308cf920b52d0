// GoogleTest's JSON: the same facts as its XML in other words, read as a stream. A test case becomes the same
// value that the XML reader makes, so that both formats follow one set of rules.
#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <utility>

#include "formats/json_repair.hpp"
#include "formats/junit.hpp"
#include "formats/readers.hpp"
#include "formats/text.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::formats {
namespace {

/// Each byte of UTF-8 was written as a character of its own: runs of U+0080 to U+00FF that are UTF-8 again
/// when they are taken as bytes. True if anything was decoded.
bool repair_mojibake(std::string& text) {
  const auto is_high = [&](std::size_t i) {
    return i + 1 < text.size() && (text[i] == '\xC2' || text[i] == '\xC3');
  };
  if (text.find_first_of("\xC2\xC3") == std::string::npos) return false;
  std::string out;
  bool repaired = false;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_high(i)) {
      out += text[i++];
      continue;
    }
    const std::size_t begin = i;
    std::string bytes;
    for (; is_high(i); i += 2)
      bytes += static_cast<char>((text[i] == '\xC3' ? 0x40 : 0) | (text[i + 1] & 0xBF));
    const bool decodes = json::is_utf8(bytes);
    repaired = repaired || decodes;
    out += decodes ? bytes : text.substr(begin, i - begin);
  }
  if (repaired) text = std::move(out);
  return repaired;
}

/// The parser's handler. Depth of containers: 1 document, 3 suite, 5 test case, 7 failure.
class Handler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using error_code = boost::json::error_code;
  using string_view = boost::json::string_view;

  RunBuilder* builder = nullptr;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return open(), true; }
  bool on_object_end(std::size_t, error_code& failure) { return close(failure); }
  bool on_array_begin(error_code&) { return open(), true; }
  bool on_array_end(std::size_t, error_code& failure) { return close(failure); }
  bool on_key_part(string_view part, std::size_t, error_code&) { return append(part); }
  bool on_key(string_view part, std::size_t, error_code&) {
    append(part);
    if (keys_.size() <= depth_) keys_.resize(depth_ + 1);
    keys_[depth_] = builder->take_text(text_);
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) { return append(part); }
  bool on_string(string_view part, std::size_t, error_code&) { return append(part), value(); }
  bool on_number_part(string_view part, error_code&) { return append(part); }
  bool on_int64(std::int64_t, string_view part, error_code&) { return append(part), value(); }
  bool on_uint64(std::uint64_t, string_view part, error_code&) { return append(part), value(); }
  bool on_double(double, string_view part, error_code&) { return append(part), value(); }
  bool on_bool(bool truth, error_code&) { return append(truth ? "true" : "false"), value(); }
  bool on_null(error_code&) { return value(); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 private:
  bool append(string_view part) {
    text_.append({part.data(), part.size()});
    return true;
  }
  std::string_view key(std::size_t depth) const {
    return depth < keys_.size() ? std::string_view(keys_[depth]) : std::string_view();
  }
  bool in_suite() const { return depth_ >= 3 && key(1) == "testsuites"; }
  bool in_case() const { return in_suite() && depth_ >= 5 && key(3) == "testsuite"; }
  bool in_failures() const { return in_case() && key(5) == "failures"; }
  bool in_failure() const { return in_failures() && depth_ == 7; }

  void open() {
    ++depth_;
    if (keys_.size() > depth_) keys_[depth_].clear();
    if (in_failure()) {
      add_failure({});
    } else if (in_case() && depth_ == 5) {
      case_ = {};
      failure_bytes_ = 0;
    } else if (in_suite() && depth_ == 3) {
      suite_ = {};
    }
  }

  bool close(error_code& failure) {
    if (in_case() && depth_ == 5) {
      case_.suites = {&suite_, 1};
      add_junit_case(*find_junit("gtest"), case_, *builder);
    } else if (in_suite() && depth_ == 3) {
      check_count(suite_, 0, *builder);
    }
    --depth_;
    if (!builder->refusal()) return true;
    failure = boost::json::make_error_code(boost::json::error::exception);
    return false;
  }

  bool value() {
    std::string text = builder->take_text(text_);
    if (repair_mojibake(text)) {
      builder->warn("mojibake_repaired",
                    "each byte of a text beyond ASCII was written as a character of its own");
    }
    if (in_failure()) {
      if (key(7) == "failure") take_failure_text(std::move(text));
    } else if (in_failures() && depth_ == 6) {
      add_failure(std::move(text));
    } else if (in_suite() && depth_ == 4 && key(3) == "testsuite") {
      builder->warn("nameless_test", "a test case of suite \"" + suite_.name + "\" is no object");
    } else if (in_case() && depth_ == 5) {
      take_case_member(key(5), std::move(text));
    } else if (in_suite() && depth_ == 3) {
      if (key(3) == "name") suite_.name = text;
      if (key(3) == "tests") suite_.declared_tests = parse_int(text);
    } else if (depth_ == 1) {
      take_document_member(key(1), std::move(text));
    }
    return true;
  }

  void add_failure(std::string text) {
    failure_kept_ = case_.verdicts.size() < kProperties;
    if (!failure_kept_) {
      return builder->warn("limit", "a test has more than 256 failures; the rest was dropped: test \"" +
                                        std::string(case_.name()) + "\"");
    }
    case_.verdicts.push_back({"failure", {}, {}, {}, {}});
    take_failure_text(std::move(text));
  }

  /// The failures of one test together are bounded as well; one that is cut is still there.
  void take_failure_text(std::string text) {
    if (!failure_kept_) return;
    if (failure_bytes_ + text.size() > kFailuresBytes) {
      builder->warn("limit",
                    "the failures of a test have more than 4 MiB; the texts of the rest were dropped: "
                    "test \"" +
                        std::string(case_.name()) + "\"");
      text.clear();
    }
    failure_bytes_ += text.size();
    case_.verdicts.back().message = std::move(text);
  }

  void take_case_member(std::string_view key, std::string text) {
    constexpr std::string_view kKnown[] = {"name",   "classname", "file", "line",
                                           "status", "result",    "time", "timestamp"};
    if (std::find(std::begin(kKnown), std::end(kKnown), key) != std::end(kKnown)) {
      case_.attributes.emplace_back(key, std::move(text));
    } else {
      // One more than the limit, so that the builder sees that it is exceeded.
      if (case_.properties.size() <= kProperties) case_.properties.emplace_back(key, std::move(text));
    }
  }

  /// The time of the document is that of the local clock although it ends in "Z".
  void take_document_member(std::string_view key, std::string text) {
    bool bad = false;
    if (key == "time") builder->run().duration_ms = parse_seconds(text, bad);
    if (key == "timestamp") {
      if (text.ends_with('Z')) text.pop_back();
      builder->run().started = builder->read_time(text);
    }
    if (key == "timestamp" || key == "random_seed") builder->keep_attribute(key, text);
  }

  std::size_t depth_ = 0;
  std::vector<std::string> keys_;
  BoundedText text_{kTextBytes};
  std::size_t failure_bytes_ = 0;  ///< of the open case
  bool failure_kept_ = false;      ///< the newest failure of the case is among its verdicts
  JunitSuite suite_;
  JunitCase case_;
};

using Parser = boost::json::basic_parser<Handler>;

Refusal describe(const boost::json::error_code& failure, std::uint64_t line) {
  if (failure == boost::json::error::too_deep) {
    return {"nesting too deep", "more than 512 nested arrays and objects", line};
  }
  if (failure == boost::json::error::incomplete) {
    return {"not well-formed", "the document is cut off; its tests may stand before the verdict on the whole",
            line};
  }
  return {"not well-formed", failure.message() + " (the file must be JSON in UTF-8)", line};
}

/// Feeds one piece and counts its lines up to a failure; what follows the document must be blank.
void parse(Parser& parser, std::string_view text, bool more, boost::json::error_code& failure,
           std::uint64_t& line) {
  std::size_t used = 0;
  if (!parser.done()) used = parser.write_some(more, text.data(), text.size(), failure);
  if (!failure && !trim(text.substr(used)).empty()) failure = boost::json::error::extra_data;
  const std::string_view good = failure ? text.substr(0, used) : text;
  line += static_cast<std::uint64_t>(std::count(good.begin(), good.end(), '\n'));
}

}  // namespace

ReadResult read_gtest_json(ByteSource& source, const ReadOptions& options) {
  RunBuilder builder(options, "gtest");
  boost::json::parse_options parse_options;
  parse_options.max_depth = json::kMaxDepth;
  Parser parser(parse_options);
  parser.handler().builder = &builder;
  JsonRepair repair;
  boost::json::error_code failure;
  std::string chunk(ByteSource::kHeadBytes, '\0'), text;
  std::uint64_t line = 1;
  for (bool first = true, more = true; more && !failure; first = false) {
    const std::size_t got = source.read(chunk.data(), chunk.size());
    more = got > 0;
    text.clear();
    std::string_view piece(chunk.data(), got);
    if (first && piece.starts_with("\xEF\xBB\xBF")) piece.remove_prefix(3);
    repair.feed(piece, text);
    if (!more) repair.finish(text);
    parse(parser, text, more, failure, line);
  }
  if (builder.refusal()) return *builder.refusal();
  if (failure) return describe(failure, line);
  if (repair.inserted_comma()) builder.warn("malformed_repaired", "a comma was missing between two suites");
  if (repair.replaced_surrogate())
    builder.warn("invalid_utf8", "half surrogate pairs were replaced by U+FFFD");
  return builder.finish(options.allow_empty);
}

}  // namespace resultsdb::formats
