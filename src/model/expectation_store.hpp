// Expectations as documents.
#pragma once

#include <string_view>

#include "resultsdb/document.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/stored_expectations.hpp"

namespace resultsdb {

/// `expectation` must be checked.
Document to_document(const StoredExpectation& expectation);
/// Corrupt if it is none.
Result<StoredExpectation> to_expectation(const Document& document);

}  // namespace resultsdb
