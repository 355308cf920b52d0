// Files of JSON lines: manifests of runs and lists of commits.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "resultsdb/commit.hpp"
#include "resultsdb/configuration.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/run.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::cli {

/// Calls `handle` for each line of `path` ("-": the standard input) that is not blank. Errors, also those of
/// `handle`, name the file and line.
Status for_each_line(const std::string& path,
                     const std::function<Status(const boost::json::object&, std::size_t)>& handle);

/// Takes members out of an object; remembers the first that is wrong. Members that nobody asked for are wrong
/// too.
class MemberReader {
 public:
  explicit MemberReader(const boost::json::object& object) : object_(object) {}

  std::string text(const char* name, bool required);
  std::vector<std::string> texts(const char* name);  ///< a list of texts, or one text
  std::optional<std::int64_t> integer(const char* name);
  std::optional<Time> time(const char* name);     ///< RFC 3339 or epoch seconds, text or number
  Person person(const char* name);                ///< a text, or {"name", "emails"}
  Configuration configuration(const char* name);  ///< numbers and booleans become their JSON spelling
  std::optional<Error> finish();

 private:
  const boost::json::value* find(const char* name);
  void wrong(const char* name, const std::string& what);

  const boost::json::object& object_;
  std::set<std::string, std::less<>> seen_;
  std::optional<Error> error_;
};

/// A run that is to be stored, before its files are read and its commits resolved.
struct RunPlan {
  std::string id, suite, branch;
  std::string place;  ///< MANIFEST:LINE, for errors; empty without a manifest
  Configuration configuration;
  std::vector<std::string> commits;  ///< REPOSITORY@REF
  std::string repository;            ///< of commits that a file names by their hash alone
  std::optional<Time> started;
  int attempt = 1;
  std::optional<RunState> state;
  std::string reason;
  std::vector<std::string> files;
  bool one_of_many = false;  ///< files of one command that may have begun in the same second are several runs
  Attributes attributes;
  std::vector<Link> links;
};

/// One line of a manifest; `folder` is the manifest's, which `file` is relative to.
Result<RunPlan> parse_manifest_line(const boost::json::object& line, const std::string& folder);

}  // namespace resultsdb::cli
