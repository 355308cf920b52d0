// getOverview and getBadge.
#include <algorithm>
#include <map>

#include "commit_ranges.hpp"
#include "judgement_json.hpp"
#include "resultsdb/overview.hpp"
#include "resultsdb/views.hpp"

namespace resultsdb::http {
namespace {

using Line = OverviewAnswer::Line;

constexpr std::size_t kLabelBytes = 120;

Result<OverviewAnswer> read_overview(const NativeContext& context, const Scope& scope) {
  OverviewQuery query;
  query.suite = scope.suite;
  query.selection = scope.selection;
  query.now = context.now();
  return Answers(context.model).overview(query);
}

/// By repository of the first bad run: the ranges of commits that may have made it so.
template <class Visit>
void visit_ranges(const Line& line, Visit visit) {
  if (!line.first_bad || !line.last_good) return;
  visit_commits_between(*line.last_good, *line.first_bad, visit);
}

/// What the answer's tiles are written with, read once.
struct Names {
  const Model& model;
  CommitNames commits;
  PointWriter points;
  CommitRanges ranges;
};

Result<Names> read_names(Model& model, const std::vector<OverviewAnswer>& overviews) {
  std::vector<RunInfoPtr> runs;
  CommitRanges ranges;
  for (const OverviewAnswer& overview : overviews) {
    runs.insert(runs.end(), overview.running.begin(), overview.running.end());
    for (const Line& line : overview.lines) {
      if (line.healthy()) continue;
      for (const RunInfoPtr& run : {line.newest, line.first_bad, line.last_good})
        if (run) runs.push_back(run);
      visit_ranges(line, [&](const std::string& repository, Position good, Position bad) {
        ranges.add(repository, good, bad);
      });
    }
  }
  RESULTSDB_TRY(ranges.load(model));
  RESULTSDB_ASSIGN(CommitNames commits, CommitNames::load(model, runs));
  RESULTSDB_ASSIGN(PointWriter points, PointWriter::load(model, std::move(runs)));
  return Names{model, std::move(commits), std::move(points), std::move(ranges)};
}

void write_line(JsonWriter& json, const OverviewAnswer& overview, const Line& line, const Names& names) {
  const TimelineInfo& timeline = overview.timelines[line.timeline];
  json.begin_object().member("timeline", timeline.id).member("branch", timeline.branch).key("configuration");
  write_configuration(json, timeline.configuration);
  json.key("newest");
  write_run(json, names.model, *line.newest, names.commits);
  json.member("failed_runs", line.failed_runs).member("unexpected", line.unexpected).key("trend");
  write_rle(json, line.trend.size(), [&](std::size_t i) { return line.trend[i]; });
  names.points.write(json, "last_good", line.last_good);
  names.points.write(json, "first_bad", line.first_bad);
  json.key("commits_between").begin_object();
  visit_ranges(line, [&](const std::string& repository, Position good, Position bad) {
    const auto found = names.ranges.find(repository, good, bad, line.first_bad.get());
    if (found.commits.value_or(0) > 0) json.member(repository, *found.commits);
  });
  json.end_object().key("facet_change").begin_object();
  if (line.first_bad && line.last_good && line.first_bad->variant != line.last_good->variant) {
    json.key("variant")
        .begin_array()
        .value(line.last_good->variant)
        .value(line.first_bad->variant)
        .end_array();
  }
  json.end_object().end_object();
}

void write_tile(JsonWriter& json, const std::string& suite, const OverviewAnswer& overview,
                OutcomeTable& outcomes, const Names& names) {
  Outcome worst;
  std::size_t healthy = 0;
  for (const Line& line : overview.lines) {
    if (is_worse(line.worst, worst)) worst = line.worst;
    healthy += line.healthy() ? 1 : 0;
  }
  json.begin_object().member("title", suite).member("suite", suite).member("worst", outcomes.id(worst));
  json.key("lines").begin_array();
  for (const Line& line : overview.lines)
    if (!line.healthy()) write_line(json, overview, line, names);
  json.end_array().member("healthy", healthy).end_object();
}

void write_running(JsonWriter& json, const RunInfo& run, const Names& names) {
  json.begin_object();
  write_run_members(json, names.model, run, names.commits);
  json.key("progress").begin_object().member("done", run.counts.covered).key("planned").null();
  json.end_object().end_object();
}

/// Those of the request, or of the page that a dashboard is a link to.
Result<std::vector<Scope>> read_tiles(const NativeContext& context, const Arguments& arguments) {
  const auto id = arguments.get("dashboard");
  if (!id) return read_scopes(context, arguments);
  const Arguments::Names selecting = names({"SEL"});
  Parameters parameters;
  for (std::string_view name : selecting) {
    name.remove_suffix(name.ends_with('*') ? 1 : 0);
    if (arguments.has(name)) return invalid_argument("cannot stand beside dashboard", std::string(name));
  }
  RESULTSDB_ASSIGN(const auto view, Views(context.model).get(*id));
  if (!view || !view->dashboard)
    return make_error(ErrorCode::NotFound, "there is no such view that is a dashboard", "dashboard");
  Request page;
  set_target(page, view->url.substr(0, view->url.find('#')));
  for (auto& [name, value] : page.parameters())  // pages have others, too
    if (std::ranges::find(selecting, name) != selecting.end() ||
        std::ranges::find(selecting, name + '*') != selecting.end())
      parameters.emplace_back(name, value);
  RESULTSDB_ASSIGN(const Arguments wanted, Arguments::read(std::move(parameters), selecting, page, {}));
  return read_scopes(context, wanted);
}

Result<std::string> get_overview(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const auto scopes, read_tiles(context, arguments));
  std::vector<OverviewAnswer> overviews;
  for (const Scope& scope : scopes) {
    RESULTSDB_ASSIGN(OverviewAnswer overview, read_overview(context, scope));
    overviews.push_back(std::move(overview));
  }
  RESULTSDB_ASSIGN(const Names names, read_names(*context.model, overviews));
  OutcomeTable outcomes;
  JsonWriter json;
  json.begin_object().key("running").begin_array();
  for (const OverviewAnswer& overview : overviews)
    for (const RunInfoPtr& run : overview.running) write_running(json, *run, names);
  json.end_array().key("stale").begin_array();
  for (const OverviewAnswer& overview : overviews)
    for (const std::uint32_t stale : overview.stale) {
      const TimelineInfo& timeline = overview.timelines[stale];
      json.begin_object()
          .member("suite", timeline.suite)
          .member("timeline", timeline.id)
          .key("configuration");
      write_configuration(json, timeline.configuration);
      json.member("newest", timeline.last_received).end_object();
    }
  json.end_array().key("tiles").begin_array();
  for (std::size_t i = 0; i < scopes.size(); ++i)
    if (!overviews[i].lines.empty()) write_tile(json, scopes[i].suite, overviews[i], outcomes, names);
  json.end_array().key("outcomes");
  outcomes.write(json);
  json.key("warnings").begin_array().end_array().end_object();
  return json.take();
}

std::string escaped(std::string_view text) {
  std::string xml;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '<':
        xml += "&lt;";
        break;
      case '>':
        xml += "&gt;";
        break;
      case '&':
        xml += "&amp;";
        break;
      case '"':
        xml += "&quot;";
        break;
      default:
        xml += byte < ' ' || byte == 0x7f ? ' ' : c;
    }
  }
  return xml;
}

/// About as wide as the text is in 11 px Verdana: nothing tells here which font there is.
std::size_t width_of(std::string_view text) {
  const auto characters =
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return static_cast<std::size_t>(characters) * 7 + 12;
}

std::string badge(const std::string& label, const std::string& state, std::string_view colour) {
  const std::size_t left = width_of(label), right = width_of(state);
  const auto px = [](std::size_t width) { return std::to_string(width); };
  const std::string title = escaped(label) + ": " + escaped(state);
  const auto text = [&](std::size_t middle, const std::string& words) {
    return "<text x=\"" + px(middle) + "\" y=\"14\">" + escaped(words) + "</text>";
  };
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + px(left + right) +
         "\" height=\"20\" role=\"img\" aria-label=\"" + title + "\"><title>" + title +
         "</title><rect width=\"" + px(left) + "\" height=\"20\" fill=\"#444\"/><rect x=\"" + px(left) +
         "\" width=\"" + px(right) + "\" height=\"20\" fill=\"" + std::string(colour) +
         "\"/><g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" "
         "font-size=\"11\">" +
         text(left / 2, label) + text(left + right / 2, state) + "</g></svg>\n";
}

/// What the selection is called: its facets' values, else its suite.
std::string default_label(const std::vector<Scope>& scopes) {
  std::string label;
  if (scopes.empty()) return "tests";
  for (const FacetFilter& filter : scopes.front().selection.where) {
    if (filter.negated) continue;
    for (const std::string& value : filter.values)
      if (!value.empty()) label += (label.empty() ? "" : " ") + value;
  }
  if (!label.empty()) return label;
  return scopes.size() == 1 ? scopes.front().suite : "tests";
}

Result<std::string> get_badge(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const auto scopes, read_scopes(context, arguments));
  const std::string label = arguments.get_or("label", default_label(scopes));
  if (label.size() > kLabelBytes) return invalid_argument("takes at most 120 bytes", "label");
  std::uint64_t unexpected = 0, failed_runs = 0, lost = 0;
  std::size_t lines = 0;
  for (const Scope& scope : scopes) {
    RESULTSDB_ASSIGN(const OverviewAnswer overview, read_overview(context, scope));
    lines += overview.lines.size();
    for (const Line& line : overview.lines) {
      unexpected += line.unexpected;
      failed_runs += line.failed_runs;
      lost += line.newest->counts.lost;
    }
  }
  if (lines == 0) return badge(label, "no runs", "#777");
  if (unexpected > 0) return badge(label, std::to_string(unexpected) + " unexpected", "#b71c1c");
  if (failed_runs > 0)
    return badge(label, std::to_string(failed_runs) + (failed_runs == 1 ? " run" : " runs") + " failed",
                 "#b71c1c");
  if (lost > 0) return badge(label, std::to_string(lost) + " lost", "#8a5a00");
  return badge(label, "as expected", "#1b6e20");
}

}  // namespace

void add_overview_routes(Router& router, const ContextPtr& context) {
  add_read(router, context, {"/v1/overview", "getOverview", names({"SEL", "dashboard"}), get_overview});
  ReadOperation image{"/v1/badge.svg", "getBadge", names({"SEL", "label"}), get_badge};
  image.content_type = "image/svg+xml";
  add_read(router, context, std::move(image));
}

}  // namespace resultsdb::http
