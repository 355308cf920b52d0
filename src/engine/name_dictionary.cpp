#include "engine/name_dictionary.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "domain/check.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::engine {

using storage::TestId;

namespace {
constexpr std::size_t kManyNames = 1000;
}

NameDictionary::NameDictionary(storage::Storage& storage, std::string suite)
    : storage_(storage), suite_(std::move(suite)), order_(std::make_shared<const Order>()) {}

// Ids of the results' names, kNoTest where the name is not known.
NameDictionary::Prediction NameDictionary::predict(const ResultTable& results) const {
  Prediction found;
  std::vector<TestId>& ids = found.tests;
  ids.resize(results.size());
  std::shared_lock lock(mutex_);
  const Order& order = *order_;
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < results.size(); ++i) {
    const std::string_view name = results.name(i);
    if (next < order.tests.size() && table_.name(order.tests[next]) == name) {
      ids[i] = order.tests[next++];
      continue;
    }
    ids[i] = table_.find(name);
    if (ids[i] == kNoTest) {
      found.unknown.push_back(i);
    } else if (ids[i] < order.places.size() && order.places[ids[i]] != kNoTest) {
      found.in_order = found.in_order && order.places[ids[i]] >= next;
      next = order.places[ids[i]] + 1;
    } else {
      found.in_order = false;
    }
  }
  return found;
}

// A process that knows nothing yet reads the names of the suite in order, which is much faster than asking
// for each of them; unless the suite is far larger than the run.
Status NameDictionary::fill(std::size_t wanted) {
  {
    std::unique_lock lock(mutex_);
    if (filled_ || wanted < kManyNames) return {};
    filled_ = true;
  }
  RESULTSDB_ASSIGN(const std::uint64_t tests, storage_.count_tests(suite_));
  if (tests > 8 * wanted) return {};
  for (TestId first = 0;;) {
    RESULTSDB_ASSIGN(const auto rows, storage_.scan_tests(suite_, first, limits::kPageRows));
    std::unique_lock lock(mutex_);
    for (const storage::TestRow& row : rows) table_.add(row.id, row.name);
    if (rows.size() < limits::kPageRows || rows.back().id >= kTestsPerSuite) return {};
    first = rows.back().id + 1;
  }
}

void NameDictionary::remember_order(std::span<const TestId> tests) {
  std::unique_lock lock(mutex_);
  // A short upload (a rerun of some tests) must not displace the order of the whole suite.
  if (tests.size() * 2 < order_->tests.size()) return;
  if (std::equal(tests.begin(), tests.end(), order_->tests.begin(), order_->tests.end())) return;
  auto order = std::make_shared<Order>();
  order->tests.assign(tests.begin(), tests.end());
  for (std::uint32_t i = 0; i < tests.size(); ++i) {
    if (tests[i] >= order->places.size()) order->places.resize(tests[i] + 1, kNoTest);
    order->places[tests[i]] = i;
  }
  order_ = std::move(order);
}

Status NameDictionary::add_missing(const ResultTable& results, std::span<const std::uint32_t> unknown,
                                   RunNames& names) {
  std::vector<std::string_view> missing;
  std::unordered_map<std::string_view, std::size_t> seen;
  const auto note = [&](std::string_view name) -> Status {
    RESULTSDB_TRY(domain::check_name("test", name, domain::Presence::Required));
    if (!seen.emplace(name, missing.size()).second)
      return invalid_argument("the test occurs twice in the run; every test may have one result",
                              std::string(name));
    missing.push_back(name);
    return {};
  };
  for (const std::uint32_t i : unknown) RESULTSDB_TRY(note(results.name(i)));
  std::vector<std::size_t> unknown_lost;
  for (std::size_t i = 0; i < results.lost_size(); ++i) {
    if (names.lost[i] != kNoTest) continue;
    RESULTSDB_TRY(note(results.lost(i)));
    unknown_lost.push_back(i);
  }
  if (missing.empty()) return {};
  RESULTSDB_ASSIGN(const auto ids, storage_.intern_tests(suite_, missing));
  for (std::size_t i = 0; i < unknown.size(); ++i) names.tests[unknown[i]] = ids[i];
  for (std::size_t i = 0; i < unknown_lost.size(); ++i) names.lost[unknown_lost[i]] = ids[unknown.size() + i];
  std::unique_lock lock(mutex_);
  for (std::size_t i = 0; i < missing.size(); ++i) table_.add(ids[i], missing[i]);
  return {};
}

Error NameDictionary::named_twice(TestId test) {
  std::shared_lock lock(mutex_);
  return invalid_argument("the test occurs twice in the run; every test may have one result",
                          std::string(table_.name(test)));
}

namespace {

// Some id that occurs twice, else kNoTest.
TestId find_duplicate(const RunNames& names) {
  const auto& tests = names.tests;
  if (names.lost.empty() &&
      std::adjacent_find(tests.begin(), tests.end(), std::greater_equal<>()) == tests.end())
    return kNoTest;
  TestId largest = 0;
  for (const auto* ids : {&names.tests, &names.lost})
    for (const TestId id : *ids)
      if (id != kNoTest) largest = std::max(largest, id);
  const std::size_t count = names.tests.size() + names.lost.size();
  if (largest / 64 > count) {  // few of many tests: no array over all ids
    std::vector<TestId> all(names.tests);
    all.insert(all.end(), names.lost.begin(), names.lost.end());
    std::sort(all.begin(), all.end());
    for (std::size_t i = 1; i < all.size(); ++i)
      if (all[i] == all[i - 1] && all[i] != kNoTest) return all[i];
    return kNoTest;
  }
  std::vector<bool> seen(largest + 1);
  for (const auto* ids : {&names.tests, &names.lost}) {
    for (const TestId id : *ids) {
      if (id == kNoTest) continue;
      if (seen[id]) return id;
      seen[id] = true;
    }
  }
  return kNoTest;
}

}  // namespace

Result<RunNames> NameDictionary::intern(const ResultTable& results) {
  if (results.size() + results.lost_size() > limits::kTestsPerRun)
    return invalid_argument("the run has more than " + std::to_string(limits::kTestsPerRun) + " tests",
                            "results");
  Prediction found = predict(results);
  if (found.unknown.size() >= kManyNames) {
    RESULTSDB_TRY(fill(found.unknown.size()));
    found = predict(results);
  }
  RunNames names{.tests = std::move(found.tests), .lost = {}};
  {
    std::shared_lock lock(mutex_);
    for (std::size_t i = 0; i < results.lost_size(); ++i) names.lost.push_back(table_.find(results.lost(i)));
  }
  // Both kinds of duplicates are refused before anything is interned: here the known names, there the others.
  if (!found.in_order || !names.lost.empty()) {
    if (const TestId twice = find_duplicate(names); twice != kNoTest) return named_twice(twice);
  }
  RESULTSDB_TRY(add_missing(results, found.unknown, names));
  for (const auto* ids : {&names.tests, &names.lost})
    if (std::any_of(ids->begin(), ids->end(), [](TestId id) { return id >= kTestsPerSuite; }))
      return make_error(ErrorCode::ResourceExhausted,
                        "a suite may name at most " + std::to_string(kTestsPerSuite) + " tests",
                        "suite " + suite_);
  remember_order(names.tests);
  return names;
}

Result<std::vector<std::optional<TestId>>> NameDictionary::look_up(std::span<const std::string> names) {
  std::vector<std::optional<TestId>> ids(names.size());
  std::vector<std::string_view> missing;
  std::vector<std::size_t> places;
  {
    std::shared_lock lock(mutex_);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (const TestId id = table_.find(names[i]); id != kNoTest) {
        ids[i] = id;
      } else {
        missing.push_back(names[i]);
        places.push_back(i);
      }
    }
  }
  if (missing.empty()) return ids;
  RESULTSDB_ASSIGN(const auto found, storage_.look_up_tests(suite_, missing));
  std::unique_lock lock(mutex_);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    ids[places[i]] = found[i];
    if (found[i]) table_.add(*found[i], missing[i]);
  }
  return ids;
}

Result<std::vector<std::string_view>> NameDictionary::names(std::span<const TestId> ids) {
  std::vector<std::string_view> names(ids.size());
  std::vector<TestId> missing;
  std::vector<std::size_t> places;
  {
    std::shared_lock lock(mutex_);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      names[i] = table_.name(ids[i]);
      if (names[i].data() != nullptr) continue;
      missing.push_back(ids[i]);
      places.push_back(i);
    }
  }
  if (missing.empty()) return names;
  RESULTSDB_ASSIGN(const auto found, storage_.read_test_names(suite_, missing));
  std::unique_lock lock(mutex_);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (missing[i] >= kTestsPerSuite)
      return make_error(ErrorCode::Corrupt,
                        "a run names test " + std::to_string(missing[i]) + "; run a check",
                        "suite " + suite_);
    table_.add(missing[i], found[i]);
    names[places[i]] = table_.name(missing[i]);
  }
  return names;
}

std::vector<TestId> NameDictionary::not_listed(std::span<const TestId> ids) const {
  std::vector<TestId> missing;
  std::shared_lock lock(mutex_);
  for (const TestId id : ids)
    if (id >= listed_.size() || !listed_[id]) missing.push_back(id);
  return missing;
}

void NameDictionary::mark_listed(std::span<const TestId> ids) {
  std::unique_lock lock(mutex_);
  for (const TestId id : ids) {
    if (id >= listed_.size()) listed_.resize(id + 1);
    listed_[id] = true;
  }
}

}  // namespace resultsdb::engine
