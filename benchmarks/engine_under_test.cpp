#include "engine_under_test.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "engine/flips.hpp"
#include "engine/history_reader.hpp"
#include "engine/outcome_blob.hpp"
#include "resultsdb/backends/sqlite.hpp"

namespace resultsdb::bench {

namespace {

template <class T>
T need(Result<T> result) {
  if (result) return std::move(result).value();
  std::cerr << result.error() << '\n';
  std::exit(1);
}

}  // namespace

EngineUnderTest::EngineUnderTest(const std::string& path) {
  storage_ = need(backends::open_sqlite({.path = path, .cache_bytes = 128 << 20}));
  model_ = need(Model::create(storage_));
  suite_ = std::make_unique<engine::Suite>(*storage_, "layout-tests");
}

void EngineUnderTest::ingest(const Run& run) { need(model_->ingest(run, {.received = run.header.started})); }

void EngineUnderTest::look_up_names(const Corpus& corpus) {
  std::vector<std::string_view> names;
  for (std::uint32_t i = 0; i < corpus.scale().tests; ++i) names.push_back(corpus.name(i));
  const auto ids = need(storage_->look_up_tests("layout-tests", names));
  ids_.assign(ids.size(), 0);
  numbers_.assign(ids.size(), 0);
  for (std::uint32_t i = 0; i < ids.size(); ++i) {
    if (!ids[i]) continue;
    ids_[i] = *ids[i];
    numbers_[*ids[i]] = i;
  }
}

History EngineUnderTest::history(std::uint32_t test, std::uint32_t runs, bool durations) {
  HistoryQuery query;
  query.limit = runs;
  query.durations = durations;
  return need(engine::read_history(*suite_, std::span(&ids_[test], 1), query));
}

std::uint8_t EngineUnderTest::to_outcome(const resultsdb::Outcome& outcome) const {
  for (std::uint8_t i = 0; i < kOutcomes; ++i)
    if (outcome.expected == words(Outcome{i}).expected && outcome.actual == words(Outcome{i}).actual)
      return i;
  return kAbsent;
}

std::vector<RowBaseline::Row> EngineUnderTest::rows(const History& history, const Corpus& corpus) const {
  std::vector<RowBaseline::Row> rows;
  for (const auto& series : history.series) {
    const auto& timeline = history.timelines[series.timeline];
    const auto platform = timeline.info.configuration.get("platform").value();
    const std::uint32_t configuration = static_cast<std::uint32_t>(std::atoi(platform.data() + 1)) * 2 +
                                        (timeline.info.configuration.get("style") == "debug" ? 1 : 0);
    std::size_t run = 0;
    for (const auto& part : series.outcomes) {
      for (std::uint32_t i = 0; i < part.count; ++i, ++run) {
        if (part.outcome < 0) continue;
        const auto info =
            std::find_if(history.outcomes.begin(), history.outcomes.end(), [&](const OutcomeInfo& outcome) {
              return outcome.id == static_cast<std::uint32_t>(part.outcome);
            });
        const auto commit = static_cast<std::uint32_t>((timeline.runs[run]->position - corpus.position(0)) /
                                                       (corpus.position(1) - corpus.position(0)));
        rows.push_back(
            {configuration, commit, to_outcome(info->outcome),
             series.duration_us.empty() ? -1 : static_cast<std::int32_t>(series.duration_us[run] / 1000)});
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
