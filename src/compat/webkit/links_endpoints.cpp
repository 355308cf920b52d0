// GET /api/urls and /api/urls/queue; the pages /urls/queue, /urls/build and /urls/worker, which lead there.
#include <set>
#include <utility>

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

/// The runs of a suite that have links or none, but could have some.
struct LinkedRuns {
  std::string suite;
  std::vector<std::pair<MatchedTimeline, std::vector<AnswerRow>>> timelines;
};
struct FoundRuns {
  RunSearch search;
  std::vector<LinkedRuns> suites;
};

Result<LinkedRuns> find_in_suite(const Service& service, const RunSearch& search,
                                 ConfigurationMatcher& matcher, const std::string& suite) {
  LinkedRuns found{.suite = suite, .timelines = {}};
  RESULTSDB_ASSIGN(std::vector<MatchedTimeline> timelines, matcher.match(suite));
  if (timelines.empty()) return found;
  RESULTSDB_ASSIGN(RowsByTimeline rows,
                   read_rows(service, search, suite, timelines, {RunState::Final, RunState::Failed}));
  for (MatchedTimeline& timeline : timelines) {
    std::vector<AnswerRow>& all = rows[timeline.info.id];
    std::erase_if(all, [](const AnswerRow& row) { return !links_of(*row.run); });
    cut_rows(search, timeline, all);
    found.timelines.emplace_back(std::move(timeline), std::move(all));
  }
  return found;
}

Result<FoundRuns> find_runs(const Service& service, const http::Request& request) {
  static const Accepts kAccepts = Accepts::runs({"suite"}, {});
  RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request, kAccepts));
  FoundRuns found;
  RESULTSDB_ASSIGN(found.search, RunSearch::read(service, query, service.profile.uploads_limit));
  ConfigurationMatcher matcher(service, found.search.configurations);
  RESULTSDB_ASSIGN(const std::vector<std::string> suites,
                   wanted_suites(service, query, found.search.configurations));
  for (const std::string& suite : suites) {
    RESULTSDB_ASSIGN(found.suites.emplace_back(), find_in_suite(service, found.search, matcher, suite));
  }
  return found;
}

Result<std::string> urls(const Service& service, const http::Request& request) {
  RESULTSDB_ASSIGN(FoundRuns found, find_runs(service, request));
  std::vector<std::string> items;
  for (LinkedRuns& suite : found.suites) {
    Answer answer(found.search);
    for (auto& [timeline, rows] : suite.timelines) {
      for (AnswerRow& row : rows) row.json = links_json(row, *links_of(*row.run));
      answer.add(timeline, std::move(rows));
    }
    for (std::string& group : answer.groups("urls", suite.suite)) items.push_back(std::move(group));
  }
  return json_array(items);
}

struct QueueEntry {
  std::string configuration, url;
};

Result<std::vector<QueueEntry>> find_queues(const Service& service, const http::Request& request) {
  static const Accepts kAccepts{
      .configuration = true, .branch = true, .limit = true, .others = {"suite"}, .path = {}};
  RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request, kAccepts));
  RESULTSDB_ASSIGN(const std::uint32_t limit, query.limit(service.profile.uploads_limit));
  RESULTSDB_ASSIGN(const ConfigurationQuery configurations, ConfigurationQuery::read(service, query));
  ConfigurationMatcher matcher(service, configurations);
  RESULTSDB_ASSIGN(const std::vector<std::string> suites, wanted_suites(service, query, configurations));
  std::vector<QueueEntry> entries;
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
        entries.push_back({shown.json(/*with_sdk=*/true, suite), queue.url});
      }
    }
  }
  return entries;
}

Result<std::string> queues(const Service& service, const http::Request& request) {
  RESULTSDB_ASSIGN(const std::vector<QueueEntry> entries, find_queues(service, request));
  std::vector<std::string> items;
  for (const QueueEntry& entry : entries) {
    JsonObject object;
    object.set("configuration", entry.configuration);
    object.set_string("url", entry.url);
    items.push_back(object.text());
  }
  return json_array(items);
}

/// The one address to go to.
Result<std::string> only_one(const std::set<std::string>& urls, const char* none, const char* many) {
  if (urls.empty()) return make_error(ErrorCode::NotFound, none);
  if (urls.size() > 1) return make_error(ErrorCode::NotFound, many);
  return *urls.begin();
}

Result<std::string> queue_page(const Service& service, const http::Request& request) {
  RESULTSDB_ASSIGN(const std::vector<QueueEntry> entries, find_queues(service, request));
  std::set<std::string> urls;
  for (const QueueEntry& entry : entries) urls.insert(entry.url);
  return only_one(urls, "No queue URLs for provided arguments", "Too many eligible queues");
}

/// Builds may be of several runs, workers may not.
Result<std::string> run_page(const Service& service, const http::Request& request, bool worker) {
  RESULTSDB_ASSIGN(const FoundRuns found, find_runs(service, request));
  std::set<std::string> urls;
  std::size_t runs = 0;
  for (const LinkedRuns& suite : found.suites) {
    for (const auto& [timeline, rows] : suite.timelines) {
      for (const AnswerRow& row : rows) {
        const RunLinks links = *links_of(*row.run);
        const std::optional<std::string>& url = worker ? links.worker : links.build;
        if (!url) continue;
        urls.insert(*url);
        ++runs;
      }
    }
  }
  if (!worker) return only_one(urls, "No queue URLs for provided arguments", "Too many eligible builds");
  if (runs > 1) return make_error(ErrorCode::NotFound, "Too many eligible workers");
  return only_one(urls, "No worker URLs for provided arguments", "Too many eligible workers");
}

}  // namespace

http::Response get_urls(const Service& service, const http::Request& request) {
  return respond(urls(service, request));
}

http::Response show_queue(const Service& service, const http::Request& request) {
  return go_to(queue_page(service, request));
}

http::Response show_build(const Service& service, const http::Request& request) {
  return go_to(run_page(service, request, /*worker=*/false));
}

http::Response show_worker(const Service& service, const http::Request& request) {
  return go_to(run_page(service, request, /*worker=*/true));
}

http::Response get_queue_urls(const Service& service, const http::Request& request) {
  return respond(queues(service, request));
}

}  // namespace resultsdb::webkit
