#include "axis.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace resultsdb::http {
namespace {

constexpr std::array<std::uint32_t, 5> kLevels = {1, 4, 16, 64, 256};
constexpr std::size_t kMostBuckets = 4'096;   ///< columns at a level beyond 1
constexpr std::size_t kMostLabelled = 2'000;  ///< columns with labels
constexpr std::size_t kMostCommits = 50'000;

void sort_newest_first(std::vector<Position>& positions) {
  std::ranges::sort(positions, std::greater());
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
}

/// How far back all timelines are complete.
std::optional<Position> complete_to(const std::vector<TimelineRuns>& timelines) {
  std::optional<Position> cut, oldest;
  for (const TimelineRuns& timeline : timelines) {
    if (timeline.runs.empty()) continue;
    const Position last = timeline.runs.back()->position;
    oldest = std::min(oldest.value_or(last), last);
    if (timeline.more) cut = std::max(cut.value_or(last), last);
  }
  return cut ? cut : oldest;
}

bool any_more(const std::vector<TimelineRuns>& timelines) {
  return std::ranges::any_of(timelines, &TimelineRuns::more);
}

}  // namespace

Result<AxisRequest> read_axis_request(const Arguments& arguments, const std::vector<std::string>& include) {
  AxisRequest request;
  RESULTSDB_ASSIGN(const std::string axis, arguments.one_of("axis", {"run", "commit"}));
  RESULTSDB_ASSIGN(const std::string level, arguments.one_of("level", {"1", "4", "16", "64", "256", "auto"}));
  RESULTSDB_ASSIGN(const std::int64_t most, arguments.integer("max_columns", request.max_columns, 1, 50'000));
  request.commits = axis == "commit";
  request.level = level == "auto" ? 0 : static_cast<std::uint32_t>(std::stoul(level));
  request.max_columns = static_cast<std::uint32_t>(most);
  const auto included = [&](std::string_view what) {
    return std::ranges::find(include, what) != include.end();
  };
  request.run_ids = included("run_ids");
  request.labels = included("labels");
  return request;
}

Result<Axis> Axis::build(const NativeContext& context, const AxisRequest& request,
                         const std::vector<TimelineRuns>& timelines) {
  Axis axis;
  axis.every_commit_ = request.commits;
  std::set<std::string> repositories;
  for (const TimelineRuns& timeline : timelines) {
    for (const RunInfoPtr& run : timeline.runs) {
      axis.positions_.push_back(run->position);
      for (const RunCommit& commit : run->commits) repositories.insert(commit.repository);
    }
  }
  sort_newest_first(axis.positions_);
  axis.repositories_.assign(repositories.begin(), repositories.end());
  RESULTSDB_TRY(axis.load_commits(context, timelines));
  axis.choose_level(request);
  return axis;
}

Status Axis::load_commits(const NativeContext& context, const std::vector<TimelineRuns>& timelines) {
  std::map<Position, std::int32_t> owner;
  if (!positions_.empty()) {
    for (std::size_t i = 0; i < repositories_.size(); ++i) {
      RESULTSDB_ASSIGN(const auto commits,
                       commits_between(*context.model, repositories_[i], positions_.back(),
                                       positions_.front(), kMostCommits));
      commits_cut_ = commits_cut_ || commits.size() >= kMostCommits;
      for (const Commit& commit : commits) {
        if (commit.position) owner.emplace(*commit.position, static_cast<std::int32_t>(i));
      }
    }
  }
  for (const auto& [position, repository] : owner) commits_.push_back(position);
  sort_newest_first(commits_);
  if (every_commit_) {
    positions_.insert(positions_.end(), commits_.begin(), commits_.end());
    sort_newest_first(positions_);
  }
  // What a run says of its own position holds, also for commits that the store does not know.
  for (const TimelineRuns& timeline : timelines) {
    for (const RunInfoPtr& run : timeline.runs) {
      for (const RunCommit& commit : run->commits) {
        if (commit.position != run->position) continue;
        const auto index = std::ranges::lower_bound(repositories_, commit.repository) - repositories_.begin();
        owner[run->position] = static_cast<std::int32_t>(index);
      }
    }
  }
  for (const Position position : positions_) {
    const auto found = owner.find(position);
    repository_.push_back(found == owner.end() ? -1 : found->second);
  }
  return {};
}

void Axis::choose_level(const AxisRequest& request) {
  level_ = request.level == 0 ? 1 : request.level;
  for (const std::uint32_t level : kLevels) {
    level_ = std::max(level_, level);
    const bool chosen = request.level != 0 && level_ == request.level;
    if ((level_ == 1 || columns() <= kMostBuckets) && (chosen || columns() <= request.max_columns)) break;
  }
  coarser_ = request.level != 0 && level_ != request.level;
}

std::size_t Axis::column(Position position) const {
  const auto found = std::ranges::lower_bound(positions_, position, std::greater());
  return static_cast<std::size_t>(found - positions_.begin()) / level_;
}

void Axis::write_axis(JsonWriter& json, const AxisRequest& request,
                      const std::vector<TimelineRuns>& timelines) const {
  json.member("mode", request.commits ? "commit" : "run").member("columns", columns()).key("position");
  write_delta(json, columns(), [&](std::size_t i) { return positions_[i * level_]; });
  json.key("repositories").begin_array();
  for (const std::string& repository : repositories_) json.value(repository);
  json.end_array().key("repository");
  write_rle(json, columns(), [&](std::size_t i) { return repository_[i * level_]; });
  if (!commits_cut_) {
    // Commits strictly between a column and the newer one before it.
    const auto newer_or_equal = [&](Position position) {
      return std::ranges::upper_bound(commits_, position, std::greater()) - commits_.begin();
    };
    const auto newer = [&](Position position) {
      return std::ranges::lower_bound(commits_, position, std::greater()) - commits_.begin();
    };
    json.key("skipped");
    write_rle(json, columns(), [&](std::size_t i) -> std::int64_t {
      if (i == 0 || every_commit_) return 0;
      return newer(positions_[i * level_]) - newer_or_equal(positions_[i * level_ - 1]);
    });
  }
  json.member("complete_to", complete_to(timelines))
      .member("more", any_more(timelines))
      .member("level", level_);
}

/// Each repository's newest commit at every column, from what the runs there had.
Status Axis::write_labels(JsonWriter& json, const NativeContext& context,
                          const std::vector<TimelineRuns>& timelines) const {
  std::vector<RunInfoPtr> runs;
  for (const TimelineRuns& timeline : timelines) {
    runs.insert(runs.end(), timeline.runs.begin(), timeline.runs.end());
  }
  RESULTSDB_ASSIGN(const CommitNames names, CommitNames::load(*context.model, runs));
  json.key("current").begin_object();
  for (const std::string& repository : repositories_) {
    std::vector<const RunCommit*> newest(columns(), nullptr);
    for (const RunInfoPtr& run : runs) {
      const RunCommit*& there = newest[column(run->position)];
      for (const RunCommit& commit : run->commits) {
        if (commit.repository == repository && (!there || commit.position > there->position)) there = &commit;
      }
    }
    std::vector<std::string> labels(columns());
    for (std::size_t i = columns(); i-- > 0;) {  // a column without a word of its own keeps the older label
      if (newest[i]) labels[i] = names.get(*newest[i]).label();
      if (!newest[i] && i + 1 < columns()) labels[i] = labels[i + 1];
    }
    json.key(repository);
    write_rle(json, labels.size(), [&](std::size_t i) -> const std::string& { return labels[i]; });
  }
  json.end_object();
  return {};
}

Status Axis::write(JsonWriter& json, const NativeContext& context, const AxisRequest& request,
                   const std::vector<TimelineRuns>& timelines) const {
  json.key("axis").begin_object();
  write_axis(json, request, timelines);
  if (request.labels && columns() <= kMostLabelled) RESULTSDB_TRY(write_labels(json, context, timelines));
  json.end_object();

  std::map<std::string, std::size_t> configurations;  // by id
  json.key("configurations").begin_array();
  for (const TimelineRuns& timeline : timelines) {
    if (!configurations.emplace(timeline.info.configuration_id, configurations.size()).second) continue;
    write_configuration(json, timeline.info.configuration);
  }
  json.end_array().key("timelines").begin_array();
  for (const auto& [info, runs, more] : timelines) {
    json.begin_object().member("id", info.id).member("branch", info.branch);
    json.member("configuration", configurations.at(info.configuration_id));
    json.member("order_key", to_string(info.order_key)).member("version", info.version).key("columns");
    write_steps(json, runs.size(), [&](std::size_t i) { return column(runs[i]->position); });
    if (request.run_ids) {
      json.key("run_id").begin_array();
      for (const RunInfoPtr& run : runs) json.value(run->id);
      json.end_array();
    }
    json.key("started_s");
    write_delta(json, runs.size(), [&](std::size_t i) { return to_seconds(runs[i]->started); });
    json.key("state");
    write_rle(json, runs.size(), [&](std::size_t i) { return to_string(runs[i]->state); });
    json.member("more", more).end_object();
  }
  json.end_array();
  return {};
}

void Axis::write_warnings(JsonWriter& json, const std::vector<TimelineRuns>& timelines) const {
  json.key("warnings").begin_array();
  const auto warn = [&](std::string_view detail, std::size_t limit) {
    json.begin_object()
        .member("code", "truncated")
        .member("detail", detail)
        .member("limit", limit)
        .end_object();
  };
  if (coarser_) warn("more columns than an answer holds: a coarser level was taken", kMostBuckets);
  if (commits_cut_) warn("more commits than an answer reads: `skipped` is left out", kMostCommits);
  for (const TimelineRuns& timeline : timelines) {
    if (timeline.more && timeline.runs.size() >= RangeRequest::kMostRuns) {
      warn("the range holds more runs than an answer: the oldest are left out", RangeRequest::kMostRuns);
      break;
    }
  }
  json.end_array();
}

}  // namespace resultsdb::http
