#include "judgement_json.hpp"

#include <bit>
#include <cstdio>
#include <map>

namespace resultsdb::http {
namespace {

constexpr std::size_t kSinglePlaces = 2'000;  // of a page of regressions, which may lie anywhere in history

/// What a measure is, for people who meet it in an answer.
std::string_view explain(std::string_view definition) {
  static constexpr std::pair<std::string_view, std::string_view> kTexts[] = {
      {"summary/1", "results of all counted runs; lost results are part of no proportion"},
      {"flaky.minority/1",
       "the rarer of bad and good results in the newest segment between change points; score: lower bound of "
       "its 95 % Wilson interval"},
      {"regression.segments/1",
       "change points of the most probable segmentation of each test on each timeline; events with a common "
       "start are one item"},
      {"overview/1", "unexpected results of the newest run of each timeline that came to an end and counts"},
      {"tests/1", "tests of the selection by their newest results, verdicts and medians"},
      {"verdict/1", "the first that holds of stale, unknown, regressed, broken, flaky, fixed, healthy"},
      {"culprit.posterior/1",
       "probability that the change happened in each gap between tested places, of all timelines together"},
      {"compare.fisher/1",
       "outcomes of one run a side; rates of several: Fisher's exact test, Benjamini-Hochberg q <= 0.05"},
      {"failures/1", "tests with a bad result in the counted runs"},
      {"coverage-gaps/1",
       "tests without a result in the newest runs of a timeline: those from its newest whole run on"},
      {"durations.tree/1",
       "sums of the tests' medians over the runs' results that came to an end; of one run, what it took"},
      {"expectations/1", "results of the newest segment of each test on each timeline, without skipped runs"},
      {"coverage-at/1", "tests with a result at one place, of those that ran there or shortly before"},
      {"facet-split/1", "newest result of each configuration in range"},
      {"fix-check/1",
       "fixed: at the lower bound of the rate before, so few bad results since have a chance below 1 %"}};
  for (const auto& [name, text] : kTexts) {
    if (name == definition) return text;
  }
  return {};
}

std::string_view to_string(ExcludedRun::Why why) {
  return why == ExcludedRun::Why::Declared ? "infrastructure" : "most_failed";
}

}  // namespace

Result<Question::Bad> read_bad(const Arguments& arguments) {
  RESULTSDB_ASSIGN(const std::string outcomes, arguments.one_of("outcomes", {"unexpected", "failing"}));
  return outcomes == "failing" ? Question::Bad::Failing : Question::Bad::Unexpected;
}

Result<Question> read_question(const NativeContext& context, const Arguments& arguments, const Scope& scope,
                               const RangeRequest& range) {
  Question question;
  question.suite = scope.suite;
  question.selection = scope.selection;
  question.range = range.range;
  question.commit = range.commit;
  question.last = range.last == RangeRequest::kMostRuns ? 0 : range.last;
  question.name_contains = arguments.get_or("q", "");
  RESULTSDB_ASSIGN(question.bad, read_bad(arguments));
  question.now = context.now();
  return question;
}

StandingsQuery standings_query(const HistoryQuery& history, const RangeRequest& range) {
  StandingsQuery query;
  query.suite = history.suite;
  query.selection = history.selection;
  query.range = history.range;
  query.last = range.last == RangeRequest::kMostRuns ? 0 : range.last;
  query.now = history.now;
  query.tests = history.tests;
  return query;
}

std::vector<RunInfoPtr> runs_of_streaks(const StandingsAnswer& answer) {
  std::vector<RunInfoPtr> runs;
  for (const StandingsAnswer::Test& test : answer.tests)
    for (const auto& on : test.per_timeline)
      if (on.streak) runs.insert(runs.end(), {on.streak->first_bad, on.streak->last_good});
  return runs;
}

Error about_test(Error error) {
  if (error.code == ErrorCode::NotFound && error.context.starts_with("test ")) error.context = "test";
  return error;
}

Result<PointWriter> PointWriter::load(Model& model, std::vector<RunInfoPtr> runs) {
  std::erase(runs, nullptr);
  PointWriter writer;
  RESULTSDB_ASSIGN(writer.names_, CommitNames::load(model, runs, kSinglePlaces));
  return writer;
}

const RunCommit* commit_of_position(const RunInfo& run) {
  const auto found = std::ranges::find(run.commits, run.position, &RunCommit::position);
  return found == run.commits.end() ? nullptr : &*found;
}

std::string PointWriter::label(const RunInfo& run) const {
  if (const RunCommit* commit = commit_of_position(run)) return names_.get(*commit).label();
  return run.order_key == OrderKey::Time ? format_rfc3339(run.started) : std::to_string(run.position);
}

void PointWriter::write(JsonWriter& json, std::string_view name, const RunInfoPtr& run) const {
  json.key(name);
  if (!run) {
    json.null();
    return;
  }
  json.begin_object().member("run", run->id).member("position", run->position);
  json.member("label", label(*run)).member("time", run->started).end_object();
}

void write_standing(JsonWriter& json, std::optional<Verdict> verdict,
                    const std::optional<StandingsAnswer::Streak>& streak,
                    const std::function<std::optional<std::uint32_t>(const Outcome&)>& id_of,
                    const PointWriter& points) {
  if (verdict) json.member("verdict", resultsdb::to_string(*verdict));
  if (!streak) return;
  json.key("streak").begin_object();
  if (const auto id = id_of(streak->outcome)) json.member("outcome", *id);
  json.member("runs", streak->runs);
  points.write(json, "first_bad", streak->first_bad);
  points.write(json, "last_good", streak->last_good);
  json.end_object();
}

void write_proportion(JsonWriter& json, std::string_view name, const Proportion& proportion) {
  json.key(name).begin_object().member("k", proportion.k).member("n", proportion.n);
  json.member("low", proportion.low).member("high", proportion.high);
  json.member("method", "wilson").member("confidence", 0.95).end_object();
}

void write_range(JsonWriter& json, std::string_view name, Position after, Position to) {
  json.key(name).begin_object().member("after", after).member("to", to).end_object();
}

void write_configuration_ids(JsonWriter& json, std::string_view name,
                             const std::vector<std::string>& configurations) {
  json.key(name).begin_array();
  for (const std::string& id : configurations) json.value(id);
  json.end_array();
}

void write_where(JsonWriter& json, const aggregate::FacetRule& rule) {
  json.begin_object();
  for (const auto& [facet, values] : rule.where) {
    json.key(facet).begin_array();
    for (const std::string& value : values) json.value(value);
    json.end_array();
  }
  json.end_object();
}

void add_basis(Basis& sum, const Basis& more) {
  if (sum.definition.empty()) sum.definition = more.definition;
  sum.runs += more.runs;
  sum.results += more.results;
  sum.excluded.insert(sum.excluded.end(), more.excluded.begin(), more.excluded.end());
}

void write_basis(JsonWriter& json, const Basis& basis, const RangeRequest& range) {
  json.key("basis").begin_object().member("definition", basis.definition);
  json.member("text", explain(basis.definition)).key("range").begin_object();
  if (range.range.from_position) json.member("from", *range.range.from_position);
  if (range.range.to_position) json.member("to", *range.range.to_position);
  if (range.range.from_started) json.member("from_time", *range.range.from_started);
  if (range.range.to_started) json.member("to_time", *range.range.to_started);
  if (range.last != RangeRequest::kMostRuns) json.member("last", range.last);
  json.end_object().member("runs", basis.runs).member("results", basis.results);
  std::map<std::string_view, std::size_t> reasons;
  for (const ExcludedRun& run : basis.excluded) ++reasons[to_string(run.why)];
  json.key("excluded").begin_array();
  for (const auto& [why, runs] : reasons) {
    json.begin_object().member("why", why).member("n", runs).end_object();
  }
  json.end_array().end_object();
}

void write_tail(JsonWriter& json, const std::string& next, std::size_t total, const Basis& basis,
                const RangeRequest& range, const std::vector<Scope>& scopes, std::string_view truncated) {
  write_next(json, next);
  json.member("total", total);
  if (scopes.size() == 1 && scopes.front().recent_since) {
    json.member("recent_since", *scopes.front().recent_since);
  }
  write_basis(json, basis, range);
  json.key("warnings").begin_array();
  if (!truncated.empty())
    json.begin_object().member("code", "truncated").member("detail", truncated).end_object();
  json.end_array();
}

std::string sortable(std::int64_t number) {
  char digits[17];
  const auto shifted = static_cast<std::uint64_t>(number) ^ (std::uint64_t{1} << 63);
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(shifted));
  return digits;
}

std::string sortable_down(std::int64_t number) { return sortable(~number); }

std::int64_t sortable_bits(double number) { return std::bit_cast<std::int64_t>(number + 0.0); }

}  // namespace resultsdb::http
