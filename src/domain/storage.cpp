// The half of Storage that is the same for all backends: checks before the call, paging around it.
#include "resultsdb/storage/storage.hpp"

#include "domain/check.hpp"
#include "domain/check_batch.hpp"
#include "domain/page_token.hpp"

namespace resultsdb::storage {
namespace {

using domain::check_name;
using domain::FieldReader;
using domain::FieldWriter;
using domain::Presence;

Status check_suite(std::string_view suite) { return check_name("suite", suite, Presence::Required); }

Status check_limit(std::uint32_t limit) {
  if (limit >= 1 && limit <= limits::kPageRows) return {};
  return invalid_argument("must be 1 to " + std::to_string(limits::kPageRows), "limit");
}

Status check_range(std::string_view member, const Range<Position>& range) {
  if (range.from) RESULTSDB_TRY(domain::check_position(member, *range.from));
  return range.to ? domain::check_position(member, *range.to) : Status();
}
Status check_range(std::string_view member, const Range<Time>& range) {
  if (range.from) RESULTSDB_TRY(domain::check_time(member, *range.from));
  return range.to ? domain::check_time(member, *range.to) : Status();
}

Status check_query(const TestQuery& query) {
  RESULTSDB_TRY(check_suite(query.suite));
  RESULTSDB_TRY(check_name("prefix", query.prefix));
  return check_name("contains", query.contains);
}

Status check_query(const RunQuery& query) {
  RESULTSDB_TRY(check_suite(query.suite));
  RESULTSDB_TRY(check_name("id", query.id));
  RESULTSDB_TRY(domain::check_pairs("attributes", query.attributes));
  RESULTSDB_TRY(check_range("position", query.position));
  RESULTSDB_TRY(check_range("started", query.started));
  return check_range("received", query.received);
}

Status check_query(const CommitQuery& query) {
  RESULTSDB_TRY(check_name("repository", query.repository, Presence::Required));
  if (query.branch) RESULTSDB_TRY(check_name("branch", *query.branch));
  if (query.hash_prefix.size() > 64 ||
      (!query.hash_prefix.empty() && !domain::all_lower_hex(query.hash_prefix))) {
    return invalid_argument("must be up to 64 lower-case hexadecimal digits", "hash_prefix");
  }
  RESULTSDB_TRY(check_name("identifier", query.identifier));
  RESULTSDB_TRY(check_range("position", query.position));
  return check_name("text", query.text);
}

Status check_query(const DocumentQuery& query) {
  RESULTSDB_TRY(check_name("collection", query.collection, Presence::Required));
  RESULTSDB_TRY(check_name("key_prefix", query.key_prefix));
  RESULTSDB_TRY(domain::check_pairs("attributes", query.attributes));
  return query.unique ? domain::check_pairs("unique", {*query.unique}) : Status();
}

/// One page: `find(cursor bytes or nothing, limit + 1)` gives the rows, `write(row, cursor)` says where the
/// page after `row` begins.
template <class Row, class Query, class Find, class Write>
Result<Page<Row>> find_page(const Query& query, const Paging& paging, Find find, Write write) {
  RESULTSDB_TRY(check_query(query));
  RESULTSDB_TRY(check_limit(paging.limit));
  std::optional<std::string> cursor;
  if (!paging.token.empty()) {
    RESULTSDB_ASSIGN(cursor, domain::open_token(paging.token, domain::query_fields(query)));
  }
  RESULTSDB_ASSIGN(std::vector<Row> rows, find(cursor, paging.limit + 1));
  Page<Row> page{std::move(rows), {}};
  if (page.rows.size() > paging.limit) {
    page.rows.resize(paging.limit);
    FieldWriter next;
    write(page.rows.back(), next);
    page.next = domain::make_token(domain::query_fields(query), next);
  }
  return page;
}

Error unreadable_cursor() {
  return invalid_argument("is damaged; begin again with the first page", "page token");
}

/// The cursor of queries that are ordered by one text.
Result<std::optional<std::string>> read_text_cursor(const std::optional<std::string>& bytes) {
  if (!bytes) return std::optional<std::string>();
  FieldReader in(*bytes);
  std::optional<std::string> text(in.text());
  if (!in.done()) return unreadable_cursor();
  return text;
}

/// Damaged texts may hold anything.
std::string printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '\\') {
      text += c;
      continue;
    }
    text += "\\x";
    for (const int digit : {byte >> 4, byte & 15}) text += "0123456789abcdef"[digit];
  }
  return text;
}

}  // namespace

Result<StorageInfo> Storage::info() { return do_info(); }
Status Storage::ping() { return do_ping(); }
std::optional<std::uint64_t> Storage::revision() { return do_revision(); }
std::optional<std::uint64_t> Storage::asked_revision() { return do_asked_revision(); }
Status Storage::migrate() { return do_migrate(); }
Result<std::vector<TableSize>> Storage::sizes() { return do_sizes(); }

Result<std::vector<Damage>> Storage::find_damage() {
  RESULTSDB_ASSIGN(auto damages, do_find_damage());
  for (auto& damage : damages)
    for (auto* text : {&damage.key, &damage.what}) *text = printable(*text);
  return damages;
}

Status Storage::apply(const WriteBatch& batch) {
  return std::visit(
      [&](const auto& part) -> Status {
        RESULTSDB_TRY(domain::check_batch(part));
        return do_apply(part);
      },
      batch);
}

Result<std::vector<TestId>> Storage::intern_tests(std::string_view suite,
                                                  std::span<const std::string_view> names) {
  RESULTSDB_TRY(check_suite(suite));
  for (const std::string_view name : names) RESULTSDB_TRY(check_name("test", name, Presence::Required));
  if (names.empty()) return std::vector<TestId>();
  return do_intern_tests(suite, names);
}

Result<std::vector<OutcomeId>> Storage::intern_outcomes(std::string_view suite,
                                                        std::span<const OutcomeKey> keys) {
  RESULTSDB_TRY(check_suite(suite));
  for (const OutcomeKey& key : keys) {
    const std::string_view attributes = key.attributes ? *key.attributes : std::string_view{};
    RESULTSDB_TRY(check_name("outcome.expected", key.expected));
    RESULTSDB_TRY(check_name("outcome.actual", key.actual));
    RESULTSDB_TRY(check_name("outcome.attributes", attributes));
    if (key.expected.size() + key.actual.size() + attributes.size() > limits::kOutcomeBytes) {
      return invalid_argument("has more than " + std::to_string(limits::kOutcomeBytes) + " bytes", "outcome");
    }
  }
  if (keys.empty()) return std::vector<OutcomeId>();
  return do_intern_outcomes(suite, keys);
}

Result<std::vector<ConfigurationId>> Storage::intern_configurations(std::string_view suite,
                                                                    std::span<const std::string_view> keys) {
  RESULTSDB_TRY(check_suite(suite));
  for (const std::string_view key : keys) {
    RESULTSDB_ASSIGN(const Configuration configuration, Configuration::parse(key));
    RESULTSDB_TRY(configuration.validate());
    if (configuration.key() != key) {
      return invalid_argument("is not in canonical form: " + configuration.key(), "configuration");
    }
  }
  if (keys.empty()) return std::vector<ConfigurationId>();
  return do_intern_configurations(suite, keys);
}

Result<std::vector<TimelineId>> Storage::intern_timelines(std::string_view suite,
                                                          std::span<const TimelineKey> keys) {
  RESULTSDB_TRY(check_suite(suite));
  for (const TimelineKey& key : keys) RESULTSDB_TRY(check_name("branch", key.branch));
  if (keys.empty()) return std::vector<TimelineId>();
  return do_intern_timelines(suite, keys);
}

Result<std::vector<std::string>> Storage::find_suites() { return do_find_suites(); }

Result<Page<TestRow>> Storage::find_tests(const TestQuery& query, const Paging& paging) {
  return find_page<TestRow>(
      query, paging,
      [&](const auto& bytes, std::uint32_t limit) -> Result<std::vector<TestRow>> {
        RESULTSDB_ASSIGN(const auto after, read_text_cursor(bytes));
        return do_find_tests(query, after, limit);
      },
      [](const TestRow& row, FieldWriter& next) { next.text(row.name); });
}

Result<std::uint64_t> Storage::count_tests(std::string_view suite) {
  RESULTSDB_TRY(check_suite(suite));
  return do_count_tests(suite);
}

Result<std::vector<std::optional<TestId>>> Storage::look_up_tests(std::string_view suite,
                                                                  std::span<const std::string_view> names) {
  RESULTSDB_TRY(check_suite(suite));
  for (const std::string_view name : names) RESULTSDB_TRY(check_name("test", name, Presence::Required));
  if (names.empty()) return std::vector<std::optional<TestId>>();
  return do_look_up_tests(suite, names);
}

Result<std::vector<std::string>> Storage::read_test_names(std::string_view suite,
                                                          std::span<const TestId> ids) {
  RESULTSDB_TRY(check_suite(suite));
  if (ids.empty()) return std::vector<std::string>();
  return do_read_test_names(suite, ids);
}

Result<std::vector<TestRow>> Storage::scan_tests(std::string_view suite, TestId first, std::uint32_t limit) {
  RESULTSDB_TRY(check_suite(suite));
  RESULTSDB_TRY(check_limit(limit));
  return do_scan_tests(suite, first, limit);
}

Result<std::vector<OutcomeRow>> Storage::find_outcomes(std::string_view suite, OutcomeId first) {
  RESULTSDB_TRY(check_suite(suite));
  return do_find_outcomes(suite, first);
}

Result<std::vector<ConfigurationRow>> Storage::find_configurations(std::string_view suite,
                                                                   ConfigurationId first) {
  RESULTSDB_TRY(check_suite(suite));
  return do_find_configurations(suite, first);
}

Result<std::vector<TimelineRow>> Storage::find_timelines(std::string_view suite,
                                                         std::span<const TimelineId> ids) {
  RESULTSDB_TRY(check_suite(suite));
  return do_find_timelines(suite, ids);
}

Result<Page<RunRow>> Storage::find_runs(const RunQuery& query, const Paging& paging) {
  const bool by_receipt = query.order == RunQuery::Order::Received;
  return find_page<RunRow>(
      query, paging,
      [&](const auto& bytes, std::uint32_t limit) -> Result<std::vector<RunRow>> {
        std::optional<RunCursor> after;
        if (bytes) {
          FieldReader in(*bytes);
          after.emplace();
          after->timeline = static_cast<TimelineId>(in.number());
          if (by_receipt) {
            after->received = from_micros(in.number());
            after->serial = static_cast<RunSerial>(in.number());
          } else {
            after->position = in.number();
            after->started = from_micros(in.number());
            after->variant = in.text();
          }
          if (!in.done()) return unreadable_cursor();
        }
        return do_find_runs(query, after, limit);
      },
      [&](const RunRow& row, FieldWriter& next) {
        next.number(row.timeline);
        if (by_receipt) {
          next.number(to_micros(row.received)).number(row.serial);
        } else {
          next.number(row.position).number(to_micros(row.started)).text(row.variant);
        }
      });
}

Result<std::uint64_t> Storage::count_runs(const RunQuery& query) {
  RESULTSDB_TRY(check_query(query));
  return do_count_runs(query);
}

Result<std::vector<std::optional<Bytes>>> Storage::read_outcomes(std::string_view suite,
                                                                 std::span<const RunRef> runs) {
  RESULTSDB_TRY(check_suite(suite));
  if (runs.empty()) return std::vector<std::optional<Bytes>>();
  return do_read_outcomes(suite, runs);
}

Result<Durations> Storage::read_durations(std::string_view suite, std::span<const DurationQuery> queries) {
  RESULTSDB_TRY(check_suite(suite));
  if (queries.empty()) return Durations();
  return do_read_durations(suite, queries);
}

Result<std::vector<TestSetRow>> Storage::read_test_sets(std::string_view suite, TimelineId timeline,
                                                        TestSetId first) {
  RESULTSDB_TRY(check_suite(suite));
  return do_read_test_sets(suite, timeline, first);
}

Result<std::vector<ChangeRow>> Storage::find_changes(const ChangeQuery& query) {
  RESULTSDB_TRY(check_suite(query.suite));
  return do_find_changes(query);
}

Result<ChangesAndTimelines> Storage::find_changes_and_timelines(const ChangeQuery& query) {
  RESULTSDB_TRY(check_suite(query.suite));
  return do_find_changes_and_timelines(query);
}

Result<ChangesAndTimelines> Storage::do_find_changes_and_timelines(const ChangeQuery& query) {
  ChangesAndTimelines found;
  RESULTSDB_ASSIGN(found.changes, do_find_changes(query));
  RESULTSDB_ASSIGN(found.timelines, do_find_timelines(query.suite, {}));
  return found;
}

Result<std::vector<DetailRow>> Storage::read_details(std::string_view suite, std::span<const RunRef> runs,
                                                     std::span<const TestId> tests) {
  RESULTSDB_TRY(check_suite(suite));
  if (runs.empty()) return std::vector<DetailRow>();
  return do_read_details(suite, runs, tests);
}

Result<std::vector<RepositoryRow>> Storage::find_repositories() { return do_find_repositories(); }

Result<Page<CommitRow>> Storage::find_commits(const CommitQuery& query, const Paging& paging) {
  return find_page<CommitRow>(
      query, paging,
      [&](const auto& bytes, std::uint32_t limit) -> Result<std::vector<CommitRow>> {
        std::optional<CommitCursor> after;
        if (bytes) {
          FieldReader in(*bytes);
          after.emplace();
          after->position = in.number();
          after->branch = in.text();
          after->id = in.text();
          if (!in.done()) return unreadable_cursor();
        }
        return do_find_commits(query, after, limit);
      },
      [](const CommitRow& row, FieldWriter& next) {
        next.number(row.position.value_or(0)).text(row.branch).text(row.id());
      });
}

Result<std::vector<std::string>> Storage::list_branches(std::string_view repository,
                                                        std::string_view prefix) {
  RESULTSDB_TRY(check_name("repository", repository, Presence::Required));
  RESULTSDB_TRY(check_name("prefix", prefix));
  return do_list_branches(repository, prefix);
}

Result<std::vector<std::string>> Storage::list_collections() { return do_list_collections(); }

Result<std::optional<Document>> Storage::get_document(std::string_view collection, std::string_view key) {
  RESULTSDB_TRY(check_name("collection", collection, Presence::Required));
  RESULTSDB_TRY(check_name("key", key, Presence::Required));
  return do_get_document(collection, key);
}

Result<std::optional<Bytes>> Storage::read_chunk(std::string_view collection, std::string_view key,
                                                 std::uint32_t number) {
  RESULTSDB_TRY(check_name("collection", collection, Presence::Required));
  RESULTSDB_TRY(check_name("key", key, Presence::Required));
  return do_read_chunk(collection, key, number);
}

Result<Page<Document>> Storage::find_documents(const DocumentQuery& query, const Paging& paging) {
  return find_page<Document>(
      query, paging,
      [&](const auto& bytes, std::uint32_t limit) -> Result<std::vector<Document>> {
        RESULTSDB_ASSIGN(const auto after, read_text_cursor(bytes));
        return do_find_documents(query, after, limit);
      },
      [](const Document& row, FieldWriter& next) { next.text(row.key); });
}

}  // namespace resultsdb::storage
