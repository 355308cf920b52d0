// resultsdb: the command line.
#include <algorithm>
#include <array>
#include <cstring>
#include <iostream>

#include "arguments.hpp"
#include "commands.hpp"
#include "context.hpp"
#include "near_names.hpp"
#include "table.hpp"

namespace resultsdb::cli {
namespace {

constexpr std::array kCommands = {
    Command{"import", "import PATH… | import --manifest FILE", "store result files as runs", run_import},
    Command{"upload", "upload URL FILE…", "send a run to a server of WebKit's protocol", run_upload},
    Command{"read", "read FILE", "show what the reader makes of a result file", run_read},
    Command{"env", "env [--env-file FILE]", "show what the CI environment says about a run", run_env},
    Command{"history", "history TEST --suite S", "results of one test, newest first", run_history},
    Command{"failures", "failures [--run ID | --commit REPOSITORY@REF]",
            "failing tests of the newest or given runs", run_failures},
    Command{"runs", "runs [--suite S]", "runs and their counts", run_runs},
    Command{"tests", "tests [--prefix P | --contains T]", "names of tests", run_tests},
    Command{"suites", "suites", "suites", run_suites},
    Command{"configurations", "configurations [--suite S]", "timelines by configuration", run_configurations},
    Command{"commits", "commits [import FILE]", "commits of a repository", run_commits},
    Command{"summary", "summary [--suite S]", "counts and pass rates by configuration", run_summary},
    Command{"overview", "overview [--suite S]", "how all suites stand now, the worst first", run_overview},
    Command{"regressions", "regressions [--suite S]", "what broke, where and since when", run_regressions},
    Command{"flaky", "flaky [--suite S]", "the flakiest tests", run_flaky},
    Command{"verdict", "verdict TEST", "what is the matter with one test", run_verdict},
    Command{"culprit", "culprit TEST", "which commits may have broken a test", run_culprit},
    Command{"facet-split", "facet-split TEST", "on which configurations a test fails, and what these share",
            run_facet_split},
    Command{"fix-check", "fix-check TEST… --fix REPOSITORY@REF",
            "whether the runs since a fix show that it helped", run_fix_check},
    Command{"compare", "compare A B", "two runs, commits or branches, test by test", run_compare},
    Command{"query", "query QUERY", "tests for which a query holds", run_query},
    Command{"gate", "gate BASE CANDIDATE", "may this change go in?", run_gate},
    Command{"plan", "plan [--budget SECONDS]", "what to run next", run_plan},
    Command{"clusters", "clusters [--run ID]", "why tests fail: failures that say the same, together",
            run_clusters},
    Command{"gaps", "gaps [--suite S]", "tests that were not run, where and why", run_gaps},
    Command{"coverage", "coverage REPOSITORY@REF", "how much of each configuration ran at a commit",
            run_coverage},
    Command{"slow", "slow [--suite S]", "the slowest tests, and what became slower", run_slow},
    Command{"folders", "folders [PREFIX]", "where the time goes, folder by folder", run_folders},
    Command{"durations", "durations TEST", "how long one test took, and where that changed", run_durations},
    Command{"shards", "shards N", "tests shared among machines by their durations", run_shards},
    Command{"expectations", "expectations [add | remove ID | review]", "what should be expected of tests",
            run_expectations},
    Command{"check", "check [--repair]", "verify the store", run_check},
    Command{"export", "export [FILE]", "write everything as JSON lines", run_export},
    Command{"import-export", "import-export FILE", "read what export wrote", run_import_export},
    Command{"migrate", "migrate", "bring an older store to this version's schema", run_migrate},
    Command{"purge", "purge --before TIME | --run ID", "delete runs", run_purge},
};

int print_help(std::ostream& out, int code) {
  out << "Usage: resultsdb [--store URL] COMMAND …\n\nCommands:\n";
  std::size_t widest = 0;
  for (const auto& command : kCommands) widest = std::max(widest, display_width(command.usage));
  for (const auto& command : kCommands)
    out << "  " << command.usage << std::string(widest - display_width(command.usage) + 2, ' ')
        << command.summary << '\n';
  out << "\nURL: sqlite:FILE, postgresql://USER@HOST/DATABASE, redis://HOST or memory: (default: "
         "RESULTSDB_STORE).\n'resultsdb help COMMAND' shows the options.\n"
         "Exit codes: 0 done, 1 the answer is no (a closed gate, damage, --strict) or a file was refused, 2 "
         "wrong "
         "use or no such suite, test, run or commit, 3 the store failed.\n";
  return code;
}

/// Options that may stand before the command and take a value.
bool takes_value(const std::string& argument) { return argument == "--store" || argument == "--format"; }

const Command& find_command(const std::string& name) {
  for (const auto& command : kCommands)
    if (name == command.name) return command;
  std::vector<std::string> names;
  for (const auto& command : kCommands) names.emplace_back(command.name);
  throw UsageError{"'" + name + "' is no command" + did_you_mean(name, names) +
                   " 'resultsdb help' lists them"};
}

int run(Arguments arguments) {
  std::size_t at = 0;
  while (at < arguments.size() && arguments[at].starts_with('-')) {
    if (arguments[at] == "--help" || arguments[at] == "-h") return print_help(std::cout, kDone);
    if (arguments[at] == "--version") {
      std::cout << "resultsdb " RESULTSDB_VERSION "\n";
      return kDone;
    }
    if (takes_value(arguments[at])) {
      if (at + 1 >= arguments.size()) throw UsageError{arguments[at] + " needs a value"};
      at += 2;
    } else if (arguments[at].starts_with("--store=") || arguments[at].starts_with("--format=")) {
      ++at;
    } else {
      throw UsageError{"'" + arguments[at] +
                       "' is no option that may stand before the command; 'resultsdb help' "
                       "lists them"};
    }
  }
  if (at >= arguments.size()) return print_help(std::cerr, kWrongUse);
  const auto name = arguments[at];
  arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(at));
  if (name != "help") return find_command(name).run(arguments);
  return at < arguments.size() ? find_command(arguments[at]).run({"--help"}) : print_help(std::cout, kDone);
}

}  // namespace
}  // namespace resultsdb::cli

int main(int argc, char** argv) {
  using namespace resultsdb::cli;
  try {
    return run(Arguments(argv + 1, argv + argc));
  } catch (const Exit& exit) {
    return exit.code;
  } catch (const UsageError& error) {
    std::cerr << "resultsdb: " << error.message << '\n';
    return kWrongUse;
  } catch (const std::exception& error) {
    std::cerr << "resultsdb: " << error.what() << '\n';
    return kUnavailable;
  }
}
