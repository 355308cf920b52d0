// JSON the way the original writes it: compact, keys sorted at every level, ASCII only, numbers as Python's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resultsdb/result.hpp"

namespace resultsdb::webkit {

std::string json_string(std::string_view text);

/// A JSON object under construction; values are JSON texts. A repeated key replaces.
class JsonObject {
 public:
  void set(std::string_view key, std::string json) {
    members_.emplace_back(std::string(key), std::move(json));
  }
  void set_string(std::string_view key, std::string_view text) { set(key, json_string(text)); }
  void set_integer(std::string_view key, std::int64_t value) { set(key, std::to_string(value)); }
  std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> members_;  // as they were set
};

std::string json_array(const std::vector<std::string>& values);

/// Turns the events of a parser into canonical text. The same calls as a SAX handler makes; `done()` after
/// the event that completes the value.
class JsonTextWriter {
 public:
  void begin(bool object);
  void end();
  void key(std::string_view text);
  void string(std::string_view text) { value(json_string(text)); }
  void value(std::string json);

  bool done() const noexcept { return done_; }
  /// The finished value; the writer is empty afterwards.
  std::string take();

 private:
  struct Frame {
    bool object = false;
    std::string key;
    JsonObject members;
    std::vector<std::string> elements;
  };
  std::vector<Frame> frames_;
  std::string result_;
  bool done_ = false;
};

/// A number of a JSON document as Python would write it back: integers of any size digit by digit, all else
/// through a double.
std::string canonical_number(std::string_view text);

/// The members of an object in canonical text, keys decoded, values as they stand.
std::vector<std::pair<std::string, std::string_view>> object_members(std::string_view canonical);

}  // namespace resultsdb::webkit
