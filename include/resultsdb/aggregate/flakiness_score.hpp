// How flaky a test is, apart from whether the code is broken. A pure function, safe for concurrent calls.
#pragma once

#include <cstdint>
#include <span>

#include "resultsdb/aggregate/statistics.hpp"

namespace resultsdb::aggregate {

/// So many versions at which a test failed and passed so often, retries included.
struct Attempts {
  std::uint32_t fails = 0, passes = 0;
  std::uint64_t versions = 1;
  bool operator==(const Attempts&) const = default;
};

/// Posterior of the probability that the test fails though nothing is broken, after the idea of Meta's
/// probabilistic flakiness score (2020) with a model of our own: a version is broken with probability b and
/// then never passes, else each attempt fails with probability p; both have uniform priors, on a grid of 200
/// by 200. Passing says much, failing little; retries tell the two apart. Nothing given: the prior.
Posterior flakiness_score(std::span<const Attempts> attempts, double confidence = 0.9);

}  // namespace resultsdb::aggregate
