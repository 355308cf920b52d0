// findSuites, getConfigurations, listBranches.
#include <algorithm>
#include <map>
#include <set>

#include "native_context.hpp"
#include "schemas.hpp"
#include "scope.hpp"

namespace resultsdb::http {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

struct SuiteRow {
  SuiteInfo info;
  std::size_t timelines = 0;
  std::optional<Time> newest, recent_since;
  ClassCounts counts;

  std::uint64_t unexpected() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts.unexpected) sum += count;
    return sum;
  }
};

Result<SuiteRow> read_suite(const NativeContext& context, SuiteInfo info, const Scope& scope) {
  SuiteRow row;
  row.info = std::move(info);
  row.recent_since = scope.recent_since;
  RESULTSDB_ASSIGN(const auto timelines, context.model->timelines(scope.suite, scope.selection));
  row.timelines = timelines.size();
  for (const TimelineInfo& timeline : timelines) {
    row.newest = std::max(row.newest.value_or(timeline.last_received), timeline.last_received);
  }
  RunsQuery query;
  query.suite = scope.suite;
  query.selection = scope.selection;
  query.limit_per_timeline = 1;
  query.now = context.now();
  RESULTSDB_ASSIGN(const auto runs, context.model->runs(query));
  for (const RunInfoPtr& run : runs) row.counts.add(run->counts);
  return row;
}

void sort_suites(std::vector<SuiteRow>& rows, const std::string& order) {
  std::ranges::stable_sort(rows, [&](const SuiteRow& a, const SuiteRow& b) {
    if (order == "-unexpected") return a.unexpected() > b.unexpected();
    if (order == "-newest") return a.newest > b.newest;
    return a.info.name < b.info.name;
  });
}

Result<std::string> find_suites(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(const std::string order, arguments.one_of("sort", {"name", "-unexpected", "-newest"}));
  RESULTSDB_ASSIGN(const auto scopes, read_scopes(context, arguments));
  RESULTSDB_ASSIGN(const auto suites, context.model->suites());
  std::vector<SuiteRow> rows;
  for (const Scope& scope : scopes) {
    const auto found = std::ranges::find(suites, scope.suite, &SuiteInfo::name);
    if (found == suites.end()) continue;
    RESULTSDB_ASSIGN(SuiteRow row, read_suite(context, *found, scope));
    rows.push_back(std::move(row));
  }
  sort_suites(rows, order);
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  const std::size_t end = std::min<std::size_t>(rows.size(), page.offset + page.limit);
  for (std::size_t i = page.offset; i < end; ++i) {
    const SuiteRow& row = rows[i];
    json.begin_object().member("suite", row.info.name).member("tests", row.info.tests);
    json.member("runs", row.info.runs).member("timelines", row.timelines).member("newest", row.newest);
    if (row.recent_since) json.member("recent_since", *row.recent_since);
    json.key("counts");
    write_counts(json, row.counts);
    json.end_object();
  }
  json.end_array();
  write_next(json, end < rows.size() ? offset_token(arguments, end) : "");
  json.member("total", rows.size()).key("warnings").begin_array().end_array().end_object();
  return json.take();
}

/// The facet's values among the timelines that all filters but its own leave.
void write_facet(JsonWriter& json, const std::string& facet, const std::vector<TimelineInfo>& timelines,
                 const std::vector<FacetFilter>& filters) {
  struct Value {
    std::size_t timelines = 0;
    Time newest{};
  };
  std::map<std::string, Value> values;
  for (const TimelineInfo& timeline : timelines) {
    const auto passes = [&](const FacetFilter& filter) {
      return filter.facet == facet || filter.matches(timeline.configuration);
    };
    const auto value = timeline.configuration.get(facet);
    if (!value || !std::ranges::all_of(filters, passes)) continue;
    Value& entry = values[std::string(*value)];
    ++entry.timelines;
    entry.newest = std::max(entry.newest, timeline.last_received);
  }
  json.begin_object().member("name", facet).key("values").begin_array();
  for (const auto& [value, entry] : values) {
    json.begin_object().member("value", value).member("timelines", entry.timelines);
    json.member("newest", entry.newest).end_object();
  }
  json.end_array().end_object();
}

void write_configurations(JsonWriter& json, const NativeContext& context,
                          const std::vector<TimelineInfo>& timelines) {
  std::map<std::string, std::vector<const TimelineInfo*>> by_id;
  Time newest_of_all{};
  for (const TimelineInfo& timeline : timelines) {
    by_id[timeline.configuration_id].push_back(&timeline);
    newest_of_all = std::max(newest_of_all, timeline.last_received);
  }
  const Time stale_before =
      newest_of_all - std::chrono::seconds(context.options.recent_days * kSecondsPerDay);
  json.key("configurations").begin_array();
  for (const auto& [id, members] : by_id) {
    json.begin_object().member("id", id).member("label", members.front()->configuration.label());
    json.key("facets").raw(members.front()->configuration.json()).key("timelines").begin_array();
    Time newest{};
    for (const TimelineInfo* timeline : members) {
      json.value(timeline->id);
      newest = std::max(newest, timeline->last_received);
    }
    json.end_array().member("newest", newest).member("stale", newest < stale_before).end_object();
  }
  json.end_array();
}

Result<std::string> get_configurations(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  Selection unfiltered = scope.selection;
  unfiltered.where.clear();
  RESULTSDB_ASSIGN(auto timelines, context.model->timelines(scope.suite, unfiltered));
  if (range.range != RunRange{}) {  // only timelines with a run in it
    RunsQuery query;
    query.suite = scope.suite;
    query.selection = unfiltered;
    query.range = range.range;
    query.limit_per_timeline = 1;
    query.now = context.now();
    RESULTSDB_ASSIGN(const auto runs, context.model->runs(query));
    std::set<std::string> present;
    for (const RunInfoPtr& run : runs) present.insert(run->timeline);
    std::erase_if(timelines, [&](const TimelineInfo& timeline) { return !present.contains(timeline.id); });
  }
  std::set<std::string> facets;
  for (const TimelineInfo& timeline : timelines) {
    for (const auto& [facet, value] : timeline.configuration.facets()) facets.insert(facet);
  }
  JsonWriter json;
  json.begin_object();
  if (scope.recent_since) json.member("recent_since", *scope.recent_since);
  json.key("facets").begin_array();
  for (const std::string& facet : facets) write_facet(json, facet, timelines, scope.selection.where);
  json.end_array();
  std::erase_if(timelines, [&](const TimelineInfo& timeline) {
    return !std::ranges::all_of(scope.selection.where, [&](const FacetFilter& filter) {
      return filter.matches(timeline.configuration);
    });
  });
  write_configurations(json, context, timelines);
  json.end_object();
  return json.take();
}

Result<std::string> list_branches(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(const std::string suite, arguments.required("suite"));
  const std::string prefix = arguments.get_or("prefix", "");
  RESULTSDB_ASSIGN(const std::string order, arguments.one_of("sort", {"name", "-newest"}));
  RESULTSDB_ASSIGN(const auto timelines, context.model->timelines(suite));
  struct Branch {
    std::string name;
    Time newest{};
    std::uint64_t runs = 0;
  };
  std::map<std::string, Branch> by_name;
  for (const TimelineInfo& timeline : timelines) {
    if (!timeline.branch.starts_with(prefix)) continue;
    Branch& branch = by_name[timeline.branch];
    branch.name = timeline.branch;
    branch.newest = std::max(branch.newest, timeline.last_received);
    branch.runs += timeline.runs;
  }
  std::vector<Branch> branches;
  for (auto& [name, branch] : by_name) branches.push_back(std::move(branch));
  if (order == "-newest") std::ranges::stable_sort(branches, std::greater(), &Branch::newest);
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  const std::size_t end = std::min<std::size_t>(branches.size(), page.offset + page.limit);
  for (std::size_t i = page.offset; i < end; ++i) {
    json.begin_object().member("name", branches[i].name).member("newest", branches[i].newest);
    json.member("runs", branches[i].runs).end_object();
  }
  json.end_array();
  write_next(json, end < branches.size() ? offset_token(arguments, end) : "");
  json.member("total", branches.size()).key("warnings").begin_array().end_array().end_object();
  return json.take();
}

}  // namespace

void add_suite_routes(Router& router, const ContextPtr& context) {
  add_read(router, context, {"/v1/suites", "findSuites", names({"SEL", "PAGE"}), find_suites});
  add_read(router, context,
           {"/v1/configurations", "getConfigurations", names({"SEL", "RNG"}), get_configurations});
  add_read(router, context,
           {"/v1/branches", "listBranches", names({"suite", "prefix", "PAGE"}), list_branches});
}

}  // namespace resultsdb::http
