#include "engine_under_test.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "engine/flips.hpp"
#include "engine/outcome_blob.hpp"
#include "engine/prepared_run.hpp"
#include "engine/timeline_writer.hpp"
#include "report.hpp"
#include "resultsdb/backends/postgres.hpp"
#include "resultsdb/backends/redis.hpp"
#include "resultsdb/backends/sqlite.hpp"

namespace resultsdb::bench {

namespace {

constexpr storage::TestId kNeverRun = ~storage::TestId{0};  // the corpus has tests that are born too late

template <class T>
T need(Result<T> result) {
  if (result) return std::move(result).value();
  std::cerr << result.error() << '\n';
  std::exit(1);
}

}  // namespace

std::shared_ptr<storage::Storage> EngineUnderTest::open_file(const std::string& path) {
  return need(backends::open_sqlite({.path = path, .cache_bytes = 128 << 20}));
}

std::shared_ptr<storage::Storage> EngineUnderTest::open(const std::string& url) {
  BackendRegistry registry;
  backends::register_postgres(registry);
  backends::register_redis(registry);
  return need(registry.open(url));
}

EngineUnderTest::EngineUnderTest(std::shared_ptr<storage::Storage> storage) : storage_(std::move(storage)) {
  model_ = need(Model::create(storage_));
  suite_ = std::make_unique<engine::Suite>(*storage_, "layout-tests");
}

IngestSeconds EngineUnderTest::ingest(const Run& run) {
  IngestSeconds took;
  std::optional<engine::PreparedRun> prepared;
  took.prepare = seconds([&] { prepared = need(engine::prepare_run(*suite_, run.header, run.results, {})); });
  took.store = seconds([&] {
    const auto timeline = need(suite_->open_timeline(run.header.branch, run.header.configuration));
    engine::TimelineWriter writer(*suite_, *timeline, 0);
    need(writer.put(*prepared, {.ingest = {.received = run.header.started}, .extends = {}}));
  });
  return took;
}

void EngineUnderTest::look_up_names(const Corpus& corpus) {
  std::vector<std::string_view> names;
  for (std::uint32_t i = 0; i < corpus.scale().tests; ++i) names.push_back(corpus.name(i));
  const auto ids = need(storage_->look_up_tests("layout-tests", names));
  ids_.assign(ids.size(), kNeverRun);
  numbers_.assign(ids.size(), 0);
  for (std::uint32_t i = 0; i < ids.size(); ++i) {
    if (!ids[i]) continue;
    ids_[i] = *ids[i];
    numbers_[*ids[i]] = i;
  }
  look_up_runs(corpus);
}

// Configurations are numbered as in the corpus: two styles a platform `p0`, `p1`, …
void EngineUnderTest::look_up_runs(const Corpus& corpus) {
  for (const auto& timeline : *need(suite_->refresh())) {
    const auto& configuration = timeline->identity().configuration;
    const std::uint32_t number =
        static_cast<std::uint32_t>(std::atoi(configuration.get("platform").value().data() + 1)) * 2 +
        (configuration.get("style") == "debug" ? 1 : 0);
    const auto reader = need(timeline->read());
    for (const auto& run : reader->runs) {
      const auto commit =
          (run->info->position - corpus.position(0)) / (corpus.position(1) - corpus.position(0));
      places_[{timeline->identity().number, run->serial}] = {number, static_cast<std::uint32_t>(commit)};
    }
  }
  outcomes_ = need(suite_->outcomes().table());
}

EngineUnderTest::NumberedHistory EngineUnderTest::history(std::uint32_t test, std::uint32_t runs,
                                                          bool durations) {
  if (ids_[test] == kNeverRun) return {};
  engine::TrackQuery query{.tests = std::span(&ids_[test], 1), .selection = {}, .runs = {.limit = runs}};
  NumberedHistory history{need(engine::read_tracks(*suite_, query)), {}};
  if (!durations) return history;
  std::vector<const engine::Track*> tracks;
  for (const auto& track : history.tracks) tracks.push_back(&track);
  history.durations_us = need(engine::read_durations(*suite_, ids_[test], tracks));
  return history;
}

std::uint8_t EngineUnderTest::to_outcome(std::uint32_t id) const {
  const auto& key = (*outcomes_)[id].key;
  for (std::uint8_t i = 0; i < kOutcomes; ++i)
    if (key.expected == words(Outcome{i}).expected && key.actual == words(Outcome{i}).actual) return i;
  return kAbsent;
}

std::vector<RowBaseline::Row> EngineUnderTest::rows(const NumberedHistory& history) const {
  std::vector<RowBaseline::Row> rows;
  for (std::size_t i = 0; i < history.tracks.size(); ++i) {
    const engine::Track& track = history.tracks[i];
    std::size_t run = 0;
    for (const auto& part : track.outcomes.front()) {
      for (std::uint32_t repeat = 0; repeat < part.count; ++repeat, ++run) {
        if (part.outcome < 0) continue;
        const auto& [configuration, commit] =
            places_.at({track.timeline->identity().number, track.serials[run]});
        const std::int64_t micros = history.durations_us.empty() ? -1000 : history.durations_us[i][run];
        rows.push_back({configuration, commit, to_outcome(static_cast<std::uint32_t>(part.outcome)),
                        static_cast<std::int32_t>(micros / 1000)});
      }
    }
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::pair(a.configuration, a.commit) < std::pair(b.configuration, b.commit);
  });
  return rows;
}

storage::RunRef EngineUnderTest::find(const Corpus& corpus, std::uint32_t configuration,
                                      std::uint32_t commit) {
  const auto timelines = need(suite_->refresh());
  const auto wanted = corpus.to_run({.commit = commit,
                                     .configuration = configuration,
                                     .outcomes = std::vector<std::uint8_t>(corpus.scale().tests, kAbsent)});
  for (const auto& timeline : *timelines) {
    if (timeline->identity().configuration != wanted.header.configuration) continue;
    storage::RunQuery query{.suite = "layout-tests", .timelines = {timeline->identity().number}};
    query.position = {corpus.position(commit), corpus.position(commit)};
    return need(storage_->find_runs(query, {.limit = 1})).rows.at(0).ref();
  }
  std::exit(1);
}

std::vector<std::pair<std::uint32_t, std::uint8_t>> EngineUnderTest::not_passed(storage::RunRef run) {
  const auto blob = need(storage_->read_outcomes("layout-tests", std::span(&run, 1)));
  const auto table = need(suite_->outcomes().table());
  const auto outcomes = blob[0] ? need(engine::decode_outcomes(*blob[0])) : engine::RunOutcomes{};
  std::vector<std::pair<std::uint32_t, std::uint8_t>> rows;
  rows.reserve(outcomes.entries.size());
  for (const auto& entry : outcomes.entries)
    if (entry.outcome != 0)
      rows.emplace_back(numbers_[entry.test], static_cast<std::uint8_t>((*table)[entry.outcome].shown));
  return rows;
}

std::vector<std::pair<std::uint32_t, std::uint64_t>> EngineUnderTest::flips() {
  auto counts = need(engine::count_flips(*suite_));
  std::vector<std::pair<std::uint32_t, std::uint64_t>> rows;
  for (const auto& [test, count] : counts) rows.emplace_back(numbers_[test], count);
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<storage::TableSize> EngineUnderTest::sizes() { return need(storage_->sizes()); }

std::uint64_t EngineUnderTest::raw_rows() {
  for (const auto& size : sizes())
    if (size.table == "run_durations") return size.rows;
  return 0;
}

bool EngineUnderTest::clean() { return need(model_->check(false)).problems.empty(); }

}  // namespace resultsdb::bench
