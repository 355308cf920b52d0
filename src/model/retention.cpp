#include "resultsdb/retention.hpp"

#include <algorithm>
#include <utility>

#include "engine/run_header.hpp"

namespace resultsdb {
namespace {

constexpr std::uint32_t kRunsPerStep = 50;
constexpr std::chrono::hours kAllAgainAfter{24};
constexpr Position kPositionsPerSecond = 100;

/// Runs before this position are over.
Position end_of(const RetentionRule& rule, Time now) {
  return (to_seconds(now) - rule.keep.count()) * kPositionsPerSecond;
}

}  // namespace

bool is_over(const RetentionRule& rule, Position position, Time now) { return position < end_of(rule, now); }

Status Retention::begin(Time now) {
  if (rule_.keep.count() <= 0 || rule_.keep > std::chrono::years(1000))
    return invalid_argument("must be positive, and at most 1000 years", "keep");
  RESULTSDB_ASSIGN(suites_, model_->storage().find_suites());
  if (!all_again_ || *all_again_ <= now) {
    seen_.clear();
    all_again_ = now + kAllAgainAfter;
  }
  end_ = end_of(rule_, now);
  token_.clear();
  return {};
}

Result<Retention::Step> Retention::step(Time now) {
  if (!end_) RESULTSDB_TRY(begin(now));
  Step step;
  if (!suites_.empty()) {
    const std::string& suite = suites_.back();
    storage::RunQuery query{.suite = suite, .ascending = true};
    query.position.to = *end_ - 1;
    if (const auto seen = seen_.find(suite); seen != seen_.end()) query.position.from = seen->second;
    RESULTSDB_ASSIGN(auto page, model_->storage().find_runs(query, {.limit = kRunsPerStep, .token = token_}));
    for (const storage::RunRow& row : page.rows) {
      const auto header = engine::decode_header(row.header);
      if (!header) continue;  // Model::check() tells about it; the others are not kept for its sake
      const auto& attributes = header->attributes;
      if (std::find(attributes.begin(), attributes.end(), rule_.attribute) == attributes.end()) continue;
      auto deleted = model_->purge({.suite = suite, .run = row.id});
      if (deleted) {
        step.deleted += *deleted;
      } else if (deleted.error().retryable()) {
        return std::move(deleted).error();
      } else {
        left_some_ = true;
        if (!problem_) problem_ = std::move(deleted).error();
      }
    }
    token_ = std::move(page.next);
    if (token_.empty()) {
      if (!std::exchange(left_some_, false)) seen_[suite] = *end_;
      suites_.pop_back();
    }
  }
  step.done = suites_.empty();
  if (!step.done) return step;
  end_.reset();
  if (problem_) return *std::exchange(problem_, {});
  return step;
}

}  // namespace resultsdb
