// How one test stands on one timeline.
#pragma once

#include <optional>

#include "model/course.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {

/// Of what `course` has read of the window; nothing: no run that counts covers the test. A newest result that
/// was received before `fresh_since` is stale.
std::optional<Verdict> verdict_of(const Window& window, Course& course, Time fresh_since);

/// More asks for somebody more; at least 0.
std::int64_t urgency(Verdict verdict);
/// Of two timelines; nothing: not run.
std::optional<Verdict> more_urgent(std::optional<Verdict> a, std::optional<Verdict> b);

}  // namespace resultsdb
