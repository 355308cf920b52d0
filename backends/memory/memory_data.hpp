// The containers of the memory backend, and which rows a query means.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "resultsdb/storage/queries.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::backends::memory {

using namespace storage;

/// Interned keys: dense ids from `First`, in order of arrival.
template <class Key, std::uint32_t First>
struct Dictionary {
  std::vector<Key> keys;
  std::map<Key, std::uint32_t, std::less<>> ids;

  template <class View>
  std::uint32_t intern(const View& view) {
    if (auto found = ids.find(view); found != ids.end()) return found->second;
    const auto id = First + static_cast<std::uint32_t>(keys.size());
    keys.emplace_back(view);
    ids.emplace(keys.back(), id);
    return id;
  }
};

struct Suite {
  Dictionary<std::string, 0> tests;
  std::set<TestId> listed;
  std::map<std::string, TestId, std::less<>> listed_names;
  Dictionary<OutcomeKey, 1> outcomes;
  Dictionary<std::string, 1> configurations;
  Dictionary<TimelineKey, 1> timeline_keys;
  std::map<TimelineId, TimelineRow> timelines;  // written ones
  std::map<RunRef, RunRow> runs;
  std::map<std::string, RunRef, std::less<>> run_ids;
  std::map<std::tuple<TimelineId, Position, Time, std::string>, RunRef> run_keys;
  std::map<RunRef, Bytes> outcome_blobs;
  std::map<std::tuple<TimelineId, std::uint32_t, RunSerial>, Bytes> durations;  // timeline, chunk
  std::map<std::tuple<TimelineId, std::uint32_t, std::uint32_t, std::uint32_t>, Bytes>
      tiles;  // timeline, block, level, tile
  std::map<std::pair<TimelineId, TestSetId>, TestSetRow> test_sets;
  std::map<ChangeKey, OutcomeId> changes;
  std::map<std::pair<RunRef, TestId>, Bytes> details;
};

struct RepositoryData {
  RepositoryRow row;
  std::map<CommitKey, CommitRow> commits;
};

struct Collection {
  std::map<std::string, Document, std::less<>> documents;
  std::map<std::pair<std::string, std::string>, std::string> unique;  // (name, value) -> key
  std::map<std::pair<std::string, std::uint32_t>, Bytes> chunks;      // key, number
};

inline auto natural_key(const RunRow& run) {
  return std::tuple(run.timeline, run.position, run.started, run.variant);
}

inline bool has_all(const Attributes& attributes, const Attributes& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    return std::find(attributes.begin(), attributes.end(), pair) != attributes.end();
  });
}

inline bool matches(const RunRow& run, const RunQuery& query) {
  const auto in = [](const auto& list, const auto& value) {
    return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
  };
  return in(query.timelines, run.timeline) && in(query.states, run.state) &&
         (query.id.empty() || query.id == run.id) && (query.digest.empty() || query.digest == run.digest) &&
         query.position.contains(run.position) && query.started.contains(run.started) &&
         query.received.contains(run.received) && has_all(run.indexed, query.attributes);
}

/// What a query's order compares: equal for no two runs.
using SortKey = std::tuple<std::int64_t, std::int64_t, std::string, TimelineId, RunSerial>;

template <class Run>
SortKey sort_key(const Run& run, RunQuery::Order order) {
  switch (order) {
    case RunQuery::Order::Position:
      return {run.position, to_micros(run.started), run.variant, run.timeline, 0};
    case RunQuery::Order::Started:
      return {to_micros(run.started), run.position, run.variant, run.timeline, 0};
    case RunQuery::Order::Received:
      break;
  }
  return {to_micros(run.received), 0, {}, run.timeline, run.serial};
}

inline bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [&](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

inline bool matches(const CommitRow& commit, const CommitQuery& query) {
  if (query.branch && commit.branch != *query.branch) return false;
  if (!query.hash_prefix.empty() && !commit.hash.starts_with(query.hash_prefix)) return false;
  if (query.revision && commit.revision != *query.revision) return false;
  if (!query.identifier.empty() && commit.identifier != query.identifier) return false;
  if (!query.position.contains(*commit.position)) return false;
  return query.text.empty() || contains_ignoring_case(commit.message, query.text) ||
         contains_ignoring_case(commit.author.name, query.text) ||
         contains_ignoring_case(commit.hash, query.text) ||
         contains_ignoring_case(commit.identifier, query.text);
}

}  // namespace resultsdb::backends::memory
