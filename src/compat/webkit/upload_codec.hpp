// Reads the body of an upload in one pass: no tree of values, results go straight into their table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "profile.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/run.hpp"
#include "states.hpp"

namespace resultsdb::webkit {

/// The members of an upload; those of unknown names are skipped. Texts are canonical JSON, empty: not there.
struct UploadDocument {
  std::string configuration, suite, commits, timestamp, version;
  std::string test_results;  ///< only what is not an object, or `{}`
  bool has_api_key = false;
  bool has_results = false;  ///< `test_results` is an object that is not empty
  std::string details, run_stats;
  ResultTable results;
  SuiteStatistics statistics;
  std::string results_error;  ///< why `results` cannot be read; the table is empty then
};

/// InvalidArgument: no JSON, or no object and no text.
Result<UploadDocument> parse_upload(std::string_view body);

/// An upload sent as a form: each field is a text.
UploadDocument upload_of_form(const std::vector<std::pair<std::string, std::string>>& fields);

/// Keeps the last of the results that share a name. False if all names differ.
bool drop_repeated_tests(ResultTable& results);

/// `time` of a result as its attribute, from the stored duration: milliseconds.
std::string duration_json(Duration duration);

}  // namespace resultsdb::webkit
