// getDurationTree.
#include "judgement_json.hpp"
#include "resultsdb/duration_tree.hpp"

namespace resultsdb::http {
namespace {

void write_members(JsonWriter& json, const DurationFolder& folder) {
  json.member("name", folder.name).member("test", folder.is_test);
  json.member("total_us", folder.total.count()).member("tests", folder.tests);
  json.member("untimed", folder.untimed).member("failing", folder.failing);
  json.key("children").begin_array();
  for (const DurationFolder& child : folder.children) {
    json.begin_object();
    write_members(json, child);
    json.end_object();
  }
  json.end_array();
  if (folder.rest_tests == 0) return;
  json.key("rest").begin_object().member("tests", folder.rest_tests);
  json.member("total_us", folder.rest_total.count()).end_object();
}

Result<std::string> get_duration_tree(const NativeContext& context, const Arguments& arguments) {
  if (arguments.has("run") && (arguments.has("range") || arguments.has("at")))
    return invalid_argument("cannot stand beside range or at", "run");
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, arguments));
  RESULTSDB_ASSIGN(RangeRequest range, read_range(context, arguments));
  DurationTreeQuery query;
  if (!arguments.has("range") && !arguments.has("at")) range.last = query.last;
  RESULTSDB_ASSIGN(static_cast<Question&>(query), read_question(context, arguments, scope, range));
  query.run = arguments.get_or("run", "");
  query.prefix = arguments.get_or("prefix", "");
  RESULTSDB_ASSIGN(const std::int64_t depth, arguments.integer("depth", query.depth, 1, 20));
  RESULTSDB_ASSIGN(const std::int64_t most, arguments.integer("max", query.most, 1, 100'000));
  query.depth = static_cast<std::uint32_t>(depth);
  query.most = static_cast<std::uint32_t>(most);
  RESULTSDB_ASSIGN(const DurationTreeAnswer answer, Answers(context.model).duration_tree(query));
  JsonWriter json;
  json.begin_object();
  write_members(json, answer.root);
  if (scope.recent_since) json.member("recent_since", *scope.recent_since);
  write_basis(json, answer.basis, range);
  json.end_object();
  return json.take();
}

}  // namespace

void add_duration_tree_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/durations/tree", "getDurationTree",
            names({"SEL", "RNG", "run", "prefix", "q", "depth", "max"}), get_duration_tree});
}

}  // namespace resultsdb::http
