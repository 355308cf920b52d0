#include "import_report.hpp"

#include <algorithm>
#include <iostream>

#include "commands.hpp"
#include "output.hpp"
#include "result_files.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::cli {

namespace {

bool has_failures(const RunInfo& run) {
  return run.state != RunState::Final ||
         std::any_of(run.counts.outcomes.begin(), run.counts.outcomes.end(), [](const auto& count) {
           return is_failing(count.outcome.actual) &&
                  is_unexpected(count.outcome.expected, count.outcome.actual);
         });
}

/// Where the start of a run comes from, for people and programs.
struct StartSource {
  const char *words, *name;
};
StartSource start_source(const RunPlan& plan, const formats::ImportedRun& imported) {
  if (plan.started) return {"as given", "option"};
  if (imported.started) return {"from the file", "file"};
  return {"now: neither --started nor the file says it", "now"};
}

/// A file that was imported before keeps the start that its run has.
bool start_was_kept(const Ingested& ingested, const RunPlan& plan, const formats::ImportedRun& imported) {
  return ingested.stored == Ingested::Stored::Unchanged && !plan.started &&
         imported.started != ingested.run->started;
}

StartSource stored_word(Ingested::Stored stored) {
  switch (stored) {
    case Ingested::Stored::Added:
      return {"stored", "added"};
    case Ingested::Stored::Replaced:
      return {"replaced the run of the same place and start", "replaced"};
    case Ingested::Stored::Unchanged:
      return {"already imported", "unchanged"};
  }
  return {"", ""};
}

}  // namespace

std::optional<formats::Warning> unknown_start(const RunPlan& plan, const formats::ImportedRun& imported) {
  if (plan.started || imported.started) return {};
  for (const auto& [key, value] : imported.attributes)
    if (key == "timestamp" && parse_rfc3339(value + "Z"))
      return formats::Warning{"no_time_zone",
                              "the time " + value +
                                  " in the file names no time zone, so the run starts now; pass "
                                  "--timezone UTC, +02:00, Europe/Berlin or local"};
  return {};
}

void ImportReport::look_for_gaps(const RunPlan& plan, const formats::ImportedRun& imported) {
  gaps_.clear();
  if (auto gap = unknown_start(plan, imported)) gaps_.push_back(std::move(*gap));
  if (plan.commits.empty())
    gaps_.push_back(
        {"no_commit", "a run without a commit: nobody can say what broke a test; pass --commit " +
                          (plan.repository.empty() ? "REPOSITORY@REF" : plan.repository + "@HEAD")});
  if (plan.configuration.empty())
    gaps_.push_back({"no_configuration",
                     "a run without a configuration: it is not told from runs on other machines; pass "
                     "--configuration FACET=VALUE, such as os=linux"});
  if (plan.suite.empty() && imported.tool == "generic")
    gaps_.push_back({"no_suite",
                     "nothing names the suite, and the file does not tell which tool wrote it: the suite is "
                     "'generic'; pass --suite NAME"});
  for (const auto& gap : gaps_)
    if (said_.insert(gap.code).second) warn() << printable(gap.text) << '\n';
}

std::string ImportReport::warnings_json(const formats::ImportedRun& imported) const {
  std::string text = "[";
  for (const auto* warnings : {&imported.warnings, &gaps_})
    for (const auto& warning : *warnings)
      text += (text.size() > 1 ? ",{\"code\":" : "{\"code\":") + json::quote(warning.code) +
              ",\"text\":" + json::quote(warning.text) + "}";
  return text + "]";
}

void ImportReport::would_store(const formats::ImportedRun& imported, const std::string& suite,
                               std::uint64_t results, std::uint64_t lost) {
  if (form_ == Form::Json) {
    std::cout << "{\"stored\":\"dry_run\",\"suite\":" << json::quote(suite) << ",\"results\":" << results
              << ",\"lost\":" << lost << ",\"incomplete\":" << (imported.incomplete ? "true" : "false")
              << ",\"warnings\":" << warnings_json(imported) << "}\n";
    return;
  }
  std::cout << "would store: " << results << " results, " << lost << " lost, "
            << (imported.tool.empty() ? "no file" : imported.tool)
            << (imported.incomplete ? ", incomplete" : "") << '\n';
}

void ImportReport::stored(const Ingested& ingested, const RunPlan& plan,
                          const formats::ImportedRun& imported) {
  switch (ingested.stored) {
    case Ingested::Stored::Added:
      ++added_;
      break;
    case Ingested::Stored::Replaced:
      ++replaced_;
      break;
    case Ingested::Stored::Unchanged:
      ++unchanged_;
      break;
  }
  const RunInfo& run = *ingested.run;
  failing_ = failing_ || has_failures(run);
  const bool kept = start_was_kept(ingested, plan, imported);
  if (kept && imported.started) {
    gaps_.push_back({"start_kept", "this file is run " + run.id + " already and keeps its start " +
                                       format_rfc3339(run.started) + "; to have " +
                                       format_rfc3339(*imported.started) + ", 'resultsdb purge --run " +
                                       run.id + "' and import it again"});
    warn() << printable(gaps_.back().text) << '\n';
  }
  if (form_ == Form::Summary) return;
  const StartSource start = start_source(plan, imported), how = stored_word(ingested.stored);
  if (form_ == Form::Json) {
    std::cout << "{\"stored\":" << json::quote(how.name) << ",\"run\":" << json::quote(run.id)
              << ",\"suite\":" << json::quote(run.suite) << ",\"branch\":" << json::quote(run.branch)
              << ",\"configuration\":" << run.configuration.json()
              << ",\"commits\":" << cell(run.commits).json
              << ",\"started\":" << json::quote(format_rfc3339(run.started))
              << ",\"started_from\":" << json::quote(kept ? "kept" : start.name)
              << ",\"state\":" << json::quote(to_string(run.state)) << ",\"results\":" << run.counts.covered
              << ",\"counts\":" << cell_counts(run.counts, false).json << ",\"lost\":" << run.counts.lost
              << ",\"warnings\":" << warnings_json(imported) << "}\n";
    return;
  }
  std::cout << how.words << ": " << run.id << "  suite " << printable(run.suite) << ", " << run.counts.covered
            << " results (" << printable(cell_counts(run.counts, false).text) << ")";
  if (run.counts.lost > 0) std::cout << ", " << run.counts.lost << " lost";
  if (run.state != RunState::Final) std::cout << ", " << to_string(run.state);
  std::cout << ", started " << format_rfc3339(run.started);
  if (ingested.stored != Ingested::Stored::Unchanged) std::cout << " (" << start.words << ')';
  std::cout << '\n';
}

int ImportReport::finish(bool strict) const {
  if (form_ == Form::Summary || (form_ == Form::Lines && added_ + replaced_ + unchanged_ + refused_ > 1)) {
    std::cout << added_ << " runs stored, " << replaced_ << " replaced, " << unchanged_
              << " already imported, " << refused_ << " refused\n";
  }
  return refused_ > 0 || (strict && failing_) ? kRefused : kDone;
}

}  // namespace resultsdb::cli
