// Options of a command, on top of Boost.Program_options.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "commands.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::cli {

enum class Format { Table, Json, Csv };

/// Wrong use: the message says which argument and what is allowed.
struct UsageError {
  std::string message;
};

class Options {
 public:
  /// `positional`: what the arguments without a name are called in messages; `most` of them are allowed (-1:
  /// any).
  Options(const char* command, const char* positional, int most,
          const char* format_help = "table (default), json or csv");

  boost::program_options::options_description_easy_init add() { return description_.add_options(); }
  /// --suite, --branch, --configuration of runs that are asked for
  void add_selection();
  /// The same of a run that is given.
  void add_facts();
  /// --git-clone, for commands that take commits.
  void add_clone();
  /// The argument may begin with one dash, as queries do (`-failing`): the options of all commands have two,
  /// but for -h.
  void allow_dash() { dash_ = true; }
  /// Throws UsageError. Prints help and returns false if it was asked for.
  bool parse(const Arguments& arguments);

  bool has(const char* name) const { return values_.count(name) > 0; }
  std::string text(const char* name) const {
    return has(name) ? values_[name].as<std::string>() : std::string();
  }
  std::vector<std::string> texts(const char* name) const;
  template <class T>
  T value(const char* name) const {  ///< of an option with a default
    return values_[name].as<T>();
  }
  std::uint32_t number(const char* name) const;  ///< throws UsageError if it is negative or too large
  const std::vector<std::string>& positional() const { return positional_; }
  Format format() const;
  std::string store() const;

 private:
  Arguments behind_options(const Arguments& arguments) const;

  const char* command_;
  const char* positional_name_;
  int most_;
  bool dash_ = false;
  boost::program_options::options_description description_;
  boost::program_options::variables_map values_;
  std::vector<std::string> positional_;
};

/// The environment variable, or empty if it is not set.
std::string environment(const char* name);

}  // namespace resultsdb::cli
