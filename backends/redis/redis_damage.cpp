// Finding damage: every row against its checksum, and what is kept twice against its other copy.
#include <algorithm>
#include <set>

#include "redis_storage.hpp"

namespace resultsdb::backends::redis {

using namespace storage;

namespace {

constexpr std::int64_t kAtOnce = 500;

constexpr const char* kBadChecksum = "the checksum is wrong: this is not what was written";
constexpr const char* kUnreadable = "the row cannot be read";

/// All tables of one suite, repository or collection. Nothing keeps others from writing meanwhile: what is
/// between two steps of theirs may look damaged once, not twice.
class DamageFinder {
 public:
  DamageFinder(Client& client, Seal seal, Keys keys, std::string what, std::string suite)
      : client_(client),
        seal_(seal),
        keys_(std::move(keys)),
        what_(std::move(what)),
        suite_(std::move(suite)) {}

  Status check_suite();
  Status check_repository();
  Status check_collection();

  std::vector<Damage> found;

 private:
  using Pair = std::function<Status(std::string_view field, std::string_view value)>;

  void report(std::string_view table, std::string_view key, std::string what,
              std::optional<TimelineId> timeline = {}) {
    std::string place = what_;
    if (!key.empty()) place.append(", ").append(key);
    found.push_back({std::string(table), std::move(place), std::move(what), suite_, timeline});
  }

  Result<Reply> ask(std::string_view table, Command command) {
    command.insert(command.begin() + 1, keys_[table]);
    return client_.run(command[1], Access::Repeatable, command);
  }
  /// A table that has become something else is damage of its own.
  Status check(std::string_view table, const Status& status) {
    if (status || status.error().context != "WRONGTYPE") return status;
    report(table, {}, "the key holds another kind of value");
    return {};
  }

  /// Walks a hash (HSCAN: field, value) or a sorted set (ZSCAN: member, score).
  Status scan(const char* command, std::string_view table, const Pair& look_at);
  /// The row without its checksum, if both are sound.
  std::optional<std::string_view> open(std::string_view table, std::string_view field,
                                       std::string_view stored, const std::string& key,
                                       std::optional<TimelineId> timeline);
  /// Each member must be in the sorted set, in its place; `name` says whose it is.
  Status check_members(std::string_view table, const std::vector<std::string>& members,
                       const std::function<std::string(std::size_t)>& name);
  /// That they should be there: for check_strays(), when all rows were read.
  void expect(std::string_view table, std::string_view entry) {
    expected_[std::string(table)].push_back(std::hash<std::string_view>()(entry));
  }
  /// Entries that nobody expected.
  Status check_strays(const char* command, std::string_view table);
  /// Rows that only their checksums tell about; `name` gives key and timeline of a field or member.
  using Name = std::function<std::pair<std::string, std::optional<TimelineId>>(ByteReader)>;
  Status check_hash_rows(std::string_view table, const Name& name);
  Status check_sorted_rows(std::string_view table, const Name& name);

  Status check_tests();
  Status check_dictionary(std::string_view ids, std::string_view list, bool are_outcomes);
  Status check_timelines();
  Status check_runs();
  Status check_run_entries(const std::vector<RunRow>& runs);
  Status check_changes();

  Client& client_;
  const Seal seal_;
  const Keys keys_;
  const std::string what_, suite_;
  std::set<TimelineId> timelines_;  // that have a row
  std::map<std::string, std::vector<std::size_t>>
      expected_;  // by table: hashes of the entries it should have
};

std::string name_of(RunRef ref) {
  return "timeline " + std::to_string(ref.timeline) + ", serial " + std::to_string(ref.serial);
}

Status DamageFinder::scan(const char* command, std::string_view table, const Pair& look_at) {
  std::string cursor = "0";
  do {
    RESULTSDB_ASSIGN(const auto reply, ask(table, {command, cursor, "COUNT", std::to_string(kAtOnce)}));
    cursor = reply.items[0].text;
    const auto& items = reply.items[1].items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      RESULTSDB_TRY(look_at(items[i].text, items[i + 1].text));
  } while (cursor != "0");
  return {};
}

std::optional<std::string_view> DamageFinder::open(std::string_view table, std::string_view field,
                                                   std::string_view stored, const std::string& key,
                                                   std::optional<TimelineId> timeline) {
  if (seal_.holds(table, field, stored)) return seal_.open(stored);
  report(table, key, kBadChecksum, timeline);
  return std::nullopt;
}

Status DamageFinder::check_members(std::string_view table, const std::vector<std::string>& members,
                                   const std::function<std::string(std::size_t)>& name) {
  for (const auto& member : members) expect(table, member);
  if (members.empty()) return {};
  Command command{"ZMSCORE"};
  command.insert(command.end(), members.begin(), members.end());
  const auto scores = ask(table, std::move(command));
  if (!scores) return check(table, scores.error());
  for (std::size_t i = 0; i < members.size(); ++i)
    if (scores->items[i].text != "0")
      report(table, name(i),
             scores->items[i].is_nil() ? "its entry is missing" : "its entry is out of order");
  return {};
}

Status DamageFinder::check_strays(const char* command, std::string_view table) {
  auto& expected = expected_[std::string(table)];
  std::sort(expected.begin(), expected.end());
  return check(
      table, scan(command, table, [&](std::string_view entry, std::string_view) -> Status {
        if (!std::binary_search(expected.begin(), expected.end(), std::hash<std::string_view>()(entry)))
          report(table, "entry " + std::string(entry), "it belongs to nothing");
        return {};
      }));
}

Status DamageFinder::check_hash_rows(std::string_view table, const Name& name) {
  return check(table, scan("HSCAN", table, [&](std::string_view field, std::string_view value) -> Status {
                 const auto [key, timeline] = name(ByteReader(field));
                 open(table, field, value, key, timeline);
                 return {};
               }));
}

Status DamageFinder::check_sorted_rows(std::string_view table, const Name& name) {
  return check(table, scan("ZSCAN", table, [&](std::string_view member, std::string_view score) -> Status {
                 const auto [key, timeline] = name(ByteReader(member));
                 if (score != "0") report(table, key, "its entry is out of order", timeline);
                 open(table, {}, member, key, timeline);
                 return {};
               }));
}

/// Names: the list has them by id, the sorted set the ids by name.
Status DamageFinder::check_tests() {
  std::int64_t tests = 0;
  for (bool more = true; more;) {
    const auto reply =
        ask(suite::kTestNames, {"LRANGE", std::to_string(tests), std::to_string(tests + kAtOnce - 1)});
    if (!reply) return check(suite::kTestNames, reply.error());
    std::vector<std::string> members;
    for (const auto& name : reply->items)
      members.push_back(ByteWriter().ended(name.text).u32(static_cast<TestId>(tests++)).text());
    RESULTSDB_TRY(check_members(suite::kTestIds, members, [&](std::size_t i) {
      return "test " + std::to_string(static_cast<std::size_t>(tests) - members.size() + i);
    }));
    more = static_cast<std::int64_t>(members.size()) == kAtOnce;
  }
  RESULTSDB_TRY(check_strays("ZSCAN", suite::kTestIds));
  const auto all = ask(suite::kListedTests, {"BITCOUNT"});
  if (!all) return check(suite::kListedTests, all.error());
  std::int64_t known = 0;
  if (tests > 0) {
    RESULTSDB_ASSIGN(const auto reply,
                     ask(suite::kListedTests, {"BITCOUNT", "0", std::to_string(tests - 1), "BIT"}));
    known = reply.integer;
  }
  if (all->integer > known) report(suite::kListedTests, {}, "tests are listed that have no name");
  return {};
}

Status DamageFinder::check_dictionary(std::string_view ids, std::string_view list, bool are_outcomes) {
  const auto keys = ask(list, {"LRANGE", "0", "-1"});
  if (!keys) return check(list, keys.error());
  for (const auto& key : keys->items) expect(ids, key.text);
  RESULTSDB_TRY(check_strays("HSCAN", ids));
  for (std::size_t begin = 0; begin < keys->items.size(); begin += kAtOnce) {
    const auto end = std::min(begin + static_cast<std::size_t>(kAtOnce), keys->items.size());
    Command command{"HMGET"};
    for (auto i = begin; i < end; ++i) command.push_back(keys->items[i].text);
    const auto stored = ask(ids, std::move(command));
    if (!stored) return check(ids, stored.error());
    for (auto i = begin; i < end; ++i) {
      const auto id = std::to_string(i + 1);
      if (stored->items[i - begin].text != id)
        report(list, "number " + id, "its key leads to another number");
      if (are_outcomes && !unpack_outcome_key(keys->items[i].text)) report(list, "number " + id, kUnreadable);
    }
  }
  return {};
}

Status DamageFinder::check_timelines() {
  std::map<std::string, std::string> ids;
  std::set<std::string> given;
  RESULTSDB_TRY(
      check(suite::kTimelineIds, scan("HSCAN", suite::kTimelineIds, [&](auto key, auto id) -> Status {
              if (ids.emplace(key, id).second && !given.emplace(id).second)
                report(suite::kTimelineIds, "timeline " + std::string(id), "two keys lead to it");
              return {};
            })));
  return check(suite::kTimelines, scan("HSCAN", suite::kTimelines, [&](auto field, auto value) -> Status {
                 const auto id = ByteReader(field).u32();
                 timelines_.insert(id);
                 const auto name = "timeline " + std::to_string(id);
                 const auto row = open(suite::kTimelines, field, value, name, id);
                 if (!row) return {};
                 const auto timeline = unpack_timeline(id, *row);
                 if (!timeline) {
                   report(suite::kTimelines, name, kUnreadable, id);
                   return {};
                 }
                 const auto key = ids.find(pack_key(timeline->key));
                 if (key == ids.end() || key->second != std::to_string(id))
                   report(suite::kTimelineIds, name, "its branch and configuration do not lead to it");
                 return {};
               }));
}

Status DamageFinder::check_run_entries(const std::vector<RunRow>& runs) {
  if (runs.empty()) return {};
  std::map<std::string_view, std::vector<std::pair<std::string, RunRef>>> members;
  Command holders{"HMGET"};
  for (const auto& run : runs) {
    holders.push_back(run.id);
    expect(suite::kRunIds, run.id);
    for_each_entry(run, [&](std::string_view table, std::string member) {
      members[table].emplace_back(std::move(member), run.ref());
    });
  }
  for (const auto& [table, entries] : members) {
    std::vector<std::string> texts;
    for (const auto& [member, ref] : entries) texts.push_back(member);
    RESULTSDB_TRY(
        check_members(table, texts, [&, &list = entries](std::size_t i) { return name_of(list[i].second); }));
  }
  const auto stored = ask(suite::kRunIds, std::move(holders));
  if (!stored) return check(suite::kRunIds, stored.error());
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (stored->items[i].text != pack_ref(runs[i].ref()))
      report(suite::kRunIds, name_of(runs[i].ref()), "its id does not lead to it");
  return {};
}

Status DamageFinder::check_runs() {
  constexpr std::string_view kOrders[] = {suite::kRunsByTimeline, suite::kRunsByPosition, suite::kRunsByStart,
                                          suite::kRunsByReceipt, suite::kRunAttributes};
  std::set<RunRef> seen;  // a scan may come to a field twice
  std::vector<RunRow> runs;
  bool complete = true;
  const auto scanned = scan("HSCAN", suite::kRuns, [&](auto field, auto value) -> Status {
    const auto ref = unpack_ref(field);
    if (!ref) {
      report(suite::kRuns, {}, "a field is no run");
      complete = false;
      return {};
    }
    if (!seen.insert(*ref).second) return {};
    const auto row = open(suite::kRuns, field, value, name_of(*ref), ref->timeline);
    auto run = row ? unpack_run(*ref, *row) : Result<RunRow>(damaged(suite::kRuns));
    if (row && !run) report(suite::kRuns, name_of(*ref), kUnreadable, ref->timeline);
    complete = complete && run.ok();
    if (!timelines_.contains(ref->timeline))
      report(suite::kTimelines, name_of(*ref), "the run's timeline is missing");
    if (run) runs.push_back(std::move(*run));
    if (runs.size() < static_cast<std::size_t>(kAtOnce)) return {};
    const auto status = check_run_entries(runs);
    runs.clear();
    return status;
  });
  RESULTSDB_TRY(check(suite::kRuns, scanned));
  RESULTSDB_TRY(check_run_entries(runs));
  if (!complete || !scanned) return {};  // their entries would belong to nothing
  RESULTSDB_TRY(check_strays("HSCAN", suite::kRunIds));
  for (const auto table : kOrders) RESULTSDB_TRY(check_strays("ZSCAN", table));
  return {};
}

/// What they say is compared with the runs elsewhere.
Status DamageFinder::check_changes() {
  return check(suite::kChanges, scan("HSCAN", suite::kChanges, [&](auto field, auto value) -> Status {
                 ByteReader in(field);
                 const auto test = in.u32(), timeline = in.u32();
                 if (in.ok() && in.at_end() && unpack_changes(value)) return {};
                 report(suite::kChanges,
                        "test " + std::to_string(test) + ", timeline " + std::to_string(timeline),
                        kUnreadable);
                 return {};
               }));
}

Status DamageFinder::check_suite() {
  RESULTSDB_TRY(check_tests());
  RESULTSDB_TRY(check_dictionary(suite::kOutcomeIds, suite::kOutcomeKeys, true));
  RESULTSDB_TRY(check_dictionary(suite::kConfigurationIds, suite::kConfigurationKeys, false));
  RESULTSDB_TRY(check_timelines());
  RESULTSDB_TRY(check_runs());
  RESULTSDB_TRY(check_changes());
  const auto numbers = [](std::initializer_list<const char*> names) {
    return [list = std::vector<std::string>(names.begin(), names.end())](ByteReader in) {
      const TimelineId timeline = in.u32();
      std::string key = "timeline " + std::to_string(timeline);
      for (const auto& name : list) key += ", " + name + ' ' + std::to_string(in.u32());
      return std::pair(key, std::optional(timeline));
    };
  };
  RESULTSDB_TRY(check_hash_rows(suite::kRunOutcomes, numbers({"serial"})));
  RESULTSDB_TRY(check_sorted_rows(suite::kRunDurations, numbers({"chunk", "serial"})));
  RESULTSDB_TRY(check_sorted_rows(suite::kTiles, numbers({"block", "level", "tile"})));
  RESULTSDB_TRY(check_sorted_rows(suite::kTestSets, numbers({"set"})));
  return check_sorted_rows(suite::kDetails, numbers({"serial", "test"}));
}

Status DamageFinder::check_repository() {
  RESULTSDB_TRY(check_hash_rows(repository::kRow, [](ByteReader) { return std::pair("row", std::nullopt); }));
  std::vector<std::string> branches, names, keys;
  bool complete = true;
  const auto look_up = [&]() -> Status {
    const auto name = [&](std::size_t) { return "a commit between " + keys.front() + " and " + keys.back(); };
    RESULTSDB_TRY(check_members(repository::kBranches, branches, [&](std::size_t i) { return keys[i]; }));
    RESULTSDB_TRY(check_members(repository::kNames, names, name));
    for (auto* list : {&branches, &names, &keys}) list->clear();
    return {};
  };
  std::set<std::string> seen;
  const auto scanned = scan("ZSCAN", repository::kCommits, [&](auto member, auto score) -> Status {
    ByteReader in(member);
    const auto position = in.ordered();
    const auto key = "position " + std::to_string(position) + ", branch " + std::string(in.ended()) +
                     ", id " + std::string(in.ended());
    if (score != "0") report(repository::kCommits, key, "its entry is out of order");
    const auto row = open(repository::kCommits, {}, member, key, {});
    const auto commit = row ? unpack_commit({}, *row) : Result<CommitRow>(damaged(repository::kCommits));
    if (row && !commit) report(repository::kCommits, key, kUnreadable);
    complete = complete && commit.ok();
    if (!commit || !seen.insert(key).second) return {};
    keys.push_back(key);
    branches.push_back(branch_member({commit->branch, *commit->position, commit->id()}));
    for (auto& name : commit_names(*commit)) names.push_back(std::move(name));
    return keys.size() < static_cast<std::size_t>(kAtOnce) ? Status() : look_up();
  });
  RESULTSDB_TRY(check(repository::kCommits, scanned));
  RESULTSDB_TRY(look_up());
  if (!complete || !scanned) return {};
  RESULTSDB_TRY(check_strays("ZSCAN", repository::kBranches));
  return check_strays("ZSCAN", repository::kNames);
}

Status DamageFinder::check_collection() {
  std::set<std::string> keys;
  bool complete = true;
  const auto scanned = scan("HSCAN", collection::kDocuments, [&](auto field, auto value) -> Status {
    const std::string key(field);
    if (!keys.insert(key).second) return {};
    const auto row = open(collection::kDocuments, field, value, key, {});
    const auto document =
        row ? unpack_document({}, field, *row) : Result<Document>(damaged(collection::kDocuments));
    if (row && !document) report(collection::kDocuments, key, kUnreadable);
    complete = complete && document.ok();
    if (!document) return {};
    const auto name = [&](std::size_t) { return key; };
    std::set<std::string> attributes;
    for (const auto& [pair, text] : document->attributes) attributes.insert(pack_pair(pair, text) + key);
    RESULTSDB_TRY(check_members(collection::kOrder, {key}, name));
    RESULTSDB_TRY(check_members(collection::kAttributes, {attributes.begin(), attributes.end()}, name));
    for (const auto& [pair, text] : document->unique) {
      expect(collection::kUnique, pack_pair(pair, text));
      const auto holder = ask(collection::kUnique, {"HGET", pack_pair(pair, text)});
      if (!holder) return check(collection::kUnique, holder.error());
      if (holder->text != key) report(collection::kUnique, key, "its unique pair does not lead to it");
    }
    return {};
  });
  RESULTSDB_TRY(check(collection::kDocuments, scanned));
  RESULTSDB_TRY(check_hash_rows(collection::kChunks, [](ByteReader in) {
    const auto number = in.u32();
    return std::pair(std::string(in.rest()) + ", chunk " + std::to_string(number), std::nullopt);
  }));
  if (!complete || !scanned) return {};
  RESULTSDB_TRY(check_strays("ZSCAN", collection::kOrder));
  RESULTSDB_TRY(check_strays("ZSCAN", collection::kAttributes));
  return check_strays("HSCAN", collection::kUnique);
}

bool is_same(const Damage& a, const Damage& b) {
  return a.table == b.table && a.key == b.key && a.what == b.what;
}

}  // namespace

Result<std::vector<Damage>> RedisStorage::do_find_damage() {
  struct Part {
    Keys::Kind kind;
    const char* name;
    Status (DamageFinder::*check)();
  };
  constexpr Part kParts[] = {{Keys::Kind::Suite, "suite ", &DamageFinder::check_suite},
                             {Keys::Kind::Repository, "repository ", &DamageFinder::check_repository},
                             {Keys::Kind::Collection, "collection ", &DamageFinder::check_collection}};
  std::vector<Damage> damages;
  for (const auto& part : kParts) {
    RESULTSDB_ASSIGN(const auto names, registered_names(part.kind));
    for (const auto& name : names) {
      const auto look = [&]() -> Result<std::vector<Damage>> {
        DamageFinder finder(*client_, seal_, Keys(prefix_, part.kind, name), part.name + name,
                            part.kind == Keys::Kind::Suite ? name : std::string());
        RESULTSDB_TRY((finder.*part.check)());
        return std::move(finder.found);
      };
      RESULTSDB_ASSIGN(auto found, look());
      for (int again = 0; again < 3 && !found.empty(); ++again) {  // writers may have been in between
        RESULTSDB_ASSIGN(const auto now, look());
        std::erase_if(found, [&](const Damage& damage) {
          return std::none_of(now.begin(), now.end(), [&](const Damage& d) { return is_same(damage, d); });
        });
      }
      std::move(found.begin(), found.end(), std::back_inserter(damages));
    }
  }
  return damages;
}

}  // namespace resultsdb::backends::redis
