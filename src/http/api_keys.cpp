#include "resultsdb/http/api_keys.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace resultsdb::http {
namespace {

std::string_view take_word(std::string_view& line) {
  constexpr std::string_view kBlanks = " \t\r";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// Looks at every byte of both, whatever it finds.
bool same_secret(std::string_view known, std::string_view given) noexcept {
  unsigned different = known.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    different |= static_cast<unsigned char>(known[i % known.size()]) ^ static_cast<unsigned char>(given[i]);
  return different == 0;
}

std::string_view bearer(const Request& request) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view value = request.header("Authorization").value_or("");
  const bool is_bearer = value.size() > kScheme.size() &&
                         std::equal(kScheme.begin(), kScheme.end(), value.begin(), [](char scheme, char c) {
                           return scheme == (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
                         });
  return is_bearer ? value.substr(kScheme.size()) : std::string_view();
}

}  // namespace

Result<ApiKeys> ApiKeys::parse(std::string_view text) {
  ApiKeys keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto wrong = [&](const std::string& what) {
      return invalid_argument(what, "API keys, line " + std::to_string(number));
    };
    Entry entry;
    entry.name = take_word(line);
    if (entry.name.empty() || entry.name.front() == '#') continue;
    entry.key = take_word(line);
    if (entry.key.size() < kShortest || !is_visible(entry.key))
      return wrong("a line is NAME KEY [EXPIRES]; a key has at least " + std::to_string(kShortest) +
                   " visible ASCII characters");
    if (const std::string_view expires = take_word(line); !expires.empty()) {
      const auto time = parse_time(expires);
      if (!time) return wrong("the time it expires is neither RFC 3339 nor seconds since 1970");
      entry.expires = *time;
    }
    if (!take_word(line).empty()) return wrong("there is more than NAME KEY [EXPIRES]");
    keys.entries_.push_back(std::move(entry));
  }
  if (keys.entries_.empty()) return invalid_argument("there is no key", "API keys");
  return keys;
}

Result<ApiKeys> ApiKeys::read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return make_error(ErrorCode::NotFound, "the file of API keys cannot be read", path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return make_error(ErrorCode::Unavailable, "the file of API keys cannot be read", path);
  auto keys = parse(text);
  if (!keys) return invalid_argument(keys.error().message, path + ": " + keys.error().context);
  return keys;
}

std::optional<std::string_view> ApiKeys::find(std::string_view key, Time now) const noexcept {
  const Entry* found = nullptr;
  for (const Entry& entry : entries_)
    if (same_secret(entry.key, key) && (!entry.expires || now < *entry.expires)) found = &entry;
  if (found == nullptr) return std::nullopt;
  return found->name;
}

Status check_writer(const Request& request, const ApiKeys* keys, bool allow_anonymous, Time now,
                    std::string_view key) {
  if (keys != nullptr) {
    if (keys->find(bearer(request), now) || keys->find(key, now)) return {};
    return make_error(ErrorCode::PermissionDenied,
                      "writing needs a key that has not expired: send 'Authorization: Bearer KEY'");
  }
  if (request.remote_is_loopback || allow_anonymous) return {};
  return make_error(ErrorCode::PermissionDenied,
                    "writes from other machines are off: start the server with --api-key-file or "
                    "--allow-anonymous-writes");
}

}  // namespace resultsdb::http
