// GET /api/results/<suite>, GET /api/results/<suite>/<test>, GET /api/<suite>/tests, GET /api/suites.
#include <map>
#include <set>
#include <unordered_map>

#include "json_text.hpp"
#include "numbers.hpp"
#include "path.hpp"
#include "resultsdb/json.hpp"
#include "run_attributes.hpp"
#include "run_search.hpp"
#include "service.hpp"
#include "upload_codec.hpp"

namespace resultsdb::webkit {
namespace {

std::string attribute(const RunInfo& run, std::string_view name, std::string_view otherwise) {
  for (const auto& [key, value] : run.attributes) {
    if (key == name) return value;
  }
  return std::string(otherwise);
}

std::string suite_json(const AnswerRow& row) {
  const RunInfo& run = *row.run;
  JsonObject details;
  details.set("number_of_flaky_tests", attribute(run, run_attributes::kFlaky, "0"));
  JsonObject object;
  object.set("details", details.text());
  object.set("stats", attribute(run, run_attributes::kStats, "{}"));
  object.set_integer("start_time", row.start);
  object.set_integer("uuid", row.uuid);
  return object.text();
}

Result<std::string> suite_results(const Service& service, const http::Request& request,
                                  const std::string& suite) {
  RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request, Accepts::runs({}, {"suite"})));
  RESULTSDB_ASSIGN(const RunSearch search, RunSearch::read(service, query, service.profile.results_limit));
  ConfigurationMatcher matcher(service, search.configurations);
  RESULTSDB_ASSIGN(const std::vector<MatchedTimeline> timelines, matcher.match(suite));
  Answer answer(search);
  if (timelines.empty()) return answer.json();
  RESULTSDB_ASSIGN(RowsByTimeline rows, read_rows(service, search, suite, timelines, {RunState::Final}));
  for (const MatchedTimeline& timeline : timelines) {
    std::vector<AnswerRow>& of_timeline = rows[timeline.info.id];
    cut_rows(search, timeline, of_timeline);
    for (AnswerRow& row : of_timeline) row.json = suite_json(row);
    answer.add(timeline, std::move(of_timeline));
  }
  return answer.json();
}

/// The rows of one test on one timeline.
class SeriesReader {
 public:
  SeriesReader(const History& history, const History::Series& series)
      : series_(series), runs_(history.timelines[series.timeline].runs) {
    for (const OutcomeInfo& info : history.outcomes) outcomes_[info.id] = &info.outcome;
    for (const auto& extra : series.extras) attributes_[extra.run] = extra.attributes;
  }

  std::vector<AnswerRow> rows() const {
    std::vector<AnswerRow> rows;
    std::uint32_t run = 0;
    for (const RunLength& length : series_.outcomes) {
      for (std::uint32_t i = 0; i < length.count; ++i, ++run) {
        if (length.outcome >= 0) rows.push_back(row(run, *outcomes_.at(length.outcome)));
      }
    }
    return rows;
  }

 private:
  AnswerRow row(std::uint32_t index, const Outcome& outcome) const {
    AnswerRow row = row_of(runs_[index]);
    const bool has_time = index < series_.duration_us.size() && series_.duration_us[index] >= 0;
    const std::string time = has_time ? duration_json(Duration{series_.duration_us[index]}) : std::string();
    const auto found = attributes_.find(index);
    if (found == attributes_.end() || found->second.empty()) {
      row.json = plain_json(row, outcome, time);
      return row;
    }
    JsonObject object;
    for (const auto& [name, json] : object_members(found->second)) object.set(name, std::string(json));
    if (has_time) object.set("time", time);
    object.set_string("actual", outcome.actual);
    object.set_string("expected", outcome.expected);
    object.set_integer("start_time", row.start);
    object.set_integer("uuid", row.uuid);
    row.json = object.text();
    return row;
  }

  /// Most rows have no attributes: the members in their order.
  static std::string plain_json(const AnswerRow& row, const Outcome& outcome, const std::string& time) {
    std::string out;
    out.reserve(128);
    out += "{\"actual\":";
    json::append_string(out, outcome.actual, /*ascii_only=*/true);
    out += ",\"expected\":";
    json::append_string(out, outcome.expected, /*ascii_only=*/true);
    out.append(",\"start_time\":").append(std::to_string(row.start));
    if (!time.empty()) out.append(",\"time\":").append(time);
    out.append(",\"uuid\":").append(std::to_string(row.uuid));
    return out += '}';
  }

  const History::Series& series_;
  const std::vector<RunInfoPtr>& runs_;
  std::map<std::uint32_t, const Outcome*> outcomes_;
  std::map<std::uint32_t, std::string_view> attributes_;
};

Result<std::string> test_results(const Service& service, const http::Request& request,
                                 const std::string& suite, const std::string& test) {
  RESULTSDB_ASSIGN(const Query query,
                   Query::parse(service.profile, request, Accepts::runs({}, {"suite", "test"})));
  RESULTSDB_ASSIGN(const RunSearch search, RunSearch::read(service, query, service.profile.results_limit));
  ConfigurationMatcher matcher(service, search.configurations);
  RESULTSDB_ASSIGN(const std::vector<MatchedTimeline> timelines, matcher.match(suite));
  Answer answer(search);
  if (timelines.empty()) return answer.json();
  HistoryQuery history_query;
  history_query.suite = suite;
  history_query.tests = {test};
  history_query.selection.timelines = ids_of(timelines);
  history_query.range = search.range;
  history_query.order = search.by_start ? RunOrder::Started : RunOrder::Position;
  history_query.limit = search.read_limit(timelines);
  history_query.only_covering = true;
  history_query.durations = true;
  history_query.details = true;
  history_query.now = service.now();
  RESULTSDB_ASSIGN(const History history, service.model->history(history_query));
  std::unordered_map<std::string_view, const History::Series*> by_timeline;
  for (const History::Series& series : history.series) {
    by_timeline[history.timelines[series.timeline].info.id] = &series;
  }
  for (const MatchedTimeline& timeline : timelines) {
    const auto series = by_timeline.find(timeline.info.id);
    if (series == by_timeline.end()) continue;
    std::vector<AnswerRow> rows = SeriesReader(history, *series->second).rows();
    cut_rows(search, timeline, rows);
    answer.add(timeline, std::move(rows));
  }
  return answer.json();
}

/// Adds the first `limit` names (0: all) with a prefix; returns how many there were.
Result<std::int64_t> add_names(const Service& service, const std::string& suite,
                               const std::optional<std::string>& prefix, std::int64_t limit,
                               std::set<std::string>& names) {
  constexpr std::int64_t kPage = 10'000;
  TestsQuery query;
  query.suite = suite;
  query.prefix = prefix.value_or("");
  std::int64_t count = 0;
  do {
    query.limit = static_cast<std::uint32_t>(limit == 0 ? kPage : std::min(kPage, limit - count));
    RESULTSDB_ASSIGN(ItemPage<std::string> page, service.model->tests(query));
    for (std::string& name : page.items) {
      // The original searches up to the prefix with a tilde behind it.
      if (prefix && name > *prefix + "~") return count;
      names.insert(std::move(name));
      ++count;
    }
    query.page = std::move(page.next);
  } while (!query.page.empty() && (limit == 0 || count < limit));
  return count;
}

Result<std::string> test_names(const Service& service, const http::Request& request,
                               const std::string& suite) {
  RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request,
                                                   {.limit = true, .others = {"test"}, .path = {"suite"}}));
  RESULTSDB_ASSIGN(const std::uint32_t limit, query.limit(service.profile.results_limit));
  std::set<std::string> names;
  const std::vector<std::string> prefixes = query.values("test");
  if (prefixes.empty()) {
    RESULTSDB_ASSIGN([[maybe_unused]] const std::int64_t all,
                     add_names(service, suite, std::nullopt, limit, names));
  }
  std::int64_t left = limit;
  for (const std::string& prefix : prefixes) {
    if (left < 0) return invalid_argument("The limit is used up by the first of the tests");
    if (left == 0 && !service.profile.spent_limit_is_unlimited) break;
    RESULTSDB_ASSIGN(const std::int64_t added, add_names(service, suite, unescape_path(prefix), left, names));
    left -= added;
  }
  std::vector<std::string> items;
  for (const std::string& name : names) items.push_back(json_string(name));
  return json_array(items);
}

Result<std::string> suites(const Service& service, const http::Request& request) {
  RESULTSDB_ASSIGN(
      const Query query,
      Query::parse(service.profile, request, {.configuration = true, .branch = true, .others = {"suite"}}));
  RESULTSDB_ASSIGN(const ConfigurationQuery configurations, ConfigurationQuery::read(service, query));
  const std::vector<std::string> wanted = query.values("suite");
  ConfigurationMatcher matcher(service, configurations);
  RESULTSDB_ASSIGN(const std::vector<SuiteInfo> known, service.model->suites());
  struct Entry {
    PlatformConfiguration shown;
    std::set<std::string> suites;
  };
  std::map<PlatformConfiguration, Entry> entries;
  for (const SuiteInfo& suite : known) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), suite.name) == wanted.end()) continue;
    RESULTSDB_ASSIGN(const std::vector<MatchedTimeline> timelines, matcher.match(suite.name));
    for (const MatchedTimeline& timeline : timelines) {
      Entry& entry = entries[timeline.configuration.group()];
      if (entry.suites.empty()) entry.shown = timeline.configuration;
      entry.suites.insert(suite.name);
    }
  }
  if (entries.empty()) return make_error(ErrorCode::NotFound, "No suites matching the specified criteria");
  std::vector<std::string> items;
  for (const auto& [key, entry] : entries) {
    std::vector<std::string> names;
    for (const std::string& name : entry.suites) names.push_back(json_string(name));
    items.push_back(json_array({entry.shown.json(/*with_sdk=*/false), json_array(names)}));
  }
  return json_array(items);
}

}  // namespace

http::Response get_suites(const Service& service, const http::Request& request) {
  return respond(suites(service, request));
}

http::Response get_tests(const Service& service, const http::Request& request, const std::string& suite) {
  return respond(test_names(service, request, suite));
}

http::Response get_suite_results(const Service& service, const http::Request& request,
                                 const std::string& suite) {
  return respond(suite_results(service, request, suite));
}

http::Response get_test_results(const Service& service, const http::Request& request,
                                const std::string& suite, const std::string& test) {
  return respond(test_results(service, request, suite, test));
}

}  // namespace resultsdb::webkit
