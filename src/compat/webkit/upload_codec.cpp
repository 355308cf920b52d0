#include "upload_codec.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "json_text.hpp"
#include "result_tree.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;
using bj::error_code;
using bj::string_view;

std::string_view view(string_view text) { return {text.data(), text.size()}; }

/// Collects what a parser hands over in pieces; whole texts are passed on without a copy.
class Pieces {
 public:
  void add(string_view part) { text_.append(part.data(), part.size()); }
  std::string_view finish(string_view last) {
    if (text_.empty()) return view(last);
    add(last);
    whole_.swap(text_);
    text_.clear();
    return whole_;
  }

 private:
  std::string text_, whole_;
};

/// Where in the document the next value stands.
enum class Place : std::uint8_t {
  Start,    ///< the document itself
  Top,      ///< members of the document
  Results,  ///< members of test_results
  Tree,     ///< below results
};

class UploadHandler {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  explicit UploadHandler(UploadDocument& document) : document_(document) {}

  /// The document is a list, a number or null.
  bool is_no_object() const noexcept { return no_object_; }
  void finish() {
    if (tree_ && !tree_->error().empty()) document_.results_error = tree_->error();
    if (document_.has_results && !saw_results_) {
      document_.results_error = "'NoneType' object has no attribute 'items'";
    }
    if (document_.results_error.empty()) return;
    document_.results.clear();
    document_.statistics = {};
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  bool on_object_begin(error_code&) {
    if (capture_depth_ > 0) return begin_captured(true);
    switch (place_) {
      case Place::Start:
        place_ = Place::Top;
        break;
      case Place::Top:
        if (name_ != "test_results") return begin_captured(true);
        start_test_results();
        break;
      case Place::Results:
        document_.has_results = true;
        if (name_ != "results") return begin_captured(true);
        start_tree();
        break;
      case Place::Tree:
        tree_->begin_object();
        break;
    }
    return true;
  }

  bool on_object_end(std::size_t size, error_code&) {
    if (capture_depth_ > 0) return end_captured();
    if (place_ == Place::Tree) {
      if (tree_->end_object()) place_ = Place::Results;
    } else if (place_ == Place::Results) {
      document_.has_results = size > 0;
      if (size == 0) document_.test_results = "{}";
      place_ = Place::Top;
    }
    return true;
  }

  bool on_array_begin(error_code&) { return begin_captured(false); }
  bool on_array_end(std::size_t, error_code&) { return end_captured(); }

  bool on_key_part(string_view part, std::size_t, error_code&) {
    pieces_.add(part);
    return true;
  }
  bool on_key(string_view last, std::size_t, error_code&) {
    const std::string_view key = pieces_.finish(last);
    if (capture_depth_ > 0) {
      capture_.key(key);
    } else if (place_ == Place::Tree) {
      tree_->key(key);
    } else {
      name_ = key;
    }
    return true;
  }

  bool on_string_part(string_view part, std::size_t, error_code&) {
    pieces_.add(part);
    return true;
  }
  bool on_string(string_view last, std::size_t, error_code&) {
    const std::string_view text = pieces_.finish(last);
    if (in_tree()) {
      tree_->string(text);
    } else if (place_ != Place::Start) {
      scalar(json_string(text));
    }
    return true;
  }

  bool on_number_part(string_view part, error_code&) {
    pieces_.add(part);
    return true;
  }
  bool on_int64(std::int64_t value, string_view last, error_code&) {
    const std::string_view digits = pieces_.finish(last);
    if (!in_tree()) return scalar(canonical_number(digits));
    tree_->integer(digits, value);
    return true;
  }
  bool on_uint64(std::uint64_t, string_view last, error_code&) { return on_real(last); }
  bool on_double(double, string_view last, error_code&) { return on_real(last); }

  bool on_bool(bool value, error_code&) {
    if (!in_tree()) return scalar(value ? "true" : "false");
    tree_->boolean(value);
    return true;
  }
  bool on_null(error_code&) {
    if (!in_tree()) return scalar("null");
    tree_->null();
    return true;
  }

 private:
  bool in_tree() const noexcept { return place_ == Place::Tree && capture_depth_ == 0; }

  // The parser's own doubles are not exact to the last digit, so the text counts.
  bool on_real(string_view last) {
    const std::string_view digits = pieces_.finish(last);
    if (!in_tree()) return scalar(canonical_number(digits));
    tree_->real(digits);
    return true;
  }

  void start_test_results() {
    place_ = Place::Results;
    document_.test_results.clear();
    document_.details.clear();
    document_.run_stats.clear();
    saw_results_ = false;
  }

  void start_tree() {
    place_ = Place::Tree;
    saw_results_ = true;
    document_.results.clear();
    document_.statistics = {};
    document_.results_error.clear();
    tree_.emplace(document_.results, document_.statistics);
    tree_->begin_object();
  }

  bool begin_captured(bool object) {
    ++capture_depth_;
    capture_.begin(object);
    return true;
  }
  bool end_captured() {
    --capture_depth_;
    capture_.end();
    return deliver();
  }
  bool scalar(std::string json) {
    capture_.value(std::move(json));
    return deliver();
  }

  /// Puts a value that is complete where it belongs.
  bool deliver() {
    if (!capture_.done()) return true;
    std::string json = capture_.take();
    switch (place_) {
      case Place::Start:
        no_object_ = true;
        break;
      case Place::Top:
        deliver_top(std::move(json));
        break;
      case Place::Results:
        deliver_results(std::move(json));
        break;
      case Place::Tree:
        tree_->array(json);
        break;
    }
    return true;
  }

  void deliver_top(std::string json) {
    if (name_ == "configuration")
      document_.configuration = std::move(json);
    else if (name_ == "suite")
      document_.suite = std::move(json);
    else if (name_ == "commits")
      document_.commits = std::move(json);
    else if (name_ == "timestamp")
      document_.timestamp = std::move(json);
    else if (name_ == "version")
      document_.version = std::move(json);
    else if (name_ == "test_results") {
      document_.test_results = std::move(json);
      document_.has_results = false;
    }
  }

  void deliver_results(std::string json) {
    if (name_ == "details")
      document_.details = std::move(json);
    else if (name_ == "run_stats")
      document_.run_stats = std::move(json);
    else if (name_ == "results") {
      saw_results_ = true;
      document_.results_error = "the results are no object: " + json.substr(0, 40);
    }
  }

  UploadDocument& document_;
  std::optional<ResultTree> tree_;
  Place place_ = Place::Start;
  bool no_object_ = false, saw_results_ = false;
  std::string name_;  ///< of the member at Top and Results
  Pieces pieces_;
  JsonTextWriter capture_;
  int capture_depth_ = 0;
};

Result<UploadDocument> parse_once(std::string_view body, error_code& error) {
  UploadDocument document;
  // The shortest result, `"name":{},`, takes some ten bytes; usual ones more than thirty.
  document.results.reserve(body.size() / 32, body.size() / 2);
  bj::parse_options options;
  options.max_depth = json::kMaxDepth;
  bj::basic_parser<UploadHandler> parser(options, document);
  const std::size_t used = parser.write_some(false, body.data(), body.size(), error);
  if (!error && used != body.size()) error = bj::error::extra_data;
  if (error) return invalid_argument("no JSON: " + error.message(), "upload");
  if (parser.handler().is_no_object()) return invalid_argument("a JSON object is expected", "upload");
  parser.handler().finish();
  return document;
}

}  // namespace

Result<UploadDocument> parse_upload(std::string_view body) {
  error_code error;
  Result<UploadDocument> document = parse_once(body, error);
  if (document || !error) return document;
  // Python's parser takes lone surrogates, ours refuses them.
  std::string repaired(body);
  if (!json::replace_lone_surrogates(repaired)) return document;
  error.clear();
  return parse_once(repaired, error);
}

UploadDocument upload_of_form(const std::vector<std::pair<std::string, std::string>>& fields) {
  UploadDocument document;
  for (const auto& [name, text] : fields) {
    if (name == "configuration") document.configuration = json_string(text);
    if (name == "suite") document.suite = json_string(text);
    if (name == "commits") document.commits = json_string(text);
    if (name == "timestamp") document.timestamp = json_string(text);
    if (name == "version") document.version = json_string(text);
    if (name == "test_results") document.test_results = json_string(text);
  }
  return document;
}

bool drop_repeated_tests(ResultTable& results) {
  std::unordered_map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < results.size(); ++i) last[results.name(i)] = i;
  if (last.size() == results.size()) return false;
  ResultTable kept;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (last[results.name(i)] == i) kept.add(results[i]);
  }
  results = std::move(kept);
  return true;
}

std::string duration_json(Duration duration) {
  std::string out;
  const std::int64_t micros = duration.count();
  if (micros % 1000 == 0) {
    json::append_number(out, micros / 1000);
  } else {
    json::append_number(out, static_cast<double>(micros) / 1000);
  }
  return out;
}

}  // namespace resultsdb::webkit
