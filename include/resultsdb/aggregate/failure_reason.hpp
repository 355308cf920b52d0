// Why tests fail, as few words: messages and stack traces become patterns that many failures share, each with
// an id that stays the same for ever. Pure functions, safe for concurrent calls; time is linear in the text,
// whatever it holds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace resultsdb::aggregate {

/// Part of every id: another way to make patterns is another version, and old ids keep their meaning.
inline constexpr std::uint32_t kReasonVersion = 1;
inline constexpr std::size_t kReasonBytes = 512;    ///< longest pattern; longer ones end in "…"
inline constexpr std::size_t kSignatureFrames = 5;  ///< frames of a crash that tell it from others

/// The line of `message` that says what happened, with what differs from run to run (numbers, addresses,
/// digests, encoded bytes) replaced by `%`, as LUCI Analysis does. One line of valid UTF-8 of at most
/// kReasonBytes, without colour sequences; empty if the message is blank.
///
/// The first line that is not blank; with it the next ones, up to four, while they only announce more
/// (`x.cc:3: Failure`, `Expected equality of these values:`). A Python traceback: the exception below it.
std::string normalise_reason(std::string_view message);

struct FailureReason {
  std::string id;       ///< `k_` and 20 of [A-Za-z0-9_-], from kReasonVersion and the pattern
  std::string pattern;  ///< for people
  bool operator==(const FailureReason&) const = default;
};
/// Empty if the message is blank.
std::optional<FailureReason> failure_reason(std::string_view message);

/// Innermost functions of the stack in `trace`, up to kSignatureFrames, without frames of the runtime (abort,
/// assertions, sanitizers, test frameworks), addresses, parameters and template arguments. Reads what gdb,
/// lldb, AddressSanitizer, macOS, minidumps, Rust, Python, Java and V8 print; of several stacks the one that
/// crashed, else the first. Empty if there is none with a name in it.
std::vector<std::string> crash_frames(std::string_view trace);
/// The frames joined by ` < ` (called by), with its id; empty if there are none.
std::optional<FailureReason> crash_signature(std::string_view trace);

/// A sketch of the set of a text's runs of three words (all words if there are fewer): the share of equal
/// places in two sketches estimates the Jaccard index of the sets (A. Z. Broder 1997).
struct MinHash {
  static constexpr std::size_t kHashes = 64, kBands = 16, kRows = kHashes / kBands;
  std::array<std::uint64_t, kHashes> least{};
  bool operator==(const MinHash&) const = default;
};
MinHash min_hash(std::string_view text);
double estimated_jaccard(const MinHash& a, const MinHash& b);
/// True if all rows of some band are equal: probability 1 - (1 - J^4)^16, so 0.12 at 0.3, 0.64 at 0.5, 0.99
/// at 0.7.
bool share_a_band(const MinHash& a, const MinHash& b);

/// Groups of near duplicates: pairs that share a band and whose estimate is at least `threshold` are in one
/// group, and so are pairs linked by such pairs. Gives for each pattern the index of the first one of its
/// group. Within one band at most 64 different sketches are compared, so that hostile texts cost no more.
std::vector<std::size_t> near_duplicates(std::span<const std::string> patterns, double threshold = 0.5);

}  // namespace resultsdb::aggregate
