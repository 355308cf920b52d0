#include "run_body.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "json_members.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::http {
namespace {

using Kind = JsonCursor::Kind;

constexpr std::int64_t kMost = limits::kMaxPosition;
constexpr std::int64_t kMostTries = 1'000'000;
constexpr std::size_t kTextBytes = 64 << 10;  // attributes, links, messages

Error unknown_member(const MemberPath& path) {
  return invalid_argument("is no member of this object", path.text());
}
Error repeated_member(const MemberPath& path) { return invalid_argument("is given twice", path.text()); }

/// Where a result's texts live when they are not as in the source.
struct ResultTexts {
  std::string test, expected, actual;
};

class BodyReader {
 public:
  explicit BodyReader(std::string_view text) : cursor_(text), source_bytes_(text.size()) {}

  Result<RunBody> read();

 private:
  using Function = Status (BodyReader::*)();
  struct Member {
    std::string_view name;
    Function read;
  };
  static const std::array<Member, 18> kMembers;

  MemberPath here() const { return {.member = member_}; }
  Result<std::string> text(std::size_t most = limits::kNameBytes);
  Status texts(Attributes& into);
  Status check_tests() const;

  Status suite();
  Status branch();
  Status configuration();
  Status commits();
  Status started();
  Status finished();
  Status state();
  Status attempt();
  Status id();
  Status variant();
  Status order_key();
  Status position();
  Status attributes();
  Status links();
  Status results();
  Status lost();
  Status digest();
  Status schema() { return cursor_.slice(), Status(); }

  Result<CommitInput> commit(std::size_t index);
  Result<Commit> commit_object(std::size_t index);
  Status commit_member(Commit& commit, const MemberPath& path);
  Status author(Commit& commit, const MemberPath& path);
  Result<std::vector<std::string>> strings(const MemberPath& path);
  Status result(std::size_t index);
  Status result_member(TestResult& result, ResultTexts& texts, const MemberPath& path);

  JsonCursor cursor_;
  std::size_t source_bytes_;
  std::string member_;
  RunBody body_;
  bool has_started_ = false;
};

const std::array<BodyReader::Member, 18> BodyReader::kMembers = {{
    {"suite", &BodyReader::suite},
    {"branch", &BodyReader::branch},
    {"configuration", &BodyReader::configuration},
    {"commits", &BodyReader::commits},
    {"started", &BodyReader::started},
    {"finished", &BodyReader::finished},
    {"state", &BodyReader::state},
    {"attempt", &BodyReader::attempt},
    {"id", &BodyReader::id},
    {"variant", &BodyReader::variant},
    {"order_key", &BodyReader::order_key},
    {"position", &BodyReader::position},
    {"attributes", &BodyReader::attributes},
    {"links", &BodyReader::links},
    {"results", &BodyReader::results},
    {"lost", &BodyReader::lost},
    {"digest", &BodyReader::digest},
    {"$schema", &BodyReader::schema},
}};

Result<RunBody> BodyReader::read() {
  if (cursor_.kind() != Kind::Object) return invalid_argument("the body must be a JSON object");
  std::array<bool, kMembers.size()> seen{};
  cursor_.enter();
  while (cursor_.next_member(member_)) {
    const auto known = std::ranges::find(kMembers, member_, &Member::name);
    if (known == kMembers.end()) return unknown_member(here());
    if (std::exchange(seen[static_cast<std::size_t>(known - kMembers.begin())], true))
      return repeated_member(here());
    RESULTSDB_TRY((this->*known->read)());
  }
  const RunHeader& header = body_.run.header;
  if (header.suite.empty()) return invalid_argument("is missing", "suite");
  if (!has_started_) return invalid_argument("is missing", "started");
  if (header.finished && *header.finished < header.started) {
    return invalid_argument("is before the start", "finished");
  }
  RESULTSDB_TRY(check_tests());
  return std::move(body_);
}

Result<std::string> BodyReader::text(std::size_t most) {
  std::string scratch;
  RESULTSDB_ASSIGN(const std::string_view text, read_text(cursor_, scratch, here(), most));
  return std::string(text);
}

Status BodyReader::suite() {
  RESULTSDB_ASSIGN(body_.run.header.suite, text());
  return check_name(body_.run.header.suite, "suite");
}

Status BodyReader::branch() {
  RESULTSDB_ASSIGN(body_.run.header.branch, text());
  return {};
}

Status BodyReader::configuration() {
  RESULTSDB_TRY(expect_kind(cursor_, Kind::Object, here()));
  std::string name, scratch;
  Configuration& configuration = body_.run.header.configuration;
  cursor_.enter();
  while (cursor_.next_member(name)) {
    const std::string where = "configuration." + name;
    const MemberPath path{.member = where};
    if (configuration.get(name)) return repeated_member(path);
    if (cursor_.kind() == Kind::Number || cursor_.kind() == Kind::Bool) {  // their JSON spelling
      configuration.set(name, std::string(cursor_.slice()));
      continue;
    }
    RESULTSDB_ASSIGN(const std::string_view value, read_text(cursor_, scratch, path, limits::kFacetBytes));
    configuration.set(name, std::string(value));
  }
  auto status = configuration.validate();
  return status ? status : invalid_argument(status.error().message, "configuration");
}

Status BodyReader::started() {
  RESULTSDB_ASSIGN(body_.run.header.started, read_time(cursor_, here()));
  has_started_ = true;
  return {};
}

Status BodyReader::finished() {
  if (cursor_.kind() == Kind::Null) return cursor_.slice(), Status();
  RESULTSDB_ASSIGN(body_.run.header.finished, read_time(cursor_, here()));
  return {};
}

Status BodyReader::state() {
  RESULTSDB_ASSIGN(const std::string word, text());
  const auto state = parse_run_state(word);
  if (!state || *state == RunState::Running) {
    return invalid_argument("must be final, failed or incomplete", "state");
  }
  body_.run.header.state = *state;
  return {};
}

Status BodyReader::attempt() {
  constexpr std::int64_t kMostAttempts = 1'000'000;
  RESULTSDB_ASSIGN(const std::int64_t attempt, read_integer(cursor_, here(), 1, kMostAttempts));
  body_.run.header.attempt = static_cast<int>(attempt);
  return {};
}

Status BodyReader::id() {
  RESULTSDB_ASSIGN(body_.run.header.id, text(limits::kPublicIdBytes));
  const auto allowed = [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '_' || c == ':' || c == '-';
  };
  if (!body_.run.header.id.empty() && std::ranges::all_of(body_.run.header.id, allowed)) return {};
  return invalid_argument("must be 1 to 128 of A-Z a-z 0-9 . _ : -", "id");
}

Status BodyReader::variant() {
  RESULTSDB_ASSIGN(body_.run.header.variant, text());
  return {};
}

Status BodyReader::order_key() {
  RESULTSDB_ASSIGN(const std::string word, text());
  const auto key = parse_order_key(word);
  if (!key) return invalid_argument("must be commit, build or time", "order_key");
  body_.run.header.order_key = *key;
  return {};
}

Status BodyReader::position() {
  RESULTSDB_ASSIGN(body_.run.header.position, read_integer(cursor_, here(), -kMost, kMost));
  return {};
}

Status BodyReader::digest() {
  constexpr std::size_t kMostDigestBytes = 64;
  RESULTSDB_ASSIGN(body_.run.header.digest, text(kMostDigestBytes));
  return {};
}

/// `{"a":"x","b":["y","z"]}`
Status BodyReader::attributes() {
  RESULTSDB_TRY(expect_kind(cursor_, Kind::Object, here()));
  std::string name, scratch;
  Attributes& attributes = body_.run.header.attributes;
  cursor_.enter();
  while (cursor_.next_member(name)) {
    const std::string where = "attributes." + name;
    const MemberPath path{.member = where};
    RESULTSDB_TRY(check_name(name, "attributes"));
    if (std::ranges::find(attributes, name, &Attributes::value_type::first) != attributes.end()) {
      return repeated_member(path);
    }
    if (cursor_.kind() == Kind::Array) {
      RESULTSDB_ASSIGN(auto values, strings(path));
      for (std::string& value : values) attributes.emplace_back(name, std::move(value));
    } else {
      RESULTSDB_ASSIGN(const std::string_view value, read_text(cursor_, scratch, path, kTextBytes));
      attributes.emplace_back(name, value);
    }
    if (attributes.size() > limits::kAttributes) return invalid_argument("are more than 256", "attributes");
  }
  return {};
}

Status BodyReader::links() {
  RESULTSDB_TRY(expect_kind(cursor_, Kind::Array, here()));
  std::string name, scratch;
  cursor_.enter();
  for (std::size_t i = 0; cursor_.next_element(); ++i) {
    RESULTSDB_TRY(expect_kind(cursor_, Kind::Object, {"links", i, ""}));
    Link link;
    cursor_.enter();
    while (cursor_.next_member(name)) {
      const MemberPath path{"links", i, name};
      std::string* member = name == "rel" ? &link.rel : name == "label" ? &link.label : nullptr;
      if (name == "href") member = &link.href;
      if (!member) return unknown_member(path);
      if (!member->empty()) return repeated_member(path);
      RESULTSDB_ASSIGN(const std::string_view value, read_text(cursor_, scratch, path, kTextBytes));
      *member = value;
    }
    if (link.href.empty()) return invalid_argument("is missing", MemberPath{"links", i, "href"}.text());
    body_.run.header.links.push_back(std::move(link));
  }
  return {};
}

Result<std::vector<std::string>> BodyReader::strings(const MemberPath& path) {
  RESULTSDB_TRY(expect_kind(cursor_, Kind::Array, path));
  std::vector<std::string> values;
  std::string scratch;
  cursor_.enter();
  while (cursor_.next_element()) {
    RESULTSDB_ASSIGN(const std::string_view value, read_text(cursor_, scratch, path, kTextBytes));
    values.emplace_back(value);
  }
  return values;
}

Status BodyReader::commits() {
  RESULTSDB_TRY(expect_kind(cursor_, Kind::Array, here()));
  cursor_.enter();
  for (std::size_t i = 0; cursor_.next_element(); ++i) {
    RESULTSDB_ASSIGN(CommitInput input, commit(i));
    body_.commits.push_back(std::move(input));
  }
  return {};
}

Result<CommitInput> BodyReader::commit(std::size_t index) {
  CommitInput input;
  const MemberPath path{"commits", index, ""};
  if (cursor_.kind() == Kind::Object) {
    RESULTSDB_ASSIGN(input.commit, commit_object(index));
    return input;
  }
  std::string scratch;
  RESULTSDB_ASSIGN(const std::string_view text, read_text(cursor_, scratch, path, limits::kNameBytes));
  auto reference = parse_repository_reference(text);
  if (!reference) return invalid_argument(reference.error().message, path.text());
  input.reference = std::move(*reference);
  return input;
}

Result<Commit> BodyReader::commit_object(std::size_t index) {
  Commit commit;
  std::string name;
  std::vector<std::string> seen;
  cursor_.enter();
  while (cursor_.next_member(name)) {
    const MemberPath path{"commits", index, name};
    if (std::ranges::find(seen, name) != seen.end()) return repeated_member(path);
    seen.push_back(name);
    RESULTSDB_TRY(commit_member(commit, path));
  }
  if (const Status status = validate_commit(commit); !status) {
    return invalid_argument(status.error().text(), MemberPath{"commits", index, ""}.text());
  }
  return commit;
}

Status BodyReader::commit_member(Commit& commit, const MemberPath& path) {
  std::string scratch;
  const std::pair<std::string_view, std::string*> texts[] = {{"repository", &commit.repository},
                                                             {"branch", &commit.branch},
                                                             {"hash", &commit.hash},
                                                             {"identifier", &commit.identifier},
                                                             {"message", &commit.message}};
  for (const auto& [name, member] : texts) {
    if (name != path.member) continue;
    RESULTSDB_ASSIGN(const std::string_view value, read_text(cursor_, scratch, path, kTextBytes));
    *member = value;
    return {};
  }
  if (path.member == "revision") {
    RESULTSDB_ASSIGN(commit.revision, read_integer(cursor_, path, 1, kMost));
  } else if (path.member == "timestamp") {
    RESULTSDB_ASSIGN(commit.timestamp, read_time(cursor_, path));
  } else if (path.member == "order") {
    RESULTSDB_ASSIGN(commit.order, read_integer(cursor_, path, 0, kMost));
  } else if (path.member == "parents") {
    RESULTSDB_ASSIGN(commit.parents, strings(path));
  } else if (path.member == "author") {
    return author(commit, path);
  } else {
    return unknown_member(path);
  }
  return {};
}

Status BodyReader::author(Commit& commit, const MemberPath& path) {
  RESULTSDB_TRY(expect_kind(cursor_, Kind::Object, path));
  std::string name, scratch;
  cursor_.enter();
  while (cursor_.next_member(name)) {
    if (name == "emails") {
      RESULTSDB_ASSIGN(commit.author.emails, strings(path));
      continue;
    }
    if (name != "name" && name != "email") return unknown_member(path);
    RESULTSDB_ASSIGN(const std::string_view value, read_text(cursor_, scratch, path, limits::kNameBytes));
    name == "name" ? void(commit.author.name = value) : void(commit.author.emails.emplace_back(value));
  }
  return {};
}

Status BodyReader::results() {
  RESULTSDB_TRY(expect_kind(cursor_, Kind::Array, here()));
  constexpr std::size_t kUsualResultBytes = 60;
  body_.run.results.reserve(source_bytes_ / kUsualResultBytes, source_bytes_ / 2);
  cursor_.enter();
  for (std::size_t i = 0; cursor_.next_element(); ++i) {
    if (i >= limits::kTestsPerRun) return invalid_argument("are more than a run may hold", "results");
    RESULTSDB_TRY(result(i));
  }
  return {};
}

Status BodyReader::result(std::size_t index) {
  RESULTSDB_TRY(expect_kind(cursor_, Kind::Object, {"results", index, ""}));
  static constexpr std::array<std::string_view, 8> kNames = {"test",  "expected", "actual",     "duration_us",
                                                             "tries", "passes",   "attributes", "detail"};
  std::string name;
  ResultTexts texts;
  TestResult result;
  unsigned seen = 0;
  cursor_.enter();
  while (cursor_.next_member(name)) {
    const MemberPath path{"results", index, name};
    const auto known = std::ranges::find(kNames, name);
    if (known == kNames.end()) return unknown_member(path);
    const unsigned bit = 1u << (known - kNames.begin());
    if ((seen & bit) != 0) return repeated_member(path);
    seen |= bit;
    RESULTSDB_TRY(result_member(result, texts, path));
  }
  if (result.test.empty()) {
    return invalid_argument("is missing or empty", MemberPath{"results", index, "test"}.text());
  }
  if (result.passes > result.tries) {
    return invalid_argument("is more than tries", MemberPath{"results", index, "passes"}.text());
  }
  body_.run.results.add(result);
  return {};
}

Status BodyReader::result_member(TestResult& result, ResultTexts& texts, const MemberPath& path) {
  const std::string_view name = path.member;
  if (name == "test") {
    RESULTSDB_ASSIGN(result.test, read_text(cursor_, texts.test, path, limits::kNameBytes));
  } else if (name == "expected") {
    RESULTSDB_ASSIGN(result.expected, read_text(cursor_, texts.expected, path, limits::kOutcomeBytes));
  } else if (name == "actual") {
    RESULTSDB_ASSIGN(result.actual, read_text(cursor_, texts.actual, path, limits::kOutcomeBytes));
  } else if (name == "duration_us") {
    RESULTSDB_ASSIGN(const std::int64_t micros, read_integer(cursor_, path, 0, kMost));
    result.duration = Duration(micros);
  } else if (name == "attributes") {
    RESULTSDB_TRY(expect_kind(cursor_, Kind::Object, path));
    result.attributes = cursor_.slice();
  } else if (name == "detail") {
    result.detail = cursor_.slice();
    if (result.detail.size() > limits::kDetailBytes)
      return invalid_argument("is larger than 16 MiB", path.text());
  } else {
    RESULTSDB_ASSIGN(const std::int64_t count, read_integer(cursor_, path, 0, kMostTries));
    (name == "tries" ? result.tries : result.passes) = static_cast<std::uint32_t>(count);
  }
  return {};
}

Status BodyReader::lost() {
  RESULTSDB_TRY(expect_kind(cursor_, Kind::Array, here()));
  std::string scratch;
  cursor_.enter();
  for (std::size_t i = 0; cursor_.next_element(); ++i) {
    const MemberPath path{"lost", i, ""};
    RESULTSDB_ASSIGN(const std::string_view test, read_text(cursor_, scratch, path, limits::kNameBytes));
    if (test.empty()) return invalid_argument("is empty", path.text());
    body_.run.results.add_lost(test);
  }
  return {};
}

/// No test twice, neither among the results nor among the lost.
Status BodyReader::check_tests() const {
  const ResultTable& results = body_.run.results;
  std::unordered_set<std::string_view> names;
  names.reserve(results.size() + results.lost_size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!names.insert(results.name(i)).second) {
      return invalid_argument("names a test that an earlier result has",
                              MemberPath{"results", i, "test"}.text());
    }
  }
  for (std::size_t i = 0; i < results.lost_size(); ++i) {
    if (!names.insert(results.lost(i)).second) {
      return invalid_argument("names a test that is there already", MemberPath{"lost", i, ""}.text());
    }
  }
  return {};
}

}  // namespace

Status check_name(std::string_view text, const std::string& member, bool may_be_empty) {
  if (text.empty() && !may_be_empty) return invalid_argument("is empty", member);
  if (text.size() > limits::kNameBytes) return invalid_argument("is longer than 4096 bytes", member);
  if (text.find('\0') != text.npos) return invalid_argument("must not hold U+0000", member);
  if (!json::is_utf8(text)) return invalid_argument("is not UTF-8", member);
  return {};
}

Result<RunBody> read_run_body(std::string_view text) {
  RESULTSDB_TRY(json::validate(text));
  return BodyReader(text).read();
}

}  // namespace resultsdb::http
