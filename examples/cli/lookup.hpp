// Suites, tests and commits by the names that people give, and what to say about those that are not there.
#pragma once

#include <string>
#include <vector>

#include "arguments.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::cli {

std::vector<std::string> all_suites(Model& model);
std::string unknown_suite(const std::string& suite, const std::vector<std::string>& suites);
/// fail() if there is no such suite: an answer without rows would look like good news.
void need_suite(Model& model, const std::string& suite);
/// fail() if there is no such run; an empty suite is any.
void need_run(Model& model, const std::string& suite, const std::string& id);
/// --suite, or all.
std::vector<std::string> suites_of(Model& model, const Options& options);
/// --suite, or the only one; else throws UsageError or fails.
std::string only_suite(Model& model, const Options& options, const char* command);
[[noreturn]] void fail_for_unknown_test(Model& model, const std::string& suite, const std::string& test);
/// `REPOSITORY@REF` of this option, or REF alone for the git clone of open_clone(): as the store knows it,
/// else as that clone does (HEAD, a tag, a short hash). Says what was tried if neither does.
RunCommit named_commit(Model& model, const Options& options, const std::string& reference,
                       const char* option);

}  // namespace resultsdb::cli
