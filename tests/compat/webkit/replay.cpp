#include "compat/webkit/replay.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "compat/webkit/exchange.hpp"
#include "resultsdb/repository.hpp"

namespace resultsdb::webkit::testing {
namespace {

const std::string kFolder = std::string(RESULTSDB_SOURCE_DIR) + "/tests/compat/webkit/";

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

std::vector<Exchange> exchanges_of(const std::string& scenario) {
  return load_exchanges(golden_folder() + scenario + ".jsonl");
}

}  // namespace

std::string golden_folder() { return kFolder + "golden/"; }

std::vector<std::string> scenarios() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(golden_folder())) {
    if (entry.path().extension() == ".jsonl") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_asynchronous(const std::string& scenario) { return scenario == "13-async"; }

Result<std::shared_ptr<Model>> mount_as_recorded(http::Router& router,
                                                 Result<std::shared_ptr<storage::Storage>> storage,
                                                 Options options) {
  if (!storage) return storage.error();
  ModelOptions of_model;
  RESULTSDB_ASSIGN(of_model.repositories, load_static_repositories(golden_folder() + "repositories.json"));
  RESULTSDB_ASSIGN(auto model, Model::create(*storage, std::move(of_model)));
  options.clock = [] { return from_seconds(kRecordedAt); };
  RESULTSDB_ASSIGN(options.ci_masters, load_ci_masters(golden_folder() + "ci.json"));
  mount(router, model, options);
  return model;
}

std::string scenario_name(const ::testing::TestParamInfo<Scenario>& info) {
  std::string name = std::get<0>(info.param) + "_" + std::get<1>(info.param);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

void replay(const std::string& scenario, const std::string& where,
            const std::function<http::Response(const http::Request&)>& send) {
  int passed = 0, excused = 0;
  for (const Exchange& exchange : exchanges_of(scenario)) {
    const http::Request request = exchange.request();
    const std::string difference = exchange.difference(send(request));
    if (!allowed().contains(exchange.id)) {
      passed += difference.empty();
      EXPECT_EQ(difference, "") << exchange.id << ": " << request.method << ' ' << request.target;
      continue;
    }
    ++excused;
    EXPECT_NE(difference, "") << exchange.id << " does not differ any more: take it out of allowed.txt";
    EXPECT_TRUE(exchange.has_tag("quirk") || exchange.has_tag("storage-order")) << exchange.id;
  }
  std::cout << scenario << " on " << where << ": " << passed << " passed, " << excused << " allowed\n";
}

TEST(AllowedDifferences, NameExchangesAndTraps) {
  std::set<std::string> ids;
  for (const std::string& scenario : scenarios()) {
    for (const Exchange& exchange : exchanges_of(scenario)) ids.insert(exchange.id);
  }
  for (const auto& [id, trap] : allowed()) {
    EXPECT_TRUE(ids.contains(id)) << id;
    EXPECT_TRUE(std::all_of(trap.begin(), trap.end(), [](char c) { return c >= '0' && c <= '9'; })) << id;
  }
}

}  // namespace resultsdb::webkit::testing
