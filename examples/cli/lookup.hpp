// Suites, tests and commits by the names that people give, and what to say about those that are not there.
#pragma once

#include <string>
#include <vector>

#include "arguments.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::cli {

std::vector<std::string> all_suites(Model& model);
std::string unknown_suite(const std::string& suite, const std::vector<std::string>& suites);
/// An answer without rows may be right; that there is no such suite is worth a word.
void warn_of_unknown_suite(Model& model, const Options& options);
/// --suite, or all.
std::vector<std::string> suites_of(Model& model, const Options& options);
/// --suite, or the only one; else throws UsageError or fails.
std::string only_suite(Model& model, const Options& options, const char* command);
[[noreturn]] void fail_for_unknown_test(Model& model, const std::string& suite, const std::string& test);
/// `REPOSITORY@REF` of this option.
RunCommit named_commit(Model& model, const std::string& reference, const char* option);

}  // namespace resultsdb::cli
