// Appends JSON to a text, without a tree in between.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resultsdb/json.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::http {

/// The caller keeps begin and end in balance; commas are put where they belong.
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name) {
    separate();
    json::append_string(out_, name);
    out_ += ':';
    return *this;
  }

  JsonWriter& value(std::string_view text) {
    separate();
    json::append_string(out_, text);
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::same_as<bool> auto flag) { return raw(flag ? "true" : "false"); }
  JsonWriter& value(std::integral auto number)
    requires(!std::same_as<decltype(number), bool>)
  {
    separate();
    json::append_number(out_, static_cast<std::int64_t>(number));
    return *this;
  }
  JsonWriter& value(std::floating_point auto number) {
    separate();
    json::append_number(out_, static_cast<double>(number));
    return *this;
  }
  JsonWriter& value(Time time) { return value(format_rfc3339(time)); }
  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  JsonWriter& null() { return raw("null"); }
  /// JSON text as it is.
  JsonWriter& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }
  template <class T>
  JsonWriter& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  /// The text so far; the writer is empty then.
  std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_ += ',';
  }
  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    return *this;
  }

  std::string out_;
};

/// `[count, value, …]` of `size` values.
template <class ValueAt>
void write_rle(JsonWriter& json, std::size_t size, ValueAt value_at) {
  json.begin_array();
  for (std::size_t i = 0; i < size;) {
    std::size_t end = i + 1;
    while (end < size && value_at(end) == value_at(i)) ++end;
    json.value(end - i).value(value_at(i));
    i = end;
  }
  json.end_array();
}

/// The first value, then differences.
template <class ValueAt>
void write_delta(JsonWriter& json, std::size_t size, ValueAt value_at) {
  json.begin_array();
  std::int64_t before = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::int64_t value = value_at(i);
    json.value(value - before);
    before = value;
  }
  json.end_array();
}

/// `[count, step, …]`, a running sum from -1.
template <class ValueAt>
void write_steps(JsonWriter& json, std::size_t size, ValueAt value_at) {
  write_rle(json, size, [&](std::size_t i) -> std::int64_t {
    return static_cast<std::int64_t>(value_at(i)) -
           (i == 0 ? -1 : static_cast<std::int64_t>(value_at(i - 1)));
  });
}

}  // namespace resultsdb::http
