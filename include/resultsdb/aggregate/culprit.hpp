// Which commit to test next to find the one that changed a test: noisy binary search.
#pragma once

#include <cstdint>

namespace resultsdb::aggregate {

/// Bits about the place of a change that are expected from running a test `repeats` times at a commit.
/// `below`: probability that the change is at or before that commit; `before`, `after`: rates of bad runs on
/// the two sides of the change; all in [0, 1]. The mutual information of the number of bad runs and of the
/// side on which the commit lies: 1 for a sure answer to an even question.
double expected_gain(double below, double before, double after, std::uint32_t repeats);

}  // namespace resultsdb::aggregate
