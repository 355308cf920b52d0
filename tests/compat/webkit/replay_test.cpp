// Sends recorded exchanges of the original through the router, without sockets, on each backend.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "compat/webkit/exchange.hpp"
#include "resultsdb/http/webkit.hpp"
#include "resultsdb/repository.hpp"
#include "support/stores.hpp"

namespace resultsdb::webkit {
namespace {

using testing::Exchange;

constexpr std::int64_t kNow = 1'602'000'000;
const std::string kFolder = std::string(RESULTSDB_SOURCE_DIR) + "/tests/compat/webkit/";

/// The endpoint of a request that the mount does not have yet, or empty. "METHOD PATH"; `*`: any method or
/// the rest of the path.
std::string missing_endpoint(const http::Request& request) {
  static const std::vector<std::string> kMissing = {"* /api/upload/archive", "* /api/bug-trackers*"};
  // What leads elsewhere is there; the pages themselves and their files are not.
  if (!request.path.starts_with("/api") && !request.path.starts_with("/urls/") &&
      !request.path.starts_with("/commit/") && request.path != "/commit")
    return "pages";
  for (const std::string& missing : kMissing) {
    const std::string method = missing.substr(0, missing.find(' '));
    std::string path = missing.substr(method.size() + 1);
    const bool prefix = path.ends_with('*');
    if (prefix) path.pop_back();
    if (method != "*" && method != request.method) continue;
    if (prefix ? request.path.starts_with(path) : request.path == path) return missing;
  }
  return {};
}

/// Identifiers of exchanges that may differ, with the number of the trap that says why.
const std::map<std::string, std::string>& allowed() {
  static const auto allowed = [] {
    std::map<std::string, std::string> entries;
    std::ifstream in(kFolder + "allowed.txt");
    EXPECT_TRUE(in.good());
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string id, trap;
      if (words >> id && id[0] != '#' && words >> trap) entries[id] = trap;
    }
    return entries;
  }();
  return allowed;
}

using Scenario = std::tuple<std::string, std::string>;  // backend, file of exchanges

class Replay : public ::testing::TestWithParam<Scenario> {
 protected:
  void SetUp() override {
    auto repositories = load_static_repositories(kFolder + "golden/repositories.json");
    ASSERT_TRUE(repositories.ok()) << repositories.error();
    auto storage = store_.open();
    ASSERT_TRUE(storage.ok()) << storage.error();
    ModelOptions options;
    options.repositories = std::move(*repositories);
    auto model = Model::create(*storage, std::move(options));
    ASSERT_TRUE(model.ok()) << model.error();
    Options mounted;
    mounted.clock = [] { return from_seconds(kNow); };
    mounted.async_processing = std::get<1>(GetParam()) == "13-async";  // as its exchanges say
    auto masters = load_ci_masters(kFolder + "golden/ci.json");
    ASSERT_TRUE(masters.ok()) << masters.error();
    mounted.ci_masters = std::move(*masters);
    mount(router_, *model, mounted);
  }

  resultsdb::testing::TestStore store_{std::get<0>(GetParam())};
  http::Router router_;
};

TEST_P(Replay, AnswersAsRecorded) {
  const std::string name = std::get<1>(GetParam());
  int passed = 0, excused = 0, skipped = 0;
  std::map<std::string, int> missing;
  for (const Exchange& exchange : testing::load_exchanges(kFolder + "golden/" + name + ".jsonl")) {
    const http::Request request = exchange.request();
    if (const std::string endpoint = missing_endpoint(request); !endpoint.empty()) {
      ++skipped;
      ++missing[endpoint];
      continue;
    }
    const std::string difference = exchange.difference(router_.dispatch(request));
    if (!allowed().contains(exchange.id)) {
      passed += difference.empty();
      EXPECT_EQ(difference, "") << exchange.id << ": " << request.method << ' ' << request.target;
      continue;
    }
    ++excused;
    EXPECT_NE(difference, "") << exchange.id << " does not differ any more: take it out of allowed.txt";
    EXPECT_TRUE(exchange.has_tag("quirk") || exchange.has_tag("storage-order")) << exchange.id;
  }
  std::cout << name << " on " << std::get<0>(GetParam()) << ": " << passed << " passed, " << excused
            << " allowed, " << skipped << " skipped";
  for (const auto& [endpoint, count] : missing) std::cout << "; " << endpoint << ": " << count;
  std::cout << '\n';
}

std::vector<std::string> scenarios() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder + "golden")) {
    if (entry.path().extension() == ".jsonl") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Recorded, Replay,
                         ::testing::Combine(::testing::ValuesIn(resultsdb::testing::backends()),
                                            ::testing::ValuesIn(scenarios())),
                         [](const auto& info) {
                           std::string name = std::get<0>(info.param) + "_" + std::get<1>(info.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(AllowedDifferences, NameExchangesAndTraps) {
  std::set<std::string> ids;
  for (const std::string& name : scenarios()) {
    for (const Exchange& exchange : testing::load_exchanges(kFolder + "golden/" + name + ".jsonl")) {
      ids.insert(exchange.id);
    }
  }
  for (const auto& [id, trap] : allowed()) {
    EXPECT_TRUE(ids.contains(id)) << id;
    EXPECT_TRUE(std::all_of(trap.begin(), trap.end(), [](char c) { return c >= '0' && c <= '9'; })) << id;
  }
}

}  // namespace
}  // namespace resultsdb::webkit
