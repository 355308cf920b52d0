// What every batch must satisfy before a backend sees it.
#pragma once

#include "resultsdb/result.hpp"
#include "resultsdb/storage/write_batch.hpp"

namespace resultsdb::domain {

Status check_batch(const storage::SuiteBatch& batch);
Status check_batch(const storage::RepositoryBatch& batch);
Status check_batch(const storage::DocumentBatch& batch);

/// At most limits::kAttributes pairs of valid texts with a name, none of them twice.
Status check_pairs(std::string_view member, const Attributes& pairs);

}  // namespace resultsdb::domain
