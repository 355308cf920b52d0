// How long runs and archives are kept that came in through this mount.
#include <utility>

#include "archives.hpp"
#include "ews_rows.hpp"
#include "run_attributes.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::int64_t kLeastTtl = 4 * 7 * 86'400, kLeastArchiveTtl = 2 * 7 * 86'400;
constexpr std::uint32_t kArchivesPerStep = 50;
constexpr std::chrono::hours kBetweenRounds{1};

/// What a round looks at behind the archives: rows of EWS results, then flaky ones; their page follows.
constexpr std::string_view kRows = "rows ", kFlakyRows = "rows of flaky ";

/// `place` begins with kRows; empty at the end.
Result<Retention::Step> step_of_rows(const Service& service, Time now, std::string& place) {
  const bool flaky = place.starts_with(kFlakyRows);
  const std::string_view begin = flaky ? kFlakyRows : kRows;
  std::string page = place.substr(begin.size());
  Retention::Step step;
  RESULTSDB_ASSIGN(step.deleted, delete_old_ews_rows(service, flaky, now, page));
  step.done = page.empty() && flaky;
  if (step.done) {
    place.clear();
  } else {
    place = std::string(page.empty() ? kFlakyRows : begin) + page;
  }
  return step;
}

RetentionRule rule_of(const Options& options) {
  return {.attribute = {run_attributes::kMount, run_attributes::kThisMount},
          .keep = std::chrono::seconds(options.default_ttl_seconds)};
}

}  // namespace

Result<std::optional<RetentionRule>> retention_rule(const Options& options) {
  if (options.default_ttl_seconds == 0) return std::optional<RetentionRule>();
  if (options.default_ttl_seconds < kLeastTtl)
    return invalid_argument("TTL must be at least 4 weeks", "default_ttl_seconds");
  return std::optional(rule_of(options));
}

bool is_over(const Service& service, Position uuid) {
  return service.options.default_ttl_seconds > 0 &&
         resultsdb::is_over(rule_of(service.options), uuid, service.now());
}

bool takes_large_body(std::string_view method, std::string_view path) {
  return method == "POST" && path == "/api/upload/archive";
}

Result<ArchiveRetention> ArchiveRetention::create(std::shared_ptr<Model> model, const Options& options) {
  const std::int64_t ttl = options.archive_ttl_seconds.value_or(0);
  if (ttl != 0 && ttl < kLeastArchiveTtl)
    return invalid_argument("Archive TTL must be at least 2 weeks", "archive_ttl_seconds");
  return ArchiveRetention(std::move(model), options);
}

Result<Retention::Step> ArchiveRetention::step(Time now) {
  if (next_round_ && now < *next_round_) return Retention::Step{.done = true};
  next_round_.reset();
  if (page_.starts_with(kRows)) {
    RESULTSDB_ASSIGN(Retention::Step rows, step_of_rows(Service::of(model_, options_), now, page_));
    if (!rows.done) return rows;
    next_round_ = now + kBetweenRounds;
    if (problem_) return *std::exchange(problem_, {});
    return rows;
  }
  Attachments archives = archives_of(model_);
  RESULTSDB_ASSIGN(const auto page, archives.find({.limit = kArchivesPerStep, .page = page_}));
  Retention::Step step;
  for (const Attachment& archive : page.items) {
    const auto place = ArchivePlace::parse(archive.name);
    if (!place || !is_archive_over(options_, place->uuid, now)) continue;
    auto removed = archives.remove(archive.name);
    if (removed) {
      step.deleted += *removed;
    } else if (removed.error().retryable()) {
      return std::move(removed).error();
    } else if (!problem_) {
      problem_ = std::move(removed).error();
      problem_->context =
          "archive " + archive.name + (problem_->context.empty() ? "" : ", ") + problem_->context;
    }
  }
  page_ = page.next;
  if (!page_.empty()) return step;
  page_ = kRows;
  Result<std::uint64_t> tidied = archives.tidy(now);
  if (!tidied && !problem_) problem_ = std::move(tidied).error();
  return step;
}

bool is_archive_over(const Options& options, Position uuid, Time now) {
  const std::int64_t ttl = options.archive_ttl_seconds.value_or(options.default_ttl_seconds);
  return ttl > 0 && resultsdb::is_over({.attribute = {}, .keep = std::chrono::seconds(ttl)}, uuid, now);
}

}  // namespace resultsdb::webkit
