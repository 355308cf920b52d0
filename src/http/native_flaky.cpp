// findFlaky.
#include <map>

#include "judgement_json.hpp"
#include "resultsdb/flaky_details.hpp"

namespace resultsdb::http {
namespace {

constexpr std::uint32_t kStrip = 40;

struct Item {
  const FlakyAnswer* answer = nullptr;
  const Scope* scope = nullptr;
  FlakyTest test;

  const TimelineInfo& timeline(const FlakyTest::OnTimeline& on) const {
    return answer->timelines[on.timeline];
  }
  /// The one that says most about it.
  const TimelineInfo& flakiest() const {
    return timeline(
        *std::ranges::max_element(test.timelines, {}, [](const auto& on) { return on.minority.low; }));
  }
};

Rank rank(const Item& item, std::string_view order) {
  const Flakiness& flakiness = item.test.flakiness;
  const std::string unique =
      item.test.test + '\n' + item.scope->suite + '\n' + item.timeline(item.test.timelines.front()).id;
  const auto flips = static_cast<std::int64_t>(flakiness.flips.k);
  if (order == "test") return {0, unique};
  if (order == "-flips") return {flips, sortable_down(sortable_bits(flakiness.score())) + unique};
  return {sortable_bits(flakiness.score()), sortable_down(flips) + unique};
}

/// The newest outcomes of the items' tests, each on the timeline that says most about it; read once a suite.
class Strips {
 public:
  static Result<Strips> load(const NativeContext& context, const std::vector<Item>& items,
                             const RangeRequest& range, OutcomeTable& outcomes) {
    Strips strips;
    std::map<std::string, HistoryQuery> queries;
    for (const Item& item : items) {
      HistoryQuery& query = queries[item.scope->suite];
      query.suite = item.scope->suite;
      query.range = range.range;
      query.limit = std::min(kStrip, range.last);
      query.now = context.now();
      query.tests.push_back(item.test.test);
      query.selection.timelines.push_back(item.flakiest().id);
    }
    for (auto& [suite, query] : queries) {
      for (auto* names : {&query.tests, &query.selection.timelines}) {
        std::ranges::sort(*names);
        names->erase(std::unique(names->begin(), names->end()), names->end());
      }
      RESULTSDB_ASSIGN(const History history, context.model->history(query));
      std::map<std::int32_t, std::int64_t> ids{{kNotCovered, kNotCovered}, {kLost, kLost}};
      for (const auto& [id, outcome] : history.outcomes) {
        ids[static_cast<std::int32_t>(id)] = outcomes.id(outcome);
      }
      for (const History::Series& series : history.series) {
        auto& strip =
            strips.strips_[{suite, query.tests[series.test], history.timelines[series.timeline].info.id}];
        for (const RunLength& length : series.outcomes)
          strip.emplace_back(length.count, ids.at(length.outcome));
      }
    }
    return strips;
  }

  void write(JsonWriter& json, const Item& item) const {
    const auto found = strips_.find({item.scope->suite, item.test.test, item.flakiest().id});
    json.key("strip").begin_array();
    if (found != strips_.end()) {
      for (const auto& [count, outcome] : found->second) json.value(count).value(outcome);
    }
    json.end_array();
  }

 private:
  std::map<std::tuple<std::string, std::string, std::string>,
           std::vector<std::pair<std::uint32_t, std::int64_t>>>
      strips_;
};

/// By item; read once a suite.
Result<std::vector<FlakyDetails>> read_details(const NativeContext& context, const Arguments& arguments,
                                               const std::vector<Item>& items, const RangeRequest& range) {
  std::map<const Scope*, std::pair<FlakyDetailsQuery, std::vector<std::size_t>>> queries;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto& [query, places] = queries[items[i].scope];
    FlakyDetailsQuery::Item& wanted = query.items.emplace_back();
    wanted.test = items[i].test.test;
    for (const FlakyTest::OnTimeline& on : items[i].test.timelines)
      wanted.timelines.push_back(items[i].timeline(on).id);
    places.push_back(i);
  }
  std::vector<FlakyDetails> all(items.size());
  for (auto& [scope, each] : queries) {
    auto& [query, places] = each;
    RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, *scope, range));
    RESULTSDB_ASSIGN(const auto details, Answers(context.model).flaky_details(query));
    for (std::size_t i = 0; i < places.size(); ++i) all[places[i]] = details[i];
  }
  return all;
}

void write_details(JsonWriter& json, const FlakyDetails& details) {
  json.key("trend").begin_array();
  for (const Proportion& window : details.trend) {
    if (window.n == 0) {
      json.null();
    } else {
      json.value(static_cast<double>(window.k) / static_cast<double>(window.n));
    }
  }
  json.end_array().member("wasted_us", details.wasted.count()).member("messages", details.messages);
}

void write_item(JsonWriter& json, const Item& item, const FlakyDetails& details, const PointWriter& points,
                const Strips& strips) {
  const auto& [test, flakiness, timelines, last_bad, last_good] = item.test;
  json.begin_object().member("suite", item.scope->suite).member("test", test);
  json.member("score", flakiness.score());
  write_proportion(json, "rate", flakiness.minority);
  json.member("flips", flakiness.flips.k);
  write_proportion(json, "flip_rate", flakiness.flips);
  write_proportion(json, "same_revision", flakiness.disagreement);
  write_proportion(json, "retries", flakiness.retries);
  json.key("timelines").begin_array();
  for (const FlakyTest::OnTimeline& on : timelines) {
    const TimelineInfo& timeline = item.timeline(on);
    json.begin_object().member("timeline", timeline.id).member("configuration", timeline.configuration_id);
    write_proportion(json, "rate", on.minority);
    json.end_object();
  }
  json.end_array();
  points.write(json, "last_fail", last_bad);
  points.write(json, "last_pass", last_good);
  write_details(json, details);
  json.member("strip_timeline", item.flakiest().id);
  strips.write(json, item);
  json.end_object();
}

Result<std::string> find_flaky(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(const std::string order, arguments.one_of("sort", {"-score", "-flips", "test"}));
  RESULTSDB_TRY(arguments.one_of("method", {"minority"}));
  RESULTSDB_ASSIGN(const std::string by, arguments.one_of("by", {"test", "timeline"}));
  RESULTSDB_ASSIGN(const std::int64_t min_n, arguments.integer("min_n", 10, 1, 1'000'000));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(const auto scopes, read_scopes(context, arguments));
  Answers answers(context.model);
  std::vector<FlakyAnswer> found;
  found.reserve(scopes.size());  // items point to them
  std::vector<Item> items;
  Basis basis;
  for (const Scope& scope : scopes) {
    FlakyQuery query;
    RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
    query.min_runs = static_cast<std::uint32_t>(min_n);
    query.limit = 0;
    query.by_timeline = by == "timeline";
    RESULTSDB_ASSIGN(FlakyAnswer one, answers.flaky(query));
    found.push_back(std::move(one));
    add_basis(basis, found.back().basis);
    for (FlakyTest& test : found.back().tests) items.push_back({&found.back(), &scope, std::move(test)});
  }
  const std::size_t total = items.size();
  const std::string next =
      cut_page(items, arguments, page, [&](const Item& item) { return rank(item, order); });
  std::vector<RunInfoPtr> runs;
  for (const Item& item : items) {
    runs.push_back(item.test.last_bad);
    runs.push_back(item.test.last_good);
  }
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, std::move(runs)));
  OutcomeTable outcomes;
  RESULTSDB_ASSIGN(const Strips strips, Strips::load(context, items, range, outcomes));
  RESULTSDB_ASSIGN(const auto details, read_details(context, arguments, items, range));
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (std::size_t i = 0; i < items.size(); ++i) write_item(json, items[i], details[i], points, strips);
  json.end_array().key("outcomes");
  outcomes.write(json);
  write_tail(json, next, total, basis, range, scopes);
  json.end_object();
  return json.take();
}

}  // namespace

void add_flaky_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/flaky", "findFlaky", names({"SEL", "RNG", "PAGE", "method", "min_n", "by", "q", "outcomes"}),
            find_flaky});
}

}  // namespace resultsdb::http
