#include "repository/git.hpp"

#include "resultsdb/json.hpp"

namespace resultsdb::repository {
namespace {

constexpr std::size_t kMaxOutput = 512u << 20;  // a list of some ten million commits

}  // namespace

Result<ProcessOutput> Git::run(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"git", "--no-pager", "-C", path_});
  // A hook's variables would lead to the hook's repository instead of this one.
  static const std::vector<std::string> unset = {"GIT_DIR",        "GIT_WORK_TREE",        "GIT_INDEX_FILE",
                                                 "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE",
                                                 "GIT_PREFIX"};
  return run_process_(arguments, unset, kMaxOutput);
}

Result<std::optional<std::string>> Git::ask(std::vector<std::string> arguments) const {
  RESULTSDB_ASSIGN(const ProcessOutput output, run(std::move(arguments)));
  if (output.exit_code != 0) return std::optional<std::string>();
  return std::optional(std::string(trim_lines(output.out)));
}

Result<std::string> Git::demand(std::vector<std::string> arguments) const {
  RESULTSDB_ASSIGN(ProcessOutput output, run(std::move(arguments)));
  if (output.exit_code != 0) return failed(output);
  return std::move(output.out);
}

Error Git::failed(const ProcessOutput& output) const {
  return make_error(ErrorCode::Unavailable, json::repair_utf8(trim_lines(output.err)), "git " + path_);
}

}  // namespace resultsdb::repository
