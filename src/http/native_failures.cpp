// findFailures: what failed in a window of runs, test by test or by what the failures say.
#include <map>
#include <set>

#include "judgement_json.hpp"
#include "resultsdb/failing_tests.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kShownRuns = 8;

struct Item {
  const FailuresAnswer* answer = nullptr;
  const Scope* scope = nullptr;
  FailingTest test;

  const Outcome& worst() const { return answer->outcomes[test.worst].outcome; }
};

/// Failures of one suite that say the same.
struct ClusterItem {
  const ClustersAnswer* answer = nullptr;
  const Scope* scope = nullptr;
  FailureCluster cluster;
};

std::int64_t severity(const Outcome& outcome) {
  return static_cast<std::int64_t>(worst_severity(outcome.actual));
}

/// The worst first, of equal ones the rarest.
Rank rank(std::string_view order, const Item& item) {
  const auto count = static_cast<std::int64_t>(item.test.bad);
  std::string unique = item.test.test + '\n' + item.scope->suite;
  if (order == "test") return {0, std::move(unique)};
  if (order == "-count") return {count, std::move(unique)};
  if (order == "-newest") return {item.test.newest->position, std::move(unique)};
  return {severity(item.worst()), sortable(count) + unique};
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
                                                 Question::Bad bad) {
  std::map<std::string, std::pair<std::vector<BadAt>, std::vector<std::size_t>>> by_suite;
  for (std::size_t i = 0; i < items.size(); ++i) {
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

/// The token of the next page, and how many items there are on all.
struct Written {
  std::string next;
  std::size_t total = 0;
  bool truncated = false;
};

Result<Written> write_tests(JsonWriter& json, const NativeContext& context, const Arguments& arguments,
                            std::vector<Item> items, Question::Bad bad, OutcomeTable& outcomes) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(const std::string order,
                   arguments.one_of("sort", {"-worst", "-count", "-newest", "test"}));
  Written written{.next = {}, .total = items.size()};
  written.next = cut_page(items, arguments, page, [&](const Item& item) { return rank(order, item); });
  Answers answers(context.model);
  RESULTSDB_ASSIGN(const auto reasons, read_reasons(answers, items, bad));
  std::vector<RunInfoPtr> runs;
  for (const Item& item : items) runs.insert(runs.end(), {item.test.first, item.test.newest});
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, std::move(runs)));
  for (std::size_t i = 0; i < items.size(); ++i) write_item(json, items[i], reasons[i], points, outcomes);
  return written;
}

Result<Written> write_clusters(JsonWriter& json, const NativeContext& context, const Arguments& arguments,
                               const std::vector<Scope>& scopes, const RangeRequest& range) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(const std::string order, arguments.one_of("sort", {"-count", "-newest"}));
  Written written;
  std::vector<ClustersAnswer> found;
  found.reserve(scopes.size());  // items point to them
  std::vector<ClusterItem> items;
  for (const Scope& scope : scopes) {
    ClustersQuery query;
    RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
    query.test = arguments.get_or("test", "");
    query.limit = 0;
    RESULTSDB_ASSIGN(ClustersAnswer one, Answers(context.model).clusters(query));
    found.push_back(std::move(one));
    written.truncated = written.truncated || found.back().truncated;
    for (FailureCluster& cluster : found.back().clusters)
      items.push_back({&found.back(), &scope, std::move(cluster)});
  }
  written.total = items.size();
  written.next = cut_page(items, arguments, page, [&](const ClusterItem& item) {
    const auto primary =
        order == "-newest" ? item.cluster.newest->position : static_cast<std::int64_t>(item.cluster.results);
    return Rank{primary, item.cluster.pattern + '\n' + item.cluster.id + '\n' + item.scope->suite};
  });
  std::vector<RunInfoPtr> runs;
  for (const ClusterItem& item : items) runs.insert(runs.end(), {item.cluster.first, item.cluster.newest});
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, std::move(runs)));
  for (const ClusterItem& item : items) {
    json.begin_object().member("suite", item.scope->suite).key("cluster");
    item.cluster.id.empty() ? json.null() : json.value(item.cluster.id);
    write_cluster_members(json, item.cluster, item.answer->timelines, points);
    json.end_object();
  }
  return written;
}

Result<std::string> find_failures(const NativeContext& context, const Arguments& arguments) {
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
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  RESULTSDB_ASSIGN(const Written written,
                   group == "cluster"
                       ? write_clusters(json, context, arguments, scopes, range)
                       : write_tests(json, context, arguments, std::move(items), bad, outcomes));
  json.end_array();
  RESULTSDB_TRY(write_header(json, *context.model, found));
  json.key("outcomes");
  outcomes.write(json);
  write_tail(json, written.next, written.total, basis, range, scopes,
             written.truncated ? "only the newest 20000 bad results of a suite were read" : "");
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
