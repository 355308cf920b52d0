#include <algorithm>
#include <set>
#include <utility>

#include "domain/sha256.hpp"
#include "formats/run_builder.hpp"
#include "resultsdb/formats.hpp"

namespace resultsdb::formats {
namespace {

/// The same file twice says nothing new.
void drop_repeated_files(std::vector<ImportedRun>& runs) {
  std::set<std::string> seen;
  std::erase_if(
      runs, [&](const ImportedRun& run) { return !run.digest.empty() && !seen.insert(run.digest).second; });
}

std::string joint_digest(const std::vector<ImportedRun>& runs) {
  std::vector<std::string> digests;
  for (const ImportedRun& run : runs) digests.push_back(run.digest);
  std::sort(digests.begin(), digests.end());
  domain::Sha256 sha;
  for (const std::string& digest : digests) sha.update(digest);
  return sha.finish();
}

void merge_facts(ImportedRun& from, ImportedRun& into) {
  if (into.version.empty()) into.version = std::move(from.version);
  if (from.started && (!into.started || *from.started < *into.started)) into.started = from.started;
  if (from.duration_ms) into.duration_ms = into.duration_ms.value_or(0) + *from.duration_ms;
  into.incomplete = into.incomplete || from.incomplete;
}

}  // namespace

ImportedRun merge(std::vector<ImportedRun> runs) {
  drop_repeated_files(runs);
  if (runs.empty()) return {};
  if (runs.size() == 1) return std::move(runs.front());
  const ReadOptions options;
  RunBuilder builder(options, runs.front().tool);
  builder.run().digest = joint_digest(runs);
  BoundedText output(kRunOutputBytes);
  for (ImportedRun& run : runs) {
    merge_facts(run, builder.run());
    output.append(run.output);
    for (const auto& [key, value] : run.attributes) builder.keep_attribute(key, value);
    for (const Warning& warning : run.warnings) {
      // A file without tests is common beside files with tests; whether all of them are empty is asked at the
      // end.
      if (warning.code != "zero_tests") builder.warn(warning.code, warning.text, warning.line);
    }
    for (ImportedTest& test : run.tests) builder.add(std::move(test));
    run = {};
  }
  builder.run().output = builder.take_text(output);
  if (builder.refusal()) {
    builder.warn("limit", builder.refusal()->message);
    builder.run().incomplete = true;
  }
  return builder.finish(false);
}

}  // namespace resultsdb::formats
