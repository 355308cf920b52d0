#include "run_search.hpp"

#include <algorithm>
#include <tuple>

#include "json_text.hpp"

namespace resultsdb::webkit {
namespace {

/// Runs of one commit, or of one second, that stand beside each other where the limit cuts: which of them
/// stay is decided here, so as many more are read.
constexpr std::uint32_t kTies = 64;

}  // namespace

Result<ConfigurationQuery> ConfigurationQuery::read(const Service& service, const Query& query) {
  ConfigurationQuery wanted;
  RESULTSDB_ASSIGN(wanted.configurations, query.configurations());
  wanted.recent = query.boolean("recent", true);
  if (const auto match = query.last("match")) {
    if (*match != "wildcard") return invalid_argument("'match' can be 'wildcard' alone");
    wanted.wildcard = true;
  }
  wanted.key = query.first("branch").value_or(std::string(service.profile.default_key));
  if (!service.profile.default_names_are_keys && service.profile.is_default_branch(wanted.key)) {
    wanted.key = service.profile.default_key;
  }
  return wanted;
}

/// Of each timeline of the branch the run that decides whether its configuration is recent.
Result<std::vector<RunInfoPtr>> ConfigurationMatcher::deciding_runs() const {
  RunsQuery query;
  query.selection.branches = {query_.key};
  query.order = service_.profile.last_arrival_is_recent ? RunOrder::Received : RunOrder::Started;
  query.limit_per_timeline = 1;
  query.now = service_.now();
  RESULTSDB_ASSIGN(std::vector<RunInfoPtr> runs, service_.model->runs(query));
  if (!service_.profile.last_arrival_is_recent) return runs;
  const auto was_over = [period = service_.profile.recent_seconds](const RunInfoPtr& run) {
    return to_seconds(run->started) + period <= to_seconds(run->received);
  };
  query.limit_per_timeline = 0;
  for (RunInfoPtr& run : runs) {
    if (!was_over(run)) continue;  // what was over when it came decides nothing
    query.suite = run->suite;
    query.selection.timelines = {run->timeline};
    RESULTSDB_ASSIGN(const std::vector<RunInfoPtr> all, service_.model->runs(query));
    const auto last = std::find_if_not(all.begin(), all.end(), was_over);
    if (last != all.end()) run = *last;
  }
  return runs;
}

Status ConfigurationMatcher::load_recent() {
  if (recent_) return {};
  RESULTSDB_ASSIGN(const std::vector<RunInfoPtr> runs, deciding_runs());
  // The suites of a configuration decide together.
  std::map<PlatformConfiguration, RunInfoPtr> deciding;
  const auto rank = [arrival = service_.profile.last_arrival_is_recent](const RunInfo& run) {
    return std::pair(arrival ? run.received : Time(), run.started);
  };
  for (const RunInfoPtr& run : runs) {
    RunInfoPtr& best = deciding[PlatformConfiguration::from_facets(run->configuration, "")];
    if (!best || rank(*best) < rank(*run)) best = run;
  }
  recent_.emplace();
  for (const auto& [configuration, run] : deciding) {
    // Until the period is over: the run that is exactly that old does not count any more.
    if (to_seconds(run->started) + service_.profile.recent_seconds <= service_.now_seconds()) continue;
    recent_platforms_.insert(configuration.platform);
    recent_->insert(configuration);
  }
  return {};
}

Result<bool> ConfigurationMatcher::matches(const PlatformConfiguration& stored,
                                           const PlatformConfiguration& wanted) {
  if (wanted.complete()) {  // whether recent or not
    if (query_.wildcard) return stored.has_members_of(wanted);
    // Taken literally: members that are not given have to be unset.
    PlatformConfiguration literal = wanted;
    literal.sdk.reset();
    return stored == literal;
  }
  if (query_.recent) {
    if (!stored.has_members_of(wanted)) return false;
    RESULTSDB_TRY(load_recent());
    return recent_->contains(stored);
  }
  if (!service_.profile.loose_search_of_old) return stored.has_members_of(wanted);
  PlatformConfiguration loose = wanted;
  if (loose.is_simulator == false) loose.is_simulator.reset();
  if (loose.version == 0) loose.version.reset();
  if (!stored.has_members_of(loose)) return false;
  if (loose.platform || loose.architecture || loose.model) return true;
  RESULTSDB_TRY(load_recent());
  return recent_platforms_.contains(stored.platform);
}

Result<std::vector<MatchedTimeline>> ConfigurationMatcher::match(const std::string& suite) {
  Selection selection;
  selection.branches = {query_.key};
  RESULTSDB_ASSIGN(std::vector<TimelineInfo> timelines, service_.model->timelines(suite, selection));
  std::vector<MatchedTimeline> matched;
  for (TimelineInfo& timeline : timelines) {
    if (timeline.runs == 0) continue;
    MatchedTimeline match{.configuration = PlatformConfiguration::from_facets(timeline.configuration, "")};
    bool any = false, all_sdks = false;
    for (const PlatformConfiguration& wanted : query_.configurations) {
      RESULTSDB_ASSIGN(const bool fits, matches(match.configuration, wanted));
      if (!fits) continue;
      any = true;
      all_sdks = all_sdks || !wanted.sdk;
      if (wanted.sdk) match.sdks.insert(*wanted.sdk);
    }
    if (!any) continue;
    if (all_sdks) match.sdks.clear();
    match.info = std::move(timeline);
    matched.push_back(std::move(match));
  }
  return matched;
}

Result<RunSearch> RunSearch::read(const Service& service, const Query& query, std::uint32_t default_limit) {
  RunSearch search;
  RESULTSDB_ASSIGN(search.limit, query.limit(default_limit));
  RESULTSDB_ASSIGN(const std::optional<std::int64_t> after, query.time("after_time"));
  RESULTSDB_ASSIGN(const std::optional<std::int64_t> before, query.time("before_time"));
  RESULTSDB_ASSIGN(search.configurations, ConfigurationQuery::read(service, query));
  RESULTSDB_ASSIGN(const CommitRange commits, read_range_or_commit(service, query));
  search.range.from_position = commits.from.value_or(0);
  search.range.to_position = commits.to.value_or(service.now_seconds() * 100);
  if (after) search.range.from_started = from_seconds(*after);
  if (before) search.range.to_started = from_seconds(*before);
  search.by_start = commits.given < (after ? 1 : 0) + (before ? 1 : 0);
  return search;
}

std::uint32_t RunSearch::read_limit(const std::vector<MatchedTimeline>& timelines) const {
  // The store cannot tell sdks apart, and filters come before the limit.
  const bool filtered = std::any_of(timelines.begin(), timelines.end(),
                                    [](const MatchedTimeline& t) { return !t.sdks.empty(); });
  return filtered ? 0 : limit + kTies;
}

std::vector<std::string> ids_of(const std::vector<MatchedTimeline>& timelines) {
  std::vector<std::string> ids;
  for (const MatchedTimeline& timeline : timelines) ids.push_back(timeline.info.id);
  return ids;
}

Result<std::vector<std::string>> wanted_suites(const Service& service, const Query& query,
                                               ConfigurationQuery configurations) {
  std::vector<std::string> suites = query.values("suite");
  if (!suites.empty()) {
    std::sort(suites.begin(), suites.end());
    suites.erase(std::unique(suites.begin(), suites.end()), suites.end());
    return suites;
  }
  configurations.key =
      service.profile.suites_of_default_key ? service.profile.default_key : configurations.key;
  ConfigurationMatcher matcher(service, configurations);
  RESULTSDB_ASSIGN(const std::vector<SuiteInfo> known, service.model->suites());
  for (const SuiteInfo& suite : known) {
    RESULTSDB_ASSIGN(const std::vector<MatchedTimeline> timelines, matcher.match(suite.name));
    if (!timelines.empty()) suites.push_back(suite.name);
  }
  return suites;
}

AnswerRow row_of(const RunInfoPtr& run) {
  return {
      .uuid = run->position, .start = to_seconds(run->started), .sdk = run->variant, .json = {}, .run = run};
}

Result<RowsByTimeline> read_rows(const Service& service, const RunSearch& search, const std::string& suite,
                                 const std::vector<MatchedTimeline>& timelines,
                                 std::vector<RunState> states) {
  RunsQuery query;
  query.suite = suite;
  query.selection.timelines = ids_of(timelines);
  query.range = search.range;
  query.states = std::move(states);
  query.order = search.by_start ? RunOrder::Started : RunOrder::Position;
  query.limit_per_timeline = search.read_limit(timelines);
  query.now = service.now();
  RESULTSDB_ASSIGN(const std::vector<RunInfoPtr> runs, service.model->runs(query));
  RowsByTimeline rows;
  for (const RunInfoPtr& run : runs) rows[run->timeline].push_back(row_of(run));
  return rows;
}

void cut_rows(const RunSearch& search, const MatchedTimeline& timeline, std::vector<AnswerRow>& rows) {
  std::erase_if(
      rows, [&](const AnswerRow& row) { return !timeline.sdks.empty() && !timeline.sdks.contains(row.sdk); });
  const bool by_start = search.by_start;
  std::stable_sort(rows.begin(), rows.end(), [by_start](const AnswerRow& a, const AnswerRow& b) {
    if (by_start) return std::tie(b.start, a.sdk, a.uuid) < std::tie(a.start, b.sdk, b.uuid);
    return std::tie(b.uuid, a.sdk, a.start) < std::tie(a.uuid, b.sdk, b.start);
  });
  if (rows.size() > search.limit) rows.resize(search.limit);
}

void Answer::add(const MatchedTimeline& timeline, std::vector<AnswerRow> rows) {
  Group* group = nullptr;  // of the row before, whose sdk is mostly the same
  std::string sdk;
  for (AnswerRow& row : rows) {
    if (!group || row.sdk != sdk) {
      sdk = row.sdk;
      PlatformConfiguration shown = timeline.configuration;
      shown.set_sdk(sdk);
      group = &groups_[shown.group()];
      if (group->rows.empty()) group->shown = std::move(shown);
    }
    group->rows.push_back(std::move(row));
  }
}

std::vector<std::string> Answer::groups(std::string_view rows_name, std::string_view suite) {
  std::vector<std::string> groups;
  const bool by_start = search_.by_start;
  for (auto& [key, group] : groups_) {
    std::stable_sort(group.rows.begin(), group.rows.end(),
                     [by_start](const AnswerRow& a, const AnswerRow& b) {
                       return by_start ? a.start < b.start : a.uuid < b.uuid;
                     });
    std::vector<std::string> rows;
    for (AnswerRow& row : group.rows) rows.push_back(std::move(row.json));
    JsonObject object;
    object.set("configuration", group.shown.json(/*with_sdk=*/true, suite));
    object.set(rows_name, json_array(rows));
    groups.push_back(object.text());
  }
  return groups;
}

std::string Answer::json() { return json_array(groups("results", "")); }

}  // namespace resultsdb::webkit
