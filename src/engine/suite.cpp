#include "engine/suite.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "resultsdb/model.hpp"

namespace resultsdb::engine {
namespace {

constexpr std::uint64_t kUsesBetweenLooks = 64;

}  // namespace

Suite::Suite(storage::Storage& storage, std::string name, std::size_t kept_bytes)
    : storage_(storage),
      name_(std::move(name)),
      kept_bytes_(kept_bytes),
      names_(storage, name_),
      outcomes_(storage, name_) {}

Result<std::pair<std::string, Configuration>> Suite::configuration(storage::ConfigurationId id) {
  {
    std::lock_guard lock(mutex_);
    if (const auto found = configurations_.find(id); found != configurations_.end()) return found->second;
  }
  RESULTSDB_ASSIGN(const auto rows, storage_.find_configurations(name_));
  std::lock_guard lock(mutex_);
  for (const storage::ConfigurationRow& row : rows) {
    if (configurations_.contains(row.id)) continue;
    RESULTSDB_ASSIGN(Configuration parsed, Configuration::parse(row.key));
    configurations_.emplace(row.id, std::pair(row.key, std::move(parsed)));
  }
  if (const auto found = configurations_.find(id); found != configurations_.end()) return found->second;
  return make_error(ErrorCode::Corrupt, "configuration " + std::to_string(id) + " is missing; run a check",
                    "suite " + name_);
}

Result<TimelineIdentity> Suite::identify(storage::TimelineId number, const storage::TimelineKey& key) {
  RESULTSDB_ASSIGN(auto configuration, this->configuration(key.configuration));
  TimelineIdentity identity;
  identity.suite = name_;
  identity.branch = key.branch;
  identity.id = timeline_id(name_, key.branch, configuration.second);
  identity.configuration_id = configuration_id(configuration.second);
  identity.configuration = std::move(configuration.second);
  identity.configuration_key = std::move(configuration.first);
  identity.key = key;
  identity.number = number;
  return identity;
}

Result<TimelinePtr> Suite::make_timeline(const storage::TimelineRow& row) {
  RESULTSDB_ASSIGN(TimelineIdentity identity, identify(row.id, row.key));
  std::lock_guard lock(mutex_);
  TimelinePtr& timeline = timelines_[row.id];
  if (!timeline) {
    auto name = std::pair(identity.branch, identity.configuration_key);
    timeline = std::make_shared<Timeline>(storage_, outcomes_, std::move(identity));
    by_name_.emplace(std::move(name), timeline);
  }
  return timeline;
}

Result<TimelinePtr> Suite::open_timeline(std::string_view branch, const Configuration& configuration) {
  std::string key = configuration.key();
  {
    std::lock_guard lock(mutex_);
    const auto found = by_name_.find(std::pair(std::string(branch), key));
    if (found != by_name_.end()) return found->second;
  }
  const std::string_view keys[] = {key};
  RESULTSDB_ASSIGN(const auto configurations, storage_.intern_configurations(name_, keys));
  storage::TimelineRow row;
  row.key = {std::string(branch), configurations.front()};
  RESULTSDB_ASSIGN(const auto ids, storage_.intern_timelines(name_, {&row.key, 1}));
  row.id = ids.front();
  return make_timeline(row);
}

Result<std::shared_ptr<const TimelineList>> Suite::refresh() {
  const std::optional<std::uint64_t> revision = storage_.revision();
  {
    std::lock_guard lock(mutex_);
    if (listed_ && revision && revision == listed_at_) return listed_;
  }
  RESULTSDB_ASSIGN(const auto rows, storage_.find_timelines(name_));
  return learn(rows, revision);
}

Result<std::shared_ptr<const TimelineList>> Suite::learn(std::span<const storage::TimelineRow> rows,
                                                         std::optional<std::uint64_t> revision) {
  TimelineList list;
  list.reserve(rows.size());
  for (const storage::TimelineRow& row : rows) {
    TimelinePtr timeline;
    {
      std::lock_guard lock(mutex_);
      if (const auto found = timelines_.find(row.id); found != timelines_.end()) timeline = found->second;
    }
    if (!timeline) {
      RESULTSDB_ASSIGN(timeline, make_timeline(row));
    }
    timeline->announce(row);
    list.push_back(std::move(timeline));
  }
  std::lock_guard lock(mutex_);
  listed_at_ = revision;
  if (listed_ && listed_->size() >= list.size()) return listed_;  // timelines are never unlisted
  std::sort(list.begin(), list.end(), [](const TimelinePtr& a, const TimelinePtr& b) {
    return std::tie(a->identity().branch, a->identity().configuration_key) <
           std::tie(b->identity().branch, b->identity().configuration_key);
  });
  listed_ = std::make_shared<const TimelineList>(std::move(list));
  return listed_;
}

bool Suite::has_revisions() const {
  std::lock_guard lock(mutex_);
  return listed_at_.has_value();
}

std::shared_ptr<const TimelineList> Suite::known() const {
  std::lock_guard lock(mutex_);
  return listed_;
}

Result<TimelinePtr> Suite::find_timeline(storage::TimelineId number) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    {
      std::lock_guard lock(mutex_);
      if (const auto found = timelines_.find(number); found != timelines_.end()) return found->second;
    }
    RESULTSDB_TRY(refresh());
  }
  return TimelinePtr();
}

void Suite::used(Timeline& timeline) {
  const std::uint64_t use = ++uses_;
  timeline.last_use = use;
  if (use % kUsesBetweenLooks == 0) unload_unused();
}

void Suite::used(const Snapshot& snapshot) {
  const std::uint64_t use = ++uses_;
  for (const auto& seen : snapshot.seen()) seen.first->last_use = use;
  if (use % kUsesBetweenLooks == 0) unload_unused();
}

void Suite::unload_unused() {
  const auto list = known();
  if (!list) return;
  std::size_t total = 0;
  std::vector<std::tuple<std::uint64_t, std::size_t, Timeline*>> kept;  // last use, bytes
  for (const TimelinePtr& each : *list) {
    const std::size_t bytes = each->kept_bytes();
    total += bytes;
    if (bytes != 0) kept.emplace_back(each->last_use.load(), bytes, each.get());
  }
  if (total <= kept_bytes_) return;
  std::sort(kept.begin(), kept.end());
  kept.pop_back();
  for (const auto& [use, bytes, victim] : kept) {
    if (total <= kept_bytes_) break;
    if (victim->unload()) total -= bytes;
  }
}

Result<Timeline::Reader> Snapshot::open(Timeline& timeline) {
  auto reader = timeline.read();
  if (reader) seen_.emplace_back(&timeline, (*reader)->row.version);
  return reader;
}

std::uint64_t Snapshot::reads() const {
  std::uint64_t sum = 0;
  for (const auto& seen : seen_) sum += seen.first->reads();
  return sum;
}

void Snapshot::validate(const TimelineList& now) {
  validated_ = same(now);
  reads_ = reads();
}

bool Snapshot::same(const TimelineList& now) const {
  if (now.size() != list_->size()) return false;
  return std::all_of(seen_.begin(), seen_.end(),
                     [](const auto& seen) { return seen.first->announced_version() == seen.second; });
}

bool Snapshot::only_grew() const {
  std::map<const Timeline*, std::uint64_t> versions;
  return std::all_of(seen_.begin(), seen_.end(), [&](const auto& seen) {
    if (versions.try_emplace(seen.first, seen.second).first->second != seen.second) return false;
    const auto row = seen.first->announced();
    if (row.version == seen.second) return true;
    const auto state = decode_state(row.state);
    return state && state->rewritten <= seen.second;
  });
}

bool matches(const Selection& selection, const TimelineIdentity& timeline) {
  const auto any = [](const std::vector<std::string>& texts, const std::string& text) {
    return texts.empty() || std::find(texts.begin(), texts.end(), text) != texts.end();
  };
  if (!any(selection.branches, timeline.branch) || !any(selection.timelines, timeline.id)) return false;
  if (selection.configuration && *selection.configuration != timeline.configuration) return false;
  return std::all_of(selection.where.begin(), selection.where.end(),
                     [&](const FacetFilter& filter) { return filter.matches(timeline.configuration); });
}

TimelineInfo to_info(const TimelineIdentity& timeline, const storage::TimelineRow& row) {
  return {.id = timeline.id,
          .suite = timeline.suite,
          .branch = timeline.branch,
          .configuration = timeline.configuration,
          .configuration_id = timeline.configuration_id,
          .order_key = row.order_key,
          .version = row.version,
          .runs = row.runs,
          .first_position = row.first_position,
          .last_position = row.last_position,
          .last_received = row.last_received};
}

}  // namespace resultsdb::engine
