// Where the facts about a run come from: options, RESULTSDB_* variables, the CI system, the file itself. The
// first that knows a fact wins, and the run says which it was (`source.commit`, …).
#pragma once

#include "arguments.hpp"
#include "ci_environment.hpp"
#include "manifest.hpp"
#include "resultsdb/formats.hpp"
#include "resultsdb/repository.hpp"

namespace resultsdb::cli {

/// What the CI system says. A commit that is no full hash (HEAD, a short one) is looked up in `clone`, which
/// may be null; it stays as it is if that does not know it.
CiEnvironment this_ci_environment(Repository* clone);

/// What the options and the environment say. Throws UsageError.
RunPlan plan_from_options(const Options& options, Repository* clone);

/// Adds what the properties of a file say (resultsdb.suite, .branch, .commit, .configuration) where nobody
/// said it better. Throws Exit if one of them is wrong.
void take_properties(RunPlan& plan, const formats::ImportedRun& imported);

/// Lines KEY=VALUE that say the same in a container, where the clone, and perhaps the CI system's own
/// variables, are missing. Values of several lines cannot be written so and are left out.
std::string environment_file(Repository* clone);

}  // namespace resultsdb::cli
