// search and resolveTests: from what people type or paste to what it names.
#include <algorithm>
#include <set>

#include "native_context.hpp"
#include "native_views.hpp"
#include "resultsdb/answers.hpp"
#include "resultsdb/test_names.hpp"
#include "schemas.hpp"
#include "scope.hpp"
#include "text.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kLongestText = 1'000, kLeastHashDigits = 4;

/// The words of a search text; all of them must be in a name.
class Words {
 public:
  explicit Words(std::string_view text) : all_(trim(text)) {
    while (!text.empty()) {
      const std::string_view word = take_until(text, ' ');
      if (!word.empty()) words_.emplace_back(word);
    }
  }
  const std::string& text() const { return all_; }
  /// What most names are left out by.
  const std::string& longest() const { return *std::ranges::max_element(words_, {}, &std::string::size); }
  bool are_in(std::string_view name) const {
    return std::ranges::all_of(words_, [&](const std::string& word) { return name.find(word) != name.npos; });
  }
  /// `"match":[[start, length], …]` in characters, of the first place of each word.
  void write_match(JsonWriter& json, std::string_view name) const {
    const auto characters = [](std::string_view bytes) {
      return std::ranges::count_if(bytes,
                                   [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    };
    json.key("match").begin_array();
    for (const std::string& word : words_) {
      json.begin_array().value(characters(name.substr(0, name.find(word))));
      json.value(characters(word)).end_array();
    }
    json.end_array();
  }

 private:
  std::string all_;
  std::vector<std::string> words_;
};

class Search {
 public:
  Search(const NativeContext& context, const Words& words, const std::vector<Scope>& scopes,
         std::size_t limit)
      : context_(context), words_(words), scopes_(scopes), limit_(limit) {}

  /// One group of the answer.
  Status write(JsonWriter& json, std::string_view kind) const {
    json.begin_object().member("kind", kind).key("items").begin_array();
    Result<bool> more = kind == "test"     ? write_tests(json)
                        : kind == "suite"  ? write_suites(json)
                        : kind == "commit" ? write_commits(json)
                        : kind == "run"    ? write_runs(json)
                                           : write_views(json);
    if (!more) return more.error();
    json.end_array().member("more", *more).end_object();
    return {};
  }

 private:
  Result<bool> write_tests(JsonWriter& json) const {
    std::size_t found = 0;
    for (const Scope& scope : scopes_) {
      TestsQuery query{.suite = scope.suite, .contains = words_.longest(), .limit = 1'000};
      do {
        RESULTSDB_ASSIGN(const auto page, context_.model->tests(query));
        for (const std::string& name : page.items) {
          if (!words_.are_in(name)) continue;
          if (found++ == limit_) return true;
          json.begin_object().member("suite", scope.suite).member("test", name);
          words_.write_match(json, name);
          json.end_object();
        }
        query.page = page.next;
      } while (!query.page.empty());
    }
    return false;
  }

  Result<bool> write_suites(JsonWriter& json) const {
    std::size_t found = 0;
    for (const Scope& scope : scopes_) {
      if (!words_.are_in(scope.suite)) continue;
      if (found++ == limit_) return true;
      json.begin_object().member("suite", scope.suite);
      words_.write_match(json, scope.suite);
      json.end_object();
    }
    return false;
  }

  /// By the beginning of the hash, the revision, the identifier, then by what is said in the message.
  std::vector<CommitsQuery> commit_queries() const {
    const std::string& text = words_.text();
    const CommitsQuery query{.limit = static_cast<std::uint32_t>(limit_ + 1)};
    std::vector<CommitsQuery> queries;
    const auto is_hex = [](char c) { return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f'); };
    if (text.size() >= kLeastHashDigits && text.size() <= 40 && std::ranges::all_of(text, is_hex))
      queries.emplace_back(query).hash_prefix = text;
    if (const auto revision =
            parse_number<std::int64_t>(text.starts_with('r') ? std::string_view(text).substr(1) : text);
        revision && *revision > 0)
      queries.emplace_back(query).revision = *revision;
    queries.emplace_back(query).identifier = text;
    queries.emplace_back(query).text = text;
    return queries;
  }

  Result<bool> write_commits(JsonWriter& json) const {
    RESULTSDB_ASSIGN(const auto repositories, context_.model->repositories());
    std::set<std::tuple<std::string, std::string, std::string>> written;
    for (CommitsQuery& query : commit_queries())
      for (const std::string& repository : repositories) {
        query.repository = repository;
        RESULTSDB_ASSIGN(const auto page, context_.model->commits(query));
        for (const Commit& commit : page.items) {
          if (!written.emplace(commit.repository, commit.branch, commit.id()).second) continue;
          if (written.size() > limit_) return true;
          write_commit(json, *context_.model, commit);
        }
      }
    return false;
  }

  /// By the whole id: it says nothing in parts.
  Result<bool> write_runs(JsonWriter& json) const {
    std::vector<RunInfoPtr> found;
    for (const Scope& scope : scopes_) {
      RunsQuery query;
      query.suite = scope.suite;
      query.selection = scope.selection;
      query.id = words_.text();
      query.now = context_.now();
      RESULTSDB_ASSIGN(const auto runs, context_.model->runs(query));
      found.insert(found.end(), runs.begin(), runs.end());
    }
    const bool more = found.size() > limit_;
    found.resize(std::min(found.size(), limit_));
    RESULTSDB_ASSIGN(const CommitNames commit_names, CommitNames::load(*context_.model, found));
    for (const RunInfoPtr& run : found) write_run(json, *context_.model, *run, commit_names);
    return more;
  }

  /// By name or description.
  Result<bool> write_views(JsonWriter& json) const {
    RESULTSDB_ASSIGN(const auto views, Views(context_.model).list());
    std::size_t found = 0;
    for (const View& view : views) {
      if (!words_.are_in(view.name + '\n' + view.description)) continue;
      if (found++ == limit_) return true;
      write_view(json, view);
    }
    return false;
  }

  const NativeContext& context_;
  const Words& words_;
  const std::vector<Scope>& scopes_;
  const std::size_t limit_;
};

Result<std::string> search(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const std::string text, arguments.required("q"));
  if (text.size() > kLongestText) return invalid_argument("takes 1000 bytes at most", "q");
  const Words words(text);
  if (words.text().empty()) return invalid_argument("is missing", "q");
  RESULTSDB_ASSIGN(auto kinds, arguments.some_of("kind", {"test", "suite", "commit", "run", "view"}));
  if (kinds.empty()) kinds = {"test", "suite", "commit", "run", "view"};
  RESULTSDB_ASSIGN(const std::int64_t limit, arguments.integer("limit", 10, 1, 100));
  RESULTSDB_ASSIGN(const auto scopes, read_scopes(context, arguments));
  const Search search(context, words, scopes, static_cast<std::size_t>(limit));
  JsonWriter json;
  json.begin_object().key("groups").begin_array();
  std::set<std::string_view> written;
  for (const std::string& kind : kinds)
    if (written.insert(kind).second) RESULTSDB_TRY(search.write(json, kind));
  json.end_array().end_object();
  return json.take();
}

Result<std::string> resolve_tests(const NativeContext& context, const Arguments& arguments) {
  ResolveQuery query;
  query.suites = arguments.all("suites");
  query.names = arguments.all("names");
  query.branch = arguments.get("branch");
  if (query.names.empty()) return invalid_argument("is missing", "names");
  RESULTSDB_ASSIGN(const auto resolved, Answers(context.model).resolve(query));
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const ResolvedName& name : resolved) {
    json.begin_object().member("input", name.input).member("match", to_string(name.match));
    json.key("tests").begin_array();
    for (const auto& [suite, test] : name.tests)
      json.begin_object().member("suite", suite).member("test", test).end_object();
    json.end_array().member("count", name.count).end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace

void add_search_routes(Router& router, const ContextPtr& context) {
  add_read(router, context, {"/v1/search", "search", names({"SEL", "q", "kind*", "limit"}), search});
  add_read(router, context,
           {.path = "/v1/tests/resolve",
            .operation = {},
            .names = names({"suites*", "names*", "branch"}),
            .function = resolve_tests,
            .post_operation = "resolveTests"});
}

}  // namespace resultsdb::http
