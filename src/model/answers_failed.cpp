// What failed in many runs.
#include "engine/failed_reader.hpp"
#include "model/model_implementation.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {

Result<std::vector<std::vector<FailedTest>>> Answers::failed(std::string_view suite,
                                                             std::span<const RunInfoPtr> runs) {
  const engine::SuitePtr opened = model_->implementation_->suite(suite);
  RESULTSDB_ASSIGN(auto results, engine::read_failed(*opened, runs));
  std::vector<std::vector<FailedTest>> failed(results.size());
  for (std::size_t i = 0; i < results.size(); ++i)
    for (engine::FailedResult& result : results[i])
      failed[i].push_back({std::string(result.test), std::move(result.outcome)});
  return failed;
}

}  // namespace resultsdb
