#include "rows.hpp"

#include <algorithm>

#include "case.hpp"

namespace resultsdb::testing {

using namespace storage;

Time at(std::int64_t seconds) { return from_seconds(1'700'000'000 + seconds); }
Time first_time() { return std::chrono::sys_days{std::chrono::year{1} / 1 / 1}; }
Time last_time() { return Time{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}} - Duration{1}; }

Bytes all_bytes() {
  Bytes bytes;
  for (int value = 0; value < 256; ++value) bytes.push_back(static_cast<char>(value));
  for (int value = 255; value >= 0; --value) bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::vector<std::string> hard_names() {
  std::vector<std::string> names = {"a",          "A",
                                    "a ",         " a",
                                    "a\t",        "ab",
                                    "abc",        "b",
                                    "aB",         "AB",  // case, blanks, prefixes
                                    "caf\u00e9",  "cafe\u0301",
                                    "\u00df",     "ss",
                                    "SS",         "\u0130",
                                    "i",          "I",  // normalisation, folding
                                    "%",          "_",
                                    "*",          "?",
                                    "[a]",        "[a",
                                    "a]",         "[^a]",
                                    "a%",         "a_",
                                    "a*",         "a?",
                                    "%%",         "\\",
                                    "\\%",        "a\\",
                                    "'",          "\"",
                                    "''",         "`",
                                    ";--",        "'; DROP TABLE run;--",
                                    "$1",         ":a",
                                    "@a",         "?1",
                                    "{0}",        "%s",
                                    "%00",        "NULL",
                                    "null",       "0",
                                    "00",         "1",
                                    "1.0",        "1e3",
                                    "-1",         "true",
                                    "x'00'",      "a,b",
                                    "a=b",        "a:b",
                                    "a/b",        "\x01",
                                    "\x7f",       "a\nb",
                                    "a\r\nb",     "\u0080",
                                    "\u07ff",     "\u0800",
                                    "\ufeff",     "\uffff",
                                    "\ue000",     "\U00010000",
                                    "\U0001f600", "\U0010ffff"};
  names.push_back(std::string(4096, 'n'));
  names.push_back(std::string(4095, 'n') + 'm');
  names.push_back(std::string(4095, 'n'));
  std::string wide;
  while (wide.size() < 4096) wide += "\U0001f980";
  names.push_back(wide);
  return names;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

RunRow make_run(TimelineId timeline, RunSerial serial, Position position) {
  const std::string id = std::to_string(timeline) + '.' + std::to_string(serial);
  return {.timeline = timeline,
          .serial = serial,
          .position = position,
          .started = at(serial),
          .id = id,
          .received = at(1000 + serial),
          .covered = 1,
          .counters = "counters " + id,
          .digest = "digest " + id,
          .header = "{\"run\":\"" + id + "\"}"};
}

void put_whole_run(SuiteBatch& batch, const RunRow& run, TestId test) {
  const auto [timeline, serial] = run.ref();
  batch.put_runs.push_back(run);
  batch.put_outcomes.push_back({timeline, serial, "outcomes of " + run.id});
  batch.put_durations.push_back({timeline, 0, serial, "durations of " + run.id});
  batch.put_durations.push_back({timeline, 1, serial, "more durations of " + run.id});
  batch.put_details.push_back({timeline, serial, test, "detail of " + run.id});
  batch.put_tiles.push_back({timeline, 0, 0, serial, "tile of " + run.id});
  batch.put_test_sets.push_back({timeline, serial, 0, "set of " + run.id, "hash of " + run.id});
  batch.put_changes.push_back({{test, timeline, run.position, run.started, run.variant}, 1});
}

TimelineId SuiteWriter::timeline(std::string_view branch, std::string_view configuration) {
  const std::string_view keys[] = {configuration};
  const auto configurations = value_of(storage_->intern_configurations(suite_, keys));
  if (configurations.size() != 1) return 0;
  const TimelineKey key{std::string(branch), configurations[0]};
  const auto ids = value_of(storage_->intern_timelines(suite_, {&key, 1}));
  if (ids.size() != 1) return 0;
  timelines_.try_emplace(ids[0], TimelineRow{.id = ids[0], .key = key});
  return ids[0];
}

std::vector<TestId> SuiteWriter::tests(const std::vector<std::string>& names) {
  const auto wanted = views(names);
  auto ids = value_of(storage_->intern_tests(suite_, wanted));
  EXPECT_EQ(ids.size(), names.size());
  ids.resize(names.size());
  return ids;
}

TestId SuiteWriter::test(const std::string& name) { return tests({name})[0]; }

SuiteBatch SuiteWriter::batch() const {
  SuiteBatch batch{.suite = suite_};
  for (const auto& [id, row] : timelines_) {
    TimelineRow next = row;
    ++next.version;
    next.state = "state " + std::to_string(next.version);
    next.last_received = at(static_cast<std::int64_t>(next.version));
    batch.timelines.push_back(std::move(next));
  }
  return batch;
}

Status SuiteWriter::apply(const SuiteBatch& batch) {
  RESULTSDB_TRY(storage_->apply(batch));
  remember(batch);
  return {};
}

void SuiteWriter::remember(const SuiteBatch& batch) {
  for (const TimelineRow& row : batch.timelines) timelines_[row.id] = row;
}

CommitRow make_commit(std::string branch, Position position, std::string hash) {
  return {.repository = "repo",
          .branch = std::move(branch),
          .hash = std::move(hash),
          .timestamp = from_seconds(position / 100),
          .position = position};
}

RepositoryBatch repository_batch(std::string name, std::uint64_t version, std::vector<CommitRow> commits) {
  for (CommitRow& commit : commits) commit.repository = name;
  return {.row = {std::move(name), version, "text " + std::to_string(version)},
          .put_commits = std::move(commits)};
}

DocumentPut put_document(std::string key, std::string text, Attributes unique,
                         std::optional<std::uint64_t> expected_version) {
  return {.document = {.key = std::move(key), .text = std::move(text), .unique = std::move(unique)},
          .expected_version = expected_version};
}

namespace {

/// `find(paging)` until the last page.
template <class Find>
auto all_pages(Find find) {
  Paging paging{.limit = limits::kPageRows};
  auto page = value_of(find(paging));
  auto rows = std::move(page.rows);
  while (!page.next.empty() && rows.size() < 1'000'000) {
    paging.token = page.next;
    page = value_of(find(paging));
    rows.insert(rows.end(), page.rows.begin(), page.rows.end());
  }
  return rows;
}

}  // namespace

std::vector<RunRow> all_runs(Storage& storage, const RunQuery& query) {
  return all_pages([&](const Paging& paging) { return storage.find_runs(query, paging); });
}
std::vector<TestRow> all_tests(Storage& storage, const TestQuery& query) {
  return all_pages([&](const Paging& paging) { return storage.find_tests(query, paging); });
}
std::vector<CommitRow> all_commits(Storage& storage, const CommitQuery& query) {
  return all_pages([&](const Paging& paging) { return storage.find_commits(query, paging); });
}
std::vector<Document> all_documents(Storage& storage, const DocumentQuery& query) {
  return all_pages([&](const Paging& paging) { return storage.find_documents(query, paging); });
}

std::string name_of(const RunRow& row) { return row.id; }
std::string name_of(const TestRow& row) { return row.name; }
std::string name_of(const CommitRow& row) {
  return row.branch + '@' + std::to_string(row.position.value_or(0)) + ' ' + row.id();
}
std::string name_of(const Document& row) { return row.key; }

SuiteImage read_suite(Storage& storage, std::string_view suite) {
  const std::string name(suite);
  SuiteImage image;
  image.timelines = value_of(storage.find_timelines(suite));
  image.interned = value_of(storage.scan_tests(suite, 0, limits::kPageRows));
  image.listed = all_tests(storage, {.suite = name});
  image.dictionary = value_of(storage.find_outcomes(suite));
  image.configurations = value_of(storage.find_configurations(suite));
  image.runs = all_runs(storage, {.suite = name});
  std::vector<RunRef> refs;
  for (const RunRow& run : image.runs) refs.push_back(run.ref());
  image.outcomes = value_of(storage.read_outcomes(suite, refs));
  image.details = value_of(storage.read_details(suite, refs));
  std::vector<DurationQuery> durations;
  for (const TimelineRow& timeline : image.timelines) {
    for (std::uint32_t index = 0; index < 4; ++index) {
      durations.push_back({.timeline = timeline.id, .chunk = index, .block = index});
    }
    const auto sets = value_of(storage.read_test_sets(suite, timeline.id));
    image.test_sets.insert(image.test_sets.end(), sets.begin(), sets.end());
  }
  auto found = value_of(storage.read_durations(suite, durations));
  image.durations = std::move(found.raw);
  image.tiles = std::move(found.tiles);
  image.changes = value_of(storage.find_changes({.suite = name}));
  return image;
}

}  // namespace resultsdb::testing
