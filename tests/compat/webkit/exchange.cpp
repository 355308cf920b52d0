#include "compat/webkit/exchange.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "compat/webkit/json_text.hpp"
#include "compat/webkit/path.hpp"
#include "domain/hex.hpp"
#include "domain/sha256.hpp"
#include "resultsdb/base64url.hpp"

namespace resultsdb::webkit::testing {
namespace {

namespace bj = boost::json;

std::string text_of(const bj::value& value) { return std::string(value.as_string()); }

std::string form_text(const bj::array& pairs) {
  std::string out;
  for (const bj::value& pair : pairs) {
    if (!out.empty()) out += '&';
    out += percent_encode(text_of(pair.at(0)), "") + "=" + percent_encode(text_of(pair.at(1)), "");
  }
  return out;
}

void set_default_type(http::Request& request, std::string_view type) {
  if (!request.header("Content-Type")) request.headers.emplace_back("Content-Type", type);
}

std::string decode_base64(std::string text) {
  std::erase(text, '=');
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return base64url_decode(text).value();
}

void set_multipart(http::Request& request, const bj::array& parts) {
  for (const bj::value& part : parts) {
    request.body +=
        "--recorded-boundary\r\nContent-Disposition: form-data; name=\"" + text_of(part.at("name")) + '"';
    if (const bj::value* name = part.as_object().if_contains("filename")) {
      request.body += "; filename=\"" + text_of(*name) +
                      "\"\r\nContent-Type: application/octet-stream\r\n\r\n" +
                      decode_base64(text_of(part.at("base64"))) + "\r\n";
    } else {
      request.body += "\r\n\r\n" + text_of(part.at("value")) + "\r\n";
    }
  }
  request.body += "--recorded-boundary--\r\n";
  set_default_type(request, "multipart/form-data; boundary=recorded-boundary");
}

void set_body(http::Request& request, const bj::value& body) {
  if (body.is_string()) {
    request.body = text_of(body);
    return;
  }
  const bj::object& object = body.as_object();
  if (const bj::value* form = object.if_contains("form")) {
    request.body = form_text(form->as_array());
    set_default_type(request, "application/x-www-form-urlencoded");
  } else if (const bj::value* multipart = object.if_contains("multipart")) {
    set_multipart(request, multipart->as_array());
  } else {
    request.body = bj::serialize(object.at("json"));
    set_default_type(request, "application/json");
  }
}

void forget_volatile(bj::value& value, const bj::array& pointers) {
  for (const bj::value& pointer : pointers) {
    bj::error_code error;
    if (bj::value* found = value.find_pointer(pointer.as_string(), error)) *found = nullptr;
  }
}

/// Puts the arrays without a defined order into a defined one.
void arrange(bj::value& value, const bj::array& rules) {
  for (const bj::value& rule : rules) {
    bj::error_code error;
    bj::value* found = value.find_pointer(rule.at("at").as_string(), error);
    if (found == nullptr || !found->is_array()) continue;
    const bj::value* by = rule.as_object().if_contains("by");
    const auto key = [by](const bj::value& element) {
      if (by == nullptr || !element.is_object()) return sorted_text(element);
      std::string key;
      for (const bj::value& name : by->as_array()) {
        if (const bj::value* member = element.as_object().if_contains(name.as_string()))
          key += sorted_text(*member);
        key += '\n';
      }
      return key;
    };
    bj::array& array = found->as_array();
    std::stable_sort(array.begin(), array.end(),
                     [&](const bj::value& a, const bj::value& b) { return key(a) < key(b); });
  }
}

std::string shortened(std::string text) {
  constexpr std::size_t kMost = 700;
  if (text.size() > kMost) text = text.substr(0, kMost) + "…";
  return text;
}

/// Where two texts part, with some of what follows.
std::string first_difference(const std::string& expected, const std::string& actual) {
  const auto parted = std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
  const auto offset = static_cast<std::size_t>(parted.first - expected.begin());
  const std::size_t from = offset < 120 ? 0 : offset - 120;
  return "expected …" + shortened(expected.substr(from)) + "\n    got      …" +
         shortened(actual.substr(from));
}

/// The body, also of a stream.
std::string body_of(const http::Response& reply) {
  if (!reply.stream) return reply.body;
  std::string body;
  while (body.size() < reply.stream->size) {
    const auto piece = reply.stream->next();
    if (!piece) return "the stream broke off: " + piece.error().message;
    body += *piece;
  }
  return body;
}

/// What differs in a body that is no JSON.
std::string byte_difference(const bj::object& expected, const std::string& body) {
  if (const bj::value* text = expected.if_contains("text"); text && text_of(*text) != body)
    return first_difference(text_of(*text), body);
  if (const bj::value* length = expected.if_contains("length");
      length && static_cast<std::uint64_t>(length->as_int64()) != body.size())
    return std::to_string(body.size()) + " bytes";
  const bj::value* sha = expected.if_contains("sha256");
  if (sha && text_of(*sha) != domain::hex(domain::sha256(body))) return "other bytes";
  return "";
}

std::string media_type(const http::Response& reply) {
  const std::string_view type = reply.header("Content-Type").value_or("");
  return std::string(type.substr(0, type.find(';')));
}

}  // namespace

std::string sorted_text(const bj::value& value) {
  if (const auto* object = value.if_object()) {
    JsonObject out;
    for (const auto& member : *object) out.set(member.key_c_str(), sorted_text(member.value()));
    return out.text();
  }
  if (const auto* array = value.if_array()) {
    std::vector<std::string> elements;
    for (const bj::value& element : *array) elements.push_back(sorted_text(element));
    return json_array(elements);
  }
  if (const auto* text = value.if_string()) return json_string({text->data(), text->size()});
  return value.is_number() ? canonical_number(bj::serialize(value)) : bj::serialize(value);
}

http::Request Exchange::request() const {
  const bj::object& from = recorded.at("request").as_object();
  http::Request request;
  request.method = text_of(from.at("method"));
  std::string target = text_of(from.at("path"));
  if (const bj::value* raw = from.if_contains("raw_path"); raw == nullptr || !raw->as_bool()) {
    target = percent_encode(target, "/%$:@!*'(),;=+#?&");
  }
  const bj::value* query = from.if_contains("query");
  if (query != nullptr && !query->as_array().empty()) {
    target += "?" + form_text(query->as_array());
  } else if (const bj::value* raw = from.if_contains("raw_query")) {
    target += "?" + text_of(*raw);
  }
  http::set_target(request, target);
  if (const bj::value* headers = from.if_contains("headers")) {
    for (const auto& member : headers->as_object()) {
      request.headers.emplace_back(member.key_c_str(), text_of(member.value()));
    }
  }
  if (const bj::value* body = from.if_contains("body"); body != nullptr && !body->is_null()) {
    set_body(request, *body);
  }
  return request;
}

bool Exchange::has_tag(std::string_view tag) const {
  const bj::value* tags = recorded.if_contains("tags");
  if (tags == nullptr) return false;
  return std::any_of(tags->as_array().begin(), tags->as_array().end(),
                     [&](const bj::value& value) { return text_of(value) == tag; });
}

std::string Exchange::difference(const http::Response& reply) const {
  const bj::object& expected = recorded.at("reply").as_object();
  const auto status = expected.at("status").as_int64();
  if (const bj::value* fault = expected.if_contains("fault"); fault && fault->as_bool()) {
    return reply.status >= 400 ? ""
                               : "status " + std::to_string(reply.status) + " where the original breaks down";
  }
  if (reply.status != status) {
    return "status " + std::to_string(reply.status) + " instead of " + std::to_string(status) + ": " +
           shortened(reply.body);
  }
  if (const bj::value* framework = expected.if_contains("framework"); framework && framework->as_bool())
    return "";
  if (media_type(reply) != text_of(expected.at("content_type"))) return "content type " + media_type(reply);
  if (const bj::value* headers = expected.if_contains("headers")) {
    for (const auto& header : headers->as_object()) {
      const std::string got(reply.header(header.key_c_str()).value_or(""));
      if (got != text_of(header.value())) return std::string(header.key_c_str()) + " is '" + got + "'";
    }
  }
  const bj::value* json = expected.if_contains("json");
  // Of pages and their scripts status, type and headers bind, not the bytes.
  if (json == nullptr)
    return recorded.at("group") == "pages" ? "" : byte_difference(expected, body_of(reply));
  bj::error_code error;
  bj::value got = bj::parse(reply.body, error);
  if (error) return "no JSON: " + shortened(reply.body);
  if (sorted_text(got) + "\n" != reply.body)
    return "not in the original's spelling: " + shortened(reply.body);
  bj::value wanted = *json;
  const auto list = [&](const char* name) {
    const bj::value* found = recorded.if_contains(name);
    return found ? found->as_array() : bj::array();
  };
  for (bj::value* value : {&wanted, &got}) {
    forget_volatile(*value, list("volatile"));
    arrange(*value, list("unordered"));
  }
  const std::string wanted_text = sorted_text(wanted), got_text = sorted_text(got);
  return wanted_text == got_text ? "" : first_difference(wanted_text, got_text);
}

std::vector<Exchange> load_exchanges(const std::string& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in.good()) << path;
  std::vector<Exchange> exchanges;
  for (std::string line; std::getline(in, line);) {
    Exchange exchange;
    exchange.recorded = bj::parse(line).as_object();
    exchange.id = text_of(exchange.recorded.at("id"));
    exchanges.push_back(std::move(exchange));
  }
  EXPECT_FALSE(exchanges.empty()) << path;
  return exchanges;
}

}  // namespace resultsdb::webkit::testing
