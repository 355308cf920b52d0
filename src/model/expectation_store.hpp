// Expectations as documents.
#pragma once

#include <string_view>

#include "resultsdb/document.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/stored_expectations.hpp"

namespace resultsdb {

/// Checked, in canonical form, with its id. InvalidArgument names the member.
Result<StoredExpectation> checked(StoredExpectation expectation);
/// `expectation` must be checked.
Document to_document(const StoredExpectation& expectation);
/// Corrupt if it is none.
Result<StoredExpectation> to_expectation(const Document& document);

}  // namespace resultsdb
