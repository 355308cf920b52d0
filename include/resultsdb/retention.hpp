// Deleting runs whose time is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "resultsdb/model.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb {

/// How long some runs are kept, counted from their position, which must be that of a commit: hundredths of a
/// second since 1970.
struct RetentionRule {
  std::pair<std::string, std::string> attribute;  ///< of the runs it is about: name, value
  std::chrono::seconds keep{0};                   ///< positive
};

/// True once a run at this position is over: exactly `keep` after its second it is not yet.
bool is_over(const RetentionRule& rule, Position position, Time now);

/// Deletes what a rule says is over, in small steps, between which everything else goes on. Nothing happens
/// unless step() is called, by one thread at a time. Several may work on one store.
class Retention {
 public:
  Retention(std::shared_ptr<Model> model, RetentionRule rule)
      : model_(std::move(model)), rule_(std::move(rule)) {}

  struct Step {
    std::uint64_t deleted = 0;
    bool done = false;  ///< this was the last step of a round: nothing more is over at its beginning's time
  };
  /// Looks at some dozens of runs. A round looks only at what became over since the round before, but once a
  /// day at everything, for old runs that came in some other way. A run that cannot be deleted is left for
  /// the next round; the last step then gives the error of the first one. After an error that a repetition
  /// may mend, the next step tries the same runs again.
  Result<Step> step(Time now);

 private:
  Status begin(Time now);

  const std::shared_ptr<Model> model_;
  const RetentionRule rule_;
  std::map<std::string, Position, std::less<>> seen_;  // by suite: all that lies before was looked at
  std::optional<Time> all_again_;                      // when everything is looked at
  std::optional<Position> end_;      // of the round: what lies before is over; none: no round is going on
  std::vector<std::string> suites_;  // of the round, those that are left; the last one is looked at
  std::string token_;                // of the next page of that suite
  std::optional<Error> problem_;     // with a run that is left for the next round
  bool left_some_ = false;           // of that suite
};

}  // namespace resultsdb
