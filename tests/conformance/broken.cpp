// The suite has to notice: each defect here, of the memory backend, must make it fail.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/testing/conformance.hpp"
#include "resultsdb/testing/faulty_storage.hpp"

namespace {

using namespace resultsdb;
using namespace resultsdb::storage;
using testing::FaultyStorage;

constexpr const char* kDefects[] = {
    "none",
    "versions of a suite are not checked",
    "versions of documents are not checked",
    "runs are not deleted",
    "a batch is applied in two steps",
    "times are cut to seconds",
    "a page begins with the last row of the one before",
    "count_runs ignores the states",
    "find_runs ignores the second attribute",
    "find_tests folds case",
    "tests are interned in another order",
    "outcomes come in their own order",
    "blobs end at the first zero byte",
    "find_changes ignores the timelines",
    "timelines beside changes are old",
    "list_branches ignores the prefix",
    "list_collections is unsorted",
    "find_documents ignores the direction",
    "find_commits compares its text exactly",
    "chunks are written without their documents",
    "chunks of all keys are mixed up",
    "unknown test ids have an empty name",
};

class Broken : public FaultyStorage {
 public:
  explicit Broken(std::string_view defect) : FaultyStorage(backends::open_memory()), defect_(defect) {}

 protected:
  bool is(std::string_view defect) const { return defect_ == defect; }

  Status do_apply(const SuiteBatch& asked) override {
    SuiteBatch batch = asked;
    if (is("runs are not deleted")) batch.delete_runs.clear();
    if (is("times are cut to seconds")) {
      for (RunRow& run : batch.put_runs) run.started = from_seconds(to_seconds(run.started));
    }
    if (is("a batch is applied in two steps")) {
      SuiteBatch first = {.suite = batch.suite, .listed_tests = batch.listed_tests};
      RESULTSDB_TRY(FaultyStorage::do_apply(first));
    }
    Status status = FaultyStorage::do_apply(batch);
    if (is("versions of a suite are not checked") && !status && status.error().retryable()) return {};
    return status;
  }
  Status do_apply(const DocumentBatch& asked) override {
    DocumentBatch batch = asked;
    if (is("versions of documents are not checked")) {
      for (DocumentPut& put : batch.puts) put.expected_version.reset();
    }
    if (is("chunks are written without their documents") && !batch.put_chunks.empty()) {
      RESULTSDB_TRY(FaultyStorage::do_apply(
          DocumentBatch{.collection = batch.collection, .put_chunks = std::move(batch.put_chunks)}));
      batch.put_chunks.clear();
    }
    if (is("chunks of all keys are mixed up")) {
      for (ChunkRow& row : batch.put_chunks) row.key = "key";
      for (ChunkRow& row : batch.delete_chunks) row.key = "key";
    }
    return FaultyStorage::do_apply(batch);
  }
  using FaultyStorage::do_apply;

  Result<std::vector<RunRow>> do_find_runs(const RunQuery& asked, const std::optional<RunCursor>& after,
                                           std::uint32_t limit) override {
    RunQuery query = asked;
    if (is("find_runs ignores the second attribute") && query.attributes.size() > 1)
      query.attributes.resize(1);
    std::optional<RunCursor> from = after;
    if (from && is("a page begins with the last row of the one before")) {
      from->timeline += query.ascending ? -1 : 1;
    }
    return FaultyStorage::do_find_runs(query, from, limit);
  }
  Result<std::uint64_t> do_count_runs(const RunQuery& asked) override {
    RunQuery query = asked;
    if (is("count_runs ignores the states")) query.states.clear();
    return FaultyStorage::do_count_runs(query);
  }
  Result<std::vector<TestRow>> do_find_tests(const TestQuery& asked, const std::optional<std::string>& after,
                                             std::uint32_t limit) override {
    TestQuery query = asked;
    if (is("find_tests folds case") && query.contains == "A") query.contains = "a";
    return FaultyStorage::do_find_tests(query, after, limit);
  }
  Result<std::vector<TestId>> do_intern_tests(std::string_view suite,
                                              std::span<const std::string_view> names) override {
    auto ids = FaultyStorage::do_intern_tests(suite, names);
    if (is("tests are interned in another order") && ids.ok()) std::reverse(ids->begin(), ids->end());
    return ids;
  }
  Result<std::vector<std::optional<Bytes>>> do_read_outcomes(std::string_view suite,
                                                             std::span<const RunRef> runs) override {
    std::vector<RunRef> refs(runs.begin(), runs.end());
    if (is("outcomes come in their own order")) std::sort(refs.begin(), refs.end());
    auto blobs = FaultyStorage::do_read_outcomes(suite, refs);
    if (is("blobs end at the first zero byte") && blobs.ok()) {
      for (auto& blob : *blobs) {
        if (blob) blob->resize(std::min(blob->size(), blob->find('\0')));
      }
    }
    return blobs;
  }
  Result<std::vector<ChangeRow>> do_find_changes(const ChangeQuery& asked) override {
    ChangeQuery query = asked;
    if (is("find_changes ignores the timelines")) query.timelines.clear();
    return FaultyStorage::do_find_changes(query);
  }
  Result<ChangesAndTimelines> do_find_changes_and_timelines(const ChangeQuery& query) override {
    auto found = FaultyStorage::do_find_changes_and_timelines(query);
    if (is("timelines beside changes are old") && found && !found->timelines.empty())
      --found->timelines.back().version;
    return found;
  }
  Result<std::vector<std::string>> do_list_branches(std::string_view repository,
                                                    std::string_view prefix) override {
    return FaultyStorage::do_list_branches(
        repository, is("list_branches ignores the prefix") ? std::string_view() : prefix);
  }
  Result<std::vector<std::string>> do_list_collections() override {
    auto names = FaultyStorage::do_list_collections();
    if (names && is("list_collections is unsorted")) std::reverse(names->begin(), names->end());
    return names;
  }
  Result<std::vector<Document>> do_find_documents(const DocumentQuery& asked,
                                                  const std::optional<std::string>& after,
                                                  std::uint32_t limit) override {
    DocumentQuery query = asked;
    if (is("find_documents ignores the direction")) query.descending = false;
    return FaultyStorage::do_find_documents(query, after, limit);
  }
  Result<std::optional<Bytes>> do_read_chunk(std::string_view collection, std::string_view key,
                                             std::uint32_t number) override {
    return FaultyStorage::do_read_chunk(collection, is("chunks of all keys are mixed up") ? "key" : key,
                                        number);
  }
  Result<std::vector<CommitRow>> do_find_commits(const CommitQuery& query,
                                                 const std::optional<CommitCursor>& after,
                                                 std::uint32_t limit) override {
    auto rows = FaultyStorage::do_find_commits(query, after, limit);
    if (is("find_commits compares its text exactly") && rows.ok()) {
      std::erase_if(*rows, [&](const CommitRow& row) {
        return (row.message + '\n' + row.author.name + '\n' + row.hash + '\n' + row.identifier)
                   .find(query.text) == std::string::npos;
      });
    }
    return rows;
  }
  Result<std::vector<std::string>> do_read_test_names(std::string_view suite,
                                                      std::span<const TestId> ids) override {
    auto names = FaultyStorage::do_read_test_names(suite, ids);
    if (is("unknown test ids have an empty name") && !names) return std::vector<std::string>(ids.size());
    return names;
  }

 private:
  const std::string_view defect_;
};

/// The suite's exit status on a backend with this defect, from a process of its own; -1 if that crashed.
int status_of_suite(const char* defect, int argc, char** argv) {
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(2);
    _exit(testing::conformance_main(
        argc, argv, {.name = "broken", .open_fresh = [&]() -> Result<std::shared_ptr<Storage>> {
                       return std::shared_ptr<Storage>(std::make_shared<Broken>(defect));
                     }}));
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

int main(int argc, char** argv) {
  int wrong = 0;
  for (const char* const defect : kDefects) {
    const int wanted = std::string_view(defect) == "none" ? 0 : 1;
    const int status = status_of_suite(defect, argc, argv);
    std::cout << (status == wanted ? "ok    " : "WRONG ") << defect << ": exit status " << status
              << std::endl;
    wrong += status != wanted;
  }
  return wrong == 0 ? 0 : 1;
}
