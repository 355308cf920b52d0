// The open store and its model, and how errors become exit codes.
#pragma once

#include <memory>
#include <string>

#include "arguments.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/registry.hpp"

namespace resultsdb::cli {

/// Ends the command with this code; the message was printed.
struct Exit {
  int code;
};

/// Prints `error` with its place and throws Exit: kWrongUse for a question that is wrong or names what is not
/// there, kRefused for what is already there, else kUnavailable. So kRefused is an answer, wherever one is
/// given.
[[noreturn]] void fail(const Error& error);
/// The same for the contents of a file that the command was given: kRefused.
[[noreturn]] void refuse(const Error& error);

/// The value, or fail().
template <class T>
T need(Result<T> result) {
  if (!result) fail(result.error());
  return std::move(result).value();
}
inline void need(Status status) {
  if (!status) fail(status.error());
}

/// Nothing, or refuse().
inline void need_input(Status status) {
  if (!status) refuse(status.error());
}

enum class Access { Read, Write, Create };
std::shared_ptr<storage::Storage> open_storage(const std::string& url, Access access);
std::shared_ptr<Model> open_model(const std::string& url, Access access, RepositoryList repositories = {});
inline std::shared_ptr<Model> open_model(const Options& options, Access access) {
  return open_model(options.store(), access);
}

/// --suite, --branch, --configuration as a selection; throws UsageError.
Selection parse_selection(const Options& options);
/// All --configuration texts together.
Configuration parse_configuration(const std::vector<std::string>& texts);

}  // namespace resultsdb::cli
