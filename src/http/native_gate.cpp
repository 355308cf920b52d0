// getGate: may this change go in?
#include "judgement_json.hpp"
#include "resultsdb/gate.hpp"
#include "selector.hpp"

namespace resultsdb::http {
namespace {

constexpr std::int64_t kMostSeconds = 365LL * 24 * 3600;
constexpr std::int64_t kMost = 1'000'000'000;

/// `require`: facet filters of one configuration, joined by `;`.
Status read_required(const Arguments& arguments, GateQuery& query) {
  for (const std::string& text : arguments.all("require")) {
    std::vector<std::string> filters;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find(';', at), text.size());
      if (end > at) filters.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    auto parsed = parse_facet_filters(filters);
    if (!parsed) return invalid_argument(parsed.error().text(), "require");
    if (parsed->empty()) return invalid_argument("names no facet: platform:gtk", "require");
    query.configurations.push_back(std::move(*parsed));
  }
  return {};
}

Status read_forbidden(const Arguments& arguments, GateQuery& query) {
  const auto text = arguments.get("forbid");
  if (!text) return {};
  auto parsed = aggregate::parse_query(*text);
  if (!parsed) return invalid_argument(parsed.error().text(), "forbid");
  query.forbidden = std::move(*parsed);
  return {};
}

Result<GateQuery> read_query(const NativeContext& context, const Arguments& arguments) {
  GateQuery query;
  RESULTSDB_ASSIGN(query.suite, arguments.required("suite"));
  RESULTSDB_ASSIGN(const Selector base, read_selector(context, arguments, query.suite, "base"));
  RESULTSDB_ASSIGN(const Selector candidate, read_selector(context, arguments, query.suite, "candidate"));
  query.base = base.side;
  query.candidate = candidate.side;
  RESULTSDB_ASSIGN(const std::string pair, arguments.one_of("pair", {"configuration", "none"}));
  query.pair_configurations = pair == "configuration";
  query.name_contains = arguments.get_or("q", "");
  RESULTSDB_ASSIGN(query.bad, read_bad(arguments));
  const auto number = [&](std::string_view name, std::uint32_t& value) -> Status {
    RESULTSDB_ASSIGN(const std::int64_t given, arguments.integer(name, value, 0, kMost));
    value = static_cast<std::uint32_t>(given);
    return {};
  };
  RESULTSDB_TRY(number("new_failures", query.new_failures));
  RESULTSDB_TRY(number("lost", query.lost_tests));
  RESULTSDB_TRY(number("limit", query.limit));
  if (arguments.has("missing")) RESULTSDB_TRY(number("missing", query.missing_tests.emplace()));
  if (arguments.has("max_seconds")) {
    RESULTSDB_ASSIGN(const std::int64_t seconds, arguments.integer("max_seconds", 0, 0, kMostSeconds));
    query.duration = std::chrono::seconds(seconds);
  }
  RESULTSDB_ASSIGN(query.count_flaky, arguments.flag("count_flaky", false));
  RESULTSDB_ASSIGN(query.allow_incomplete, arguments.flag("allow_incomplete", false));
  RESULTSDB_TRY(read_required(arguments, query));
  RESULTSDB_TRY(read_forbidden(arguments, query));
  query.now = context.now();
  return query;
}

void write_rule(JsonWriter& json, const GateRule& rule) {
  json.begin_object().member("rule", to_string(rule.kind)).member("state", to_string(rule.state));
  json.member("explanation", rule.explanation).key("items").begin_array();
  for (const std::string& item : rule.items) json.value(item);
  json.end_array().member("total", rule.total).end_object();
}

void write_failure(JsonWriter& json, const GateFailure& failure) {
  json.begin_object().member("test", failure.test).key("configuration");
  write_configuration(json, failure.configuration);
  const auto outcome = [&](std::string_view name, const std::optional<Outcome>& what) {
    json.key(name);
    what ? json.value(what->actual) : json.null();
  };
  outcome("base", failure.base);
  outcome("candidate", failure.candidate);
  write_proportion(json, "base_rate", failure.base_rate);
  write_proportion(json, "candidate_rate", failure.candidate_rate);
  if (failure.flaky) write_proportion(json, "flaky", *failure.flaky);
  json.end_object();
}

Result<std::string> get_gate(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const GateQuery query, read_query(context, arguments));
  RESULTSDB_ASSIGN(const GateAnswer answer, Answers(context.model).gate(query));
  JsonWriter json;
  json.begin_object().member("open", answer.open).key("rules").begin_array();
  for (const GateRule& rule : answer.rules) write_rule(json, rule);
  json.end_array().key("new_failures").begin_array();
  for (const GateFailure& failure : answer.new_failures) write_failure(json, failure);
  json.end_array().member("counted", answer.counted).member("flaky", answer.flaky);
  json.member("fixed", answer.fixed).member("still_failing", answer.still_failing);
  json.member("markdown", to_markdown(answer));
  RangeRequest each_its_own;
  write_basis(json, answer.basis, each_its_own);
  json.end_object();
  return json.take();
}

}  // namespace

void add_gate_routes(Router& router, const ContextPtr& context) {
  add_read(router, context,
           {"/v1/gate", "getGate",
            names({"suite", "base", "candidate", "pair", "q", "outcomes", "new_failures", "count_flaky",
                   "lost", "missing", "max_seconds", "require*", "forbid", "allow_incomplete", "limit"}),
            get_gate, "postGate"});
}

}  // namespace resultsdb::http
