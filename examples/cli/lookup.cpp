#include "lookup.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>

#include "context.hpp"
#include "near_names.hpp"

namespace resultsdb::cli {

std::vector<std::string> all_suites(Model& model) {
  std::vector<std::string> names;
  for (auto& suite : need(model.suites())) names.push_back(std::move(suite.name));
  return names;
}

std::string unknown_suite(const std::string& suite, const std::vector<std::string>& suites) {
  return "there is no suite '" + suite + "'" + did_you_mean(suite, suites) + " 'resultsdb suites' lists them";
}

void warn_of_unknown_suite(Model& model, const Options& options) {
  if (!options.has("suite")) return;
  const auto suites = all_suites(model);
  if (std::find(suites.begin(), suites.end(), options.text("suite")) == suites.end())
    std::cerr << "warning: " << unknown_suite(options.text("suite"), suites) << '\n';
}

std::vector<std::string> suites_of(Model& model, const Options& options) {
  if (!options.has("suite")) return all_suites(model);
  warn_of_unknown_suite(model, options);
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
  const auto known = all_suites(model);
  const auto suites = options.has("suite") ? std::vector{options.text("suite")} : known;
  if (suites.size() != 1)
    throw UsageError{std::string(command) + ": give --suite; 'resultsdb suites' lists them"};
  if (std::find(known.begin(), known.end(), suites.front()) == known.end())
    fail(make_error(ErrorCode::NotFound, unknown_suite(suites.front(), known)));
  return suites.front();
}

RunCommit named_commit(Model& model, const std::string& reference, const char* option) {
  auto parsed = parse_repository_reference(reference);
  if (!parsed) throw UsageError{std::string(option) + ": " + parsed.error().text()};
  const auto resolved = need(model.resolve(*parsed, std::nullopt));
  return {resolved.commit.repository, resolved.commit.id(), *resolved.commit.position};
}

}  // namespace resultsdb::cli
