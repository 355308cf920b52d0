// The commands of the program `resultsdb`: plain functions from arguments to an exit code.
#pragma once

#include <string>
#include <vector>

namespace resultsdb::cli {

/// What CI can rely on.
enum ExitCode : int {
  kDone = 0,
  kRefused = 1,      ///< the answer is no: a gate is closed, a check found damage, --strict found something; or a
                     ///< file was refused
  kWrongUse = 2,     ///< also a suite, test, run or commit that is not there
  kUnavailable = 3,  ///< a store, server or disk that failed: unreachable, damaged, full
};

using Arguments = std::vector<std::string>;

struct Command {
  const char* name;
  const char* usage;    ///< one line
  const char* summary;  ///< one line
  int (*run)(const Arguments& arguments);
};

int run_import(const Arguments& arguments);
int run_upload(const Arguments& arguments);
int run_read(const Arguments& arguments);
int run_env(const Arguments& arguments);
int run_commits(const Arguments& arguments);
int run_history(const Arguments& arguments);
int run_failures(const Arguments& arguments);
int run_runs(const Arguments& arguments);
int run_tests(const Arguments& arguments);
int run_suites(const Arguments& arguments);
int run_configurations(const Arguments& arguments);
int run_summary(const Arguments& arguments);
int run_overview(const Arguments& arguments);
int run_flaky(const Arguments& arguments);
int run_regressions(const Arguments& arguments);
int run_verdict(const Arguments& arguments);
int run_culprit(const Arguments& arguments);
int run_compare(const Arguments& arguments);
int run_query(const Arguments& arguments);
int run_gate(const Arguments& arguments);
int run_plan(const Arguments& arguments);
int run_folders(const Arguments& arguments);
int run_fix_check(const Arguments& arguments);
int run_facet_split(const Arguments& arguments);
int run_slow(const Arguments& arguments);
int run_durations(const Arguments& arguments);
int run_shards(const Arguments& arguments);
int run_clusters(const Arguments& arguments);
int run_gaps(const Arguments& arguments);
int run_coverage(const Arguments& arguments);
int run_expectations(const Arguments& arguments);
int run_check(const Arguments& arguments);
int run_export(const Arguments& arguments);
int run_import_export(const Arguments& arguments);
int run_migrate(const Arguments& arguments);
int run_purge(const Arguments& arguments);

}  // namespace resultsdb::cli
