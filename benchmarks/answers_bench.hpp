// Answers over whole suites beside SQL on rows, and how often they are right.
#pragma once

#include <string>

#include "corpus.hpp"
#include "engine_under_test.hpp"
#include "report.hpp"
#include "row_baseline.hpp"

namespace resultsdb::bench {

/// After all runs of the corpus are in.
void measure_answers(const Corpus& corpus, const EngineUnderTest& engine, RowBaseline& r1, Report& report);

/// The generated corpus at 60,000 tests, 8 configurations and 400 commits: the share of true alerts, and of
/// regressions found. Thousands of changes at known commits, tested at all, half or a tenth of them: how
/// often the ranges hold the true one. And comparisons of sides that do not differ: how often a difference is
/// found.
void simulate(Report& report);

/// 60,000 tests on 40 configurations and 150 commits, without rows beside it.
void measure_large_answers(const std::string& folder, std::uint64_t seed, Report& report);

}  // namespace resultsdb::bench
