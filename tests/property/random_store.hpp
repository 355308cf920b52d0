// A store that random runs go into and out of, and the matrix that knows what is in it.
#pragma once

#include <gtest/gtest.h>

#include <iterator>
#include <optional>

#include "property/matrix_oracle.hpp"
#include "property/random_history.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::property {

/// Deletes a run, or adds the next one and gives it.
inline std::optional<Run> step(Model& model, MatrixOracle& oracle, RandomRuns& runs, int delete_percent,
                               Time received) {
  if (!oracle.runs().empty() && runs.chance(delete_percent)) {
    auto run = oracle.runs().begin();
    std::advance(run, runs.pick(static_cast<int>(oracle.runs().size())));
    const OracleKey key = run->first;
    const auto deleted = model.purge({.suite = "random", .run = id_of(run->second.header)});
    EXPECT_TRUE(deleted && *deleted == 1);
    oracle.erase(key);
    return std::nullopt;
  }
  Run run = runs.next();
  const auto stored = model.ingest(run, {.received = received});
  EXPECT_TRUE(stored) << stored.error();
  oracle.put(run, received);
  return run;
}

}  // namespace resultsdb::property
