#include "tables.hpp"

#include <utility>

namespace resultsdb::backends::sql {

namespace tables {

constexpr auto kInteger = Column::Type::Integer;
constexpr auto kText = Column::Type::Text;
constexpr auto kBytes = Column::Type::Bytes;
constexpr auto kAdded = Column::Check::Added;
constexpr auto kDerived = Column::Check::Derived;
constexpr bool kLongKeys = true;
constexpr Column kChecksum{"checksum", Column::Type::Integer, Column::Check::Checksum};

const Table kMeta{"meta", 1, {{"name", kText}, {"value", kText}, kChecksum}};
const Table kSuite{"suite", 1, {{"id"}, {"name", kText}, kChecksum}};

const Table kTest{
    "test", 2, {{"suite"}, {"name", kText}, {"id"}, {"listed", kInteger, kAdded}, kChecksum}, 1, kLongKeys};
const Table kOutcome{"outcome",
                     2,
                     {{"suite"},
                      {"dictionary_key", kBytes},
                      {"id"},
                      {"expected", kText},
                      {"actual", kText},
                      {"attributes", kText},
                      {"in_detail"},
                      kChecksum}};
const Table kConfiguration{
    "configuration", 2, {{"suite"}, {"canonical", kText}, {"id"}, kChecksum}, 1, kLongKeys};
const Table kTimelineKey{
    "timeline_key", 3, {{"suite"}, {"branch", kText}, {"configuration"}, {"id"}, kChecksum}, 1, kLongKeys};
const Table kTimeline{"timeline",
                      2,
                      {{"suite"},
                       {"id"},
                       {"branch", kText},
                       {"configuration"},
                       {"order_key"},
                       {"version"},
                       {"runs", kInteger, kDerived},
                       {"first_position", kInteger, kDerived},
                       {"last_position", kInteger, kDerived},
                       {"last_received", kInteger, kDerived},
                       {"next_serial"},
                       {"state", kBytes, kDerived},
                       kChecksum}};
const Table kRun{"run",
                 3,
                 {{"suite"},
                  {"timeline"},
                  {"serial"},
                  {"position"},
                  {"started"},
                  {"variant", kText},
                  {"id", kText},
                  {"received"},
                  {"state"},
                  {"lease_until"},
                  {"test_set"},
                  {"covered", kInteger, kDerived},
                  {"lost", kInteger, kDerived},
                  {"counters", kBytes, kDerived},
                  {"digest", kBytes},
                  {"header", kText},
                  {"indexed", kBytes},
                  kChecksum}};
const Table kRunAttribute{
    "run_attribute", 5, {{"suite"}, {"name", kText}, {"value", kText}, {"timeline"}, {"serial"}, kChecksum}};
const Table kRunOutcomes{
    "run_outcomes", 3, {{"suite"}, {"timeline"}, {"serial"}, {"blob", kBytes}, kChecksum}};
const Table kRunDurations{
    "run_durations", 4, {{"suite"}, {"timeline"}, {"chunk"}, {"serial"}, {"blob", kBytes}, kChecksum}};
const Table kDurationTile{
    "duration_tile",
    5,
    {{"suite"}, {"timeline"}, {"block"}, {"level"}, {"tile"}, {"blob", kBytes}, kChecksum}};
const Table kTestSet{
    "test_set",
    3,
    {{"suite"}, {"timeline"}, {"id"}, {"base"}, {"blob", kBytes}, {"hash", kBytes, kDerived}, kChecksum}};
const Table kChangePoint{
    "change_point",
    6,
    {{"suite"}, {"test"}, {"timeline"}, {"position"}, {"started"}, {"variant", kText}, {"outcome"}}};
const Table kDetail{
    "detail", 4, {{"suite"}, {"timeline"}, {"serial"}, {"test"}, {"blob", kBytes}, kChecksum}};
const Table kRepository{"repository", 1, {{"name", kText}, {"version"}, {"body", kText}, kChecksum}};
const Table kCommit{"repository_commit",
                    4,
                    {{"repository", kText},
                     {"branch", kText},
                     {"position"},
                     {"id", kText},
                     {"hash", kText},
                     {"revision"},
                     {"identifier", kText},
                     {"reported"},
                     {"place"},
                     {"author", kText},
                     {"emails", kBytes},
                     {"message", kText},
                     {"parents", kBytes},
                     kChecksum}};
const Table kDocument{"document",
                      2,
                      {{"collection", kText},
                       {"name", kText},
                       {"version"},
                       {"body", kText},
                       {"attributes", kBytes},
                       {"secondary", kBytes},
                       kChecksum},
                      1,
                      kLongKeys};
const Table kDocumentAttribute{
    "document_attribute",
    4,
    {{"collection", kText}, {"name", kText}, {"value", kText}, {"document", kText}, kChecksum},
    1,
    kLongKeys};
const Table kDocumentUnique{
    "document_unique",
    3,
    {{"collection", kText}, {"name", kText}, {"value", kText}, {"document", kText}, kChecksum},
    1,
    kLongKeys};

const Table kDocumentChunk{"document_chunk",
                           3,
                           {{"collection", kText}, {"name", kText}, {"chunk"}, {"bytes", kBytes}, kChecksum},
                           2,
                           kLongKeys};

std::vector<const Table*> of_version(int version) {
  std::vector<const Table*> all = {
      &kMeta,         &kSuite,        &kTest,     &kOutcome,           &kConfiguration,
      &kTimelineKey,  &kTimeline,     &kRun,      &kRunAttribute,      &kRunOutcomes,
      &kRunDurations, &kDurationTile, &kTestSet,  &kChangePoint,       &kDetail,
      &kRepository,   &kCommit,       &kDocument, &kDocumentAttribute, &kDocumentUnique,
      &kDocumentChunk};
  std::erase_if(all, [version](const Table* table) { return version > 0 && table->since > version; });
  return all;
}

}  // namespace tables

std::string column_list(const Table& table, std::string_view prefix) {
  std::string list;
  for (const auto& column : table.columns) {
    if (column.check == Column::Check::Checksum) continue;
    if (!list.empty()) list += ", ";
    list.append(prefix).append(column.name);
  }
  return list;
}

namespace {

void append(std::string& out, std::string_view text) {
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((text.size() >> shift) & 0xFF);
  out += text;
}

}  // namespace

std::string pack(const Attributes& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    append(out, name);
    append(out, value);
  }
  return out;
}

std::string pack(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) append(out, text);
  return out;
}

std::vector<std::string> unpack_texts(std::string_view bytes) {
  std::vector<std::string> texts;
  while (bytes.size() >= 4) {
    std::size_t size = 0;
    for (unsigned i = 0; i < 4; ++i) size |= std::size_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    bytes.remove_prefix(4);
    texts.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  return texts;
}

Attributes unpack_pairs(std::string_view bytes) {
  const auto texts = unpack_texts(bytes);
  Attributes pairs;
  for (std::size_t i = 0; i + 1 < texts.size(); i += 2) pairs.emplace_back(texts[i], texts[i + 1]);
  return pairs;
}

Status Connection::look_up_ranges(const Table& table, const Rows& ranges,
                                  const std::function<void(std::size_t, const Row&)>& handle) {
  std::string statement = "SELECT " + column_list(table) + " FROM " + table.name + " WHERE ";
  for (std::size_t i = 0; i < table.keys; ++i)
    statement += std::string(table.columns[i].name) + (i + 1 < table.keys ? " = $" : " BETWEEN $") +
                 std::to_string(i + 1) + (i + 1 < table.keys ? " AND " : " AND $");
  statement += std::to_string(table.keys + 1);
  const std::size_t width = table.keys + 1;
  for (std::size_t i = 0; i * width < ranges.size(); ++i)
    RESULTSDB_TRY(
        run(statement, std::span(ranges).subspan(i * width, width), [&](const Row& row) { handle(i, row); }));
  return {};
}

std::string dictionary_key(const storage::OutcomeKey& key) {
  std::string out;
  append(out, key.expected);
  append(out, key.actual);
  out += key.in_detail ? '\1' : '\0';
  if (key.attributes) append(out, *key.attributes);
  return out;
}

storage::TimelineRow to_timeline(const Row& row) {
  storage::TimelineRow timeline;
  timeline.id = row.number<storage::TimelineId>(1);
  timeline.key.branch = row.text(2);
  timeline.key.configuration = row.number<storage::ConfigurationId>(3);
  timeline.order_key = row.number<OrderKey>(4);
  timeline.version = row.number<std::uint64_t>(5);
  timeline.runs = row.number<std::uint32_t>(6);
  timeline.first_position = row.integer(7);
  timeline.last_position = row.integer(8);
  timeline.last_received = from_micros(row.integer(9));
  timeline.next_serial = row.number<storage::RunSerial>(10);
  timeline.state = row.bytes(11);
  return timeline;
}

storage::RunRow to_run(const Row& row) {
  storage::RunRow run;
  run.timeline = row.number<storage::TimelineId>(1);
  run.serial = row.number<storage::RunSerial>(2);
  run.position = row.integer(3);
  run.started = from_micros(row.integer(4));
  run.variant = row.text(5);
  run.id = row.text(6);
  run.received = from_micros(row.integer(7));
  run.state = row.number<RunState>(8);
  if (!row.is_null(9)) run.lease_until = from_micros(row.integer(9));
  run.test_set = row.number<storage::TestSetId>(10);
  run.covered = row.number<std::uint32_t>(11);
  run.lost = row.number<std::uint32_t>(12);
  run.counters = row.bytes(13);
  run.digest = row.bytes(14);
  run.header = row.text(15);
  run.indexed = unpack_pairs(row.bytes(16));
  return run;
}

storage::OutcomeRow to_outcome(const Row& row) {
  storage::OutcomeRow outcome;
  outcome.id = row.number<storage::OutcomeId>(2);
  outcome.key.expected = row.text(3);
  outcome.key.actual = row.text(4);
  if (!row.is_null(5)) outcome.key.attributes = std::string(row.text(5));
  outcome.key.in_detail = row.integer(6) != 0;
  return outcome;
}

storage::CommitRow to_commit(const Row& row) {
  storage::CommitRow commit;
  commit.repository = row.text(0);
  commit.branch = row.text(1);
  commit.position = row.integer(2);
  commit.hash = row.text(4);
  commit.revision = row.integer(5);
  commit.identifier = row.text(6);
  if (!row.is_null(7)) commit.timestamp = from_micros(row.integer(7));
  commit.order = row.integer(8);
  commit.author.name = row.text(9);
  commit.author.emails = unpack_texts(row.bytes(10));
  commit.message = row.text(11);
  commit.parents = unpack_texts(row.bytes(12));
  return commit;
}

storage::Document to_document(const Row& row) {
  storage::Document document;
  document.collection = row.text(0);
  document.key = row.text(1);
  document.version = row.number<std::uint64_t>(2);
  document.text = row.text(3);
  document.attributes = unpack_pairs(row.bytes(4));
  document.unique = unpack_pairs(row.bytes(5));
  return document;
}

}  // namespace resultsdb::backends::sql
