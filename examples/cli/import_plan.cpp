#include "import_plan.hpp"

#include <algorithm>
#include <map>

#include "context.hpp"

namespace resultsdb::cli {

namespace {

constexpr const char* kVariables[] = {"RESULTSDB_STORE",         "RESULTSDB_SUITE",  "RESULTSDB_BRANCH",
                                      "RESULTSDB_CONFIGURATION", "RESULTSDB_COMMIT", "RESULTSDB_REPOSITORY"};

/// Notes which source won. `source` is "option", "environment", "file" or the name of the CI system.
void note_source(RunPlan& plan, const char* key, const std::string& source) {
  plan.attributes.emplace_back(std::string("source.") + key, source);
}

bool is_full_hash(const std::string& text) {
  const auto reference = parse_commit_reference(text);
  return reference && reference->kind == CommitReference::Kind::Hash;
}

/// Sets `to` from the first of option, variable and CI that has a text.
void choose(RunPlan& plan, std::string& to, const Options& options, const char* option, const char* variable,
            const CiEnvironment& ci, const std::string& from_ci) {
  if (options.has(option)) {
    to = options.text(option);
    note_source(plan, option, "option");
  } else if (to = environment(variable); !to.empty()) {
    note_source(plan, option, "environment");
  } else if (!from_ci.empty()) {
    to = from_ci;
    note_source(plan, option, ci.system);
  }
}

void choose_configuration(RunPlan& plan, const Options& options) {
  if (options.has("configuration")) {
    plan.configuration = parse_configuration(options.texts("configuration"));
    note_source(plan, "configuration", "option");
  } else if (const auto text = environment("RESULTSDB_CONFIGURATION"); !text.empty()) {
    plan.configuration = parse_configuration({text});
    note_source(plan, "configuration", "environment");
  }
}

void choose_commits(RunPlan& plan, const Options& options, const CiEnvironment& ci) {
  if (options.has("commit")) {
    plan.commits = options.texts("commit");
    note_source(plan, "commit", "option");
  } else if (const auto text = environment("RESULTSDB_COMMIT"); !text.empty()) {
    plan.commits.push_back(text);
    note_source(plan, "commit", "environment");
  } else if (!ci.commit.empty()) {
    if (!is_full_hash(ci.commit))
      throw UsageError{
          ci.system + " names the commit '" + ci.commit +
          "', which is no full hash, and no git clone here knows it; run this in the clone or give "
          "--commit REPOSITORY@HASH"};
    plan.commits.push_back(ci.commit);
    note_source(plan, "commit", ci.system);
  }
}

/// Commits that are named by the hash alone are of the repository that was given, or of the clone.
Status complete_commits(RunPlan& plan) {
  for (auto& commit : plan.commits) {
    if (commit.find('@') != std::string::npos) continue;
    if (plan.repository.empty())
      return invalid_argument("the commit '" + commit + "' names no repository; write REPOSITORY@" + commit +
                              ", or give --repository or RESULTSDB_REPOSITORY");
    commit = plan.repository + '@' + commit;
  }
  return {};
}

}  // namespace

CiEnvironment this_ci_environment(Repository* clone) {
  auto ci = read_ci_environment([](const char* name) { return environment(name); });
  if (ci.commit.empty() || is_full_hash(ci.commit) || clone == nullptr) return ci;
  const auto found = clone->resolve({.by = ResolveRequest::By::Reference, .text = ci.commit});
  if (found && *found && !(*found)->hash.empty()) ci.commit = (*found)->hash;
  return ci;
}

RunPlan plan_from_options(const Options& options, Repository* clone) {
  const auto ci = this_ci_environment(clone);
  RunPlan plan;
  plan.attributes = ci.attributes;
  plan.id = options.text("id");
  choose(plan, plan.suite, options, "suite", "RESULTSDB_SUITE", ci, "");
  choose(plan, plan.branch, options, "branch", "RESULTSDB_BRANCH", ci, ci.branch);
  choose_configuration(plan, options);
  choose_commits(plan, options, ci);
  plan.repository =
      options.has("repository") ? options.text("repository") : environment("RESULTSDB_REPOSITORY");
  if (plan.repository.empty() && clone) plan.repository = clone->key();
  if (const auto status = complete_commits(plan); !status) throw UsageError{status.error().text()};
  if (options.has("started")) {
    auto started = parse_time(options.text("started"));
    if (!started) throw UsageError{"--started: " + started.error().text()};
    plan.started = *started;
    note_source(plan, "started", "option");
  }
  plan.attempt = ci.attempt;
  if (options.has("attempt")) {
    plan.attempt = static_cast<int>(options.number("attempt"));
    if (plan.attempt < 1) throw UsageError{"--attempt: must be 1 for the first, 2 for the second …"};
    note_source(plan, "attempt", "option");
  } else if (ci.attempt > 1) {
    note_source(plan, "attempt", ci.system);
  }
  if (!ci.url.empty()) plan.links.push_back({"ci", ci.system, ci.url});
  return plan;
}

void take_properties(RunPlan& plan, const formats::ImportedRun& imported) {
  for (const auto& [key, value] : imported.attributes) {
    if (value.empty()) continue;
    if (key == "resultsdb.suite" && plan.suite.empty()) {
      plan.suite = value;
      note_source(plan, "suite", "file");
    } else if (key == "resultsdb.branch" && plan.branch.empty()) {
      plan.branch = value;
      note_source(plan, "branch", "file");
    } else if (key == "resultsdb.commit" && plan.commits.empty()) {
      plan.commits.push_back(value);
      note_source(plan, "commit", "file");
      need(complete_commits(plan));
    } else if (key == "resultsdb.configuration" && plan.configuration.empty()) {
      plan.configuration = need(Configuration::parse(value));
      note_source(plan, "configuration", "file");
    }
  }
}

std::string environment_file(Repository* clone) {
  std::map<std::string, std::string> values;  // those that were asked for and are set
  const auto take = [&](const char* name) {
    auto value = environment(name);
    if (!value.empty()) values[name] = value;
    return value;
  };
  read_ci_environment(take);
  for (const char* name : kVariables) take(name);
  const auto ci = this_ci_environment(clone);
  if (!values.contains("RESULTSDB_COMMIT") && is_full_hash(ci.commit)) values["RESULTSDB_COMMIT"] = ci.commit;
  if (!values.contains("RESULTSDB_REPOSITORY") && clone) values["RESULTSDB_REPOSITORY"] = clone->key();
  std::string lines;
  for (const auto& [name, value] : values)
    if (value.find_first_of("\r\n") == std::string::npos)
      lines.append(name).append("=").append(value) += '\n';
  return lines;
}

}  // namespace resultsdb::cli
