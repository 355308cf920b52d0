// GET /api/urls and GET /api/urls/queue.
#include "ci_links.hpp"
#include "json_text.hpp"
#include "run_search.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

std::string links_json(const AnswerRow& row, const RunLinks& links) {
  JsonObject object;
  const auto set = [&](const char* name, const std::optional<std::string>& url) {
    if (url) object.set_string(name, *url);
  };
  set(run_links::kBuild, links.build);
  set(run_links::kQueue, links.queue);
  set(run_links::kWorker, links.worker);
  object.set_integer("start_time", row.start);
  object.set_integer("uuid", row.uuid);
  return object.text();
}

Status add_suite(const Service& service, const RunSearch& search, ConfigurationMatcher& matcher,
                 const std::string& suite, std::vector<std::string>& items) {
  RESULTSDB_ASSIGN(const std::vector<MatchedTimeline> timelines, matcher.match(suite));
  if (timelines.empty()) return {};
  RESULTSDB_ASSIGN(RowsByTimeline rows,
                   read_rows(service, search, suite, timelines, {RunState::Final, RunState::Failed}));
  Answer answer(search);
  for (const MatchedTimeline& timeline : timelines) {
    std::vector<AnswerRow>& all = rows[timeline.info.id];
    std::erase_if(all, [](AnswerRow& row) {
      const std::optional<RunLinks> links = links_of(*row.run);
      if (links) row.json = links_json(row, *links);
      return !links;
    });
    cut_rows(search, timeline, all);
    answer.add(timeline, std::move(all));
  }
  for (std::string& group : answer.groups("urls", suite)) items.push_back(std::move(group));
  return {};
}

Result<std::string> urls(const Service& service, const http::Request& request) {
  static const Accepts kAccepts{.configuration = true,
                                .commit = true,
                                .range = true,
                                .times = true,
                                .branch = true,
                                .limit = true,
                                .others = {"suite"},
                                .path = {}};
  RESULTSDB_ASSIGN(const Query query, Query::parse(request, kAccepts));
  RESULTSDB_ASSIGN(const RunSearch search, RunSearch::read(service, query, service.profile.uploads_limit));
  ConfigurationMatcher matcher(service, search.configurations);
  RESULTSDB_ASSIGN(const std::vector<std::string> suites,
                   wanted_suites(service, query, search.configurations));
  std::vector<std::string> items;
  for (const std::string& suite : suites) RESULTSDB_TRY(add_suite(service, search, matcher, suite, items));
  return json_array(items);
}

Result<std::string> queues(const Service& service, const http::Request& request) {
  static const Accepts kAccepts{
      .configuration = true, .branch = true, .limit = true, .others = {"suite"}, .path = {}};
  RESULTSDB_ASSIGN(const Query query, Query::parse(request, kAccepts));
  RESULTSDB_ASSIGN(const std::uint32_t limit, query.limit(service.profile.uploads_limit));
  RESULTSDB_ASSIGN(const ConfigurationQuery configurations, ConfigurationQuery::read(service, query));
  ConfigurationMatcher matcher(service, configurations);
  RESULTSDB_ASSIGN(const std::vector<std::string> suites, wanted_suites(service, query, configurations));
  std::vector<std::string> items;
  for (const std::string& suite : suites) {
    RESULTSDB_ASSIGN(const std::vector<MatchedTimeline> timelines, matcher.match(suite));
    for (const MatchedTimeline& timeline : timelines) {
      RESULTSDB_ASSIGN(const std::vector<Queue> known, queues_of(*service.model, timeline.info.id));
      std::uint32_t left = limit;
      for (const Queue& queue : known) {
        if (!timeline.sdks.empty() && !timeline.sdks.contains(queue.sdk)) continue;
        if (left-- == 0) break;
        PlatformConfiguration shown = timeline.configuration;
        shown.set_sdk(queue.sdk);
        JsonObject object;
        object.set("configuration", shown.json(/*with_sdk=*/true, suite));
        object.set_string("url", queue.url);
        items.push_back(object.text());
      }
    }
  }
  return json_array(items);
}

}  // namespace

http::Response get_urls(const Service& service, const http::Request& request) {
  return respond(urls(service, request));
}

http::Response get_queue_urls(const Service& service, const http::Request& request) {
  return respond(queues(service, request));
}

}  // namespace resultsdb::webkit
