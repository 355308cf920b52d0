// What a run row says beyond its narrow columns: JSON text in RunRow::header, and the outcome counters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/outcome_dictionary.hpp"
#include "resultsdb/history.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/run.hpp"
#include "resultsdb/storage/rows.hpp"

namespace resultsdb::engine {

struct HeaderText {
  int attempt = 1;
  std::optional<Time> finished;
  std::vector<RunCommit> commits;
  Attributes attributes;
  std::vector<Link> links;
  std::string common_attributes;  ///< of the results
  bool operator==(const HeaderText&) const = default;
};

std::string encode_header(const HeaderText& header);
/// Corrupt if `text` is none of ours.
Result<HeaderText> decode_header(std::string_view text);

/// How often each outcome but 0 occurred, by id.
using Counters = std::vector<std::pair<storage::OutcomeId, std::uint32_t>>;
storage::Bytes encode_counters(const Counters& counters);
Result<Counters> decode_counters(std::string_view bytes);

/// Adds up what differs in attributes alone, with outcome 0 for the rest of `covered`.
RunCounts to_run_counts(const Counters& counters, std::uint32_t covered, std::uint32_t lost,
                        const OutcomeTable& outcomes);

/// A header as a writer gave it: names, times, position and texts within limits. The message names the
/// member.
Status validate_header(const RunHeader& header);
/// The position that the rules of RunHeader give.
Position position_of(const RunHeader& header);

}  // namespace resultsdb::engine
