// What runs bring along as expected, held against what came out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/survey.hpp"
#include "resultsdb/stored_expectations.hpp"

namespace resultsdb {

/// See ExpectationReview::own.
Result<std::vector<ExpectationReview::Own>> review_own_expectations(const Survey& survey,
                                                                    std::uint32_t least_runs);

/// `visit(word)` for each word between blanks.
template <class Visit>
void visit_words(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace resultsdb
