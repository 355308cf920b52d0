#include "result_tree.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "json_text.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::int64_t kMostMilliseconds = std::int64_t{1} << 43;  // times 1,000 is still an exact double

}  // namespace

bool ResultTree::accepts_attribute(std::string_view python_type) {
  if (!error_.empty()) return false;
  if (nodes_.size() == 1) {
    error_ = "'" + std::string(python_type) + "' object has no attribute 'items'";
  } else if (nodes_.back().has_children) {
    error_ = "Incorrectly formatted nested results dictionary";
  }
  const std::string_view key = attribute_key();
  return error_.empty() && key != "uuid" && key != "start_time";
}

bool ResultTree::takes_state(std::string_view text) {
  const std::string_view key = attribute_key();
  has_attributes_ = true;
  if (key == "actual") actual_ = StateSet::parse(text);
  if (key == "expected") expected_ = StateSet::parse(text);
  return key == "actual" || key == "expected";
}

void ResultTree::string(std::string_view text) {
  if (!accepts_attribute("str") || takes_state(text)) return;
  text_.clear();
  json::append_string(text_, text, /*ascii_only=*/true);
  store(text_);
}

void ResultTree::integer(std::string_view digits, std::int64_t value) {
  if (!accepts_attribute("int")) return;
  if (attribute_key() == "time" && value >= 0 && value < kMostMilliseconds) {
    duration_ = Duration{value * 1000};
    return;
  }
  number(digits == "-0" ? "0" : digits, static_cast<double>(value));
}

void ResultTree::real(std::string_view digits) {
  if (!accepts_attribute("float")) return;
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (attribute_key() == "time" && value > 0 && value < static_cast<double>(kMostMilliseconds)) {
    // Kept as a duration only if its text comes back: `1.2` does, `12.0` and `0.1234` do not.
    const auto micros = static_cast<std::int64_t>(std::llround(value * 1000));
    if (micros % 1000 != 0 && static_cast<double>(micros) / 1000 == value) {
      duration_ = Duration{micros};
      return;
    }
  }
  number(canonical_number(digits), value);
}

void ResultTree::number(std::string_view json, double value) {
  const std::string_view key = attribute_key();
  if (key == "actual" || key == "expected") return refuse_state("number");
  has_attributes_ = true;
  if (key == "flakiness_num_tries") tries_ = value;
  if (key == "flakiness_num_passes") passes_ = value;
  store(json);
}

void ResultTree::other(std::string_view json, std::string_view python_type) {
  if (!accepts_attribute(python_type)) return;
  const std::string_view key = attribute_key();
  if (key == "actual" || key == "expected") return refuse_state(python_type);
  store(json);
}

void ResultTree::refuse_state(std::string_view python_type) {
  has_attributes_ = true;
  state_error_ = "'" + std::string(python_type) + "' object has no attribute 'split'";
}

void ResultTree::store(std::string_view json) {
  const std::string_view key = attribute_key();
  has_attributes_ = true;
  if (key == "time") duration_.reset();
  for (std::size_t i = 0; i < attribute_count_; ++i) {
    if (attributes_[i].key == key) {
      attributes_[i].json = json;
      return;
    }
  }
  if (attribute_count_ == attributes_.size()) attributes_.emplace_back();
  attributes_[attribute_count_].key = key;
  attributes_[attribute_count_++].json = json;
}

void ResultTree::forget_others() {
  has_attributes_ = false;
  actual_.reset();
  expected_.reset();
  state_error_.clear();
  tries_.reset();
  passes_.reset();
  attribute_count_ = 0;
}

std::string_view ResultTree::attributes_text() {
  if (attribute_count_ == 0) return {};
  if (attribute_count_ > 1) {
    std::sort(attributes_.begin(), attributes_.begin() + static_cast<std::ptrdiff_t>(attribute_count_),
              [](const Attribute& a, const Attribute& b) { return a.key < b.key; });
  }
  text_ = "{";
  for (std::size_t i = 0; i < attribute_count_; ++i) {
    if (i > 0) text_ += ',';
    json::append_string(text_, attributes_[i].key, /*ascii_only=*/true);
    text_ += ':';
    text_ += attributes_[i].json;
  }
  text_ += '}';
  return text_;
}

void ResultTree::emit(std::size_t name_size) {
  if (!error_.empty()) return;
  if (!state_error_.empty()) {
    error_ = state_error_;
    return;
  }
  const std::string_view name = std::string_view(name_).substr(0, name_size);
  if (!has_attributes_) {  // a plain pass, as nearly all are
    ++statistics_.run;
    results_.add_pass(name, duration_);
    return;
  }
  TestResult result{.test = name, .duration = duration_};
  const StateSet actual = actual_.value_or(StateSet(State::Pass));
  const StateSet expected = expected_.value_or(StateSet(State::Pass));
  statistics_.add(actual, expected);
  result.actual = actual.text();
  result.expected = expected.text();
  statistics_.flaky += tries_ && passes_ && *passes_ < *tries_;
  result.attributes = attributes_text();
  results_.add(result);
}

}  // namespace resultsdb::webkit
