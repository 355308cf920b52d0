// The conformance suite (component resultsdb::testing): what it checks is what "backend" means. A backend is
// right when every case passes; nothing else about it is promised to the core. Where the comments of
// resultsdb/storage leave a choice, these decisions hold:
//
// * The ids that an intern call gives out are dense per suite: tests count from 0; outcomes, configurations
//   and timelines from 1. A call that fails uses up no id.
// * The order of `RunRow::indexed`, `Document::attributes` and `Document::unique` is kept.
// * All preconditions of a batch are checked against the state before it. So a document that is deleted and
//   put in one batch must not ask for a free key; it starts again at version 1.
// * `DocumentBatch`: unique pairs may change hands among the documents of one batch in any way; only the
//   state afterwards counts. `SuiteBatch`: a run that gives up its natural key or its public id to another
//   one of the batch has to stand in `delete_runs` as well.
// * A page token stays good when the row that it was made from is deleted. A row that moves while pages are
//   read may be seen at neither, one or both places.
// * Interning is no write that anybody waits for: it changes no version and lists nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "resultsdb/result.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::testing {

/// What the suite needs to know of a backend. Its functions are called by one thread at a time.
struct ConformanceBackend {
  using Open = std::function<Result<std::shared_ptr<storage::Storage>>()>;

  std::string name;                    ///< letters, digits and `_`: the tests' names begin with it
  storage::Capabilities capabilities;  ///< those that info() has to declare
  /// A new store without any rows; independent of the stores of earlier calls, which may be still open.
  Open open_fresh;
  /// Another handle on the store that open_fresh() gave out last; that one may be open or closed by now.
  /// Needed if and only if the capabilities say `durable`.
  Open reopen;
};

/// The cases whose names have the group `Threads` start threads; the others do not.
enum class ConformanceCases { All, WithoutThreads, Threads };

/// Adds the suite to this program's GoogleTest cases: call it after InitGoogleTest() and before
/// RUN_ALL_TESTS(), once for each backend. Names are `BACKEND_GROUP.Case`. Returns how many cases were added:
/// the same number for every backend, and none of them skips. Random cases print their seed when they fail;
/// the environment's RESULTSDB_SEED repeats it.
std::size_t register_conformance(const ConformanceBackend& backend,
                                 ConformanceCases cases = ConformanceCases::All);

/// All that the main() of a conformance program has to do: GoogleTest's arguments, the cases of one backend,
/// the run. Returns the exit status; not 0 either if a case was skipped.
int conformance_main(int argc, char** argv, const ConformanceBackend& backend);

}  // namespace resultsdb::testing
