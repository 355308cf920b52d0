#include "resultsdb/commit.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "domain/check.hpp"

namespace resultsdb {
namespace {

using domain::all_digits;
using domain::all_lower_hex;
using domain::check_name;
using domain::check_text;
using domain::Presence;

constexpr std::size_t kMinPrefix = 7;
constexpr std::size_t kMaxHash = 64;

std::int64_t to_number(std::string_view digits) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size() ? number : 0;
}

/// (1230, 2) of `1230.2@branch`, (1234, 0) of `1234@main`; zeros if it is no identifier.
std::pair<std::int64_t, std::int64_t> identifier_number(std::string_view identifier) {
  const std::string_view number = identifier.substr(0, identifier.find('@'));
  const std::size_t dot = number.find('.');
  if (dot == std::string_view::npos) return {to_number(number), 0};
  return {to_number(number.substr(0, dot)), to_number(number.substr(dot + 1))};
}

bool is_identifier(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at + 1 == text.size()) return false;
  std::string_view number = text.substr(0, at);
  if (const std::size_t dot = number.find('.'); dot != std::string_view::npos) {
    if (!all_digits(number.substr(0, dot))) return false;
    number.remove_prefix(dot + 1);
  }
  if (number.starts_with('-')) number.remove_prefix(1);  // commits before a branch point count backwards
  return all_digits(number);
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Status check_hash(std::string_view member, std::string_view hash) {
  if (hash.size() <= kMaxHash && all_lower_hex(hash)) return {};
  return invalid_argument("must be 1 to 64 lower-case hexadecimal digits", std::string(member));
}

}  // namespace

std::string Commit::id() const {
  if (!hash.empty()) return hash;
  if (revision > 0) return "r" + std::to_string(revision);
  return identifier;
}

std::string Commit::label() const {
  if (!identifier.empty()) return identifier;
  if (revision > 0) return "r" + std::to_string(revision);
  return hash.empty() ? "?" : hash.substr(0, 12);
}

std::string_view Commit::subject() const noexcept {
  const std::string_view line = std::string_view(message).substr(0, message.find('\n'));
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

bool commit_before(const Commit& a, const Commit& b) {
  const auto key = [](const Commit& commit) {
    return std::tuple(commit.position, std::string_view(commit.repository), commit.revision,
                      identifier_number(commit.identifier), std::string_view(commit.hash),
                      std::string_view(commit.branch), std::string_view(commit.identifier));
  };
  return key(a) < key(b);
}

Position commit_position(const Commit& commit, std::optional<Position> first_parent,
                         std::optional<Position> previous) {
  const Position own =
      commit.timestamp ? 100 * to_seconds(*commit.timestamp) + commit.order : previous.value_or(0) + 1;
  return first_parent ? std::max(own, *first_parent + 1) : own;
}

Status validate_commit(const Commit& commit) {
  RESULTSDB_TRY(check_name("commit.repository", commit.repository, Presence::Required));
  RESULTSDB_TRY(check_name("commit.branch", commit.branch));
  if (!commit.hash.empty()) RESULTSDB_TRY(check_hash("commit.hash", commit.hash));
  if (commit.revision < 0) return invalid_argument("must be positive", "commit.revision");
  RESULTSDB_TRY(check_name("commit.identifier", commit.identifier));
  if (commit.id().empty()) return invalid_argument("needs a hash, a revision or an identifier", "commit");
  if (commit.timestamp) RESULTSDB_TRY(domain::check_time("commit.timestamp", *commit.timestamp));
  RESULTSDB_TRY(domain::check_position("commit.order", commit.order));
  RESULTSDB_TRY(check_name("commit.author.name", commit.author.name));
  for (const std::string& email : commit.author.emails) {
    RESULTSDB_TRY(check_name("commit.author.emails", email));
  }
  RESULTSDB_TRY(check_text("commit.message", commit.message, limits::kDetailBytes));
  for (const std::string& parent : commit.parents) RESULTSDB_TRY(check_hash("commit.parents", parent));
  if (commit.position) RESULTSDB_TRY(domain::check_position("commit.position", *commit.position));
  return {};
}

Result<CommitReference> parse_commit_reference(std::string_view text) {
  using Kind = CommitReference::Kind;
  RESULTSDB_TRY(check_name("commit reference", text, Presence::Required));
  if (text.front() == 'r' && all_digits(text.substr(1))) {
    const std::string_view digits = text.substr(1);
    if (const std::int64_t revision = to_number(digits); revision > 0) {
      return CommitReference{Kind::Revision, std::string(digits), revision};
    }
  }
  if (std::string lower = to_lower(text); lower.size() <= kMaxHash && all_lower_hex(lower)) {
    const std::size_t size = lower.size();
    if (size == 40 || size == 64) return CommitReference{Kind::Hash, std::move(lower)};
    if (size >= kMinPrefix) return CommitReference{Kind::HashPrefix, std::move(lower)};
  }
  return CommitReference{is_identifier(text) ? Kind::Identifier : Kind::Name, std::string(text)};
}

Result<RepositoryReference> parse_repository_reference(std::string_view text) {
  RESULTSDB_TRY(check_text("commit", text, 2 * limits::kNameBytes + 1, Presence::Required));
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) {
    return invalid_argument("\"" + std::string(text) + "\" is not of the form REPOSITORY@REF", "commit");
  }
  return RepositoryReference{std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

}  // namespace resultsdb
