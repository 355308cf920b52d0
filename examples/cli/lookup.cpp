#include "lookup.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>

#include "context.hpp"
#include "near_names.hpp"
#include "result_files.hpp"

namespace resultsdb::cli {

std::vector<std::string> all_suites(Model& model) {
  std::vector<std::string> names;
  for (auto& suite : need(model.suites())) names.push_back(std::move(suite.name));
  return names;
}

std::string unknown_suite(const std::string& suite, const std::vector<std::string>& suites) {
  return "there is no suite '" + suite + "'" + did_you_mean(suite, suites) + " 'resultsdb suites' lists them";
}

void need_suite(Model& model, const std::string& suite) {
  const auto known = all_suites(model);
  if (std::ranges::find(known, suite) == known.end())
    fail(make_error(ErrorCode::NotFound, unknown_suite(suite, known)));
}

void need_run(Model& model, const std::string& suite, const std::string& id) {
  RunsQuery query;
  query.suite = suite;
  query.id = id;
  if (need(model.runs(query)).empty())
    fail(make_error(ErrorCode::NotFound, "no run has this id; 'resultsdb runs' lists them", id));
}

std::vector<std::string> suites_of(Model& model, const Options& options) {
  if (!options.has("suite")) return all_suites(model);
  need_suite(model, options.text("suite"));
  return {options.text("suite")};
}

void fail_for_unknown_test(Model& model, const std::string& suite, const std::string& test) {
  constexpr std::uint32_t kNames = 10'000;
  std::vector<std::string> names;
  for (TestsQuery query{.suite = suite, .limit = kNames};;) {
    auto page = need(model.tests(query));
    std::move(page.items.begin(), page.items.end(), std::back_inserter(names));
    query.page = std::move(page.next);
    if (query.page.empty() || names.size() >= 10 * kNames) break;
  }
  fail(make_error(ErrorCode::NotFound,
                  "suite '" + suite + "' has no such test" + did_you_mean(test, names) +
                      " 'resultsdb tests --suite " + suite + " --contains TEXT' finds names",
                  test));
}

std::string only_suite(Model& model, const Options& options, const char* command) {
  const auto suites = suites_of(model, options);
  if (suites.size() != 1)
    throw UsageError{std::string(command) + ": give --suite; 'resultsdb suites' lists them"};
  return suites.front();
}

namespace {

/// What the clone says of a commit that the store does not know by this name; or what was tried.
Result<RepositoryReference> ask_clone(const Options& options, const RepositoryReference& wanted) {
  const auto unknown = [&](const std::string& why) {
    return make_error(ErrorCode::NotFound, "the store does not know this commit, and " + why,
                      wanted.repository + "@" + wanted.reference);
  };
  const auto clone = open_clone(options);
  if (!clone) return unknown("this folder is no git clone that could tell; --git-clone PATH names one");
  const std::string place = options.has("git-clone") ? "the git clone " + options.text("git-clone")
                                                     : "the git clone of this folder";
  if (clone->key() != wanted.repository)
    return unknown(place + " is of the repository '" + clone->key() + "'; --git-clone " + wanted.repository +
                   "=PATH names another");
  const auto found = clone->resolve({.text = wanted.reference});
  if (!found && found.error().code != ErrorCode::NotFound) return found.error();
  if (!found || !*found || (*found)->hash.empty()) return unknown("neither does " + place);
  return RepositoryReference{wanted.repository, (*found)->hash};
}

/// REF alone is of the clone, as in import.
RepositoryReference complete_reference(const Options& options, const std::string& text, const char* option) {
  std::string whole = text;
  if (text.find('@') == std::string::npos)
    if (const auto clone = open_clone(options)) whole = clone->key() + '@' + text;
  auto parsed = parse_repository_reference(whole);
  if (!parsed) throw UsageError{std::string(option) + ": " + parsed.error().text()};
  return std::move(*parsed);
}

}  // namespace

RunCommit named_commit(Model& model, const Options& options, const std::string& text, const char* option) {
  const auto wanted = complete_reference(options, text, option);
  auto resolved = model.resolve(wanted, std::nullopt);
  if (!resolved && resolved.error().code == ErrorCode::NotFound) {
    const auto in_clone = need(ask_clone(options, wanted));
    resolved = model.resolve(in_clone, std::nullopt);
    if (!resolved && resolved.error().code == ErrorCode::NotFound)
      fail(make_error(ErrorCode::NotFound,
                      "the git clone says that this is " + in_clone.reference.substr(0, 12) +
                          ", of which the store has no run; 'resultsdb commits --repository " +
                          wanted.repository + "' lists the commits it knows",
                      wanted.repository + "@" + wanted.reference));
  }
  const Commit commit = need(std::move(resolved)).commit;
  return {commit.repository, commit.id(), *commit.position};
}

}  // namespace resultsdb::cli
