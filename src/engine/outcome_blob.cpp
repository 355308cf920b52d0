#include "engine/outcome_blob.hpp"

#include <limits>

#include "engine/bytes.hpp"

namespace resultsdb::engine {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr const char* kWhat = "run_outcomes";

/// The next id of an ascending list of differences; false when it leaves the range of ids.
bool advance(std::uint64_t& next, std::uint64_t gap, storage::TestId& test) {
  if (gap > std::numeric_limits<storage::TestId>::max() - next) return false;
  test = static_cast<storage::TestId>(next + gap);
  next = std::uint64_t{test} + 1;
  return true;
}

}  // namespace

// version, number of entries, entries, gaps of the lost tests. An entry is the gap to the test before, then
// twice the outcome plus 1 if tries and passes follow.
storage::Bytes encode_outcomes(const RunOutcomes& outcomes) {
  ByteWriter out;
  out.byte(kVersion);
  out.varint(outcomes.entries.size());
  std::uint64_t next = 0;
  for (const auto& entry : outcomes.entries) {
    out.varint(entry.test - next);
    next = std::uint64_t{entry.test} + 1;
    const bool tried = entry.tries != 0 || entry.passes != 0;
    out.varint(2 * std::uint64_t{entry.outcome} + (tried ? 1 : 0));
    if (tried) {
      out.varint(entry.tries);
      out.varint(entry.passes);
    }
  }
  next = 0;
  for (const auto test : outcomes.lost) {
    out.varint(test - next);
    next = std::uint64_t{test} + 1;
  }
  return seal(std::move(out).take());
}

Result<RunOutcomes> decode_outcomes(std::string_view blob) {
  RESULTSDB_ASSIGN(const auto content, open_sealed(blob, kWhat));
  ByteReader in(content);
  const auto corrupt = [] { return make_error(ErrorCode::Corrupt, "the results cannot be decoded", kWhat); };
  if (in.byte() != kVersion) return corrupt();
  const std::uint64_t count = in.varint();
  if (count > in.remaining() / 2) return corrupt();
  RunOutcomes outcomes;
  outcomes.entries.resize(count);
  std::uint64_t next = 0;
  for (auto& entry : outcomes.entries) {
    if (!advance(next, in.varint(), entry.test)) return corrupt();
    const std::uint64_t coded = in.varint();
    if (coded / 2 > std::numeric_limits<storage::OutcomeId>::max()) return corrupt();
    entry.outcome = static_cast<storage::OutcomeId>(coded / 2);
    if ((coded & 1) != 0) {
      entry.tries = in.varint32();
      entry.passes = in.varint32();
    }
  }
  next = 0;
  while (in.remaining() > 0) {
    if (!advance(next, in.varint(), outcomes.lost.emplace_back())) return corrupt();
  }
  if (!in.at_end()) return corrupt();
  return outcomes;
}

}  // namespace resultsdb::engine
