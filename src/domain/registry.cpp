#include "resultsdb/registry.hpp"

#include <algorithm>
#include <charconv>

#include "domain/check.hpp"

namespace resultsdb {
namespace {

constexpr std::string_view kHidden = "***";

Error bad_url(std::string message) { return invalid_argument(std::move(message), "store"); }

bool is_scheme(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || domain::is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      unsigned value = 0;
      const std::string_view digits = text.substr(i + 1, 2);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
      if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) {
        return bad_url("a '%' that two hexadecimal digits do not follow; write it as %25");
      }
      c = static_cast<char>(value);
      i += 2;
    }
    if (c == '\0') return bad_url("must not contain U+0000");
    out += c;
  }
  return out;
}

bool is_secret(std::string_view option) {
  return option.find("password") != std::string_view::npos ||
         option.find("secret") != std::string_view::npos || option.find("token") != std::string_view::npos;
}

}  // namespace

// No message repeats the text: it may hold a password.
Result<StoreUrl> StoreUrl::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) {
    return bad_url("a store is written as SCHEME:PLACE, for example sqlite:results.db or memory:");
  }
  StoreUrl url;
  url.scheme = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 1);
  const std::size_t question = std::min(rest.find('?'), rest.size());
  RESULTSDB_ASSIGN(url.path, percent_decode(rest.substr(0, question)));

  std::string_view query = rest.substr(std::min(question + 1, rest.size()));
  while (!query.empty()) {
    const std::size_t size = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, size);
    query.remove_prefix(std::min(size + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) return bad_url("options are written as name=value");
    RESULTSDB_ASSIGN(std::string name, percent_decode(pair.substr(0, equals)));
    RESULTSDB_ASSIGN(std::string value, percent_decode(pair.substr(equals + 1)));
    const auto [option, added] = url.options.try_emplace(std::move(name), std::move(value));
    if (!added) return bad_url("option \"" + option->first + "\" is given twice");
  }
  return url;
}

std::string StoreUrl::redacted() const {
  std::string out = scheme + ":";
  // Decoded passwords may hold '/' and '@', so everything between the first ':' and the last '@' is hidden.
  const std::size_t at = path.starts_with("//") ? path.rfind('@') : std::string::npos;
  const std::size_t colon = at == std::string::npos ? at : path.find(':');
  if (colon < at && at != std::string::npos) {
    out.append(path, 0, colon + 1).append(kHidden).append(path, at);
  } else {
    out += path;
  }
  char separator = '?';
  for (const auto& [name, value] : options) {
    out.append(1, separator).append(name).append(1, '=').append(is_secret(name) ? kHidden : value);
    separator = '&';
  }
  return out;
}

void BackendRegistry::add(std::string scheme, Factory factory) {
  factories_.insert_or_assign(std::move(scheme), std::move(factory));
}

std::vector<std::string> BackendRegistry::schemes() const {
  std::vector<std::string> names;
  for (const auto& [scheme, factory] : factories_) names.push_back(scheme);
  return names;
}

Result<std::shared_ptr<storage::Storage>> BackendRegistry::open(std::string_view url,
                                                                const OpenOptions& options) const {
  RESULTSDB_ASSIGN(const StoreUrl parsed, StoreUrl::parse(url));
  const auto factory = factories_.find(parsed.scheme);
  if (factory == factories_.end()) {
    std::string known;
    for (const auto& [scheme, unused] : factories_) known.append(known.empty() ? "" : ", ").append(scheme);
    return bad_url("no backend for \"" + parsed.scheme +
                   ":\"; known are: " + (known.empty() ? "none" : known));
  }
  return factory->second(parsed, options);
}

}  // namespace resultsdb
