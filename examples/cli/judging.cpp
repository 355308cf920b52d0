#include "judging.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <set>

#include "context.hpp"
#include "lookup.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

Time time_option(const Options& options, const char* name) {
  auto time = parse_time(options.text(name));
  if (!time) throw UsageError{"--" + std::string(name) + ": " + time.error().text()};
  return *time;
}

std::string percent(double share) {
  char text[16];
  const bool near_an_end = (share > 0 && share < 0.1) || (share > 0.9 && share < 1);
  std::snprintf(text, sizeof text, near_an_end ? "%.1f" : "%.0f", 100 * share);
  return text;
}

}  // namespace

void add_question(Options& options, std::uint32_t last) {
  options.add_selection();
  options.add()                                                                                       //
      ("last", po::value<std::uint32_t>()->default_value(last), "newest runs of a timeline; 0: all")  //
      ("from", po::value<std::string>(), "runs started at or after this time")                        //
      ("to", po::value<std::string>(), "runs started at or before this time")                         //
      ("contains", po::value<std::string>(), "only tests whose name contains this")                   //
      ("failing", "count all failures, not only results that were not expected");
}

Question parse_question(const Options& options, const std::string& suite) {
  Question question;
  question.suite = suite;
  question.selection = parse_selection(options);
  question.last = options.number("last");
  if (options.has("from")) question.range.from_started = time_option(options, "from");
  if (options.has("to")) question.range.to_started = time_option(options, "to");
  question.name_contains = options.text("contains");
  if (options.has("failing")) question.bad = Question::Bad::Failing;
  question.now = system_clock()();
  return question;
}

CompareSide parse_side(Model& model, const Options& options, const std::string& text) {
  CompareSide side{.selection = parse_selection(options), .range = {}, .commit = {}, .run = {}};
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(';', at), text.size());
    const std::string part = text.substr(at, end - at);
    const std::size_t colon = part.find(':');
    const std::string key = part.substr(0, colon),
                      value = colon == std::string::npos ? "" : part.substr(colon + 1);
    if (key == "run" && !value.empty()) {
      need_run(model, options.text("suite"), value);
      side.run = value;
    } else if (key == "commit" && !value.empty()) {
      side.commit = named_commit(model, options, value, "commit");
    } else if (key == "branch" && !value.empty()) {
      side.selection.branches = {value};
    } else if (key == "last" && !value.empty() && value.size() < 9 &&
               std::ranges::all_of(value, [](char c) { return '0' <= c && c <= '9'; })) {
      side.last = static_cast<std::uint32_t>(std::stoul(value));
    } else {
      throw UsageError{"'" + part + "' is none of run:ID, commit:REPOSITORY@REF, branch:NAME, last:N"};
    }
    at = end + 1;
  }
  return side;
}

ConfigurationLabels::ConfigurationLabels(const std::vector<TimelineInfo>& timelines)
    : ConfigurationLabels([&] {
        std::vector<Configuration> all;
        for (const TimelineInfo& timeline : timelines) all.push_back(timeline.configuration);
        return all;
      }()) {}

ConfigurationLabels::ConfigurationLabels(const std::vector<Configuration>& configurations) {
  std::map<std::string, std::set<std::string>> values;
  std::map<std::string, std::size_t> having;
  for (const Configuration& configuration : configurations)
    for (const auto& [facet, value] : configuration.facets()) {
      values[facet].insert(value);
      ++having[facet];
    }
  for (const auto& [facet, different] : values)
    if (different.size() > 1 || having[facet] < configurations.size()) facets_.push_back(facet);
}

std::string ConfigurationLabels::label(const Configuration& configuration) const {
  Configuration shown;
  for (const auto& [facet, value] : configuration.facets())
    if (std::ranges::find(facets_, facet) != facets_.end()) shown.set(facet, value);
  const std::string text = shown.key();
  return text.empty() ? configuration.key() : text;
}

Cell ConfigurationLabels::cell(const Configuration& configuration) const {
  Cell shown = cli::cell(configuration);
  shown.shortened = label(configuration);
  return shown;
}

Cell ConfigurationLabels::cell(const std::vector<Configuration>& configurations, std::size_t shown) const {
  Cell result{"", "["};
  result.is_name = true;
  for (std::size_t i = 0; i < configurations.size(); ++i) {
    result.json += (i > 0 ? "," : "") + configurations[i].json();
    result.text += (i > 0 ? "; " : "") + configurations[i].key();
    if (i < shown) result.shortened += (i > 0 ? "; " : "") + label(configurations[i]);
  }
  if (configurations.size() > shown)
    result.shortened += " and " + std::to_string(configurations.size() - shown) + " more";
  result.json += "]";
  return result;
}

Cell cell(const Proportion& proportion) {
  std::string json =
      "{\"k\":" + std::to_string(proportion.k) + ",\"n\":" + std::to_string(proportion.n) + ",\"low\":";
  json::append_number(json, proportion.low);
  json += ",\"high\":";
  json::append_number(json, proportion.high);
  json += ",\"method\":\"wilson\",\"confidence\":0.95}";
  if (proportion.n == 0) return {"none", json};
  const std::string counts = std::to_string(proportion.k) + "/" + std::to_string(proportion.n);
  return {counts + " (" + percent(proportion.low) + "-" + percent(proportion.high) + " %)", json, {}, counts};
}

Cell counted(const Proportion& proportion) {
  Cell shown = cell(proportion);
  shown.shortened = shown.narrow;
  return shown;
}

namespace {

Cell run_cell(const RunInfo& run, const std::string& place) {
  return {place,
          "{\"run\":" + json::quote(run.id) + ",\"position\":" + std::to_string(run.position) +
              ",\"label\":" + json::quote(place) + ",\"time\":" + json::quote(format_rfc3339(run.started)) +
              "}",
          {},
          place.substr(place.find('@') + 1)};
}

/// The commit of the run's position, if its place is one.
const RunCommit* commit_of(const RunInfo& run) {
  const auto commit = std::ranges::find(run.commits, run.position, &RunCommit::position);
  return run.order_key == OrderKey::Commit && commit != run.commits.end() ? &*commit : nullptr;
}

}  // namespace

Cell cell(const RunInfoPtr& run) {
  if (!run) return {"-", "null"};
  const RunCommit* commit = commit_of(*run);
  return run_cell(
      *run, commit ? commit->repository + "@" + commit->id.substr(0, 12) : format_rfc3339(run->started));
}

CommitNames::CommitNames(Model& model) : model_(model), repositories_(need(model.repositories())) {}

std::string CommitNames::name(Position position, const std::string& branch) {
  const auto [found, added] = known_.try_emplace({position, branch});
  if (!added) return found->second;
  found->second = "position " + std::to_string(position);
  for (const auto& wanted : {std::optional(branch), std::optional<std::string>()}) {
    for (const std::string& repository : repositories_) {
      const auto page = need(model_.commits({.repository = repository,
                                             .branch = wanted,
                                             .from_position = position,
                                             .to_position = position,
                                             .limit = 1}));
      if (page.items.empty()) continue;
      return found->second = repository + "@" + printable(page.items.front().label());
    }
  }
  return found->second;
}

Cell CommitNames::cell(const RunInfoPtr& run) {
  const RunCommit* commit = run ? commit_of(*run) : nullptr;
  if (commit == nullptr) return cli::cell(run);
  const auto [found, added] = known_.try_emplace({run->position, commit->repository + "@" + commit->id});
  if (added) {
    found->second = cli::cell(run).text;
    const auto page = need(model_.commits(
        {.repository = commit->repository, .from_position = run->position, .to_position = run->position}));
    for (const Commit& known : page.items)
      if (known.id() == commit->id) found->second = commit->repository + "@" + printable(known.label());
  }
  return run_cell(*run, found->second);
}

Cell cell_range(Position after, Position to, const std::string& after_name, const std::string& to_name) {
  const auto named = [](const std::string& name, Position position) {
    return name.empty() ? std::to_string(position) : name;
  };
  return {"(" + named(after_name, after) + ", " + named(to_name, to) + "]",
          "{\"after\":" + std::to_string(after) + ",\"to\":" + std::to_string(to) + "}"};
}

Cell cell(const std::vector<std::string>& texts, std::size_t shown) {
  Cell result{"", "["};
  result.is_name = true;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    result.json += (i > 0 ? "," : "") + json::quote(texts[i]);
    result.text += (i > 0 ? " " : "") + texts[i];
    if (i < shown) result.shortened += (i > 0 ? " " : "") + texts[i];
  }
  if (texts.size() > shown) result.shortened += " and " + std::to_string(texts.size() - shown) + " more";
  result.json += "]";
  return result;
}

void print_basis(const Basis& basis) {
  std::cerr << "of " << basis.runs << " runs with " << basis.results << " results";
  const auto count = [&](ExcludedRun::Why why) {
    return std::ranges::count(basis.excluded, why, &ExcludedRun::why);
  };
  if (const auto declared = count(ExcludedRun::Why::Declared); declared > 0)
    std::cerr << "; " << declared << " not counted that were declared failed";
  if (const auto most = count(ExcludedRun::Why::MostFailed); most > 0)
    std::cerr << "; " << most << " not counted in which more than 80 % was bad";
  std::cerr << '\n';
}

std::string basis_json(const Basis& basis) {
  std::string text = "{\"definition\":" + json::quote(basis.definition) +
                     ",\"runs\":" + std::to_string(basis.runs) +
                     ",\"results\":" + std::to_string(basis.results) + ",\"excluded\":[";
  const char* separator = "";
  for (const auto& [why, name] : {std::pair(ExcludedRun::Why::Declared, "infrastructure"),
                                  std::pair(ExcludedRun::Why::MostFailed, "most_failed")}) {
    std::vector<std::string> runs;
    for (const ExcludedRun& excluded : basis.excluded)
      if (excluded.why == why) runs.push_back(excluded.run->id);
    if (runs.empty()) continue;
    text += separator + ("{\"why\":" + json::quote(name)) + ",\"n\":" + std::to_string(runs.size()) +
            ",\"runs\":" + cell(runs, 0).json + "}";
    separator = ",";
  }
  return text + "]}";
}

void print_list(Format format, const Records& records, std::uint64_t total, const Basis& basis,
                const char* when_empty) {
  records.print(format, when_empty);
  if (records.size() < total) std::cerr << records.size() << " of " << total << "; --limit 0 shows all\n";
  if (format == Format::Table || !basis.excluded.empty()) print_basis(basis);
}

void add_basis(Basis& sum, const Basis& more) {
  sum.definition = more.definition;
  sum.runs += more.runs;
  sum.results += more.results;
  sum.excluded.insert(sum.excluded.end(), more.excluded.begin(), more.excluded.end());
}

void hint(Format format, const std::string& text) {
  if (format == Format::Table && ::isatty(STDERR_FILENO) == 1) std::cerr << text << '\n';
}

std::string shell_word(const std::string& text) {
  const auto plain = [](char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') ||
           std::string_view("_./:-+,@=").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, plain)) return text;
  std::string out = "'";
  for (const char c : printable(text)) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string test_arguments(const std::string& test, const std::string& suite) {
  return shell_word(test) + " --suite " + shell_word(suite);
}

Cell cell(const std::optional<Outcome>& outcome) {
  return outcome ? cell(outcome->actual) : Cell{"-", "null"};
}

}  // namespace resultsdb::cli
