#include "engine/prepared_run.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>

#include "domain/check.hpp"
#include "domain/fields.hpp"
#include "domain/sha256.hpp"
#include "engine/detail_blob.hpp"
#include "engine/duration_codec.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::engine {
namespace {

using storage::OutcomeId;
using storage::TestId;

constexpr std::uint32_t kNowhere = 0xffffffff;
constexpr std::int64_t kLongestDuration = std::int64_t{1} << 62;
constexpr std::uint64_t kLostSalt = 0x6c6f7374;

Status validate_kind(const ResultKind& kind) {
  if (kind.expected.size() + kind.actual.size() > limits::kOutcomeBytes)
    return invalid_argument("expected and actual outcome have more than " +
                                std::to_string(limits::kOutcomeBytes) + " bytes together",
                            "results");
  RESULTSDB_TRY(domain::check_text("results.expected", kind.expected, limits::kOutcomeBytes));
  RESULTSDB_TRY(domain::check_text("results.actual", kind.actual, limits::kOutcomeBytes));
  if (kind.attributes.empty()) return {};
  RESULTSDB_TRY(domain::check_text("results.attributes", kind.attributes, limits::kDetailBytes));
  if (auto valid = json::validate(kind.attributes); !valid)
    return invalid_argument("the attributes of a result are no JSON: " + valid.error().message, "results");
  if (kind.attributes[kind.attributes.find_first_not_of(" \t\r\n")] != '{')
    return invalid_argument("the attributes of a result must be a JSON object", "results");
  return {};
}

Status validate_extra(std::string_view test, const ResultTable::Extra& extra) {
  if (extra.passes > extra.tries) return invalid_argument("passes must not exceed tries", std::string(test));
  if (extra.detail.empty()) return {};
  if (extra.detail.size() > limits::kDetailBytes)
    return invalid_argument("a detail has at most " + std::to_string(limits::kDetailBytes) + " bytes",
                            std::string(test));
  if (extra.detail.find('\0') != std::string_view::npos || !json::validate(extra.detail))
    return invalid_argument("the detail is no JSON: " + json::validate(extra.detail).error().message,
                            std::string(test));
  return {};
}

bool is_valid_duration(std::int64_t duration_us) {
  return duration_us >= kNoDuration && duration_us <= kLongestDuration;
}

Error invalid_duration(std::string_view test) {
  return invalid_argument("a duration must lie between 0 and 2^62 microseconds", std::string(test));
}

Status validate_results(const ResultTable& results) {
  for (std::size_t i = 0; i < results.kind_count(); ++i) RESULTSDB_TRY(validate_kind(results.kind(i)));
  for (std::size_t i = 0; i < results.extra_count(); ++i) {
    const ResultTable::Extra extra = results.extra(i);
    RESULTSDB_TRY(validate_extra(results.name(extra.result), extra));
  }
  for (std::size_t i = 0; i < results.size(); ++i)
    if (!is_valid_duration(results.duration_us(i))) return invalid_duration(results.name(i));
  return {};
}

/// Indexes of `ids` (all different) in ascending order of the ids.
std::vector<std::uint32_t> order_of(std::span<const TestId> ids) {
  std::vector<std::uint32_t> order(ids.size());
  if (std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end()) {
    std::iota(order.begin(), order.end(), 0u);
    return order;
  }
  const TestId largest = *std::max_element(ids.begin(), ids.end());
  if (largest / 16 > ids.size()) {
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return ids[a] < ids[b]; });
    return order;
  }
  std::vector<std::uint32_t> places(largest + 1, kNowhere);
  for (std::uint32_t i = 0; i < ids.size(); ++i) places[ids[i]] = i;
  auto next = order.begin();
  for (const std::uint32_t place : places)
    if (place != kNowhere) *next++ = place;
  return order;
}

/// Digest of everything that is said about the run but its id: equal for equal contents, in any order of the
/// results and in any store.
std::string content_digest(Suite& suite, const RunHeader& header, const HeaderText& text,
                           const ResultTable& results, const RunNames& names) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> kinds;
  for (std::size_t i = 0; i < results.kind_count(); ++i) {
    const ResultKind kind = results.kind(i);
    const ContentHash attributes = hash_content(kind.attributes, 3);
    const ContentHash hash =
        mix(hash_content(kind.expected, 1), hash_content(kind.actual, 2).low, attributes.low);
    kinds.emplace_back(hash.low, hash.high ^ attributes.high);
  }
  std::vector<std::uint64_t> extras(results.extra_count() == 0 ? 0 : results.size());
  for (std::size_t i = 0; i < results.extra_count(); ++i) {
    const ResultTable::Extra extra = results.extra(i);
    extras[extra.result] = mix(hash_content(extra.detail), extra.tries, extra.passes).low;
  }
  ContentHash sum = suite.names().sum_hashes(names.tests, [&](std::size_t i) {
    const auto& [low, high] = kinds[results.kind_of(i)];
    const auto duration = static_cast<std::uint64_t>(results.duration_us(i) + 1);
    return std::pair(low ^ (extras.empty() ? 0 : extras[i]), high + duration * 0x9e3779b97f4a7c15);
  });
  sum += suite.names().sum_hashes(names.lost, [](std::size_t) { return std::pair(kLostSalt, kLostSalt); });
  domain::FieldWriter content;
  content.text(header.suite).text(header.branch).text(header.configuration.key());
  content.number(*header.position).number(to_micros(header.started)).text(header.variant);
  content.number(static_cast<int>(header.state)).number(static_cast<int>(header.order_key));
  content.text(encode_header(text));
  content.number(static_cast<std::int64_t>(results.size()))
      .number(static_cast<std::int64_t>(names.lost.size()));
  content.number(std::bit_cast<std::int64_t>(sum.low)).number(std::bit_cast<std::int64_t>(sum.high));
  return domain::sha256(content.bytes());
}

class Preparation {
 public:
  Preparation(const ResultTable& results, const RunNames& names, const RunKinds& kinds, PreparedRun& run)
      : results_(results), names_(names), kinds_(kinds), run_(run) {}

  void fill() {
    index_extras();
    const std::vector<std::uint32_t> order = order_of(names_.tests);
    const std::size_t size = order.size();
    run_.values.tests.resize(size);
    run_.values.outcomes.resize(size);
    std::vector<std::uint32_t> counts;
    bool durations = false;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint32_t result = order[i];
      const OutcomeId outcome = kinds_.outcomes[results_.kind_of(result)];
      run_.values.tests[i] = names_.tests[result];
      run_.values.outcomes[i] = outcome;
      durations = durations || results_.duration_us(result) >= 0;
      if (outcome != 0) {
        if (outcome >= counts.size()) counts.resize(outcome + 1);
        ++counts[outcome];
      }
      if (outcome != 0 || !extra_of_.empty()) add_special(result, names_.tests[result], outcome);
    }
    if (durations) {
      run_.durations_us.resize(size);
      for (std::size_t i = 0; i < size; ++i) run_.durations_us[i] = results_.duration_us(order[i]);
    }
    for (OutcomeId outcome = 1; outcome < counts.size(); ++outcome)
      if (counts[outcome] != 0) run_.counters.emplace_back(outcome, counts[outcome]);
    run_.outcomes.lost = names_.lost;
    std::sort(run_.outcomes.lost.begin(), run_.outcomes.lost.end());
  }

 private:
  void index_extras() {
    if (results_.extra_count() == 0) return;
    extra_of_.assign(results_.size(), kNowhere);
    for (std::uint32_t i = 0; i < results_.extra_count(); ++i) extra_of_[results_.extra(i).result] = i;
  }

  // A result that is more than a plain pass.
  void add_special(std::uint32_t result, TestId test, OutcomeId outcome) {
    ResultTable::Extra extra;
    if (!extra_of_.empty() && extra_of_[result] != kNowhere) extra = results_.extra(extra_of_[result]);
    if (outcome != 0 || extra.tries != 0)
      run_.outcomes.entries.push_back(
          {.test = test, .outcome = outcome, .tries = extra.tries, .passes = extra.passes});
    const std::uint32_t kind = results_.kind_of(result);
    const std::string_view attributes =
        kinds_.in_detail[kind] ? results_.kind(kind).attributes : std::string_view();
    if (!attributes.empty() || !extra.detail.empty())
      run_.details.emplace_back(test, encode_detail(attributes, extra.detail));
  }

  const ResultTable& results_;
  const RunNames& names_;
  const RunKinds& kinds_;
  PreparedRun& run_;
  std::vector<std::uint32_t> extra_of_;  // by result; empty: no result has extras
};

Attributes indexed_pairs(const Attributes& attributes, const std::vector<std::string>& names) {
  Attributes pairs;
  for (const auto& pair : attributes)
    if (std::find(names.begin(), names.end(), pair.first) != names.end()) pairs.push_back(pair);
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  return pairs;
}

}  // namespace

Status validate_result(const TestResult& result) {
  RESULTSDB_TRY(domain::check_name("test", result.test, domain::Presence::Required));
  RESULTSDB_TRY(validate_kind({result.expected, result.actual, result.attributes}));
  if (result.duration && result.duration->count() > kLongestDuration) return invalid_duration(result.test);
  return validate_extra(result.test,
                        {.tries = result.tries, .passes = result.passes, .detail = result.detail});
}

Result<PreparedRun> prepare_run(Suite& suite, const RunHeader& header, const ResultTable& results,
                                const std::vector<std::string>& indexed_attributes) {
  RESULTSDB_TRY(validate_header(header));
  RESULTSDB_TRY(validate_results(results));
  RESULTSDB_ASSIGN(const RunNames names, suite.names().intern(results));
  RESULTSDB_ASSIGN(const RunKinds kinds, suite.outcomes().intern(results));
  PreparedRun run;
  run.header = header;
  run.header.position = position_of(header);
  run.text = {.attempt = header.attempt,
              .finished = header.finished,
              .commits = header.commits,
              .attributes = header.attributes,
              .links = header.links,
              .common_attributes = kinds.common_attributes};
  run.digest_given = !header.digest.empty();
  if (!run.digest_given) run.header.digest = content_digest(suite, run.header, run.text, results, names);
  run.indexed = indexed_pairs(header.attributes, indexed_attributes);
  Preparation(results, names, kinds, run).fill();
  run.set = std::make_shared<const TestSet>(TestSet::from_sorted(run.values.tests));
  return run;
}

}  // namespace resultsdb::engine
