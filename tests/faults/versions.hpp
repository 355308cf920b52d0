// Batches that can be checked for being whole: each is one more version of a timeline.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>

#include "resultsdb/storage/storage.hpp"

namespace resultsdb::faults {

using namespace storage;

/// One more version of the timeline, with a run and `changes` change points that all name the version.
inline SuiteBatch make_batch(TimelineId timeline, std::uint64_t version, std::uint32_t changes) {
  SuiteBatch batch{.suite = "suite"};
  TimelineRow row{.id = timeline, .key = {"main", 1}, .version = version};
  row.runs = static_cast<std::uint32_t>(version);
  row.next_serial = static_cast<RunSerial>(version + 1);
  batch.timelines.push_back(row);
  RunRow run{.timeline = timeline,
             .serial = static_cast<RunSerial>(version),
             .position = static_cast<Position>(version)};
  run.id = "run-" + std::to_string(timeline) + "-" + std::to_string(version);
  run.header = "{}";
  batch.put_runs.push_back(run);
  batch.put_outcomes.push_back({timeline, run.serial, Bytes(2000, 'x')});
  for (TestId test = 0; test < changes; ++test)
    batch.put_changes.push_back(
        {{test, timeline, run.position, run.started, ""}, static_cast<OutcomeId>(version)});
  return batch;
}

inline std::uint64_t version_of(Storage& storage, TimelineId timeline) {
  const auto rows = storage.find_timelines("suite", std::span(&timeline, 1)).value();
  return rows.empty() ? 0 : rows.front().version;
}

/// Everything that the versions say was stored is there, and nothing else.
inline void expect_whole(Storage& storage, TimelineId timeline, std::uint32_t changes) {
  const std::uint64_t version = version_of(storage, timeline);
  EXPECT_EQ(storage.count_runs({.suite = "suite", .timelines = {timeline}}).value(), version);
  EXPECT_EQ(storage.find_changes({.suite = "suite", .timelines = {timeline}}).value().size(),
            version * changes);
}

inline TimelineId make_timeline(Storage& storage, const std::string& branch,
                                const std::string& suite = "suite") {
  const std::string_view configuration = "os=linux";
  const auto configurations = storage.intern_configurations(suite, std::span(&configuration, 1)).value();
  const TimelineKey key{branch, configurations.front()};
  return storage.intern_timelines(suite, std::span(&key, 1)).value().front();
}

}  // namespace resultsdb::faults
