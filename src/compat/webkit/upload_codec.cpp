#include "upload_codec.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "json_text.hpp"
#include "result_tree.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/json_scanner.hpp"

namespace resultsdb::webkit {
namespace {

/// A number of a JSON document if it is an integer of 64 bits.
std::optional<std::int64_t> to_integer(std::string_view number) {
  std::int64_t value = 0;
  const auto add = [&](char c) {
    value = 10 * value + (c - '0');
    return c >= '0' && c <= '9';
  };
  // Nearly all are a few digits, for which from_chars takes twice as long.
  if (number.size() <= 18 && std::all_of(number.begin(), number.end(), add)) return value;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return value;
}

/// Where in the document the next value stands.
enum class Place : std::uint8_t {
  Start,    ///< the document itself
  Top,      ///< members of the document
  Results,  ///< members of test_results
  Tree,     ///< below results
};

class UploadHandler {
 public:
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

  void begin_object() {
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
        if (name_ != "results") return begin_captured(true);
        start_tree();
        break;
      case Place::Tree:
        tree_->begin_object();
        break;
    }
  }

  void end_object() {
    if (capture_depth_ > 0) return end_captured();
    if (place_ == Place::Tree) {
      if (tree_->end_object()) place_ = Place::Results;
    } else if (place_ == Place::Results) {
      if (!document_.has_results) document_.test_results = "{}";
      place_ = Place::Top;
    }
  }

  void begin_array() { begin_captured(false); }
  void end_array() { end_captured(); }

  void key(std::string_view key) {
    if (capture_depth_ > 0) {
      capture_.key(key);
    } else if (place_ == Place::Tree) {
      tree_->key(key);
    } else {
      document_.has_results = document_.has_results || place_ == Place::Results;
      name_ = key;
    }
  }

  void string(std::string_view text) {
    if (in_tree()) {
      tree_->string(text);
    } else if (place_ != Place::Start) {
      scalar(json_string(text));
    }
  }

  void number(std::string_view digits) {
    if (!in_tree()) return scalar(canonical_number(digits));
    if (const auto value = to_integer(digits)) {
      tree_->integer(digits, *value);
    } else {
      tree_->real(digits);
    }
  }

  void boolean(bool value) { in_tree() ? tree_->boolean(value) : scalar(value ? "true" : "false"); }
  void null() { in_tree() ? tree_->null() : scalar("null"); }

 private:
  bool in_tree() const noexcept { return place_ == Place::Tree && capture_depth_ == 0; }

  void start_test_results() {
    place_ = Place::Results;
    document_.test_results.clear();
    document_.details.clear();
    document_.run_stats.clear();
    document_.has_results = saw_results_ = false;
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

  void begin_captured(bool object) {
    ++capture_depth_;
    capture_.begin(object);
  }
  void end_captured() {
    --capture_depth_;
    capture_.end();
    deliver();
  }
  void scalar(std::string json) {
    capture_.value(std::move(json));
    deliver();
  }

  /// Puts a value that is complete where it belongs.
  void deliver() {
    if (!capture_.done()) return;
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
    else if (name_ == "api_key")
      document_.has_api_key = true;
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
  JsonTextWriter capture_;
  int capture_depth_ = 0;
};

}  // namespace

Result<UploadDocument> parse_upload(std::string_view body) {
  UploadDocument document;
  // The shortest result, `"name":{},`, takes some ten bytes; usual ones more than thirty.
  document.results.reserve(body.size() / 32, body.size() / 2);
  UploadHandler handler(document);
  RESULTSDB_TRY(json::Scanner(body, handler).run());
  if (handler.is_no_object()) return invalid_argument("a JSON object is expected", "upload");
  handler.finish();
  return document;
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
