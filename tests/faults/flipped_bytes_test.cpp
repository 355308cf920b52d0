// Flips single bytes of everything that a SQLite store keeps: check finds each, or the store is refused.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "property/random_history.hpp"
#include "resultsdb/backends/sqlite.hpp"
#include "resultsdb/model.hpp"
#include "unit/seed.hpp"
#include "unit/temporary_folder.hpp"

namespace resultsdb {
namespace {

namespace fs = std::filesystem;

using Record = std::vector<std::string>;  // texts and bytes as they are, numbers in decimal

/// A second connection, which knows nothing of the store.
class Stranger {
 public:
  explicit Stranger(const fs::path& path) { EXPECT_EQ(sqlite3_open(path.c_str(), &database_), SQLITE_OK); }
  ~Stranger() { sqlite3_close(database_); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  std::vector<Record> read(const std::string& statement) {
    std::vector<Record> rows;
    sqlite3_stmt* prepared = nullptr;
    sqlite3_prepare_v2(database_, statement.c_str(), -1, &prepared, nullptr);
    while (sqlite3_step(prepared) == SQLITE_ROW) {
      Record& row = rows.emplace_back();
      for (int i = 0; i < sqlite3_column_count(prepared); ++i) row.push_back(column(prepared, i));
    }
    EXPECT_EQ(sqlite3_finalize(prepared), SQLITE_OK);
    return rows;
  }
  /// Sets `column` of the row number `offset` to `value`; false if a constraint forbids it.
  bool write(const std::string& table, const std::string& column, std::int64_t offset,
             const std::string& value, bool is_number) {
    std::string keys;
    for (const Record& key :
         read("SELECT name FROM pragma_table_info('" + table + "') WHERE pk > 0 ORDER BY pk"))
      keys += (keys.empty() ? "" : ", ") + key[0];
    const std::string type =
        read("SELECT type FROM pragma_table_info('" + table + "') WHERE name = '" + column + "'")
            .front()
            .front();
    sqlite3_stmt* prepared = nullptr;
    const std::string statement = "UPDATE " + table + " SET " + column + " = CAST(?1 AS " + type +
                                  ") WHERE (" + keys + ") = (SELECT " + keys + " FROM " + table +
                                  " ORDER BY " + keys + " LIMIT 1 OFFSET ?2)";
    EXPECT_EQ(sqlite3_prepare_v2(database_, statement.c_str(), -1, &prepared, nullptr), SQLITE_OK)
        << statement;
    if (is_number) {
      sqlite3_bind_int64(prepared, 1, std::stoll(value));
    } else {
      sqlite3_bind_blob64(prepared, 1, value.data(), value.size(), SQLITE_STATIC);
    }
    sqlite3_bind_int64(prepared, 2, offset);
    sqlite3_step(prepared);
    return sqlite3_finalize(prepared) == SQLITE_OK && sqlite3_changes(database_) == 1;
  }
  std::vector<Record> tables() {
    return read("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  }
  /// All rows of these tables.
  std::vector<std::vector<Record>> everything(const std::vector<Record>& tables) {
    std::vector<std::vector<Record>> all;
    for (const Record& table : tables) all.push_back(read("SELECT * FROM " + table[0]));
    return all;
  }

 private:
  static std::string column(sqlite3_stmt* statement, int i) {
    if (sqlite3_column_type(statement, i) == SQLITE_INTEGER)
      return std::to_string(sqlite3_column_int64(statement, i));
    const void* bytes = sqlite3_column_blob(statement, i);
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement, i))};
  }

  sqlite3* database_ = nullptr;
};

class FlippedBytes : public ::testing::Test {
 protected:
  void SetUp() override {
    {
      const auto storage = backends::open_sqlite({.path = sound_}).value();
      const auto model = Model::create(storage, {.indexed_attributes = {"builder"}}).value();
      add_runs(*model);
      add_commits(*model);
      add_documents(*storage);
    }  // the last connection folds the log into the file
    ASSERT_FALSE(fs::exists(sound_ + "-wal"));
    for (const Record& table : Stranger(sound_).tables())
      EXPECT_NE(Stranger(sound_).read("SELECT count(*) FROM " + table[0]).front()[0], "0") << table[0];
    const auto sound = check();
    ASSERT_TRUE(sound) << sound.error();
    ASSERT_TRUE(sound->empty()) << sound->front().table << ' ' << sound->front().key;
  }

  void add_runs(Model& model) {
    property::RandomRuns runs(4711, {.timelines = 2, .late_percent = 20});
    for (int i = 0; i < 24; ++i) {
      resultsdb::Run run = runs.next();
      if (i % 8 == 0) run.header.commits = {{"repository", std::string(40, 'a'), 100}};
      const auto stored = model.ingest(run, {.received = from_seconds(1'000'000 + i)});
      ASSERT_TRUE(stored) << stored.error();
    }
    resultsdb::Run run = runs.next();
    auto writer = model.start_run(run.header, from_seconds(2'000'000));
    ASSERT_TRUE(writer) << writer.error();
    ASSERT_TRUE(writer->add({.test = "suite/test-a", .actual = "CRASH"}));
    ASSERT_TRUE(writer->checkpoint(from_seconds(2'000'001)));
  }

  static void add_commits(Model& model) {
    std::vector<Commit> commits(3);
    for (std::size_t i = 0; i < commits.size(); ++i) {
      commits[i] = {
          .repository = "repository", .branch = "main", .hash = std::string(40, static_cast<char>('a' + i))};
      commits[i].revision = static_cast<std::int64_t>(i + 1);
      commits[i].identifier = std::to_string(i + 1) + "@main";
      commits[i].timestamp = from_seconds(static_cast<std::int64_t>(i + 1));
      commits[i].author = {"Somebody", {"somebody@example.org"}};
      commits[i].message = "A change\n";
      if (i > 0) commits[i].parents = {commits[i - 1].hash};
    }
    const auto stored = model.register_commits(commits);
    ASSERT_TRUE(stored) << stored.error();
  }

  static void add_documents(storage::Storage& storage) {
    storage::DocumentBatch batch{.collection = "collection", .deletes = {}, .puts = {}};
    for (const std::string key : {"one", "two"}) {
      storage::DocumentPut& put = batch.puts.emplace_back();
      put.document = {
          .key = key, .text = R"({"a":1.0})", .attributes = {{"name", "value"}}, .unique = {{"id", key}}};
    }
    batch.put_chunks = {{"one", 0, "some bytes"}, {"one", 1, std::string("\0more", 5)}};
    ASSERT_TRUE(storage.apply(batch));
    ASSERT_TRUE(storage.apply(storage::RepositoryBatch{.row = {"other", 1, "text"}}));
  }

  /// What check reports of the damaged file; an error if it is refused.
  Result<std::vector<Problem>> check(const std::string& path) {
    RESULTSDB_ASSIGN(const auto storage, backends::open_sqlite({.path = path, .read_only = true}));
    RESULTSDB_ASSIGN(const auto model, Model::create(storage));
    RESULTSDB_ASSIGN(auto report, model->check(false));
    return std::move(report.problems);
  }
  Result<std::vector<Problem>> check() { return check(sound_); }

  int pick(std::size_t n) { return static_cast<int>(random_() % n); }

  /// One bit of the value, or one more.
  std::string damaged(std::string value, bool is_number) {
    if (is_number) return std::to_string(std::stoll(value) + 1);
    char& byte = value[static_cast<std::size_t>(pick(value.size()))];
    byte = static_cast<char>(byte ^ (1 << pick(8)));
    return value;
  }

  void expect_found(const std::string& table) {
    const auto problems = check(damaged_);
    if (!problems) {
      EXPECT_TRUE(problems.error().code == ErrorCode::Corrupt ||
                  (table == "meta" && problems.error().code == ErrorCode::SchemaMismatch))
          << problems.error();
      return;
    }
    EXPECT_TRUE(
        std::any_of(problems->begin(), problems->end(),
                    [&](const Problem& problem) { return problem.table == table && !problem.key.empty(); }))
        << problems->size() << " problems, none of them this one";
    for (const Problem& problem : *problems) EXPECT_EQ(Problem(problem).key.find('\0'), std::string::npos);
  }

  /// Damages the column in some rows, one at a time.
  void flip_column(const std::string& table, const std::string& column, const std::string& keys,
                   bool is_number) {
    const auto rows = Stranger(sound_).read("SELECT " + column + ", " + column + " IS NULL FROM " + table +
                                            " ORDER BY " + keys);
    std::vector<std::size_t> candidates;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (rows[i][1] == "0" && !rows[i][0].empty()) candidates.push_back(i);
    ASSERT_FALSE(candidates.empty()) << "nothing to damage";
    for (int flip = 0; flip < kFlips; ++flip) {
      const std::size_t row = candidates[static_cast<std::size_t>(pick(candidates.size()))];
      fs::copy_file(sound_, damaged_, fs::copy_options::overwrite_existing);
      std::string value = rows[row][0];
      bool written = false;
      for (int attempt = 0; !written && attempt < 1000; ++attempt) {  // keys may be taken
        value = damaged(value, is_number);
        written = value != rows[row][0] &&
                  Stranger(damaged_).write(table, column, static_cast<std::int64_t>(row), value, is_number);
      }
      ASSERT_TRUE(written);
      SCOPED_TRACE("row " + std::to_string(row) + ": '" + rows[row][0] + "' became '" + value + "'");
      expect_found(table);
    }
  }

  static constexpr int kFlips = 2;
  const TemporaryFolder folder_;
  const std::string sound_ = (folder_.path() / "sound.db").string();
  const std::string damaged_ = (folder_.path() / "damaged.db").string();
  std::mt19937_64 random_{random_seed()};
};

TEST_F(FlippedBytes, OfEveryColumnAreFound) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(random_seed()));
  for (const Record& table : Stranger(sound_).tables()) {
    const auto columns =
        Stranger(sound_).read("SELECT name, type FROM pragma_table_info('" + table[0] + "')");
    const auto keys =
        Stranger(sound_).read("SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_table_info('" +
                              table[0] + "') WHERE pk > 0 ORDER BY pk)");
    for (const Record& column : columns) {
      SCOPED_TRACE("table " + table[0] + ", column " + column[0]);
      flip_column(table[0], column[0], keys.front()[0], column[1] == "INTEGER");
    }
  }
}

/// Bytes that belong to no content may be flipped unnoticed: then everything reads as before.
TEST_F(FlippedBytes, OfTheFileAreFound) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(random_seed()));
  const auto tables = Stranger(sound_).tables();
  const auto everything = Stranger(sound_).everything(tables);
  std::ifstream file(sound_, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  int found = 0;
  for (int flip = 0; flip < 150; ++flip) {
    std::string flipped = bytes;
    const auto at = static_cast<std::size_t>(pick(bytes.size()));
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << pick(8)));
    std::ofstream(damaged_, std::ios::binary) << flipped;
    const auto problems = check(damaged_);
    if (!problems || !problems->empty()) {
      ++found;
      continue;
    }
    EXPECT_TRUE(Stranger(damaged_).everything(tables) == everything) << "byte " << at;
  }
  EXPECT_GT(found, 10);
}

/// What is derived from a damaged row stays as it is, and the row does not pass for sound afterwards.
TEST_F(FlippedBytes, AreNotRepairedIntoSoundRows) {
  for (const auto& [table, column] : {std::pair("run", "position"), std::pair("timeline", "branch")}) {
    SCOPED_TRACE(table);
    fs::copy_file(sound_, damaged_, fs::copy_options::overwrite_existing);
    const bool is_number = table == std::string("run");
    ASSERT_TRUE(Stranger(damaged_).write(table, column, 0, is_number ? "77" : "mein", is_number));
    {
      const auto model = Model::create(backends::open_sqlite({.path = damaged_}).value()).value();
      const auto report = model->check(true);
      ASSERT_TRUE(report) << report.error();
      EXPECT_FALSE(report->repaired);
    }
    expect_found(table);
  }
}

}  // namespace
}  // namespace resultsdb
