#include "rows.hpp"

#include "reply.hpp"

namespace resultsdb::backends::redis {

using namespace storage;

namespace {

void pack_pairs(ByteWriter& out, const Attributes& pairs) {
  out.varint(pairs.size());
  for (const auto& [name, value] : pairs) out.sized(name).sized(value);
}

Attributes unpack_pairs(ByteReader& in) {
  Attributes pairs;
  for (auto count = in.varint(); count > 0 && in.ok(); --count) {
    std::string name(in.sized());
    pairs.emplace_back(std::move(name), in.sized());
  }
  return pairs;
}

void pack_texts(ByteWriter& out, const std::vector<std::string>& texts) {
  out.varint(texts.size());
  for (const auto& text : texts) out.sized(text);
}

std::vector<std::string> unpack_texts(ByteReader& in) {
  std::vector<std::string> texts;
  for (auto count = in.varint(); count > 0 && in.ok(); --count) texts.emplace_back(in.sized());
  return texts;
}

void pack_time(ByteWriter& out, const std::optional<Time>& time) {
  out.u8(time ? 1 : 0);
  if (time) out.ordered(*time);
}

std::optional<Time> unpack_time(ByteReader& in) {
  if (in.u8() == 0) return std::nullopt;
  return from_micros(in.ordered());
}

/// Braces would end the hash tag early.
std::string escape(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '{')
      out += "%7B";
    else if (c == '}')
      out += "%7D";
    else if (c == '%')
      out += "%25";
    else
      out += c;
  }
  return out;
}

/// The first text behind all that begin with `prefix`; empty if there is none.
std::optional<std::string> end_of(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

constexpr std::string_view kKinds[] = {"suite", "repository", "collection"};

}  // namespace

Error damaged(std::string_view table) {
  return redis_error(ErrorCode::Corrupt, "a stored row cannot be read", "table " + std::string(table));
}

Keys::Keys(std::string_view prefix, Kind kind, std::string_view name) {
  base_.append(prefix).append(1, '{').append(kKinds[static_cast<int>(kind)]).append(1, '/');
  base_.append(escape(name)).append("}:");
}

std::string registry_key(std::string_view prefix, Keys::Kind kind) {
  return std::string(prefix).append("names:").append(kKinds[static_cast<int>(kind)]);
}

LexRange LexRange::prefix(std::string_view prefix) {
  LexRange range;
  return range.at_least(prefix).until(prefix);
}

LexRange& LexRange::at_least(std::string_view low) {
  if (low > low_) low_ = low;
  return *this;
}

LexRange& LexRange::below(std::string_view high) {
  if (high_.empty() || high < high_) high_ = high;
  return *this;
}

LexRange& LexRange::after(std::string_view text) {
  const auto end = end_of(text);
  return end ? at_least(*end) : below(low_);
}

LexRange& LexRange::until(std::string_view text) {
  const auto end = end_of(text);
  return end ? below(*end) : *this;
}

std::string pack_pair(std::string_view name, std::string_view value) {
  return ByteWriter().ended(name).ended(value).text();
}

std::string pack_id(std::uint32_t id) { return ByteWriter().u32(id).text(); }

std::string pack_ref(RunRef ref) { return ByteWriter().u32(ref.timeline).u32(ref.serial).text(); }

Result<RunRef> unpack_ref(std::string_view bytes) {
  ByteReader in(bytes);
  RunRef ref;
  ref.timeline = in.u32();
  ref.serial = in.u32();
  if (!in.ok() || !in.at_end()) return damaged(suite::kRunIds);
  return ref;
}

// --- names

std::string pack_key(const OutcomeKey& key) {
  ByteWriter out;
  out.u8(static_cast<std::uint8_t>((key.attributes ? 1 : 0) | (key.in_detail ? 2 : 0)));
  return out.sized(key.expected).sized(key.actual).raw(key.attributes.value_or("")).text();
}

Result<OutcomeKey> unpack_outcome_key(std::string_view bytes) {
  ByteReader in(bytes);
  OutcomeKey key;
  const auto flags = in.u8();
  key.expected = in.sized();
  key.actual = in.sized();
  if (flags & 1) key.attributes = in.rest();
  key.in_detail = (flags & 2) != 0;
  if (!in.ok() || !in.at_end()) return damaged(suite::kOutcomeKeys);
  return key;
}

std::string pack_key(const TimelineKey& key) {
  return ByteWriter().u32(key.configuration).raw(key.branch).text();
}

std::string pack(const TimelineRow& row) {
  ByteWriter out;
  out.u64(row.version).u32(row.key.configuration).sized(row.key.branch);
  out.u8(static_cast<std::uint8_t>(row.order_key)).varint(row.runs);
  out.ordered(row.first_position).ordered(row.last_position).ordered(row.last_received);
  return out.varint(row.next_serial).raw(row.state).text();
}

Result<TimelineRow> unpack_timeline(TimelineId id, std::string_view bytes) {
  ByteReader in(bytes);
  TimelineRow row;
  row.id = id;
  row.version = in.u64();
  row.key.configuration = in.u32();
  row.key.branch = in.sized();
  row.order_key = static_cast<OrderKey>(in.u8());
  row.runs = static_cast<std::uint32_t>(in.varint());
  row.first_position = in.ordered();
  row.last_position = in.ordered();
  row.last_received = from_micros(in.ordered());
  row.next_serial = static_cast<RunSerial>(in.varint());
  row.state = in.rest();
  if (!in.ok()) return damaged(suite::kTimelines);
  return row;
}

// --- runs

std::string pack(const RunRow& row) {
  ByteWriter out;
  out.ordered(row.position).ordered(row.started).ordered(row.received);
  out.u8(static_cast<std::uint8_t>(row.state));
  out.u8(static_cast<std::uint8_t>(row.digest.size())).raw(row.digest);
  out.sized(row.variant).sized(row.id);
  pack_time(out, row.lease_until);
  out.varint(row.test_set).varint(row.covered).varint(row.lost).sized(row.counters).sized(row.header);
  pack_pairs(out, row.indexed);
  return std::move(out).text();
}

Result<RunRow> unpack_run(RunRef ref, std::string_view bytes) {
  ByteReader in(bytes);
  RunRow row;
  row.timeline = ref.timeline;
  row.serial = ref.serial;
  row.position = in.ordered();
  row.started = from_micros(in.ordered());
  row.received = from_micros(in.ordered());
  row.state = static_cast<RunState>(in.u8());
  row.digest = in.raw(in.u8());
  row.variant = in.sized();
  row.id = in.sized();
  row.lease_until = unpack_time(in);
  row.test_set = static_cast<TestSetId>(in.varint());
  row.covered = static_cast<std::uint32_t>(in.varint());
  row.lost = static_cast<std::uint32_t>(in.varint());
  row.counters = in.sized();
  row.header = in.sized();
  row.indexed = unpack_pairs(in);
  if (!in.ok() || !in.at_end()) return damaged(suite::kRuns);
  return row;
}

std::string natural_key(const RunRow& row) {
  return ByteWriter().u32(row.timeline).ordered(row.position).ordered(row.started).ended(row.variant).text();
}
std::string member_by_timeline(const RunRow& row) { return natural_key(row) + pack_ref(row.ref()); }
std::string member_by_position(const RunRow& row) {
  return ByteWriter()
      .ordered(row.position)
      .ordered(row.started)
      .ended(row.variant)
      .raw(pack_ref(row.ref()))
      .text();
}
std::string member_by_start(const RunRow& row) {
  return ByteWriter()
      .ordered(row.started)
      .ordered(row.position)
      .ended(row.variant)
      .raw(pack_ref(row.ref()))
      .text();
}
std::string member_by_receipt(const RunRow& row) {
  return ByteWriter().ordered(row.received).raw(pack_ref(row.ref())).text();
}

// Differences from one change to the next are small numbers. The variant is nearly always empty: a bit beside
// the outcome says so.
std::string pack(const ChangeList& changes) {
  ByteWriter out;
  Position position = 0;
  std::int64_t started = 0;
  for (const auto& [key, outcome] : changes) {
    const auto& [new_position, new_start, variant] = key;
    out.signed_varint(new_position - position).signed_varint(to_micros(new_start) - started);
    out.varint(std::uint64_t{outcome} << 1 | (variant.empty() ? 0 : 1));
    if (!variant.empty()) out.sized(variant);
    position = new_position;
    started = to_micros(new_start);
  }
  return std::move(out).text();
}

Result<ChangeList> unpack_changes(std::string_view bytes) {
  ByteReader in(bytes);
  ChangeList changes;
  std::uint64_t position = 0, started = 0;  // unsigned: damaged bytes may overflow
  while (!in.at_end()) {
    position += static_cast<std::uint64_t>(in.signed_varint());
    started += static_cast<std::uint64_t>(in.signed_varint());
    const auto outcome = in.varint();
    std::string variant;
    if (outcome & 1) variant = in.sized();
    changes.emplace_hint(changes.end(),
                         std::tuple(static_cast<Position>(position),
                                    from_micros(static_cast<std::int64_t>(started)), std::move(variant)),
                         static_cast<OutcomeId>(outcome >> 1));
  }
  if (!in.ok()) return damaged(suite::kChanges);
  return changes;
}

std::string pack(const TestSetRow& row) {
  return ByteWriter().u32(row.timeline).u32(row.id).varint(row.base).sized(row.hash).raw(row.blob).text();
}

Result<TestSetRow> unpack_test_set(std::string_view member) {
  ByteReader in(member);
  TestSetRow row;
  row.timeline = in.u32();
  row.id = in.u32();
  row.base = static_cast<TestSetId>(in.varint());
  row.hash = in.sized();
  row.blob = in.rest();
  if (!in.ok()) return damaged(suite::kTestSets);
  return row;
}

// --- commits

std::string pack_key(const CommitKey& key) {
  return ByteWriter().ordered(key.position).ended(key.branch).ended(key.id).text();
}

std::string pack(const CommitRow& row) {
  ByteWriter out;
  out.raw(pack_key(CommitKey{row.branch, *row.position, row.id()}));
  for (const auto* text : {&row.message, &row.author.name, &row.hash, &row.identifier})
    out.u32(static_cast<std::uint32_t>(text->size())).raw(*text);
  out.signed_varint(row.revision).signed_varint(row.order);
  pack_time(out, row.timestamp);
  pack_texts(out, row.author.emails);
  pack_texts(out, row.parents);
  return std::move(out).text();
}

Result<CommitRow> unpack_commit(std::string_view repository, std::string_view member) {
  ByteReader in(member);
  CommitRow row;
  row.repository = repository;
  row.position = in.ordered();
  row.branch = in.ended();
  in.ended();
  for (auto* text : {&row.message, &row.author.name, &row.hash, &row.identifier}) *text = in.raw(in.u32());
  row.revision = in.signed_varint();
  row.order = in.signed_varint();
  row.timestamp = unpack_time(in);
  row.author.emails = unpack_texts(in);
  row.parents = unpack_texts(in);
  if (!in.ok() || !in.at_end()) return damaged(repository::kCommits);
  return row;
}

std::string branch_member(const CommitKey& key) {
  return ByteWriter().ended(key.branch).ordered(key.position).ended(key.id).text();
}

std::string hash_name(std::string_view prefix) { return "h" + std::string(prefix); }
std::string revision_name(std::int64_t revision) { return ByteWriter().raw("r").ordered(revision).text(); }
std::string identifier_name(std::string_view identifier) {
  return ByteWriter().raw("i").ended(identifier).text();
}

std::vector<std::string> commit_names(const CommitRow& row) {
  const auto key = pack_key(CommitKey{row.branch, *row.position, row.id()});
  std::vector<std::string> names;
  if (!row.hash.empty()) names.push_back(hash_name(row.hash) + '\0' + key);
  if (row.revision != 0) names.push_back(revision_name(row.revision) + key);
  if (!row.identifier.empty()) names.push_back(identifier_name(row.identifier) + key);
  return names;
}

// --- documents

std::string pack(const Document& document) {
  ByteWriter out;
  out.u64(document.version);
  pack_pairs(out, document.attributes);
  pack_pairs(out, document.unique);
  return out.raw(document.text).text();
}

Result<Document> unpack_document(std::string_view collection, std::string_view key, std::string_view bytes) {
  ByteReader in(bytes);
  Document document;
  document.collection = collection;
  document.key = key;
  document.version = in.u64();
  document.attributes = unpack_pairs(in);
  document.unique = unpack_pairs(in);
  document.text = in.rest();
  if (!in.ok()) return damaged(collection::kDocuments);
  return document;
}

}  // namespace resultsdb::backends::redis
