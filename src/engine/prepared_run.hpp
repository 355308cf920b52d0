// A run that is valid and whose names are numbers: what is stored, before its neighbours are known.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/change_points.hpp"
#include "engine/outcome_blob.hpp"
#include "engine/run_header.hpp"
#include "engine/suite.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/run.hpp"

namespace resultsdb::engine {

struct PreparedRun {
  RunHeader header;  ///< with position and digest; the id is empty if none was given
  bool digest_given = false;
  HeaderText text;
  RunValues values;
  std::vector<std::int64_t> durations_us;  ///< by index of `values`, -1 = none; empty: no test has one
  RunOutcomes outcomes;
  std::vector<std::pair<storage::TestId, storage::Bytes>> details;  ///< by test
  Counters counters;
  TestSetPtr set;
  Attributes indexed;

  RunKey key() const { return {*header.position, header.started, header.variant}; }
};

/// What can be said about one result alone; the message names the test.
Status validate_result(const TestResult& result);

/// InvalidArgument names the member that is wrong. Names and outcomes are interned, nothing else is written.
Result<PreparedRun> prepare_run(Suite& suite, const RunHeader& header, const ResultTable& results,
                                const std::vector<std::string>& indexed_attributes);

}  // namespace resultsdb::engine
