// Names as people paste them.
#include <algorithm>
#include <unordered_map>

#include "domain/test_folders.hpp"
#include "model/survey.hpp"
#include "resultsdb/test_names.hpp"

namespace resultsdb {
namespace {

constexpr std::size_t kMostNames = 5'000;
constexpr std::uint32_t kNamesAtOnce = 10'000;

using Match = ResolvedName::Match;

/// The tests that one name may mean, in three ways.
struct Found {
  struct Tests {
    std::vector<ResolvedName::Test> first;
    std::uint64_t count = 0;

    void add(const std::string& suite, std::string_view test, std::size_t most) {
      ++count;
      if (first.size() < most) first.push_back({suite, std::string(test)});
    }
  };
  Tests exact, suffix, folder;
};

/// All names are looked at once: each has few beginnings and ends that are whole parts of it.
class Resolver {
 public:
  explicit Resolver(const ResolveQuery& query) : query_(query) {
    for (const std::string& name : query.names) {
      found_.try_emplace(name);
      if (name.size() >= is_length_.size()) is_length_.resize(name.size() + 1);
      is_length_[name.size()] = true;
    }
  }

  void look_at(const std::string& suite, std::string_view name) {
    if (Found* const found = find(name)) found->exact.add(suite, name, query_.most);
    std::size_t before = 0;  // where the folder ends that this one is in
    for (std::size_t at = domain::folder_end(name); at != name.npos; at = domain::folder_end(name, at)) {
      if (at < name.size())
        if (Found* const found = find(name.substr(at))) found->suffix.add(suite, name, query_.most);
      const std::size_t separator = name.substr(0, at).ends_with("::") ? 2 : 1;
      for (const std::size_t end : {at, at - separator}) {
        if (end == before || end == name.size()) continue;  // one without a name, as in a//b, was looked at
        if (Found* const found = find(name.substr(0, end))) found->folder.add(suite, name, query_.most);
      }
      before = at;
    }
  }

  std::vector<ResolvedName> finish() const {
    std::vector<ResolvedName> all;
    for (const std::string& name : query_.names) {
      const Found& found = found_.at(name);
      ResolvedName& resolved = all.emplace_back();
      resolved.input = name;
      const auto take = [&](Match match, const Found::Tests& tests) {
        resolved.match = match;
        resolved.tests = tests.first;
        resolved.count = tests.count;
      };
      if (found.exact.count > 0) {
        take(Match::Exact, found.exact);
      } else if (found.suffix.count == 1) {
        take(Match::Suffix, found.suffix);
      } else if (found.folder.count > 0) {
        take(Match::Folder, found.folder);
      } else if (found.suffix.count > 0) {
        take(Match::Ambiguous, found.suffix);
      }
    }
    return all;
  }

 private:
  Found* find(std::string_view name) {
    // Before anything is hashed: a long name of many folders has many parts nearly as long.
    if (name.size() >= is_length_.size() || !is_length_[name.size()]) return nullptr;
    const auto found = found_.find(name);
    return found == found_.end() ? nullptr : &found->second;
  }

  const ResolveQuery& query_;
  std::unordered_map<std::string_view, Found> found_;
  std::vector<bool> is_length_;  // of a name that is asked for
};

}  // namespace

std::string_view to_string(Match match) noexcept {
  static constexpr std::string_view kNames[] = {"exact", "suffix", "folder", "ambiguous", "unknown"};
  return kNames[static_cast<std::size_t>(match)];
}

Result<std::vector<ResolvedName>> Answers::resolve(const ResolveQuery& query) {
  if (query.names.size() > kMostNames)
    return invalid_argument("at most " + std::to_string(kMostNames) + " names", "names");
  std::vector<std::string> suites = query.suites;
  if (suites.empty()) {
    RESULTSDB_ASSIGN(const auto known, model_->suites());
    for (const SuiteInfo& suite : known) suites.push_back(suite.name);
  }
  Resolver resolver(query);
  for (const std::string& suite : suites) {
    if (!query.branch) {
      TestsQuery page{.suite = suite, .limit = kNamesAtOnce};
      do {
        RESULTSDB_ASSIGN(const auto names, model_->tests(page));
        for (const std::string& name : names.items) resolver.look_at(suite, name);
        page.page = names.next;
      } while (!page.page.empty());
      continue;
    }
    Question question{.suite = suite};
    question.selection.branches = {*query.branch};
    RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, question, "resolve/1"));
    engine::TestSet tests;
    for (const Window& window : survey.windows)
      tests = engine::TestSet::united(tests, window.track().ever());
    const std::vector<storage::TestId> ids = tests.ids();
    RESULTSDB_ASSIGN(auto names, survey.names(ids));
    std::ranges::sort(names);
    for (const std::string_view name : names) resolver.look_at(suite, name);
  }
  return resolver.finish();
}

}  // namespace resultsdb
