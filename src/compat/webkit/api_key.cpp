// The key that clients send as a member of what they post.
#include <string>

#include "multipart.hpp"
#include "resultsdb/json_scanner.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

/// Keeps the text of the document's own member `api_key`.
class KeyFinder {
 public:
  const std::string& key() const { return key_; }

  void begin_object() { ++depth_; }
  void end_object() { --depth_; }
  void begin_array() { ++depth_; }
  void end_array() { --depth_; }
  void key(std::string_view name) { wanted_ = depth_ == 1 && name == "api_key"; }
  void string(std::string_view text) {
    if (wanted_ && depth_ == 1) key_ = text;
  }
  void number(std::string_view) {}
  void boolean(bool) {}
  void null() {}

 private:
  std::size_t depth_ = 0;
  bool wanted_ = false;
  std::string key_;
};

}  // namespace

std::string api_key_of(const http::Request& request) {
  if (is_form(request)) {
    auto key = find_key(request);
    return key ? std::move(*key) : std::string();
  }
  KeyFinder finder;
  const Status read = json::Scanner(request.body, finder).run();
  return read ? finder.key() : std::string();
}

namespace {

Status check_key(const Service& service, const http::Request& request, const std::string& key) {
  return http::check_writer(request, service.options.api_keys.get(), service.options.allow_anonymous_writes,
                            service.now(), key);
}

}  // namespace

std::optional<http::Response> refuse_write(const Service& service, const http::Request& request) {
  Status may = check_key(service, request, {});
  // Bodies are looked through only if a key in them can help.
  if (!may && service.options.api_keys != nullptr) may = check_key(service, request, api_key_of(request));
  if (may) return std::nullopt;
  return error_response(403, may.error().message);
}

}  // namespace resultsdb::webkit
