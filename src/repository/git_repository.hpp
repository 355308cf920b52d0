// Opens a clone through a given way to run programs.
#pragma once

#include <memory>
#include <string>

#include "repository/git.hpp"
#include "resultsdb/repository.hpp"

namespace resultsdb::repository {

/// As open_git_repository().
Result<std::shared_ptr<Repository>> open_clone(Git git, std::string key = {}, std::string index_file = {});

}  // namespace resultsdb::repository
