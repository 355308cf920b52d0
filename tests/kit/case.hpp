// What all groups of the conformance suite are made of.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "resultsdb/testing/conformance.hpp"

namespace resultsdb::testing {

/// The seed of this process: RESULTSDB_SEED, else a random one.
std::uint32_t random_seed();

/// One case on one backend, with a fresh store.
class ConformanceCase : public ::testing::Test {
 public:
  void use(const ConformanceBackend& backend) { backend_ = &backend; }

 protected:
  void SetUp() override;
  void TearDown() override;

  const ConformanceBackend& backend() const { return *backend_; }
  storage::Storage& store() { return *store_; }
  const std::shared_ptr<storage::Storage>& shared_store() { return store_; }
  void close() { store_.reset(); }
  /// Another new store, which is also the one that reopen() means from now on.
  std::shared_ptr<storage::Storage> open_fresh();

  /// A number below `end`, which is not 0; from here on the seed is part of the failure.
  std::size_t random_below(std::size_t end) { return random() % end; }
  bool random_bool() { return random() % 2 == 0; }
  template <class T>
  const T& random_of(const std::vector<T>& values) {
    return values[random_below(values.size())];
  }
  std::mt19937::result_type random() {
    random_used_ = true;
    return random_();
  }

 private:
  const ConformanceBackend* backend_ = nullptr;
  std::shared_ptr<storage::Storage> store_;
  std::mt19937 random_{random_seed()};
  bool random_used_ = false;
};

struct CaseEntry {
  const char* name;
  const char* file;
  int line;
  std::function<ConformanceCase*()> make;
};
using CaseList = std::vector<CaseEntry>;

/// Begins a file of cases; `function` gives out their list.
#define RESULTSDB_CASES(function) \
  namespace {                     \
  CaseList& case_list() {         \
    static CaseList list;         \
    return list;                  \
  }                               \
  }                               \
  const CaseList& function() { return case_list(); }

/// Like TEST() and TEST_F(): adds the case to its file's list.
#define RESULTSDB_CASE(name) RESULTSDB_CASE_OF(ConformanceCase, name)
#define RESULTSDB_CASE_OF(fixture, name)                                            \
  class name final : public fixture {                                               \
    void TestBody() override;                                                       \
  };                                                                                \
  const bool name##_is_listed =                                                     \
      list_case(case_list(), {#name, __FILE__, __LINE__, [] { return new name; }}); \
  void name::TestBody()

inline bool list_case(CaseList& list, CaseEntry entry) {
  list.push_back(std::move(entry));
  return true;
}

const CaseList& life_cycle_cases();
const CaseList& empty_store_cases();
const CaseList& round_trip_cases();
const CaseList& batch_cases();
const CaseList& interning_cases();
const CaseList& run_query_cases();
const CaseList& query_cases();
const CaseList& page_cases();
const CaseList& document_cases();
const CaseList& chunk_cases();
const CaseList& long_name_cases();
const CaseList& commit_cases();
const CaseList& refusal_cases();
const CaseList& interleaving_cases();
const CaseList& thread_cases();

// --- answers

/// The value of an answer; an error fails the case at the caller's line and gives a default value.
template <class T>
T value_of(Result<T> answer, std::source_location where = std::source_location::current()) {
  if (answer.ok()) return *std::move(answer);
  ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << answer.error();
  return T{};
}

template <class T>
void expect_ok(const Result<T>& answer, std::source_location where = std::source_location::current()) {
  if (!answer.ok()) ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << answer.error();
}

/// The answer is an error of this kind and says something.
template <class T>
void expect_error(ErrorCode code, const Result<T>& answer,
                  std::source_location where = std::source_location::current()) {
  const int line = static_cast<int>(where.line());
  if (answer.ok()) {
    ADD_FAILURE_AT(where.file_name(), line) << "succeeded instead of " << to_string(code);
  } else if (answer.error().code != code || answer.error().message.empty()) {
    ADD_FAILURE_AT(where.file_name(), line) << "wanted " << to_string(code) << ", got " << answer.error();
  }
}

}  // namespace resultsdb::testing
