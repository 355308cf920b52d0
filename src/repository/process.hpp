// Runs another program and collects what it says.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "resultsdb/result.hpp"

namespace resultsdb::repository {

struct ProcessOutput {
  int exit_code = 0;  ///< 128 + signal if a signal ended it
  std::string out, err;
};

/// Runs `argv` (argv[0] is looked for in PATH) without any shell, with an empty standard input, and waits for
/// its end. `unset` are variables that it shall not inherit. Unavailable if it cannot be started;
/// ResourceExhausted if it says more than `max_bytes`.
Result<ProcessOutput> run_process(const std::vector<std::string>& argv, const std::vector<std::string>& unset,
                                  std::size_t max_bytes);

}  // namespace resultsdb::repository
