// The flakiest tests, beside the same question to a column store.
#pragma once

#include <cstdint>
#include <string>

#include "corpus.hpp"
#include "engine_under_test.hpp"
#include "report.hpp"

namespace resultsdb::bench {

/// After all runs of the corpus are in: DuckDB, in a Python process of its own, gets the same rows. The
/// numbers of changes of every test must agree. A line that says what to install if Python has no `duckdb`.
void measure_beside_columns(const Corpus& corpus, EngineUnderTest& engine, const std::string& folder,
                            Report& report);

}  // namespace resultsdb::bench
