// Batches of a suite and of a repository.
#include <deque>

#include "sql_storage.hpp"
#include "tables.hpp"

namespace resultsdb::backends::sql {

using namespace storage;

namespace {

/// Writes the parts of a batch within the caller's transaction.
class SuiteWriter {
 public:
  SuiteWriter(Connection& connection, std::int64_t suite, const SuiteBatch& batch)
      : connection_(connection), suite_(suite), batch_(batch) {}

  /// As most uploads are: one run on one timeline.
  static bool is_of_one(const SuiteBatch& batch) {
    return batch.timelines.size() == 1 && batch.put_runs.size() == 1 && batch.delete_runs.empty();
  }
  /// What check_versions() asks of such a batch fits into one question; false if the suite of that number has
  /// another name. Within numbers, the question needs no parameters.
  Result<bool> ask_of_one(bool within_numbers);
  Status check_versions();
  Status remove_rows();
  Status add_rows();

 private:
  Value view(std::string text) { return std::string_view(texts_.emplace_back(std::move(text))); }
  Value bytes(std::string text) { return Blob{texts_.emplace_back(std::move(text))}; }
  static Value text(const std::string& value) { return std::string_view(value); }
  static Value blob(const std::string& value) { return Blob{value}; }

  /// Removes the stored runs' own rows and attributes; what hangs on a run stays.
  Status remove_run_rows(const Rows& keys);
  Status put_runs();

  /// One bulk call: `fill` appends the values of a row after its suite.
  template <class Items, class Fill>
  Rows rows_of(const Items& items, Fill&& fill) {
    Rows rows;
    for (const auto& item : items) {
      rows.emplace_back(suite_);
      fill(rows, item);
    }
    return rows;
  }

  Connection& connection_;
  const std::int64_t suite_;
  const SuiteBatch& batch_;
  std::optional<std::uint64_t> version_of_one_;
  bool no_run_is_replaced_ = false;
  std::deque<std::string> texts_;  // what parameters point to
};

Result<bool> SuiteWriter::ask_of_one(bool within_numbers) {
  const RunRef run = batch_.put_runs.front().ref();
  const std::vector<Value> numbers{suite_, number(batch_.timelines.front().id), number(run.timeline),
                                   number(run.serial)};
  const auto spell = [&](std::size_t i) {
    return within_numbers ? std::to_string(std::get<std::int64_t>(numbers[i])) : '$' + std::to_string(i + 1);
  };
  bool is_there = false;
  RESULTSDB_TRY(connection_.run(
      "SELECT name, coalesce((SELECT version FROM timeline WHERE suite = " + spell(0) +
          " AND id = " + spell(1) + "), 0), (SELECT count(*) FROM run WHERE suite = " + spell(0) +
          " AND timeline = " + spell(2) + " AND serial = " + spell(3) + ") FROM suite WHERE id = " + spell(0),
      within_numbers ? std::span<const Value>() : std::span(numbers), [&](const Row& row) {
        is_there = row.text(0) == batch_.suite;
        version_of_one_ = row.number<std::uint64_t>(1);
        no_run_is_replaced_ = row.integer(2) == 0;
      }));
  return is_there;
}

Status SuiteWriter::check_versions() {
  const auto keys =
      rows_of(batch_.timelines, [](Rows& rows, const TimelineRow& row) { rows.push_back(number(row.id)); });
  std::vector<std::uint64_t> versions(batch_.timelines.size(), 0);
  if (is_of_one(batch_)) {
    if (!version_of_one_) RESULTSDB_TRY(ask_of_one(/*within_numbers=*/false));
    versions.front() = version_of_one_.value_or(0);
  } else {
    RESULTSDB_TRY(connection_.look_up(tables::kTimeline, keys, [&](std::size_t i, const Row& row) {
      versions[i] = row.number<std::uint64_t>(5);
    }));
  }
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (versions[i] + 1 != batch_.timelines[i].version) {
      return make_error(ErrorCode::Conflict, "the timeline is at version " + std::to_string(versions[i]),
                        "timeline " + std::to_string(batch_.timelines[i].id));
    }
  }
  return {};
}

Status SuiteWriter::remove_run_rows(const Rows& keys) {
  Rows attributes;
  bool found = false;
  RESULTSDB_TRY(connection_.look_up(tables::kRun, keys, [&](std::size_t, const Row& row) {
    found = true;
    for (auto& [name, value] : unpack_pairs(row.bytes(16)))
      attributes.insert(attributes.end(), {suite_, view(std::move(name)), view(std::move(value)),
                                           row.integer(1), row.integer(2)});
  }));
  if (!found) return {};  // as for every new run
  RESULTSDB_TRY(connection_.remove(tables::kRunAttribute, attributes));
  return connection_.remove(tables::kRun, keys);
}

Status SuiteWriter::remove_rows() {
  const auto key = [](Rows& rows, const auto& run) {
    rows.insert(rows.end(), {number(run.timeline), number(run.serial)});
  };
  const auto runs = rows_of(batch_.delete_runs, key);
  auto replaced = rows_of(batch_.put_runs, key);
  replaced.insert(replaced.end(), runs.begin(), runs.end());
  if (!no_run_is_replaced_) RESULTSDB_TRY(remove_run_rows(replaced));
  RESULTSDB_TRY(connection_.remove(tables::kRunOutcomes, runs));
  static const Table kDurationsOfRun{"run_durations", 3, {{"suite"}, {"timeline"}, {"serial"}}};
  static const Table kDetailsOfRun{"detail", 3, {{"suite"}, {"timeline"}, {"serial"}}};
  RESULTSDB_TRY(connection_.remove(kDurationsOfRun, runs));
  RESULTSDB_TRY(connection_.remove(kDetailsOfRun, runs));
  RESULTSDB_TRY(connection_.remove(
      tables::kRunDurations, rows_of(batch_.delete_durations, [](Rows& rows, const DurationsRow& row) {
        rows.insert(rows.end(), {number(row.timeline), number(row.chunk), number(row.serial)});
      })));
  RESULTSDB_TRY(connection_.remove(
      tables::kDurationTile, rows_of(batch_.delete_tiles, [](Rows& rows, const TileRow& row) {
        rows.insert(rows.end(),
                    {number(row.timeline), number(row.block), number(row.level), number(row.tile)});
      })));
  RESULTSDB_TRY(connection_.remove(tables::kTestSet,
                                   rows_of(batch_.delete_test_sets, [](Rows& rows, const TestSetRow& row) {
                                     rows.insert(rows.end(), {number(row.timeline), number(row.id)});
                                   })));
  RESULTSDB_TRY(connection_.remove(
      tables::kChangePoint, rows_of(batch_.delete_changes, [](Rows& rows, const ChangeKey& key) {
        rows.insert(rows.end(), {number(key.test), number(key.timeline), key.position, time(key.started),
                                 text(key.variant)});
      })));
  return connection_.remove(
      tables::kDetail, rows_of(batch_.delete_details, [](Rows& rows, const DetailRow& row) {
        rows.insert(rows.end(), {number(row.timeline), number(row.serial), number(row.test)});
      }));
}

Status SuiteWriter::put_runs() {
  Rows attributes;
  const auto runs = rows_of(batch_.put_runs, [&](Rows& rows, const RunRow& run) {
    rows.insert(
        rows.end(),
        {number(run.timeline), number(run.serial), run.position, time(run.started), text(run.variant),
         text(run.id), time(run.received), number(static_cast<std::uint64_t>(run.state)),
         run.lease_until ? time(*run.lease_until) : Value(Null{}), number(run.test_set), number(run.covered),
         number(run.lost), blob(run.counters), blob(run.digest), text(run.header), bytes(pack(run.indexed))});
    for (const auto& [name, value] : run.indexed)
      attributes.insert(attributes.end(),
                        {suite_, text(name), text(value), number(run.timeline), number(run.serial)});
  });
  RESULTSDB_TRY(put_rows(connection_, tables::kRun, OnConflict::Fail, runs));
  return put_rows(connection_, tables::kRunAttribute, OnConflict::Ignore, attributes);
}

Status SuiteWriter::add_rows() {
  static const Table kListed{
      "test", 2, {{"suite"}, {"id"}, {"listed", Column::Type::Integer, Column::Check::Added}}};
  RESULTSDB_TRY(connection_.update(kListed, rows_of(batch_.listed_tests, [](Rows& rows, TestId test) {
                                     rows.insert(rows.end(), {number(test), std::int64_t{1}});
                                   })));
  RESULTSDB_TRY(put_rows(
      connection_, tables::kTimeline, OnConflict::Replace,
      rows_of(batch_.timelines, [](Rows& rows, const TimelineRow& row) {
        rows.insert(rows.end(), {number(row.id), text(row.key.branch), number(row.key.configuration),
                                 number(static_cast<std::uint64_t>(row.order_key)), number(row.version),
                                 number(row.runs), row.first_position, row.last_position,
                                 time(row.last_received), number(row.next_serial), blob(row.state)});
      })));
  RESULTSDB_TRY(put_runs());
  RESULTSDB_TRY(put_rows(connection_, tables::kRunOutcomes, OnConflict::Replace,
                         rows_of(batch_.put_outcomes, [](Rows& rows, const OutcomesRow& row) {
                           rows.insert(rows.end(),
                                       {number(row.timeline), number(row.serial), blob(row.blob)});
                         })));
  RESULTSDB_TRY(put_rows(connection_, tables::kRunDurations, OnConflict::Replace,
                         rows_of(batch_.put_durations, [](Rows& rows, const DurationsRow& row) {
                           rows.insert(rows.end(), {number(row.timeline), number(row.chunk),
                                                    number(row.serial), blob(row.blob)});
                         })));
  RESULTSDB_TRY(put_rows(connection_, tables::kDurationTile, OnConflict::Replace,
                         rows_of(batch_.put_tiles, [](Rows& rows, const TileRow& row) {
                           rows.insert(rows.end(), {number(row.timeline), number(row.block),
                                                    number(row.level), number(row.tile), blob(row.blob)});
                         })));
  RESULTSDB_TRY(put_rows(connection_, tables::kTestSet, OnConflict::Replace,
                         rows_of(batch_.put_test_sets, [](Rows& rows, const TestSetRow& row) {
                           rows.insert(rows.end(), {number(row.timeline), number(row.id), number(row.base),
                                                    blob(row.blob), blob(row.hash)});
                         })));
  RESULTSDB_TRY(put_rows(connection_, tables::kChangePoint, OnConflict::Replace,
                         rows_of(batch_.put_changes, [](Rows& rows, const ChangeRow& row) {
                           rows.insert(rows.end(),
                                       {number(row.key.test), number(row.key.timeline), row.key.position,
                                        time(row.key.started), text(row.key.variant), number(row.outcome)});
                         })));
  return put_rows(connection_, tables::kDetail, OnConflict::Replace,
                  rows_of(batch_.put_details, [](Rows& rows, const DetailRow& row) {
                    rows.insert(rows.end(),
                                {number(row.timeline), number(row.serial), number(row.test), blob(row.blob)});
                  }));
}

}  // namespace

Status SqlStorage::do_apply(const SuiteBatch& batch) {
  RESULTSDB_ASSIGN(auto connection, database_->writer());
  RESULTSDB_TRY(connection->begin(Connection::Mode::Write));
  std::optional<SuiteWriter> writer;
  SuiteNumber suite = known_suite(batch.suite);
  const std::string lock = database_->dialect().row_lock;
  if (suite != kNoSuite && !lock.empty() && SuiteWriter::is_of_one(batch)) {  // all goes with BEGIN
    RESULTSDB_TRY(connection->run_ahead("SELECT name FROM suite WHERE id = " + std::to_string(suite) + lock));
    RESULTSDB_ASSIGN(const bool is_there,
                     writer.emplace(*connection, suite, batch).ask_of_one(/*within_numbers=*/true));
    if (!is_there) writer.reset();
  }
  if (!writer) {
    RESULTSDB_ASSIGN(suite, make_suite(*connection, batch.suite));
    writer.emplace(*connection, suite, batch);
  }
  RESULTSDB_TRY(writer->check_versions());
  RESULTSDB_TRY(writer->remove_rows());
  auto status = writer->add_rows();
  if (status) status = connection->commit();  // what waits until then may be refused there
  if (!status) {
    auto error = std::move(status).error();
    if (error.code == ErrorCode::AlreadyExists)
      error.message = "another run has this position, start and variant, or this id";
    return error;
  }
  remember_suite(batch.suite, suite);
  return {};
}

Status SqlStorage::do_apply(const RepositoryBatch& batch) {
  RESULTSDB_ASSIGN(auto connection, database_->writer());
  RESULTSDB_TRY(connection->begin(Connection::Mode::Write));
  RESULTSDB_TRY(lock_documents_and_repositories(*connection));
  const std::string_view name = batch.row.name;
  std::uint64_t version = 0;
  RESULTSDB_TRY(connection->run("SELECT version FROM repository WHERE name = $1", {name},
                                [&](const Row& row) { version = row.number<std::uint64_t>(0); }));
  if (version + 1 != batch.row.version)
    return make_error(ErrorCode::Conflict, "the repository is at version " + std::to_string(version),
                      batch.row.name);
  RESULTSDB_TRY(put_rows(*connection, tables::kRepository, OnConflict::Replace,
                         {name, number(batch.row.version), std::string_view(batch.row.text)}));
  Rows removed, added;
  std::deque<std::string> texts;
  const auto keep = [&](std::string text) { return std::string_view(texts.emplace_back(std::move(text))); };
  for (const auto& key : batch.delete_commits)
    removed.insert(removed.end(),
                   {name, std::string_view(key.branch), key.position, std::string_view(key.id)});
  for (const auto& commit : batch.put_commits) {
    added.insert(added.end(),
                 {name, std::string_view(commit.branch), *commit.position, keep(commit.id()),
                  std::string_view(commit.hash), commit.revision, std::string_view(commit.identifier),
                  commit.timestamp ? time(*commit.timestamp) : Value(Null{}), commit.order,
                  std::string_view(commit.author.name), Blob{keep(pack(commit.author.emails))},
                  std::string_view(commit.message), Blob{keep(pack(commit.parents))}});
  }
  RESULTSDB_TRY(connection->remove(tables::kCommit, removed));
  RESULTSDB_TRY(put_rows(*connection, tables::kCommit, OnConflict::Replace, added));
  return connection->commit();
}

}  // namespace resultsdb::backends::sql
