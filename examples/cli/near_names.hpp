// "Did you mean …": names like one that does not exist.
#pragma once

#include <string>
#include <vector>

namespace resultsdb::cli {

/// Up to three of `names` that differ from `wanted` by few letters, by case, or that hold it; best first.
std::vector<std::string> near_names(const std::string& wanted, const std::vector<std::string>& names);

/// "; did you mean 'a', 'b'?", or ";" if nothing is near: a hint may follow.
std::string did_you_mean(const std::string& wanted, const std::vector<std::string>& names);

}  // namespace resultsdb::cli
