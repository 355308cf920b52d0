// findClusters: why tests fail.
#include "judgement_json.hpp"
#include "resultsdb/clusters.hpp"

namespace resultsdb::http {
namespace {

Result<std::string> find_clusters(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  ClustersQuery query;
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  query.run = arguments.get_or("run", "");
  if (!query.run.empty()) query.last = 0;
  query.test = arguments.get_or("test", "");
  query.limit = 0;
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  auto answer = Answers(context.model).clusters(query);
  if (!answer) return about_test(answer.error());
  const std::string next = cut_page(answer->clusters, arguments, page, [](const FailureCluster& cluster) {
    return Rank{static_cast<std::int64_t>(cluster.results), cluster.id};
  });
  std::vector<RunInfoPtr> runs;
  for (const FailureCluster& cluster : answer->clusters) {
    runs.push_back(cluster.first);
    runs.push_back(cluster.newest);
  }
  RESULTSDB_ASSIGN(const PointWriter points, PointWriter::load(*context.model, std::move(runs)));
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const FailureCluster& cluster : answer->clusters) {
    json.begin_object().member("id", cluster.id).member("like", cluster.like);
    write_cluster_members(json, cluster, answer->timelines, points);
    json.end_object();
  }
  json.end_array();
  write_next(json, next);
  json.member("total", answer->total).member("results", answer->results);
  json.member("truncated", answer->truncated);
  write_basis(json, answer->basis, range);
  json.end_object();
  return json.take();
}

}  // namespace

void write_cluster_members(JsonWriter& json, const FailureCluster& cluster,
                           const std::vector<TimelineInfo>& timelines, const PointWriter& points) {
  json.member("pattern", cluster.pattern).member("crash", cluster.crash);
  json.member("count", cluster.results)
      .member("tests", cluster.test_count)
      .key("example_tests")
      .begin_array();
  for (const std::string& test : cluster.tests) json.value(test);
  json.end_array();
  std::vector<std::string> configurations;
  for (const std::uint32_t timeline : cluster.timelines)
    configurations.push_back(timelines[timeline].configuration_id);
  std::ranges::sort(configurations);
  configurations.erase(std::unique(configurations.begin(), configurations.end()), configurations.end());
  write_configuration_ids(json, "configurations", configurations);
  points.write(json, "first", cluster.first);
  points.write(json, "newest", cluster.newest);
  json.member("example", cluster.example);
}

void add_cluster_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/clusters", "findClusters",
            names({"SEL", "RNG", "q", "outcomes", "run", "test", "limit", "page"}), find_clusters});
}

}  // namespace resultsdb::http
