#include "json_text.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "resultsdb/json.hpp"

namespace resultsdb::webkit {
namespace {

/// The offset behind the string that starts at `offset`.
std::size_t skip_string(std::string_view text, std::size_t offset) {
  for (++offset; offset < text.size() && text[offset] != '"'; ++offset) {
    if (text[offset] == '\\') ++offset;
  }
  return offset + 1;
}

/// The offset behind the value that starts at `offset`.
std::size_t skip_value(std::string_view text, std::size_t offset) {
  int depth = 0;
  while (offset < text.size()) {
    const char c = text[offset];
    if (depth == 0 && (c == ',' || c == '}')) return offset;
    if (c == '"') {
      offset = skip_string(text, offset);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++offset;
  }
  return offset;
}

std::string decode_key(std::string_view quoted) {
  if (quoted.find('\\') == std::string_view::npos) return std::string(quoted.substr(1, quoted.size() - 2));
  const boost::json::value key = boost::json::parse({quoted.data(), quoted.size()});
  return std::string(key.as_string());
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out;
  json::append_string(out, text, /*ascii_only=*/true);
  return out;
}

std::string JsonObject::text() const {
  using Member = std::pair<std::string, std::string>;
  std::vector<const Member*> sorted;
  sorted.reserve(members_.size());
  std::size_t bytes = 2;
  for (const Member& member : members_) {
    sorted.push_back(&member);
    bytes += member.first.size() + member.second.size() + sizeof("\"\":,");
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Member* a, const Member* b) { return a->first < b->first; });
  std::string out;
  out.reserve(bytes);
  out += '{';
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i + 1 < sorted.size() && sorted[i + 1]->first == sorted[i]->first) continue;  // the last one counts
    if (out.size() > 1) out += ',';
    json::append_string(out, sorted[i]->first, /*ascii_only=*/true);
    out.append(":").append(sorted[i]->second);
  }
  return out += '}';
}

std::string json_array(const std::vector<std::string>& values) {
  std::size_t bytes = 2;
  for (const std::string& value : values) bytes += value.size() + 1;
  std::string out;
  out.reserve(bytes);
  out += '[';
  for (const std::string& value : values) {
    if (out.size() > 1) out += ',';
    out += value;
  }
  return out += ']';
}

void JsonTextWriter::begin(bool object) { frames_.push_back({.object = object}); }

void JsonTextWriter::end() {
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  value(frame.object ? frame.members.text() : json_array(frame.elements));
}

void JsonTextWriter::key(std::string_view text) { frames_.back().key = text; }

void JsonTextWriter::value(std::string json) {
  if (frames_.empty()) {
    result_ = std::move(json);
    done_ = true;
  } else if (frames_.back().object) {
    frames_.back().members.set(frames_.back().key, std::move(json));
  } else {
    frames_.back().elements.push_back(std::move(json));
  }
}

std::string JsonTextWriter::take() {
  done_ = false;
  return std::exchange(result_, {});
}

std::string canonical_number(std::string_view text) {
  if (text.find_first_of(".eE") == std::string_view::npos) return std::string(text == "-0" ? "0" : text);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  std::string out;
  json::append_number(out, value);
  return out;
}

std::vector<std::pair<std::string, std::string_view>> object_members(std::string_view canonical) {
  std::vector<std::pair<std::string, std::string_view>> members;
  std::size_t offset = 1;
  while (offset < canonical.size() && canonical[offset] == '"') {
    const std::size_t colon = skip_string(canonical, offset);
    const std::size_t end = skip_value(canonical, colon + 1);
    members.emplace_back(decode_key(canonical.substr(offset, colon - offset)),
                         canonical.substr(colon + 1, end - colon - 1));
    offset = end + 1;
  }
  return members;
}

}  // namespace resultsdb::webkit
