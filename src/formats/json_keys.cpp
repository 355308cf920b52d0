#include "formats/json_keys.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include "resultsdb/json.hpp"

namespace resultsdb::formats {
namespace {

/// Called by the parser; keeps the keys of the outermost objects.
struct KeyHandler {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using error_code = boost::json::error_code;
  using string_view = boost::json::string_view;

  JsonKeys found;
  std::string key;
  int depth = 0, object_depth = 0;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    ++depth;
    if (object_depth == 0) object_depth = depth;
    return true;
  }
  bool on_object_end(std::size_t, error_code&) { return --depth, true; }
  bool on_array_begin(error_code&) { return ++depth, true; }
  bool on_array_end(std::size_t, error_code&) { return --depth, true; }
  bool on_key_part(string_view part, std::size_t, error_code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(string_view part, std::size_t, error_code&) {
    key.append(part.data(), part.size());
    if (depth == object_depth) found.keys.insert(key);
    key.clear();
    return true;
  }
  bool on_string_part(string_view, std::size_t, error_code&) { return true; }
  bool on_string(string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, string_view, error_code&) { return true; }
  bool on_double(double, string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

}  // namespace

JsonKeys read_json_keys(std::string_view head) {
  boost::json::parse_options options;
  options.max_depth = json::kMaxDepth;
  boost::json::basic_parser<KeyHandler> parser(options);
  boost::json::error_code failure;
  parser.write_some(true, head.data(), head.size(), failure);
  JsonKeys found = std::move(parser.handler().found);
  found.too_deep = failure == boost::json::error::too_deep;
  return found;
}

}  // namespace resultsdb::formats
