// Answers::compare() for those who have more to say about a side.
#pragma once

#include <span>
#include <string>

#include "model/model_implementation.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {

Question question_of(const CompareQuery& query, const CompareSide& side);

/// Of A, runs with these public ids do not count.
Result<Comparison> compare_sides(ModelCore& core, const CompareQuery& query,
                                 std::span<const std::string> never_in_a);

}  // namespace resultsdb
