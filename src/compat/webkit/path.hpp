// The paths of the protocol, which no pattern of segments describes.
#pragma once

#include <string>
#include <string_view>

namespace resultsdb::webkit {

/// `$23` is `#` and `$3F` is `?`, after percent-decoding.
std::string unescape_path(std::string_view text);

/// The text as a value within a query or a segment of a path; what is to be kept besides is not escaped.
std::string percent_encode(std::string_view text, std::string_view kept = {});

/// What is behind `/api/results/`: a suite, or a suite and a test. Empty segments between them belong to the
/// suite: `A//b` is test `b` of suite `A/`.
struct ResultsPath {
  std::string suite, test;
  bool has_test = false;
  bool operator==(const ResultsPath&) const = default;
};
ResultsPath split_results_path(std::string_view decoded);

}  // namespace resultsdb::webkit
