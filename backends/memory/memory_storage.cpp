// The reference backend: ordered containers under one shared_mutex.
#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <tuple>
#include <unordered_map>

#include "memory_data.hpp"
#include "resultsdb/backends/memory.hpp"

namespace resultsdb::backends {

namespace {

using namespace storage;
using namespace memory;

Error conflict(std::string what, std::string key) {
  auto error = make_error(ErrorCode::Conflict, std::move(what), std::move(key));
  error.backend = "memory";
  return error;
}
Error exists(std::string what, std::string key) {
  auto error = make_error(ErrorCode::AlreadyExists, std::move(what), std::move(key));
  error.backend = "memory";
  return error;
}

/// Deletes the entries of `map` whose keys lie in [first, last].
template <class Map, class Key>
void erase_range(Map& map, const Key& first, const Key& last) {
  map.erase(map.lower_bound(first), map.upper_bound(last));
}

class MemoryStorage final : public Storage {
 protected:
  Result<StorageInfo> do_info() override {
    return StorageInfo{.backend = "memory",
                       .location = "this process",
                       .schema_version = 1,
                       .oldest_reader = 1,
                       .software_version = 1};
  }
  Status do_ping() override { return {}; }
  std::optional<std::uint64_t> do_revision() override { return revision_.load(); }
  Status do_migrate() override { return {}; }
  Result<std::vector<TableSize>> do_sizes() override;
  Result<std::vector<Damage>> do_find_damage() override { return std::vector<Damage>(); }

  Status do_apply(const SuiteBatch& batch) override;
  Status do_apply(const RepositoryBatch& batch) override;
  Status do_apply(const DocumentBatch& batch) override;

  Result<std::vector<TestId>> do_intern_tests(std::string_view suite,
                                              std::span<const std::string_view> names) override {
    std::unique_lock lock(mutex_);
    return intern(suite_for_writing(suite).tests, names);
  }
  Result<std::vector<OutcomeId>> do_intern_outcomes(std::string_view suite,
                                                    std::span<const OutcomeKey> keys) override;
  Result<std::vector<ConfigurationId>> do_intern_configurations(
      std::string_view suite, std::span<const std::string_view> keys) override {
    std::unique_lock lock(mutex_);
    return intern(suite_for_writing(suite).configurations, keys);
  }
  Result<std::vector<TimelineId>> do_intern_timelines(std::string_view suite,
                                                      std::span<const TimelineKey> keys) override {
    std::unique_lock lock(mutex_);
    return intern(suite_for_writing(suite).timeline_keys, keys);
  }

  Result<std::vector<std::string>> do_find_suites() override;
  Result<std::vector<TestRow>> do_find_tests(const TestQuery& query, const std::optional<std::string>& after,
                                             std::uint32_t limit) override;
  Result<std::uint64_t> do_count_tests(std::string_view suite) override {
    std::shared_lock lock(mutex_);
    return suite_for_reading(suite).listed.size();
  }
  Result<std::vector<std::optional<TestId>>> do_look_up_tests(
      std::string_view suite, std::span<const std::string_view> names) override;
  Result<std::vector<std::string>> do_read_test_names(std::string_view suite,
                                                      std::span<const TestId> ids) override;
  Result<std::vector<TestRow>> do_scan_tests(std::string_view suite, TestId first,
                                             std::uint32_t limit) override;
  Result<std::vector<OutcomeRow>> do_find_outcomes(std::string_view suite, OutcomeId first) override {
    std::shared_lock lock(mutex_);
    return rows_from<OutcomeRow, 1>(suite_for_reading(suite).outcomes.keys, first);
  }
  Result<std::vector<ConfigurationRow>> do_find_configurations(std::string_view suite,
                                                               ConfigurationId first) override {
    std::shared_lock lock(mutex_);
    return rows_from<ConfigurationRow, 1>(suite_for_reading(suite).configurations.keys, first);
  }
  Result<std::vector<TimelineRow>> do_find_timelines(std::string_view suite,
                                                     std::span<const TimelineId> ids) override;
  Result<std::vector<RunRow>> do_find_runs(const RunQuery& query, const std::optional<RunCursor>& after,
                                           std::uint32_t limit) override;
  Result<std::uint64_t> do_count_runs(const RunQuery& query) override;
  Result<std::vector<std::optional<Bytes>>> do_read_outcomes(std::string_view suite,
                                                             std::span<const RunRef> runs) override;
  Result<Durations> do_read_durations(std::string_view suite,
                                      std::span<const DurationQuery> queries) override;
  Result<std::vector<TestSetRow>> do_read_test_sets(std::string_view suite, TimelineId timeline,
                                                    TestSetId first) override;
  Result<std::vector<ChangeRow>> do_find_changes(const ChangeQuery& query) override;
  Result<std::vector<DetailRow>> do_read_details(std::string_view suite, std::span<const RunRef> runs,
                                                 std::span<const TestId> tests) override;
  Result<std::vector<RepositoryRow>> do_find_repositories() override;
  Result<std::vector<CommitRow>> do_find_commits(const CommitQuery& query,
                                                 const std::optional<CommitCursor>& after,
                                                 std::uint32_t limit) override;
  Result<std::vector<std::string>> do_list_branches(std::string_view repository,
                                                    std::string_view prefix) override;
  Result<std::vector<std::string>> do_list_collections() override;
  Result<std::optional<Document>> do_get_document(std::string_view collection, std::string_view key) override;
  Result<std::vector<Document>> do_find_documents(const DocumentQuery& query,
                                                  const std::optional<std::string>& after,
                                                  std::uint32_t limit) override;
  Result<std::optional<Bytes>> do_read_chunk(std::string_view collection, std::string_view key,
                                             std::uint32_t number) override;

 private:
  template <class Keys, class Views>
  static std::vector<std::uint32_t> intern(Keys& dictionary, const Views& views) {
    std::vector<std::uint32_t> ids;
    ids.reserve(views.size());
    for (const auto& view : views) ids.push_back(dictionary.intern(view));
    return ids;
  }
  template <class Row, std::uint32_t First, class Key>
  static std::vector<Row> rows_from(const std::vector<Key>& keys, std::uint32_t first) {
    std::vector<Row> rows;
    for (std::size_t i = first > First ? first - First : 0; i < keys.size(); ++i)
      rows.push_back({First + static_cast<std::uint32_t>(i), keys[i]});
    return rows;
  }
  Suite& suite_for_writing(std::string_view name) {
    return suites_.try_emplace(std::string(name)).first->second;
  }
  const Suite& suite_for_reading(std::string_view name) const {
    static const Suite none;
    const auto found = suites_.find(name);
    return found == suites_.end() ? none : found->second;
  }
  static Status check(const Suite& suite, const SuiteBatch& batch);
  static void delete_run(Suite& suite, RunRef ref);
  static void delete_rows(Suite& suite, const SuiteBatch& batch);
  static void put_rows(Suite& suite, const SuiteBatch& batch);

  mutable std::shared_mutex mutex_;
  std::atomic<std::uint64_t> revision_{0};
  std::map<std::string, Suite, std::less<>> suites_;
  std::map<std::string, RepositoryData, std::less<>> repositories_;
  std::map<std::string, Collection, std::less<>> collections_;
};

// --- writing

/// Preconditions and unique keys: afterwards the batch cannot fail.
Status MemoryStorage::check(const Suite& suite, const SuiteBatch& batch) {
  for (const auto& row : batch.timelines) {
    const auto found = suite.timelines.find(row.id);
    const std::uint64_t version = found == suite.timelines.end() ? 0 : found->second.version;
    if (version + 1 != row.version)
      return conflict("the timeline is at version " + std::to_string(version),
                      "timeline " + std::to_string(row.id));
  }
  const std::set<RunRef> deleted(batch.delete_runs.begin(), batch.delete_runs.end());
  for (const auto& run : batch.put_runs) {
    const auto taken = [&](const auto& index, const auto& key) {
      const auto found = index.find(key);
      return found != index.end() && found->second != run.ref() && !deleted.contains(found->second);
    };
    if (taken(suite.run_keys, natural_key(run)))
      return exists("a run with this position, start and variant is there", run.id);
    if (taken(suite.run_ids, run.id)) return exists("another run has this id", run.id);
  }
  return {};
}

void MemoryStorage::delete_run(Suite& suite, RunRef ref) {
  const auto found = suite.runs.find(ref);
  if (found == suite.runs.end()) return;
  suite.run_ids.erase(found->second.id);
  suite.run_keys.erase(natural_key(found->second));
  suite.runs.erase(found);
  suite.outcome_blobs.erase(ref);
  erase_range(suite.details, std::pair(ref, TestId{0}), std::pair(ref, ~TestId{0}));
  auto chunk = suite.durations.lower_bound({ref.timeline, 0, 0});
  while (chunk != suite.durations.end() && std::get<0>(chunk->first) == ref.timeline)
    chunk = std::get<2>(chunk->first) == ref.serial ? suite.durations.erase(chunk) : std::next(chunk);
}

void MemoryStorage::delete_rows(Suite& suite, const SuiteBatch& batch) {
  for (const auto& ref : batch.delete_runs) delete_run(suite, ref);
  for (const auto& row : batch.delete_durations) suite.durations.erase({row.timeline, row.chunk, row.serial});
  for (const auto& row : batch.delete_tiles)
    suite.tiles.erase({row.timeline, row.block, row.level, row.tile});
  for (const auto& row : batch.delete_test_sets) suite.test_sets.erase({row.timeline, row.id});
  for (const auto& key : batch.delete_changes) suite.changes.erase(key);
  for (const auto& row : batch.delete_details) suite.details.erase({{row.timeline, row.serial}, row.test});
}

void MemoryStorage::put_rows(Suite& suite, const SuiteBatch& batch) {
  for (const auto& row : batch.timelines) suite.timelines.insert_or_assign(row.id, row);
  for (const auto test : batch.listed_tests) {
    if (test < suite.tests.keys.size() && suite.listed.insert(test).second)
      suite.listed_names.emplace(suite.tests.keys[test], test);
  }
  for (const auto& run : batch.put_runs) {
    if (const auto old = suite.runs.find(run.ref()); old != suite.runs.end()) {
      suite.run_ids.erase(old->second.id);
      suite.run_keys.erase(natural_key(old->second));
    }
  }
  for (const auto& run : batch.put_runs) {
    suite.runs.insert_or_assign(run.ref(), run);
    suite.run_ids.insert_or_assign(run.id, run.ref());
    suite.run_keys.insert_or_assign(natural_key(run), run.ref());
  }
  for (const auto& row : batch.put_outcomes)
    suite.outcome_blobs.insert_or_assign({row.timeline, row.serial}, row.blob);
  for (const auto& row : batch.put_durations)
    suite.durations.insert_or_assign({row.timeline, row.chunk, row.serial}, row.blob);
  for (const auto& row : batch.put_tiles)
    suite.tiles.insert_or_assign({row.timeline, row.block, row.level, row.tile}, row.blob);
  for (const auto& row : batch.put_test_sets) suite.test_sets.insert_or_assign({row.timeline, row.id}, row);
  for (const auto& row : batch.put_changes) suite.changes.insert_or_assign(row.key, row.outcome);
  for (const auto& row : batch.put_details)
    suite.details.insert_or_assign({RunRef{row.timeline, row.serial}, row.test}, row.blob);
}

Status MemoryStorage::do_apply(const SuiteBatch& batch) {
  std::unique_lock lock(mutex_);
  RESULTSDB_TRY(check(suite_for_reading(batch.suite), batch));
  auto& suite = suite_for_writing(batch.suite);
  delete_rows(suite, batch);
  put_rows(suite, batch);
  ++revision_;
  return {};
}

Status MemoryStorage::do_apply(const RepositoryBatch& batch) {
  std::unique_lock lock(mutex_);
  const auto found = repositories_.find(batch.row.name);
  const std::uint64_t version = found == repositories_.end() ? 0 : found->second.row.version;
  if (version + 1 != batch.row.version)
    return conflict("the repository is at version " + std::to_string(version), batch.row.name);
  auto& repository = repositories_[batch.row.name];
  repository.row = batch.row;
  for (const auto& key : batch.delete_commits) repository.commits.erase(key);
  for (const auto& commit : batch.put_commits)
    repository.commits.insert_or_assign({commit.branch, *commit.position, commit.id()}, commit);
  ++revision_;
  return {};
}

Status MemoryStorage::do_apply(const DocumentBatch& batch) {
  std::unique_lock lock(mutex_);
  auto& collection = collections_[batch.collection];
  std::map<std::string_view, std::uint64_t> before;  // documents that the batch names, and their versions
  const auto check = [&](const std::string& key, const std::optional<std::uint64_t>& expected) -> Status {
    const auto found = collection.documents.find(key);
    const std::uint64_t version = found == collection.documents.end() ? 0 : found->second.version;
    before[key] = version;
    if (!expected || *expected == version) return {};
    return conflict("the document is at version " + std::to_string(version), batch.collection + '/' + key);
  };
  for (const auto& item : batch.deletes) RESULTSDB_TRY(check(item.key, item.expected_version));
  for (const auto& item : batch.puts) RESULTSDB_TRY(check(item.document.key, item.expected_version));
  for (const auto& item : batch.puts) {
    for (const auto& pair : item.document.unique) {
      const auto holder = collection.unique.find(pair);
      if (holder != collection.unique.end() && !before.contains(holder->second))
        return exists("another document has this " + pair.first, batch.collection + '/' + item.document.key);
    }
  }

  const auto forget = [&](const std::string& key) {
    const auto document = collection.documents.find(key);
    if (document == collection.documents.end()) return;
    for (const auto& pair : document->second.unique) collection.unique.erase(pair);
    collection.documents.erase(document);
  };
  for (const auto& item : batch.deletes) {
    forget(item.key);
    before[item.key] = 0;
  }
  for (const auto& item : batch.puts) forget(item.document.key);
  for (const auto& item : batch.puts) {
    auto document = item.document;
    document.collection = batch.collection;
    document.version = before[document.key] + 1;
    for (const auto& pair : document.unique) collection.unique.emplace(pair, document.key);
    collection.documents.insert_or_assign(item.document.key, std::move(document));
  }
  for (const ChunkRow& row : batch.delete_chunks) collection.chunks.erase({row.key, row.number});
  for (const ChunkRow& row : batch.put_chunks)
    collection.chunks.insert_or_assign({row.key, row.number}, row.bytes);
  ++revision_;
  return {};
}

Result<std::vector<OutcomeId>> MemoryStorage::do_intern_outcomes(std::string_view suite,
                                                                 std::span<const OutcomeKey> keys) {
  std::unique_lock lock(mutex_);
  auto& outcomes = suite_for_writing(suite).outcomes;
  const OutcomeKey plain{.expected = "PASS", .actual = "PASS", .attributes = std::nullopt};
  std::set<OutcomeKey> unknown;
  for (const auto& key : keys)
    if (key != plain && !outcomes.ids.contains(key)) unknown.insert(key);
  if (outcomes.keys.size() + unknown.size() > limits::kOutcomesPerSuite)
    return make_error(ErrorCode::ResourceExhausted, "the suite's outcome dictionary is full",
                      std::string(suite));
  std::vector<OutcomeId> ids;
  for (const auto& key : keys) ids.push_back(key == plain ? 0 : outcomes.intern(key));
  return ids;
}

// --- reading

Result<std::vector<TableSize>> MemoryStorage::do_sizes() {
  std::shared_lock lock(mutex_);
  std::map<std::string, TableSize> tables;
  const auto add = [&](const char* name, const auto& map, auto&& size_of) {
    auto& table = tables[name];
    table.table = name;
    table.rows += map.size();
    for (const auto& entry : map) table.bytes += size_of(entry);
  };
  const auto blob = [](const auto& entry) { return entry.second.size(); };
  for (const auto& [name, suite] : suites_) {
    add("test", suite.tests.keys, [](const auto& key) { return key.size(); });
    add("run", suite.runs, [](const auto& entry) { return sizeof(RunRow) + entry.second.header.size(); });
    add("run_outcomes", suite.outcome_blobs, blob);
    add("run_durations", suite.durations, blob);
    add("duration_tile", suite.tiles, blob);
    add("test_set", suite.test_sets, [](const auto& entry) { return entry.second.blob.size(); });
    add("change", suite.changes, [](const auto&) { return sizeof(ChangeKey) + sizeof(OutcomeId); });
    add("detail", suite.details, blob);
  }
  std::vector<TableSize> sizes;
  for (auto& [name, table] : tables) sizes.push_back(std::move(table));
  return sizes;
}

Result<std::vector<std::string>> MemoryStorage::do_find_suites() {
  std::shared_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, suite] : suites_)
    if (!suite.timelines.empty()) names.push_back(name);
  return names;
}

Result<std::vector<TestRow>> MemoryStorage::do_find_tests(const TestQuery& query,
                                                          const std::optional<std::string>& after,
                                                          std::uint32_t limit) {
  std::shared_lock lock(mutex_);
  const auto& names = suite_for_reading(query.suite).listed_names;
  std::vector<TestRow> rows;
  auto at = names.lower_bound(query.prefix);
  if (after && *after >= query.prefix) at = names.upper_bound(*after);
  for (; at != names.end() && at->first.starts_with(query.prefix) && rows.size() < limit; ++at)
    if (at->first.find(query.contains) != std::string::npos) rows.push_back({at->second, at->first});
  return rows;
}

Result<std::vector<std::optional<TestId>>> MemoryStorage::do_look_up_tests(
    std::string_view suite, std::span<const std::string_view> names) {
  std::shared_lock lock(mutex_);
  const auto& ids = suite_for_reading(suite).tests.ids;
  std::vector<std::optional<TestId>> found;
  for (const auto name : names) {
    const auto entry = ids.find(name);
    found.push_back(entry == ids.end() ? std::nullopt : std::optional(entry->second));
  }
  return found;
}

Result<std::vector<std::string>> MemoryStorage::do_read_test_names(std::string_view suite,
                                                                   std::span<const TestId> ids) {
  std::shared_lock lock(mutex_);
  const auto& keys = suite_for_reading(suite).tests.keys;
  std::vector<std::string> names;
  for (const auto id : ids) {
    if (id >= keys.size()) return make_error(ErrorCode::NotFound, "no test has this id", std::to_string(id));
    names.push_back(keys[id]);
  }
  return names;
}

Result<std::vector<TestRow>> MemoryStorage::do_scan_tests(std::string_view suite, TestId first,
                                                          std::uint32_t limit) {
  std::shared_lock lock(mutex_);
  const auto& keys = suite_for_reading(suite).tests.keys;
  std::vector<TestRow> rows;
  for (std::size_t id = first; id < keys.size() && rows.size() < limit; ++id)
    rows.push_back({static_cast<TestId>(id), keys[id]});
  return rows;
}

Result<std::vector<TimelineRow>> MemoryStorage::do_find_timelines(std::string_view suite,
                                                                  std::span<const TimelineId> ids) {
  std::shared_lock lock(mutex_);
  const auto& timelines = suite_for_reading(suite).timelines;
  std::vector<TimelineRow> rows;
  if (ids.empty()) {
    for (const auto& [id, row] : timelines) rows.push_back(row);
    return rows;
  }
  for (const auto id : std::set<TimelineId>(ids.begin(), ids.end()))
    if (const auto found = timelines.find(id); found != timelines.end()) rows.push_back(found->second);
  return rows;
}

Result<std::vector<RunRow>> MemoryStorage::do_find_runs(const RunQuery& query,
                                                        const std::optional<RunCursor>& after,
                                                        std::uint32_t limit) {
  std::shared_lock lock(mutex_);
  std::map<SortKey, const RunRow*> sorted;
  const auto cursor = after ? std::optional(sort_key(*after, query.order)) : std::nullopt;
  for (const auto& [ref, run] : suite_for_reading(query.suite).runs) {
    if (!matches(run, query)) continue;
    auto key = sort_key(run, query.order);
    if (cursor && (query.ascending ? key <= *cursor : key >= *cursor)) continue;
    sorted.emplace(std::move(key), &run);
    if (sorted.size() > limit) sorted.erase(query.ascending ? std::prev(sorted.end()) : sorted.begin());
  }
  std::vector<RunRow> rows;
  for (const auto& [key, run] : sorted) rows.push_back(*run);
  if (!query.ascending) std::reverse(rows.begin(), rows.end());
  return rows;
}

Result<std::uint64_t> MemoryStorage::do_count_runs(const RunQuery& query) {
  std::shared_lock lock(mutex_);
  const auto& runs = suite_for_reading(query.suite).runs;
  return static_cast<std::uint64_t>(std::count_if(
      runs.begin(), runs.end(), [&](const auto& entry) { return matches(entry.second, query); }));
}

Result<std::vector<std::optional<Bytes>>> MemoryStorage::do_read_outcomes(std::string_view suite,
                                                                          std::span<const RunRef> runs) {
  std::shared_lock lock(mutex_);
  const auto& blobs = suite_for_reading(suite).outcome_blobs;
  std::vector<std::optional<Bytes>> found;
  for (const auto& ref : runs) {
    const auto entry = blobs.find(ref);
    found.push_back(entry == blobs.end() ? std::nullopt : std::optional(entry->second));
  }
  return found;
}

Result<Durations> MemoryStorage::do_read_durations(std::string_view suite,
                                                   std::span<const DurationQuery> queries) {
  std::shared_lock lock(mutex_);
  const auto& data = suite_for_reading(suite);
  std::map<std::tuple<TimelineId, std::uint32_t, RunSerial>, const Bytes*> raw;
  std::map<std::tuple<TimelineId, std::uint32_t, std::uint32_t, std::uint32_t>, const Bytes*> tiles;
  for (const auto& query : queries) {
    if (query.chunk) {
      auto at = data.durations.lower_bound({query.timeline, *query.chunk, query.serials.from.value_or(0)});
      for (; at != data.durations.end() && std::get<0>(at->first) == query.timeline &&
             std::get<1>(at->first) == *query.chunk;
           ++at)
        if (query.serials.contains(std::get<2>(at->first))) raw.emplace(at->first, &at->second);
    }
    for (std::uint32_t level = 0; query.block && level < 2; ++level) {
      auto at =
          data.tiles.lower_bound({query.timeline, *query.block, level, query.tiles[level].from.value_or(0)});
      for (; at != data.tiles.end() && std::get<0>(at->first) == query.timeline &&
             std::get<1>(at->first) == *query.block && std::get<2>(at->first) == level;
           ++at)
        if (query.tiles[level].contains(std::get<3>(at->first))) tiles.emplace(at->first, &at->second);
    }
  }
  Durations answer;
  for (const auto& [key, blob] : raw)
    answer.raw.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), *blob});
  for (const auto& [key, blob] : tiles)
    answer.tiles.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), std::get<3>(key), *blob});
  return answer;
}

Result<std::vector<TestSetRow>> MemoryStorage::do_read_test_sets(std::string_view suite, TimelineId timeline,
                                                                 TestSetId first) {
  std::shared_lock lock(mutex_);
  const auto& sets = suite_for_reading(suite).test_sets;
  std::vector<TestSetRow> rows;
  for (auto at = sets.lower_bound({timeline, first}); at != sets.end() && at->first.first == timeline; ++at)
    rows.push_back(at->second);
  return rows;
}

Result<std::vector<ChangeRow>> MemoryStorage::do_find_changes(const ChangeQuery& query) {
  std::shared_lock lock(mutex_);
  const auto& changes = suite_for_reading(query.suite).changes;
  const std::set<TimelineId> timelines(query.timelines.begin(), query.timelines.end());
  std::vector<ChangeRow> rows;
  const auto take = [&](auto at, auto end) {
    for (; at != end; ++at)
      if (timelines.empty() || timelines.contains(at->first.timeline))
        rows.push_back({at->first, at->second});
  };
  if (query.tests.empty()) take(changes.begin(), changes.end());
  for (const auto test : std::set<TestId>(query.tests.begin(), query.tests.end())) {
    const auto begin = changes.lower_bound(
        ChangeKey{.test = test, .position = -limits::kMaxPosition, .started = Time::min()});
    auto end = begin;
    while (end != changes.end() && end->first.test == test) ++end;
    take(begin, end);
  }
  return rows;
}

Result<std::vector<DetailRow>> MemoryStorage::do_read_details(std::string_view suite,
                                                              std::span<const RunRef> runs,
                                                              std::span<const TestId> tests) {
  std::shared_lock lock(mutex_);
  const auto& details = suite_for_reading(suite).details;
  const std::set<TestId> wanted(tests.begin(), tests.end());
  std::vector<DetailRow> rows;
  for (const auto& ref : std::set<RunRef>(runs.begin(), runs.end())) {
    for (auto at = details.lower_bound({ref, 0}); at != details.end() && at->first.first == ref; ++at)
      if (wanted.empty() || wanted.contains(at->first.second))
        rows.push_back({ref.timeline, ref.serial, at->first.second, at->second});
  }
  return rows;
}

Result<std::vector<RepositoryRow>> MemoryStorage::do_find_repositories() {
  std::shared_lock lock(mutex_);
  std::vector<RepositoryRow> rows;
  for (const auto& [name, repository] : repositories_) rows.push_back(repository.row);
  return rows;
}

Result<std::vector<CommitRow>> MemoryStorage::do_find_commits(const CommitQuery& query,
                                                              const std::optional<CommitCursor>& after,
                                                              std::uint32_t limit) {
  std::shared_lock lock(mutex_);
  using Key = std::tuple<Position, std::string, std::string>;
  const auto found = repositories_.find(query.repository);
  if (found == repositories_.end()) return std::vector<CommitRow>();
  std::map<Key, const CommitRow*> sorted;
  const auto cursor = after ? std::optional(Key(after->position, after->branch, after->id)) : std::nullopt;
  for (const auto& [key, commit] : found->second.commits) {
    if (!matches(commit, query)) continue;
    Key order(key.position, key.branch, key.id);
    if (cursor && (query.ascending ? order <= *cursor : order >= *cursor)) continue;
    sorted.emplace(std::move(order), &commit);
    if (sorted.size() > limit) sorted.erase(query.ascending ? std::prev(sorted.end()) : sorted.begin());
  }
  std::vector<CommitRow> rows;
  for (const auto& [key, commit] : sorted) rows.push_back(*commit);
  if (!query.ascending) std::reverse(rows.begin(), rows.end());
  return rows;
}

Result<std::vector<std::string>> MemoryStorage::do_list_branches(std::string_view repository,
                                                                 std::string_view prefix) {
  std::shared_lock lock(mutex_);
  std::vector<std::string> branches;
  const auto found = repositories_.find(repository);
  if (found == repositories_.end()) return branches;
  for (const auto& [key, commit] : found->second.commits)
    if (key.branch.starts_with(prefix) && (branches.empty() || branches.back() != key.branch))
      branches.push_back(key.branch);
  return branches;
}

Result<std::vector<std::string>> MemoryStorage::do_list_collections() {
  std::shared_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, collection] : collections_)
    if (!collection.documents.empty()) names.push_back(name);
  return names;
}

Result<std::optional<Document>> MemoryStorage::do_get_document(std::string_view collection,
                                                               std::string_view key) {
  std::shared_lock lock(mutex_);
  const auto found = collections_.find(collection);
  if (found == collections_.end()) return std::optional<Document>();
  const auto document = found->second.documents.find(key);
  return document == found->second.documents.end() ? std::optional<Document>()
                                                   : std::optional(document->second);
}

Result<std::vector<Document>> MemoryStorage::do_find_documents(const DocumentQuery& query,
                                                               const std::optional<std::string>& after,
                                                               std::uint32_t limit) {
  std::shared_lock lock(mutex_);
  std::vector<Document> rows;
  const auto found = collections_.find(query.collection);
  if (found == collections_.end()) return rows;
  const auto consider = [&](const Document& document) {
    if (!document.key.starts_with(query.key_prefix) || !has_all(document.attributes, query.attributes))
      return;
    if (query.unique && !has_all(document.unique, {*query.unique})) return;
    if (after && (query.descending ? document.key >= *after : document.key <= *after)) return;
    if (rows.size() < limit) rows.push_back(document);
  };
  const auto& documents = found->second.documents;
  if (query.descending) {
    for (auto at = documents.rbegin(); at != documents.rend() && rows.size() < limit; ++at)
      consider(at->second);
  } else {
    for (auto at = documents.begin(); at != documents.end() && rows.size() < limit; ++at)
      consider(at->second);
  }
  return rows;
}

Result<std::optional<Bytes>> MemoryStorage::do_read_chunk(std::string_view collection, std::string_view key,
                                                          std::uint32_t number) {
  std::shared_lock lock(mutex_);
  const auto found = collections_.find(collection);
  if (found == collections_.end()) return std::optional<Bytes>();
  const auto chunk = found->second.chunks.find({std::string(key), number});
  return chunk == found->second.chunks.end() ? std::optional<Bytes>() : std::optional(chunk->second);
}

}  // namespace

std::shared_ptr<storage::Storage> open_memory() { return std::make_shared<MemoryStorage>(); }

void register_memory(BackendRegistry& registry) {
  registry.add("memory",
               [](const StoreUrl& url, const OpenOptions&) -> Result<std::shared_ptr<storage::Storage>> {
                 if (!url.options.empty() || !url.path.empty())
                   return invalid_argument("the store in memory is written 'memory:' and has no options",
                                           url.redacted());
                 return open_memory();
               });
}

}  // namespace resultsdb::backends
