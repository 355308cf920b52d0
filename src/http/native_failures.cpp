// findFailures: what failed in a window of runs, test by test or by what the failures say.
#include <map>
#include <set>

#include "judgement_json.hpp"
#include "resultsdb/failing_tests.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kShownRuns = 8, kShownTests = 20;
constexpr std::size_t kMostReasons = 5'000;  // details that one answer reads

struct Item {
  const FailuresAnswer* answer = nullptr;
  const Scope* scope = nullptr;
  FailingTest test;

  const Outcome& worst() const { return answer->outcomes[test.worst].outcome; }
};

/// Tests whose newest failures say the same.
struct Group {
  ReasonOfResult reason;
  std::string key;  ///< the id; of tests without a message: empty
  std::vector<const Item*> items;
  std::uint64_t count = 0;
  Outcome worst;
  RunInfoPtr first, newest;
};

std::int64_t severity(const Outcome& outcome) {
  return static_cast<std::int64_t>(worst_severity(outcome.actual));
}

/// The worst first, of equal ones the rarest.
Rank rank(std::string_view order, const Outcome& worst, std::uint64_t count, const RunInfo& newest,
          const std::string& unique) {
  const auto number = static_cast<std::int64_t>(count);
  if (order == "test") return {0, unique};
  if (order == "-count") return {number, unique};
  if (order == "-newest") return {newest.position, unique};
  return {severity(worst), sortable(number) + unique};
}

bool is_newer(const RunInfo& a, const RunInfo& b) {
  return std::tie(a.position, a.started) > std::tie(b.position, b.started);
}

/// Every configuration with the worst that happened there; one that did not run the test says so.
void write_matrix(JsonWriter& json, const Item& item, OutcomeTable& outcomes) {
  std::map<std::string, std::int32_t> worst;
  std::vector<std::string> failing;
  const auto& known = item.answer->outcomes;
  const auto badness = [&](std::int32_t outcome) {
    return outcome == kNotCovered ? -2
           : outcome == kLost     ? -1
                                  : severity(known[static_cast<std::size_t>(outcome)].outcome);
  };
  for (std::size_t t = 0; t < item.test.on.size(); ++t) {
    const auto& on = item.test.on[t];
    const std::string& configuration = item.answer->timelines[t].configuration_id;
    const auto [entry, fresh] = worst.emplace(configuration, on.worst);
    if (!fresh && badness(on.worst) > badness(entry->second)) entry->second = on.worst;
    if (on.bad > 0) failing.push_back(configuration);
  }
  std::ranges::sort(failing);
  failing.erase(std::unique(failing.begin(), failing.end()), failing.end());
  write_configuration_ids(json, "configurations", failing);
  json.key("matrix").begin_array();
  for (const auto& [configuration, outcome] : worst) {
    json.begin_array().value(configuration);
    json.value(outcome < 0 ? std::int64_t{outcome}
                           : std::int64_t{outcomes.id(known[static_cast<std::size_t>(outcome)].outcome)});
    json.end_array();
  }
  json.end_array();
}

void write_item(JsonWriter& json, const Item& item, const ReasonOfResult& reason, const PointWriter& points,
                OutcomeTable& outcomes) {
  json.begin_object().member("suite", item.scope->suite).member("test", item.test.test);
  json.member("worst", outcomes.id(item.worst())).member("count", item.test.bad);
  json.member("runs", item.test.runs);
  write_matrix(json, item, outcomes);
  points.write(json, "first", item.test.first);
  points.write(json, "newest", item.test.newest);
  if (!reason.id.empty()) json.member("cluster", reason.id).member("pattern", reason.pattern);
  json.end_object();
}

/// Why the newest bad result of each item was bad.
Result<std::vector<ReasonOfResult>> read_reasons(Answers& answers, const std::vector<Item>& items,
                                                 std::size_t most, Question::Bad bad) {
  std::map<std::string, std::pair<std::vector<BadAt>, std::vector<std::size_t>>> by_suite;
  for (std::size_t i = 0; i < std::min(items.size(), most); ++i) {
    auto& [results, places] = by_suite[items[i].scope->suite];
    results.push_back({items[i].test.newest, items[i].test.test});
    places.push_back(i);
  }
  std::vector<ReasonOfResult> reasons(items.size());
  for (const auto& [suite, asked] : by_suite) {
    RESULTSDB_ASSIGN(auto some, answers.reasons(suite, bad, asked.first));
    for (std::size_t i = 0; i < some.size(); ++i) reasons[asked.second[i]] = std::move(some[i]);
  }
  return reasons;
}

std::vector<Group> group_by_reason(const std::vector<Item>& items, std::vector<ReasonOfResult> reasons) {
  std::map<std::string, Group> by_id;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    Group& group = by_id[reasons[i].id];
    if (group.items.empty()) group.key = reasons[i].id, group.reason = std::move(reasons[i]);
    if (group.items.empty() || is_worse(item.worst(), group.worst)) group.worst = item.worst();
    group.items.push_back(&item);
    group.count += item.test.bad;
    if (!group.first || is_newer(*group.first, *item.test.first)) group.first = item.test.first;
    if (!group.newest || is_newer(*item.test.newest, *group.newest)) group.newest = item.test.newest;
  }
  std::vector<Group> groups;
  for (auto& [id, group] : by_id) groups.push_back(std::move(group));
  return groups;
}

void write_group(JsonWriter& json, const Group& group, const PointWriter& points, OutcomeTable& outcomes) {
  json.begin_object().key("cluster");
  group.key.empty() ? json.null() : json.value(group.key);
  json.member("pattern", group.reason.pattern).member("crash", group.reason.crash);
  json.member("worst", outcomes.id(group.worst)).member("count", group.count);
  json.member("tests", group.items.size()).key("items").begin_array();
  for (std::size_t i = 0; i < std::min(group.items.size(), kShownTests); ++i)
    write_item(json, *group.items[i], group.reason, points, outcomes);
  json.end_array();
  points.write(json, "first", group.first);
  points.write(json, "newest", group.newest);
  json.end_object();
}

/// What the runs are that were looked at, and those that no statistic counts.
Status write_header(JsonWriter& json, Model& model, const std::vector<FailuresAnswer>& answers) {
  std::vector<RunInfoPtr> runs, excluded;
  ClassCounts counts;
  std::set<std::pair<std::string, std::string>> commits;
  for (const FailuresAnswer& answer : answers) {
    runs.insert(runs.end(), answer.runs.begin(), answer.runs.end());
    for (const ExcludedRun& run : answer.basis.excluded) excluded.push_back(run.run);
  }
  for (const RunInfoPtr& run : runs) {
    counts.add(run->counts);
    for (const RunCommit& commit : run->commits) commits.emplace(commit.repository, commit.id);
  }
  std::ranges::stable_sort(runs, [](const auto& a, const auto& b) { return is_newer(*a, *b); });
  const std::size_t all = runs.size(), left_out = excluded.size();
  runs.resize(std::min(all, kShownRuns));
  excluded.resize(std::min(left_out, kShownRuns));
  std::vector<RunInfoPtr> shown = runs;
  shown.insert(shown.end(), excluded.begin(), excluded.end());
  RESULTSDB_ASSIGN(const CommitNames commit_names, CommitNames::load(model, shown));
  json.key("composition").begin_object().member("runs", all).member("commits", commits.size());
  json.key("run_list").begin_array();
  for (const RunInfoPtr& run : runs) write_run(json, model, *run, commit_names);
  json.end_array().member("excluded", left_out).key("excluded_list").begin_array();
  for (const RunInfoPtr& run : excluded) write_run(json, model, *run, commit_names);
  json.end_array().end_object().key("counts");
  write_counts(json, counts);
  return {};
}

Result<PointWriter> load_points(Model& model, const std::vector<const Item*>& items) {
  std::vector<RunInfoPtr> runs;
  for (const Item* item : items) {
    runs.push_back(item->test.first);
    runs.push_back(item->test.newest);
  }
  return PointWriter::load(model, std::move(runs));
}

/// The items of one page; the token of the next one and how many there are on all pages.
struct Written {
  std::string next;
  std::size_t total = 0;
  bool truncated = false;
};

class FailureList {
 public:
  FailureList(const NativeContext& context, const Arguments& arguments, PageRequest page, std::string order,
              Question::Bad bad)
      : context_(context),
        arguments_(arguments),
        page_(std::move(page)),
        order_(std::move(order)),
        bad_(bad),
        answers_(context.model) {}

  Result<Written> write_tests(JsonWriter& json, std::vector<Item> items, OutcomeTable& outcomes) {
    Written written{.next = {}, .total = items.size()};
    written.next = cut_page(items, arguments_, page_, [&](const Item& item) { return rank_of(item); });
    RESULTSDB_ASSIGN(const auto reasons, read_reasons(answers_, items, items.size(), bad_));
    std::vector<const Item*> shown;
    for (const Item& item : items) shown.push_back(&item);
    RESULTSDB_ASSIGN(const PointWriter points, load_points(*context_.model, shown));
    for (std::size_t i = 0; i < items.size(); ++i) write_item(json, items[i], reasons[i], points, outcomes);
    return written;
  }

  Result<Written> write_clusters(JsonWriter& json, std::vector<Item> items, OutcomeTable& outcomes) {
    std::ranges::sort(items, [&](const Item& a, const Item& b) {
      const Rank x = rank_of(a), y = rank_of(b);
      return x.primary != y.primary ? x.primary > y.primary : x.tie < y.tie;
    });
    RESULTSDB_ASSIGN(auto reasons, read_reasons(answers_, items, kMostReasons, bad_));
    Written written{.next = {}, .total = 0, .truncated = items.size() > kMostReasons};
    std::vector<Group> groups = group_by_reason(items, std::move(reasons));
    written.total = groups.size();
    written.next = cut_page(groups, arguments_, page_, [&](const Group& group) {
      return rank(order_, group.worst, group.count, *group.newest, group.reason.pattern + '\n' + group.key);
    });
    std::vector<const Item*> shown;
    for (const Group& group : groups) shown.insert(shown.end(), group.items.begin(), group.items.end());
    RESULTSDB_ASSIGN(const PointWriter points, load_points(*context_.model, shown));
    for (const Group& group : groups) write_group(json, group, points, outcomes);
    return written;
  }

 private:
  Rank rank_of(const Item& item) const {
    return rank(order_, item.worst(), item.test.bad, *item.test.newest,
                item.test.test + '\n' + item.scope->suite);
  }

  const NativeContext& context_;
  const Arguments& arguments_;
  const PageRequest page_;
  const std::string order_;
  const Question::Bad bad_;
  Answers answers_;
};

Result<std::string> find_failures(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(std::string order, arguments.one_of("sort", {"-worst", "-count", "-newest", "test"}));
  RESULTSDB_ASSIGN(const std::string group, arguments.one_of("group", {"test", "cluster"}));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(const Question::Bad bad, read_bad(arguments));
  RESULTSDB_ASSIGN(const auto scopes, read_scopes(context, arguments));
  const std::string test = arguments.get_or("test", "");
  if (!test.empty() && scopes.size() > 1) return invalid_argument("takes one suite", "test");
  std::vector<FailuresAnswer> found;
  found.reserve(scopes.size());  // items point to them
  std::vector<Item> items;
  Basis basis;
  for (const Scope& scope : scopes) {
    FailuresQuery query;
    RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
    query.test = test;
    auto one = Answers(context.model).failures(query);
    if (!one) return about_test(one.error());
    found.push_back(std::move(*one));
    add_basis(basis, found.back().basis);
    for (FailingTest& failing : found.back().tests)
      items.push_back({&found.back(), &scope, std::move(failing)});
  }
  OutcomeTable outcomes;
  FailureList list(context, arguments, std::move(page), std::move(order), bad);
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  RESULTSDB_ASSIGN(const Written written, group == "cluster"
                                              ? list.write_clusters(json, std::move(items), outcomes)
                                              : list.write_tests(json, std::move(items), outcomes));
  json.end_array();
  RESULTSDB_TRY(write_header(json, *context.model, found));
  json.key("outcomes");
  outcomes.write(json);
  write_tail(json, written.next, written.total, basis, range, scopes,
             written.truncated
                 ? "only the first 5000 tests were read for what they say; the others are in the "
                   "group without a cluster"
                 : "");
  json.end_object();
  return json.take();
}

}  // namespace

void add_failure_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/failures", "findFailures", names({"SEL", "RNG", "PAGE", "q", "outcomes", "test", "group"}),
            find_failures});
}

}  // namespace resultsdb::http
