// Reads files of static repositories; docs/repositories.md describes the format.
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "repository/static_repository.hpp"
#include "resultsdb/repository.hpp"

namespace resultsdb {
namespace {

namespace js = boost::json;
using repository::Answer;
using repository::LookUp;
using repository::StaticContent;
using By = ResolveRequest::By;

constexpr std::size_t kMaxFileBytes = 64u << 20;
constexpr int kFormat = 1;
constexpr std::int64_t kNotFound = 404;
constexpr std::array<std::pair<std::string_view, By>, 4> kTables = {
    {{"ref", By::Reference}, {"hash", By::Hash}, {"revision", By::Revision}, {"identifier", By::Identifier}}};

/// One JSON object of the file and where it stands. A member of the wrong type is an error, a missing one its
/// default.
class Members {
 public:
  static Result<Members> of(const js::value& value, std::string where) {
    const js::object* object = value.if_object();
    if (object == nullptr) return invalid_argument("must be an object", std::move(where));
    return Members(*object, std::move(where));
  }

  const js::object& object() const { return *object_; }
  std::string where(std::string_view name) const { return where_ + "." + std::string(name); }
  const js::value* find(std::string_view name) const {
    const js::value* value = object_->if_contains(name);
    return value != nullptr && value->is_null() ? nullptr : value;
  }

  Status read(std::string_view name, std::string& out) const {
    const js::value* value = find(name);
    if (value == nullptr) return {};
    const js::string* text = value->if_string();
    if (text == nullptr) return invalid_argument("must be a text", where(name));
    out.assign(text->data(), text->size());
    return {};
  }
  Status read(std::string_view name, std::int64_t& out) const {
    const js::value* value = find(name);
    if (value == nullptr) return {};
    if (!value->is_int64()) return invalid_argument("must be an integer", where(name));
    out = value->get_int64();
    return {};
  }
  Status read(std::string_view name, std::vector<std::string>& out) const {
    const js::value* value = find(name);
    if (value == nullptr) return {};
    const js::array* list = value->if_array();
    if (list == nullptr) return invalid_argument("must be a list of texts", where(name));
    for (const js::value& item : *list) {
      const js::string* text = item.if_string();
      if (text == nullptr && !item.is_null()) return invalid_argument("must be a list of texts", where(name));
      out.emplace_back(text != nullptr ? std::string_view(*text) : std::string_view{});
    }
    return {};
  }

 private:
  Members(const js::object& object, std::string where) : object_(&object), where_(std::move(where)) {}

  const js::object* object_;
  std::string where_;
};

Result<std::size_t> read_index(const js::value& value, std::size_t commits, const std::string& where) {
  if (value.is_int64() && value.get_int64() >= 0 && static_cast<std::size_t>(value.get_int64()) < commits) {
    return static_cast<std::size_t>(value.get_int64());
  }
  return invalid_argument("must be an index into commits", where);
}

Status read_author(const Members& commit, Person& author) {
  const js::value* value = commit.find("author");
  if (value == nullptr) return {};
  if (value->is_string()) return commit.read("author", author.name);
  RESULTSDB_ASSIGN(const Members members, Members::of(*value, commit.where("author")));
  RESULTSDB_TRY(members.read("name", author.name));
  return members.read("emails", author.emails);
}

Status read_timestamp(const Members& commit, std::optional<Time>& timestamp) {
  const js::value* value = commit.find("timestamp");
  if (value == nullptr) return {};
  std::string text;
  if (value->is_string()) {
    RESULTSDB_TRY(commit.read("timestamp", text));
  } else {
    std::int64_t seconds = 0;
    RESULTSDB_TRY(commit.read("timestamp", seconds));
    text = std::to_string(seconds);
  }
  auto time = parse_time(text);
  if (!time) return invalid_argument(time.error().message, commit.where("timestamp"));
  timestamp = *time;
  return {};
}

Result<Commit> read_commit(const js::value& value, const std::string& key, std::string where) {
  RESULTSDB_ASSIGN(const Members members, Members::of(value, where));
  Commit commit;
  commit.repository = key;
  RESULTSDB_TRY(members.read("branch", commit.branch));
  RESULTSDB_TRY(members.read("hash", commit.hash));
  RESULTSDB_TRY(members.read("revision", commit.revision));
  RESULTSDB_TRY(members.read("identifier", commit.identifier));
  RESULTSDB_TRY(members.read("order", commit.order));
  RESULTSDB_TRY(members.read("message", commit.message));
  RESULTSDB_TRY(members.read("parents", commit.parents));
  RESULTSDB_TRY(read_author(members, commit.author));
  RESULTSDB_TRY(read_timestamp(members, commit.timestamp));
  if (Status valid = validate_commit(commit); !valid) {
    return invalid_argument(valid.error().text(), std::move(where));
  }
  return commit;
}

Status read_commits(const Members& members, StaticContent& content) {
  const js::value* value = members.find("commits");
  if (value == nullptr) return {};
  const js::array* list = value->if_array();
  if (list == nullptr) return invalid_argument("must be a list of commits", members.where("commits"));
  for (const js::value& item : *list) {
    const std::string where = members.where("commits[" + std::to_string(content.commits.size()) + "]");
    RESULTSDB_ASSIGN(Commit commit, read_commit(item, content.key, where));
    content.commits.push_back(std::move(commit));
  }
  return {};
}

Status read_branches(const Members& members, StaticContent& content) {
  const js::value* value = members.find("branches");
  if (value == nullptr) return {};
  RESULTSDB_ASSIGN(const Members branches, Members::of(*value, members.where("branches")));
  for (const auto& [name, list] : branches.object()) {
    if (!list.is_array()) return invalid_argument("must be a list of indexes", branches.where(name));
    for (const js::value& item : list.get_array()) {
      RESULTSDB_ASSIGN(const std::size_t index,
                       read_index(item, content.commits.size(), branches.where(name)));
      content.branches[std::string(name)].push_back(index);
    }
  }
  return {};
}

Status read_answer(const Members& look_up, std::string_view form, const StaticContent& content,
                   std::optional<Answer>& out) {
  const js::value* value = look_up.find(form);
  if (value == nullptr) return {};
  const std::string where = look_up.where(form);
  if (!value->is_object()) {
    RESULTSDB_ASSIGN(const std::size_t index, read_index(*value, content.commits.size(), where));
    out = index;
    return {};
  }
  RESULTSDB_ASSIGN(const Members failure, Members::of(*value, where));
  std::int64_t status = 0;
  std::string text;
  RESULTSDB_TRY(failure.read("status", status));
  RESULTSDB_TRY(failure.read("text", text));
  if (status == kNotFound) {
    out = make_error(ErrorCode::NotFound, std::move(text));
    return {};
  }
  if (status < 500) return invalid_argument("must be 404 or from 500 up", failure.where("status"));
  if (text.empty()) text = "the repository cannot be asked";
  out = make_error(ErrorCode::Unavailable, std::move(text), content.key);
  return {};
}

Status read_look_ups(const Members& members, StaticContent& content) {
  const js::value* value = members.find("lookups");
  if (value == nullptr) return {};
  RESULTSDB_ASSIGN(const Members tables, Members::of(*value, members.where("lookups")));
  for (const auto& [name, by] : kTables) {
    const js::value* entry = tables.find(name);
    if (entry == nullptr) continue;
    RESULTSDB_ASSIGN(const Members table, Members::of(*entry, tables.where(name)));
    for (const auto& [reference, forms] : table.object()) {
      RESULTSDB_ASSIGN(const Members look_up, Members::of(forms, table.where(reference)));
      LookUp& target = content.look_ups[by][std::string(reference)];
      RESULTSDB_TRY(read_answer(look_up, "fast", content, target.fast));
      RESULTSDB_TRY(read_answer(look_up, "full", content, target.full));
    }
  }
  return {};
}

Result<StaticContent> read_repository(std::string_view key, const js::value& value) {
  RESULTSDB_ASSIGN(const Members members, Members::of(value, "repositories." + std::string(key)));
  StaticContent content;
  content.key = key;
  RESULTSDB_TRY(members.read("default_branch", content.default_branch));
  RESULTSDB_TRY(members.read("representations", content.representations));
  RESULTSDB_TRY(read_commits(members, content));
  RESULTSDB_TRY(members.read("url_for_commit", content.links));
  if (content.links.size() > content.commits.size()) {
    return invalid_argument("has more entries than commits", members.where("url_for_commit"));
  }
  RESULTSDB_TRY(read_branches(members, content));
  RESULTSDB_TRY(read_look_ups(members, content));
  return content;
}

Result<RepositoryList> read_repositories(const js::value& document) {
  RESULTSDB_ASSIGN(const Members members, Members::of(document, "file"));
  std::int64_t format = 0;
  RESULTSDB_TRY(members.read("format", format));
  if (format != kFormat) return invalid_argument("must be 1", members.where("format"));
  const js::value* value = members.find("repositories");
  if (value == nullptr) return invalid_argument("is missing", members.where("repositories"));
  RESULTSDB_ASSIGN(const Members repositories, Members::of(*value, members.where("repositories")));
  RepositoryList list;
  for (const auto& [key, entry] : repositories.object()) {
    RESULTSDB_ASSIGN(StaticContent content, read_repository(key, entry));
    list.push_back(std::make_shared<repository::StaticRepository>(std::move(content)));
  }
  return list;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return make_error(ErrorCode::NotFound, std::string("cannot be opened: ") + std::strerror(errno), path);
  std::string text;
  std::array<char, 1 << 16> buffer;
  while (in.read(buffer.data(), buffer.size()), in.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMaxFileBytes)
      return make_error(ErrorCode::ResourceExhausted, "is larger than 64 MiB", path);
  }
  if (in.bad()) return make_error(ErrorCode::Unavailable, "cannot be read", path);
  return text;
}

}  // namespace

Result<RepositoryList> load_static_repositories(const std::string& path) {
  RESULTSDB_ASSIGN(const std::string text, read_file(path));
  boost::system::error_code error;
  const js::value document = js::parse(text, error);
  if (error) return invalid_argument("is no valid JSON: " + error.message(), path);
  auto list = read_repositories(document);
  if (!list) list.error().context = path + ": " + list.error().context;
  return list;
}

}  // namespace resultsdb
