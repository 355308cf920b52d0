// All reads but those of runs: every filter alone and in pairs against a linear scan of random rows.
#include <algorithm>
#include <set>
#include <tuple>

#include "case.hpp"
#include "rows.hpp"

namespace resultsdb::testing {

using namespace storage;

RESULTSDB_CASES(query_cases)

namespace {

template <class Row, class Matches>
std::vector<Row> scan(const std::vector<Row>& rows, Matches matches) {
  std::vector<Row> found;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(found), matches);
  return found;
}

template <class T>
bool none_or_has(const std::vector<T>& values, const T& value) {
  return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

bool has_all(const Attributes& there, const Attributes& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    return std::find(there.begin(), there.end(), pair) != there.end();
  });
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lower(std::string text) {
  for (char& c : text) c = lower(c);
  return text;
}
bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
bool begins(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

class Queries : public ConformanceCase {
 protected:
  std::string random_text(std::size_t longest) {
    static const std::vector<std::string> kPieces = {"a", "A", "b",      "B",      "%",         "_",
                                                     "*", "?", "[",      "\\",     "'",         "\"",
                                                     " ", "/", "\u00e9", "\u00c9", "\U0001f980"};
    std::string text;
    for (std::size_t n = random_below(longest + 1); n > 0; --n) text += random_of(kPieces);
    return text;
  }
  /// A part of the text, cut at random characters; often the whole or nothing.
  std::string random_part(const std::string& text) {
    const auto cut = [&](std::size_t place) {
      while (place < text.size() && (text[place] & 0xC0) == 0x80) ++place;
      return place;
    };
    const std::size_t first = cut(random_below(text.size() + 1));
    const std::size_t last = cut(first + random_below(text.size() - first + 1));
    return text.substr(first, last - first);
  }
};

RESULTSDB_CASE_OF(Queries, TestsByPrefixAndPart) {
  SuiteWriter writer(store(), "suite");
  writer.timeline();
  std::set<std::string> names;
  while (names.size() < 150) {
    if (std::string name = random_text(6); !name.empty()) names.insert(std::move(name));
  }
  const std::vector<std::string> interned(names.begin(), names.end());
  const auto ids = writer.tests(interned);
  SuiteBatch batch = writer.batch();
  std::vector<std::string> listed;
  for (std::size_t i = 0; i < interned.size(); ++i) {
    if (random_below(4) == 0) continue;
    batch.listed_tests.push_back(ids[i]);
    listed.push_back(interned[i]);
  }
  expect_ok(writer.apply(batch));
  EXPECT_EQ(names_of(all_tests(store(), {.suite = "suite"})), listed);
  // The letters that differ in case alone are always asked for, whatever the random texts ask.
  const std::string letters[] = {"A", "a"};
  for (int repeat = 0; repeat < 150; ++repeat) {
    TestQuery query{.suite = "suite"};
    if (repeat < 2) query.contains = letters[repeat];
    if (repeat >= 2 && repeat % 3 != 0)
      query.prefix = random_bool() ? random_part(random_of(interned)) : random_text(2);
    if (repeat >= 2 && repeat % 3 != 1)
      query.contains = random_bool() ? random_part(random_of(interned)) : random_text(2);
    SCOPED_TRACE("prefix " + query.prefix + " contains " + query.contains);
    EXPECT_EQ(names_of(all_tests(store(), query)), scan(listed, [&](const std::string& name) {
                return begins(name, query.prefix) && contains(name, query.contains);
              }));
    if (HasFailure()) return;
  }
}

RESULTSDB_CASE_OF(Queries, ChangesByTestAndTimeline) {
  SuiteWriter writer(store(), "suite");
  const auto tests = writer.tests({"a", "b", "c", "d", "e"});
  std::vector<TimelineId> timelines;
  for (const char* branch : {"x", "y", "z"}) timelines.push_back(writer.timeline(branch));
  std::set<ChangeKey> keys;
  while (keys.size() < 200) {
    keys.insert({random_of(tests), random_of(timelines), static_cast<Position>(random_below(5)) - 2,
                 at(static_cast<std::int64_t>(random_below(5))), random_text(1)});
  }
  SuiteBatch batch = writer.batch();
  for (const ChangeKey& key : keys)
    batch.put_changes.push_back({key, static_cast<OutcomeId>(random_below(9))});
  const std::vector<ChangeRow> all = batch.put_changes;
  std::shuffle(batch.put_changes.begin(), batch.put_changes.end(), std::minstd_rand(1));
  expect_ok(writer.apply(batch));
  for (int repeat = 0; repeat < 60; ++repeat) {
    SCOPED_TRACE(::testing::Message() << "try " << repeat);
    ChangeQuery query{.suite = "suite"};
    for (std::size_t n = repeat % 3 != 0 ? random_below(4) : 0; n > 0; --n) {
      query.tests.push_back(tests[0] + static_cast<TestId>(random_below(7)));
    }
    for (std::size_t n = repeat % 3 != 1 ? random_below(3) : 0; n > 0; --n) {
      query.timelines.push_back(static_cast<TimelineId>(random_below(5)));
    }
    const auto found = value_of(store().find_changes(query));
    EXPECT_TRUE(found == scan(all,
                              [&](const ChangeRow& row) {
                                return none_or_has(query.tests, row.key.test) &&
                                       none_or_has(query.timelines, row.key.timeline);
                              }))
        << found.size() << " rows";
    const auto both = value_of(store().find_changes_and_timelines(query));
    EXPECT_TRUE(both.changes == found) << both.changes.size() << " rows";
    EXPECT_TRUE(both.timelines == value_of(store().find_timelines("suite")));
    if (HasFailure()) return;
  }
}

RESULTSDB_CASE_OF(Queries, DurationsByChunkBlockAndRange) {
  SuiteWriter writer(store(), "suite");
  const TimelineId one = writer.timeline("x"), two = writer.timeline("y");
  SuiteBatch batch = writer.batch();
  for (const TimelineId timeline : {one, two}) {
    for (std::uint32_t chunk = 0; chunk < 3; ++chunk) {
      for (RunSerial serial = 1; serial <= 6; ++serial) {
        const std::string blob =
            std::to_string(timeline) + ' ' + std::to_string(chunk) + ' ' + std::to_string(serial);
        batch.put_durations.push_back({timeline, chunk, serial, blob});
        batch.put_tiles.push_back({timeline, chunk, serial % 2, serial / 2, "tile " + blob});
      }
    }
  }
  const auto tile_key = [](const TileRow& row) {
    return std::tuple(row.timeline, row.block, row.level, row.tile);
  };
  std::sort(batch.put_tiles.begin(), batch.put_tiles.end(),
            [&](const TileRow& a, const TileRow& b) { return tile_key(a) < tile_key(b); });
  expect_ok(writer.apply(batch));
  const auto random_range = [&] {
    Range<std::uint32_t> range;
    if (random_bool()) range.from = static_cast<std::uint32_t>(random_below(7));
    if (random_bool()) range.to = static_cast<std::uint32_t>(random_below(7));
    return range;
  };
  for (int repeat = 0; repeat < 60; ++repeat) {
    SCOPED_TRACE(::testing::Message() << "try " << repeat);
    DurationQuery query{.timeline = static_cast<TimelineId>(random_below(4))};
    if (random_below(4) != 0) query.chunk = static_cast<std::uint32_t>(random_below(4));
    if (random_below(4) != 0) query.block = static_cast<std::uint32_t>(random_below(4));
    query.serials = random_range();
    for (auto& tiles : query.tiles) tiles = random_range();
    const Durations found = value_of(store().read_durations("suite", {&query, 1}));
    EXPECT_EQ(found.raw, scan(batch.put_durations, [&](const DurationsRow& row) {
                return row.timeline == query.timeline && row.chunk == query.chunk &&
                       query.serials.contains(row.serial);
              }));
    EXPECT_EQ(found.tiles, scan(batch.put_tiles, [&](const TileRow& row) {
                return row.timeline == query.timeline && row.block == query.block &&
                       query.tiles[row.level].contains(row.tile);
              }));
    if (HasFailure()) return;
  }
  // Several queries in any order: one sorted answer.
  const DurationQuery several[] = {{.timeline = two, .chunk = 1, .block = 2},
                                   {.timeline = one, .chunk = 2, .block = 0},
                                   {.timeline = one, .chunk = 0, .block = 1}};
  const Durations found = value_of(store().read_durations("suite", several));
  EXPECT_EQ(found.raw, scan(batch.put_durations, [&](const DurationsRow& row) {
              return row.timeline == one ? row.chunk != 1 : row.chunk == 1;
            }));
  EXPECT_EQ(found.tiles, scan(batch.put_tiles, [&](const TileRow& row) {
              return row.timeline == one ? row.block != 2 : row.block == 2;
            }));
}

RESULTSDB_CASE_OF(Queries, DetailsAndSetsByKey) {
  SuiteWriter writer(store(), "suite");
  const TimelineId one = writer.timeline("x"), two = writer.timeline("y");
  const auto tests = writer.tests({"a", "b", "c"});
  SuiteBatch batch = writer.batch();
  for (const TimelineId timeline : {one, two}) {
    for (RunSerial serial = 1; serial <= 4; ++serial) {
      batch.put_runs.push_back(make_run(timeline, serial));
      batch.put_test_sets.push_back({timeline, serial, 0, "set", "hash"});
      for (const TestId test : tests) {
        if ((serial + test) % 2 == 0) batch.put_details.push_back({timeline, serial, test, "detail"});
      }
    }
  }
  expect_ok(writer.apply(batch));
  const RunRef runs[] = {{two, 2}, {one, 4}, {one, 1}, {one, 99}, {two + 1, 1}};
  const TestId asked[] = {tests[2], tests[0], tests[2] + 10};
  const auto wanted = [&](bool all_tests) {
    return scan(batch.put_details, [&](const DetailRow& row) {
      const RunRef ref{row.timeline, row.serial};
      return std::find(std::begin(runs), std::end(runs), ref) != std::end(runs) &&
             (all_tests || row.test == tests[0] || row.test == tests[2]);
    });
  };
  EXPECT_EQ(value_of(store().read_details("suite", runs)), wanted(true));
  EXPECT_EQ(value_of(store().read_details("suite", runs, asked)), wanted(false));
  for (TestSetId first = 0; first <= 5; ++first) {
    EXPECT_EQ(value_of(store().read_test_sets("suite", two, first)),
              scan(batch.put_test_sets,
                   [&](const TestSetRow& row) { return row.timeline == two && row.id >= first; }));
  }
  EXPECT_EQ(value_of(store().read_test_sets("suite", one)).size(), 4u);
  EXPECT_TRUE(value_of(store().read_test_sets("suite", two + 1)).empty());
}

class Commits : public Queries {
 protected:
  void write() {
    std::vector<CommitRow> commits;
    std::set<CommitKey> keys;
    const std::vector<std::string> words = {"Fix", "fix", "WebKit", "100%", "a_b", "\u00c9t\u00e9", "abc"};
    while (commits.size() < 120) {
      CommitRow commit{.repository = "repo", .branch = random_of(branches_)};
      const std::size_t kind = random_below(3);
      if (kind == 0) commit.hash = random_hash();
      if (kind != 2) commit.revision = static_cast<std::int64_t>(random_below(20) + 1);
      if (kind == 2 || random_bool()) commit.identifier = random_of(identifiers_);
      commit.author.name = random_of(words);
      commit.message = random_of(words) + ' ' + random_of(words);
      commit.position = static_cast<Position>(random_below(10)) * 100 - 300;
      if (keys.insert({commit.branch, *commit.position, commit.id()}).second) commits.push_back(commit);
    }
    expect_ok(store().apply(repository_batch("repo", 1, commits)));
    std::sort(commits.begin(), commits.end(),
              [](const CommitRow& a, const CommitRow& b) { return place(a) < place(b); });
    commits_ = commits;
    for (CommitRow& commit : commits) commit.message = "decoy";
    expect_ok(store().apply(repository_batch("repo2", 1, commits)));
  }

  std::string random_hash() {
    static constexpr char kDigits[] = "ab01";
    std::string hash;
    while (hash.size() < 12) hash += kDigits[random_below(4)];
    return hash;
  }

  static std::tuple<Position, std::string, std::string> place(const CommitRow& row) {
    return {*row.position, row.branch, row.id()};
  }

  static constexpr std::size_t kFilters = 6;
  void add_filter(std::size_t filter, CommitQuery& query) {
    const CommitRow& some = random_of(commits_);
    switch (filter) {
      case 0:
        query.branch = random_of(branches_);
        return;
      case 1:
        query.hash_prefix = some.hash.empty() ? random_hash().substr(0, random_below(3))
                                              : some.hash.substr(0, random_below(13));
        return;
      case 2:
        query.revision = static_cast<std::int64_t>(random_below(21));
        return;
      case 3:
        query.identifier = random_of(identifiers_);
        return;
      case 4:
        if (random_bool()) query.position.from = static_cast<Position>(random_below(10)) * 100 - 300;
        if (random_bool()) query.position.to = static_cast<Position>(random_below(10)) * 100 - 300;
        return;
      default:
        query.text = random_part(random_bool() ? some.message : some.author.name + "A");
        if (random_bool()) query.text = lower(query.text);
        if (random_below(4) == 0) query.text = random_bool() ? some.hash : some.identifier;
    }
  }

  static bool matches(const CommitQuery& query, const CommitRow& row) {
    const std::string text = lower(query.text);
    return (!query.branch || *query.branch == row.branch) && begins(row.hash, query.hash_prefix) &&
           (!query.revision || *query.revision == row.revision) &&
           (query.identifier.empty() || query.identifier == row.identifier) &&
           query.position.contains(*row.position) &&
           (contains(lower(row.message), text) || contains(lower(row.author.name), text) ||
            contains(row.hash, text) || contains(lower(row.identifier), text));
  }

  void expect_found(CommitQuery query) {
    query.ascending = random_bool();
    auto wanted = scan(commits_, [&](const CommitRow& row) { return matches(query, row); });
    if (!query.ascending) std::reverse(wanted.begin(), wanted.end());
    const auto found = all_commits(store(), query);
    EXPECT_EQ(names_of(found), names_of(wanted)) << "text " << query.text;
    EXPECT_TRUE(found == wanted);
  }

  std::vector<CommitRow> commits_;  ///< in ascending order
  const std::vector<std::string> branches_ = {"main", "Main", "main2", "", "%"};
  const std::vector<std::string> identifiers_ = {"1@main", "2@main", "12@main", "1@Main"};
};

RESULTSDB_CASE_OF(Commits, InOrderOfPositionBranchAndId) {
  write();
  EXPECT_TRUE(all_commits(store(), {.repository = "repo", .ascending = true}) == commits_);
  auto newest_first = all_commits(store(), {.repository = "repo"});
  std::reverse(newest_first.begin(), newest_first.end());
  EXPECT_TRUE(newest_first == commits_);
}

RESULTSDB_CASE_OF(Commits, EveryFilterAloneAndInPairs) {
  write();
  for (std::size_t first = 0; first < kFilters; ++first) {
    for (std::size_t second = 0; second <= first; ++second) {
      for (int repeat = 0; repeat < 8; ++repeat) {
        SCOPED_TRACE(::testing::Message() << "filters " << first << " and " << second << ", try " << repeat);
        CommitQuery query{.repository = "repo"};
        add_filter(first, query);
        if (second != first) add_filter(second, query);
        expect_found(query);
        if (HasFailure()) return;
      }
    }
  }
}

RESULTSDB_CASE_OF(Queries, DocumentsByPrefixAttributesAndUniquePair) {
  const std::vector<std::string> values = {"", "1", "2", "A", "a"};
  std::map<std::string, Document> documents;
  DocumentBatch batch{.collection = "docs"};
  while (documents.size() < 100) {
    Document document{.collection = "docs", .key = 'k' + random_text(4), .version = 1, .text = "{}"};
    std::set<std::pair<std::string, std::string>> pairs;
    for (std::size_t n = random_below(4); n > 0; --n)
      pairs.emplace(random_bool() ? "x" : "y", random_of(values));
    document.attributes.assign(pairs.begin(), pairs.end());
    document.unique = {{random_bool() ? "name" : "Name", document.key}};
    if (!documents.emplace(document.key, document).second) continue;
    batch.puts.push_back({document, {}});
  }
  expect_ok(store().apply(batch));
  for (DocumentPut& put : batch.puts) put.document.text = "\"decoy\"";
  batch.collection = "docs2";
  expect_ok(store().apply(batch));
  std::vector<Document> sorted;
  for (const auto& [key, document] : documents) sorted.push_back(document);
  for (int repeat = 0; repeat < 150; ++repeat) {
    SCOPED_TRACE(::testing::Message() << "try " << repeat);
    DocumentQuery query{.collection = "docs", .descending = random_bool()};
    const int filters = repeat % 7 + 1;  // each of the three alone, in pairs, and all
    if (filters & 1) query.key_prefix = "k" + random_text(1);
    if (filters & 2) {
      query.attributes = random_bool() ? random_of(sorted).attributes : Attributes{{"x", random_of(values)}};
    }
    if (filters & 4) query.unique = {"name", random_of(sorted).key};
    auto wanted = scan(sorted, [&](const Document& row) {
      return begins(row.key, query.key_prefix) && has_all(row.attributes, query.attributes) &&
             (!query.unique || has_all(row.unique, {*query.unique}));
    });
    if (query.descending) std::reverse(wanted.begin(), wanted.end());
    const auto found = all_documents(store(), query);
    EXPECT_EQ(names_of(found), names_of(wanted));
    EXPECT_TRUE(found == wanted);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace resultsdb::testing
