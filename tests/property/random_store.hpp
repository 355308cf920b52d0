// A store that random runs go into and out of, and the matrix that knows what is in it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>

#include "property/matrix_oracle.hpp"
#include "property/random_history.hpp"
#include "resultsdb/answers.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"
#include "support/value_of.hpp"

namespace resultsdb::property {

/// On the memory backend, with the answers about it.
class RandomStore {
 public:
  RandomStore(std::uint64_t seed, const Shape& shape, int delete_percent)
      : runs_(seed, shape), delete_percent_(delete_percent) {}

 protected:
  /// Deletes a run, or adds the next one and gives it.
  std::optional<Run> step(Time received) {
    if (!oracle_.runs().empty() && runs_.chance(delete_percent_)) {
      auto run = oracle_.runs().begin();
      std::advance(run, runs_.pick(static_cast<int>(oracle_.runs().size())));
      const OracleKey key = run->first;
      const auto deleted = model_->purge({.suite = "random", .run = id_of(run->second.header)});
      EXPECT_TRUE(deleted && *deleted == 1);
      oracle_.erase(key);
      return std::nullopt;
    }
    Run run = runs_.next();
    const auto stored = model_->ingest(run, {.received = received});
    EXPECT_TRUE(stored) << stored.error();
    oracle_.put(run, received);
    return run;
  }

  RandomRuns runs_;
  MatrixOracle oracle_;
  const std::shared_ptr<Model> model_ = value_of(Model::create(backends::open_memory()));
  Answers answers_{model_};

 private:
  const int delete_percent_;
};

}  // namespace resultsdb::property
