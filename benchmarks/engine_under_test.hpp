// resultsdb on any store, asked through the engine's calls that answer in numbers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "corpus.hpp"
#include "engine/suite.hpp"
#include "engine/tracks.hpp"
#include "resultsdb/model.hpp"
#include "row_baseline.hpp"

namespace resultsdb::bench {

/// Names become numbers, and the numbers are stored: what rows begin with.
struct IngestSeconds {
  double prepare = 0, store = 0;
};

class EngineUnderTest {
 public:
  explicit EngineUnderTest(std::shared_ptr<storage::Storage> storage);
  /// A SQLite file with the baselines' cache.
  static std::shared_ptr<storage::Storage> open_file(const std::string& path);
  /// Whatever has a URL; ends the program if it cannot be opened.
  static std::shared_ptr<storage::Storage> open(const std::string& url);

  IngestSeconds ingest(const Run& run);
  /// After the last run: learns the numbers of the corpus' tests and runs.
  void look_up_names(const Corpus& corpus);
  /// What is timed: run numbers, outcome numbers and durations of one test on every timeline.
  struct NumberedHistory {
    std::vector<engine::Track> tracks;
    std::vector<std::vector<std::int64_t>> durations_us;  // by track, if asked
  };
  NumberedHistory history(std::uint32_t test, std::uint32_t runs, bool durations);
  /// As rows, only to compare answers.
  std::vector<RowBaseline::Row> rows(const NumberedHistory& history) const;
  std::vector<std::pair<std::uint32_t, std::uint8_t>> not_passed(storage::RunRef run);
  storage::RunRef find(const Corpus& corpus, std::uint32_t configuration, std::uint32_t commit);
  std::vector<std::pair<std::uint32_t, std::uint64_t>> flips();
  std::vector<storage::TableSize> sizes();
  const std::shared_ptr<Model>& model() const { return model_; }
  /// Raw duration rows that are not folded yet.
  std::uint64_t raw_rows();
  bool clean();

 private:
  void look_up_runs(const Corpus& corpus);
  std::uint8_t to_outcome(std::uint32_t id) const;

  std::shared_ptr<storage::Storage> storage_;
  std::shared_ptr<Model> model_;
  std::unique_ptr<engine::Suite> suite_;
  std::vector<storage::TestId> ids_;                                           // by the corpus' number
  std::vector<std::uint32_t> numbers_;                                         // the reverse
  std::map<storage::RunRef, std::pair<std::uint32_t, std::uint32_t>> places_;  // configuration and commit
  engine::OutcomeTablePtr outcomes_;
};

}  // namespace resultsdb::bench
