// getCompare.
#include <algorithm>
#include <map>
#include <set>

#include "judgement_json.hpp"
#include "selector.hpp"

namespace resultsdb::http {
namespace {

using FacetValues = std::map<std::string, std::set<std::string>>;

FacetValues facets_of(const std::vector<RunInfoPtr>& runs) {
  FacetValues values;
  for (const RunInfoPtr& run : runs) {
    for (const auto& [facet, value] : run->configuration.facets()) values[facet].insert(value);
  }
  return values;
}

void write_values(JsonWriter& json, std::string_view name, const std::set<std::string>& values) {
  json.key(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

bool one_place(const std::vector<RunInfoPtr>& runs) {
  const auto elsewhere = [&](const RunInfoPtr& run) { return run->position != runs.front()->position; };
  return !runs.empty() && std::ranges::none_of(runs, elsewhere);
}

/// What all of the side's runs have in common, and what they hold.
void write_side(JsonWriter& json, const std::string& name, const Selector& selector,
                const std::vector<RunInfoPtr>& runs, const PointWriter& points) {
  std::set<std::string> branches;
  std::uint64_t results = 0;
  for (const RunInfoPtr& run : runs) {
    branches.insert(run->branch);
    results += run->counts.covered;
  }
  json.key(name).begin_object();
  json.member("text", one_place(runs) ? points.label(*runs.front()) : selector.text)
      .member("runs", runs.size());
  json.member("results", results).key("where").begin_object();
  for (const auto& [facet, values] : facets_of(runs)) {
    const auto has_it = [&](const RunInfoPtr& run) { return run->configuration.get(facet).has_value(); };
    if (values.size() == 1 && std::ranges::all_of(runs, has_it)) json.member(facet, *values.begin());
  }
  json.end_object();
  write_values(json, "branches", branches);
  json.end_object();
}

void write_facet_differences(JsonWriter& json, const Comparison& comparison) {
  FacetValues a = facets_of(comparison.runs_a), b = facets_of(comparison.runs_b);
  std::set<std::string> facets;
  for (const auto& values : {a, b}) {
    for (const auto& [facet, all] : values) facets.insert(facet);
  }
  json.key("facet_differences").begin_array();
  if (!comparison.runs_a.empty() && !comparison.runs_b.empty()) {
    for (const std::string& facet : facets) {
      if (a[facet] == b[facet]) continue;
      json.begin_object().member("facet", facet);
      write_values(json, "a", a[facet]);
      write_values(json, "b", b[facet]);
      json.end_object();
    }
  }
  json.end_array();
}

void write_counts(JsonWriter& json, const Comparison& comparison) {
  json.key("counts").begin_object();
  for (std::size_t i = 0; i < kDifferences; ++i) {
    json.member(to_string(static_cast<Difference>(i)), comparison.counts[i]);
  }
  json.end_object();
}

void write_item(JsonWriter& json, const ComparedTest& item, OutcomeTable& outcomes) {
  json.begin_object().member("test", item.test).key("configuration");
  item.configuration.empty() ? json.null() : json.value(item.configuration);
  json.member("change", to_string(item.difference));
  const auto write = [&](std::string_view name, const std::optional<Outcome>& outcome,
                         const Proportion& rate) {
    json.key(name);
    if (!outcome) {
      json.null();
      return;
    }
    json.begin_object().member("outcome", outcomes.id(*outcome));
    write_proportion(json, "p", rate);
    json.end_object();
  };
  write("a", item.a, item.rate_a);
  write("b", item.b, item.rate_b);
  json.member("p_value", item.p_value).member("q_value", item.q_value);
  if (item.flaky) write_proportion(json, "flaky", *item.flaky);
  json.end_object();
}

/// By kind of change, then by how unlikely it is to be chance.
Rank rank(const ComparedTest& item, std::string_view order) {
  const std::string unique = item.test + '\n' + item.configuration;
  if (order == "test") return {0, unique};
  return {-static_cast<std::int64_t>(item.difference), sortable(sortable_bits(item.p_value)) + unique};
}

void write_warnings(JsonWriter& json, const Comparison& comparison) {
  json.key("warnings").begin_array();
  const auto warn = [&](const std::vector<RunInfoPtr>& runs, std::string_view side) {
    if (!runs.empty()) return;
    json.begin_object().member("code", "no_runs");
    json.member("detail", "there is no run on side " + std::string(side)).end_object();
  };
  warn(comparison.runs_a, "a");
  warn(comparison.runs_b, "b");
  json.end_array();
}

bool has_rates(const std::vector<RunInfoPtr>& runs) {
  std::set<std::string> timelines;
  for (const RunInfoPtr& run : runs) timelines.insert(run->timeline);
  return runs.size() > timelines.size();
}

std::string write_comparison(const Selector& a, const Selector& b, const Comparison& comparison,
                             const std::string& next, const PointWriter& points) {
  JsonWriter json;
  json.begin_object();
  write_side(json, "a", a, comparison.runs_a, points);
  write_side(json, "b", b, comparison.runs_b, points);
  json.member("mode", has_rates(comparison.runs_a) || has_rates(comparison.runs_b) ? "rates" : "sets");
  write_facet_differences(json, comparison);
  const auto write_configurations = [&](std::string_view name, const std::vector<Configuration>& all) {
    json.key(name).begin_array();
    for (const Configuration& configuration : all) write_configuration(json, configuration);
    json.end_array();
  };
  write_configurations("configurations_only_in_a", comparison.only_in_a);
  write_configurations("configurations_only_in_b", comparison.only_in_b);
  write_counts(json, comparison);
  OutcomeTable outcomes;
  json.key("items").begin_array();
  for (const ComparedTest& item : comparison.tests) write_item(json, item, outcomes);
  json.end_array().key("outcomes");
  outcomes.write(json);
  write_next(json, next);
  json.member("total", comparison.total);
  RangeRequest each_its_own;
  write_basis(json, comparison.basis, each_its_own);
  write_warnings(json, comparison);
  json.end_object();
  return json.take();
}

Result<std::string> get_compare(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(const std::string order, arguments.one_of("sort", {"change", "test"}));
  RESULTSDB_ASSIGN(const std::string pair, arguments.one_of("pair", {"configuration", "none"}));
  RESULTSDB_ASSIGN(const auto changes,
                   arguments.some_of("change", {"new_failure", "fixed", "still_failing", "changed_kind",
                                                "only_a", "only_b", "not_run_a", "not_run_b"}));
  CompareQuery query;
  RESULTSDB_ASSIGN(query.suite, arguments.required("suite"));
  RESULTSDB_ASSIGN(const Selector a, read_selector(context, arguments, query.suite, "a"));
  RESULTSDB_ASSIGN(const Selector b, read_selector(context, arguments, query.suite, "b"));
  query.a = a.side;
  query.b = b.side;
  query.pair_configurations = pair == "configuration";
  query.name_contains = arguments.get_or("q", "");
  RESULTSDB_ASSIGN(query.bad, read_bad(arguments));
  query.limit = 0;
  query.now = context.now();
  RESULTSDB_ASSIGN(Comparison comparison, Answers(context.model).compare(query));
  if (!changes.empty()) {
    std::erase_if(comparison.tests, [&](const ComparedTest& item) {
      return std::ranges::find(changes, to_string(item.difference)) == changes.end();
    });
  }
  comparison.total = comparison.tests.size();
  const std::string next = cut_page(comparison.tests, arguments, page,
                                    [&](const ComparedTest& item) { return rank(item, order); });
  RESULTSDB_TRY(Answers(context.model).note_flaky(query, comparison));
  std::vector<RunInfoPtr> named;
  for (const auto* runs : {&comparison.runs_a, &comparison.runs_b}) {
    if (one_place(*runs)) named.push_back(runs->front());
  }
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, std::move(named)));
  return write_comparison(a, b, comparison, next, points);
}

}  // namespace

void add_compare_routes(Router& router, const ContextPtr& context) {
  add_read(
      router, context,
      {"/v1/compare", "getCompare", names({"suite", "a", "b", "pair", "change*", "q", "outcomes", "PAGE"}),
       get_compare, "postCompare"});
}

}  // namespace resultsdb::http
