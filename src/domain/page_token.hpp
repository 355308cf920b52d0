// Tokens of pages: url-safe text that says where a page of one query begins.
#pragma once

#include <string>
#include <string_view>

#include "domain/fields.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/storage/queries.hpp"

namespace resultsdb::domain {

/// The canonical bytes of a query: equal queries have equal bytes, whatever the limit.
FieldWriter query_fields(const storage::TestQuery& query);
FieldWriter query_fields(const storage::RunQuery& query);
FieldWriter query_fields(const storage::CommitQuery& query);
FieldWriter query_fields(const storage::DocumentQuery& query);

std::string make_token(const FieldWriter& query, const FieldWriter& cursor);

/// The cursor's bytes. InvalidArgument if the token was damaged, or made for another query or by a version
/// that wrote tokens differently. A guard against mistakes, not against forgery.
Result<std::string> open_token(std::string_view token, const FieldWriter& query);

}  // namespace resultsdb::domain
