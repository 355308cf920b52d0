#include "resultsdb/jobs.hpp"

#include <algorithm>
#include <charconv>
#include <random>

namespace resultsdb {
namespace {

constexpr std::uint32_t kReadAtOnce = 4;  // payloads may be large
constexpr std::size_t kIdDigits = 20;
constexpr char kAttempts[] = "attempts", kTakenUntil[] = "taken_until";

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::int64_t attribute(const storage::Document& document, std::string_view name) {
  for (const auto& [key, value] : document.attributes)
    if (key == name) return number_of(value);
  return 0;
}

/// Their byte order is that of the numbers. No id comes twice, although an emptied queue may count from the
/// same number again: whoever has read a job that is done meanwhile cannot take another one for it.
std::string id_of(std::int64_t number) {
  const std::string digits = std::to_string(number);
  std::random_device random;
  const std::uint64_t mark = std::uint64_t{random()} << 32 | random();
  return std::string(kIdDigits - std::min(digits.size(), kIdDigits), '0') + digits + '-' +
         std::to_string(mark);
}

bool is_conflict(const Status& status) { return !status && status.error().code == ErrorCode::Conflict; }

}  // namespace

Status JobQueue::put(std::string payload, Time now) {
  storage::DocumentBatch batch{.collection = collection_, .deletes = {}, .puts = {}};
  batch.puts.push_back(
      {.document = {.text = std::move(payload), .attributes = {{kAttempts, "0"}}}, .expected_version = 0});
  // Numbers grow whatever the clocks of several processes say.
  RESULTSDB_ASSIGN(const auto last, model_->storage().find_documents(
                                        {.collection = collection_, .descending = true}, {.limit = 1}));
  std::int64_t number = std::max<std::int64_t>(to_micros(now), 1);
  if (!last.rows.empty()) number = std::max(number, number_of(last.rows.front().key) + 1);
  batch.puts.front().document.key = id_of(number);
  return model_->storage().apply(batch);
}

Result<std::optional<Job>> JobQueue::take(Time now) {
  storage::Paging paging{.limit = kReadAtOnce};
  do {
    RESULTSDB_ASSIGN(auto page, model_->storage().find_documents({.collection = collection_}, paging));
    for (storage::Document& document : page.rows) {
      if (attribute(document, kTakenUntil) > to_micros(now)) continue;
      const auto before = static_cast<int>(attribute(document, kAttempts));
      if (before >= options_.attempts) {
        RESULTSDB_TRY(remove(document.key, document.version));
        continue;
      }
      Job job{.id = std::move(document.key),
              .payload = std::move(document.text),
              .attempt = before + 1,
              .version = document.version};
      const Status taken = rewrite(job, now + options_.lease);
      if (is_conflict(taken)) continue;  // somebody else was faster
      RESULTSDB_TRY(taken);
      ++job.version;
      return std::optional(std::move(job));
    }
    paging.token = std::move(page.next);
  } while (!paging.token.empty());
  return std::optional<Job>();
}

Result<bool> JobQueue::finish(const Job& job) { return remove(job.id, job.version); }

Result<bool> JobQueue::give_back(const Job& job) {
  if (job.attempt >= options_.attempts) return remove(job.id, job.version);
  const Status status = rewrite(job, {});
  if (!is_conflict(status)) RESULTSDB_TRY(status);
  return false;
}

Result<std::uint64_t> JobQueue::count() {
  std::uint64_t jobs = 0;
  storage::Paging paging{.limit = kReadAtOnce};
  do {
    RESULTSDB_ASSIGN(auto page, model_->storage().find_documents({.collection = collection_}, paging));
    jobs += page.rows.size();
    paging.token = std::move(page.next);
  } while (!paging.token.empty());
  return jobs;
}

Result<bool> JobQueue::remove(const std::string& id, std::uint64_t version) {
  storage::DocumentBatch batch{.collection = collection_, .deletes = {}, .puts = {}};
  batch.deletes.push_back({.key = id, .expected_version = version});
  const Status status = model_->storage().apply(batch);
  if (is_conflict(status)) return false;
  RESULTSDB_TRY(status);
  return true;
}

Status JobQueue::rewrite(const Job& job, std::optional<Time> taken_until) {
  storage::DocumentBatch batch{.collection = collection_, .deletes = {}, .puts = {}};
  storage::Document document{
      .key = job.id, .text = job.payload, .attributes = {{kAttempts, std::to_string(job.attempt)}}};
  if (taken_until) document.attributes.emplace_back(kTakenUntil, std::to_string(to_micros(*taken_until)));
  batch.puts.push_back({.document = std::move(document), .expected_version = job.version});
  return model_->storage().apply(batch);
}

}  // namespace resultsdb
