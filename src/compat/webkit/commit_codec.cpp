#include "commit_codec.hpp"

#include <boost/json.hpp>
#include <cstdlib>

#include "json_text.hpp"
#include "numbers.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

constexpr std::size_t kMostDigits = 10;

std::string_view text_of(const bj::string& string) { return {string.data(), string.size()}; }

/// Digits with an optional minus sign, at most ten of them.
std::optional<std::int64_t> short_integer(std::string_view text, bool allow_minus) {
  const std::string_view digits = allow_minus && text.starts_with('-') ? text.substr(1) : text;
  if (!is_digits(digits) || digits.size() > kMostDigits) return std::nullopt;
  return parse_integer(text);
}

/// Reads the members of one document; the first problem stays.
class DocumentReader {
 public:
  explicit DocumentReader(const bj::object& document) : document_(document) {}

  ParsedCommit read() {
    Commit& commit = parsed_.commit;
    commit.repository = text("repository_id");
    commit.branch = text("branch");
    commit.message = text("message");
    read_names();
    read_identifier();
    const std::optional<std::int64_t> timestamp = integer("timestamp");
    commit.order = integer("order").value_or(0);
    if (timestamp) read_time(*timestamp);
    read_author();
    return std::move(parsed_);
  }

 private:
  const bj::value* member(std::string_view name) const {
    const bj::value* value = document_.if_contains({name.data(), name.size()});
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  void fail(std::string what, bool wrong_type = false) {
    parsed_.wrong_type = parsed_.wrong_type || wrong_type;
    if (parsed_.error.empty()) parsed_.error = std::move(what);
  }

  std::string text(std::string_view name) {
    const bj::value* value = member(name);
    if (value == nullptr) return {};
    if (const auto* string = value->if_string()) return std::string(text_of(*string));
    fail("'" + std::string(name) + "' is no text");
    return {};
  }

  /// The text of a member that may also be a number.
  std::optional<std::string> loose_text(std::string_view name) const {
    const bj::value* value = member(name);
    if (value == nullptr) return std::nullopt;
    if (const auto* string = value->if_string()) return std::string(text_of(*string));
    if (const auto number = integer_of(*value)) return std::to_string(*number);
    return std::string();
  }

  std::optional<std::int64_t> integer(std::string_view name) {
    const bj::value* value = member(name);
    if (value == nullptr) return std::nullopt;
    if (const auto number = integer_of(*value)) return number;
    if (const auto* string = value->if_string(); string && is_digits(text_of(*string))) {
      if (const auto number = parse_integer(text_of(*string))) return number;
    }
    fail("'" + std::string(name) + "' is no integer", /*wrong_type=*/true);
    return std::nullopt;
  }

  void read_names() {
    Commit& commit = parsed_.commit;
    if (const auto id = loose_text("id")) {  // a text that is neither is ignored
      if (const auto revision = parse_revision(*id)) {
        commit.revision = *revision;
      } else if (const auto hash = parse_hash(*id)) {
        commit.hash = *hash;
      }
    }
    if (const auto given = loose_text("revision")) {
      const auto revision = parse_revision(*given);
      if (!revision) fail("'" + *given + "' is no revision");
      commit.revision = revision.value_or(0);
    }
    if (const auto given = loose_text("hash")) {
      const auto hash = parse_hash(*given);
      if (!hash) fail("'" + *given + "' is no hash");
      commit.hash = hash.value_or("");
    }
  }

  void read_identifier() {
    Commit& commit = parsed_.commit;
    const auto given = loose_text("identifier");
    if (!given) return;
    std::optional<Identifier> identifier = Identifier::parse(*given);
    if (!identifier) return fail("'" + *given + "' is no identifier");
    if (identifier->branch.empty()) identifier->branch = commit.branch;
    if (commit.branch.empty()) commit.branch = identifier->branch;
    if (identifier->branch != commit.branch) fail("identifier and branch contradict each other");
    if (const bj::value* value = member("branch_point")) {
      const auto point = integer_of(*value);
      if (!point || identifier->branch_point.value_or(*point) != *point) {
        return fail("identifier and branch_point contradict each other");
      }
      identifier->branch_point = point;
    }
    commit.identifier = identifier->text();
  }

  void read_time(std::int64_t timestamp) {
    constexpr std::int64_t kLargest = limits::kMaxPosition / 100 - 1;
    if (std::abs(timestamp) > kLargest || !is_valid_time(from_seconds(timestamp))) {
      return fail("the timestamp is out of range", /*wrong_type=*/true);
    }
    parsed_.commit.timestamp = from_seconds(timestamp);
  }

  void read_author() {
    const bj::value* author = member("author");
    if (author == nullptr) author = member("committer");
    if (author == nullptr) return;
    Person& person = parsed_.commit.author;
    if (const auto* string = author->if_string(); string && string->find('@') != bj::string::npos) {
      person.name = text_of(*string);
      person.emails = {person.name};
      return;
    }
    const bj::object* object = author->if_object();
    if (object == nullptr) return fail("the author is no object and no e-mail address", true);
    read_person(*object, person);
  }

  void read_person(const bj::object& object, Person& person) {
    const auto add = [&](const bj::value& value, std::string& to) {
      const auto* string = value.if_string();
      if (string == nullptr) return fail("the author's members are no texts", true);
      to = text_of(*string);
    };
    if (const bj::value* name = object.if_contains("name"); name && !name->is_null()) add(*name, person.name);
    if (const bj::value* emails = object.if_contains("emails"); emails && !emails->is_null()) {
      const bj::array* list = emails->if_array();
      if (list == nullptr) return fail("the author's emails are no list", true);
      for (const bj::value& email : *list) add(email, person.emails.emplace_back());
    }
    if (const bj::value* email = object.if_contains("email"); email && !email->is_null()) {
      add(*email, person.emails.emplace_back());
    }
  }

  const bj::object& document_;
  ParsedCommit parsed_;
};

}  // namespace

std::optional<Identifier> Identifier::parse(std::string_view text) {
  Identifier identifier;
  const std::size_t at = text.find('@');
  if (at != std::string_view::npos) {
    identifier.branch = text.substr(at + 1);
    if (identifier.branch.find_first_of(" \t\n\r\f\v") != std::string::npos) return std::nullopt;
    text = text.substr(0, at);
  }
  if (const std::size_t dot = text.find('.'); dot != std::string_view::npos) {
    identifier.branch_point = short_integer(text.substr(0, dot), false);
    if (!identifier.branch_point) return std::nullopt;
    text.remove_prefix(dot + 1);
  }
  const auto number = short_integer(text, true);
  if (!number) return std::nullopt;
  identifier.number = *number;
  return identifier;
}

std::string Identifier::text() const {
  // Without a branch the number alone is what the original shows.
  if (branch.empty()) return std::to_string(number);
  return (branch_point ? std::to_string(*branch_point) + "." : "") + std::to_string(number) + "@" + branch;
}

std::optional<std::int64_t> parse_revision(std::string_view text) {
  if (text.starts_with('r') || text.starts_with('R')) text.remove_prefix(1);
  const auto revision = short_integer(text, false);
  return revision && *revision > 0 ? revision : std::nullopt;
}

std::optional<std::string> parse_hash(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string hash = to_lower(text);
  if (hash.empty() || hash.size() > kLongest) return std::nullopt;
  if (hash.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
  return hash;
}

std::optional<FreeReference> parse_free_reference(std::string_view text) {
  FreeReference reference;
  reference.identifier = Identifier::parse(text);
  if (reference.identifier) return reference;
  if (text.starts_with('r') || text.starts_with('R')) {
    if (const auto revision = parse_revision(text)) {
      reference.revision = *revision;
      return reference;
    }
  }
  const auto hash = parse_hash(text);
  if (!hash) return std::nullopt;
  reference.hash = *hash;
  return reference;
}

std::optional<Position> commit_uuid(const Commit& commit) {
  if (!commit.timestamp) return std::nullopt;
  const std::int64_t seconds = to_seconds(*commit.timestamp);
  const std::int64_t room = limits::kMaxPosition - std::abs(seconds) * 100;
  if (room < 0 || std::abs(commit.order) > room) return std::nullopt;
  return seconds * 100 + commit.order;
}

ParsedCommit parse_commit(const bj::object& document) { return DocumentReader(document).read(); }

std::string commit_json(const Commit& commit) {
  JsonObject object;
  if (!commit.author.empty()) {
    std::vector<std::string> emails;
    for (const std::string& email : commit.author.emails) emails.push_back(json_string(email));
    JsonObject author;
    author.set("emails", json_array(emails));
    author.set_string("name", commit.author.name);
    object.set("author", author.text());
  }
  const auto set = [&](const char* name, const std::string& text) {
    if (!text.empty()) object.set_string(name, text);
  };
  set("branch", commit.branch);
  set("hash", commit.hash);
  set("identifier", commit.identifier);
  set("message", commit.message);
  set("repository_id", commit.repository);
  if (commit.revision > 0) object.set_integer("revision", commit.revision);
  const std::optional<Position> uuid = commit.position ? commit.position : commit_uuid(commit);
  const std::int64_t order = uuid ? (*uuid % 100 + 100) % 100 : commit.order;
  object.set_integer("order", order);
  if (uuid) object.set_integer("timestamp", (*uuid - order) / 100);
  return object.text();
}

}  // namespace resultsdb::webkit
