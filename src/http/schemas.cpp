#include "schemas.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "text.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kMostCommits = 50'000;

bool is_retried_pass(std::string_view actual) {
  bool pass = false, fail = false;
  while (!actual.empty()) {
    const std::string_view word = take_until(actual, ' ');
    if (word.empty()) continue;
    pass = pass || word_severity(word) == Severity::Pass;
    fail = fail || word_severity(word) >= Severity::Fail;
  }
  return pass && fail;
}

/// Members of an object; a name that repeats has an array of its values.
void write_attributes(JsonWriter& json, const Attributes& attributes) {
  std::map<std::string_view, std::vector<std::string_view>> by_name;
  for (const auto& [name, value] : attributes) by_name[name].push_back(value);
  for (const auto& [name, values] : by_name) {
    json.key(name);
    if (values.size() == 1) {
      json.value(values.front());
      continue;
    }
    json.begin_array();
    for (const std::string_view value : values) json.value(value);
    json.end_array();
  }
}

}  // namespace

std::size_t class_index(std::string_view actual) {
  const auto found = std::ranges::find(kClasses, outcome_class(actual));
  return static_cast<std::size_t>(std::min(found, kClasses.end() - 1) - kClasses.begin());
}

void ClassCounts::add(const Outcome& outcome, std::uint64_t results) {
  const std::size_t index = class_index(outcome.actual);
  covered += results;
  all[index] += results;
  if (is_unexpected(outcome.expected, outcome.actual)) unexpected[index] += results;
  if (is_retried_pass(outcome.actual)) flaky += results;
}

void ClassCounts::add(const RunCounts& counts) {
  for (const auto& [outcome, results] : counts.outcomes) add(outcome, results);
  lost += counts.lost;
}

std::uint32_t OutcomeTable::id(const Outcome& outcome) {
  const auto [entry, added] = index_.emplace(outcome, static_cast<std::uint32_t>(outcomes_.size()));
  if (added) outcomes_.push_back(outcome);
  return entry->second;
}

void OutcomeTable::write(JsonWriter& json) const {
  json.begin_array();
  for (std::uint32_t id = 0; id < outcomes_.size(); ++id) write_outcome(json, id, outcomes_[id]);
  json.end_array();
}

bool is_worse(const Outcome& a, const Outcome& b) {
  const auto rank = [](const Outcome& outcome) {
    return std::pair(worst_severity(outcome.actual), is_unexpected(outcome.expected, outcome.actual));
  };
  return rank(a) > rank(b);
}

Result<std::vector<Commit>> commits_between(Model& model, const std::string& repository, Position from,
                                            Position to, std::size_t most) {
  CommitsQuery query;
  query.repository = repository;
  query.from_position = from;
  query.to_position = to;
  std::vector<Commit> all;
  do {
    constexpr std::size_t kPage = 10'000;
    query.limit = static_cast<std::uint32_t>(std::min(kPage, most - all.size()));
    RESULTSDB_ASSIGN(auto page, model.commits(query));
    std::ranges::move(page.items, std::back_inserter(all));
    query.page = page.next;
  } while (!query.page.empty() && all.size() < most);
  return all;
}

Result<CommitNames> CommitNames::load(Model& model, std::span<const RunInfoPtr> runs,
                                      std::size_t most_single) {
  std::map<std::string, std::set<Position>> wanted;
  for (const RunInfoPtr& run : runs) {
    for (const RunCommit& commit : run->commits) wanted[commit.repository].insert(commit.position);
  }
  CommitNames names;
  const auto add = [&](const std::string& repository, Position from, Position to) -> Status {
    RESULTSDB_ASSIGN(auto commits, commits_between(model, repository, from, to, kMostCommits));
    for (Commit& commit : commits) {
      auto key = std::pair(commit.repository, commit.id());
      names.commits_.try_emplace(std::move(key), std::move(commit));
    }
    return {};
  };
  for (const auto& [repository, positions] : wanted) {
    if (positions.size() > most_single) {
      RESULTSDB_TRY(add(repository, *positions.begin(), *positions.rbegin()));
      continue;
    }
    for (const Position position : positions) RESULTSDB_TRY(add(repository, position, position));
  }
  return names;
}

Commit CommitNames::get(const RunCommit& commit) const {
  const auto found = commits_.find({commit.repository, commit.id});
  if (found != commits_.end()) return found->second;
  Commit bare;
  bare.repository = commit.repository;
  bare.position = commit.position;
  if (auto reference = parse_commit_reference(commit.id)) {
    if (reference->kind == CommitReference::Kind::Revision) bare.revision = reference->revision;
    if (reference->kind == CommitReference::Kind::Identifier) bare.identifier = commit.id;
  }
  if (bare.revision == 0 && bare.identifier.empty()) bare.hash = commit.id;
  return bare;
}

void write_outcome(JsonWriter& json, std::uint32_t id, const Outcome& outcome) {
  json.begin_object().member("id", id).member("expected", outcome.expected).member("actual", outcome.actual);
  json.member("class", outcome_class(outcome.actual)).member("failing", is_failing(outcome.actual));
  json.member("unexpected", is_unexpected(outcome.expected, outcome.actual));
  json.member("severity", static_cast<int>(worst_severity(outcome.actual))).end_object();
}

void write_counts(JsonWriter& json, const ClassCounts& counts) {
  json.begin_object().member("covered", counts.covered);
  for (std::size_t i = 0; i < kClasses.size(); ++i) json.member(kClasses[i], counts.all[i]);
  json.member("lost", counts.lost).member("flaky", counts.flaky).key("unexpected").begin_object();
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    if (counts.unexpected[i] > 0) json.member(kClasses[i], counts.unexpected[i]);
  }
  json.end_object().end_object();
}

void write_configuration(JsonWriter& json, const Configuration& configuration) {
  json.begin_object().member("id", configuration_id(configuration)).member("label", configuration.label());
  json.key("facets").raw(configuration.json()).end_object();
}

void write_commit(JsonWriter& json, const Model& model, const Commit& commit) {
  json.begin_object().member("repository", commit.repository);
  if (!commit.branch.empty()) json.member("branch", commit.branch);
  json.member("position", commit.position);
  json.key("hash");
  commit.hash.empty() ? json.null() : json.value(commit.hash);
  json.key("revision");
  commit.revision == 0 ? json.null() : json.value(commit.revision);
  json.key("identifier");
  commit.identifier.empty() ? json.null() : json.value(commit.identifier);
  json.member("label", commit.label());
  if (commit.timestamp) json.member("time", *commit.timestamp);
  if (!commit.author.empty()) {
    json.key("author").begin_object().member("name", commit.author.name);
    if (!commit.author.emails.empty()) json.member("email", commit.author.emails.front());
    json.end_object();
  }
  if (!commit.message.empty()) json.member("subject", commit.subject());
  const auto repository = model.repository(commit.repository);
  if (const auto url = repository ? repository->link(commit) : std::nullopt) json.member("url", *url);
  json.end_object();
}

void write_run_members(JsonWriter& json, const Model& model, const RunInfo& run, const CommitNames& names) {
  json.member("id", run.id).member("suite", run.suite).member("branch", run.branch);
  json.member("timeline", run.timeline).key("configuration");
  write_configuration(json, run.configuration);
  json.member("order_key", to_string(run.order_key)).member("position", run.position);
  json.member("started", run.started).member("finished", run.finished).member("received", run.received);
  if (!run.variant.empty()) json.member("variant", run.variant);
  json.member("state", to_string(run.state)).member("attempt", run.attempt).key("commits").begin_array();
  for (const RunCommit& commit : run.commits) write_commit(json, model, names.get(commit));
  json.end_array().key("counts");
  ClassCounts counts;
  counts.add(run.counts);
  write_counts(json, counts);
  if (run.finished && *run.finished >= run.started) {
    json.member("duration_us", (*run.finished - run.started).count());
  }
  json.key("links").begin_array();
  for (const Link& link : run.links) {
    json.begin_object()
        .member("rel", link.rel)
        .member("label", link.label)
        .member("href", link.href)
        .end_object();
  }
  json.end_array().key("attributes").begin_object();
  write_attributes(json, run.attributes);
  json.end_object();
}

void write_run(JsonWriter& json, const Model& model, const RunInfo& run, const CommitNames& names) {
  json.begin_object();
  write_run_members(json, model, run, names);
  json.end_object();
}

std::int64_t rounded(std::int64_t value) {
  std::int64_t unit = 1;
  while (value / unit >= 1000) unit *= 10;
  return (value + unit / 2) / unit * unit;
}

}  // namespace resultsdb::http
