#include "arguments.hpp"

#include <cstdlib>
#include <iostream>
#include <limits>

namespace resultsdb::cli {

namespace po = boost::program_options;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Options::Options(const char* command, const char* positional, int most, const char* format_help)
    : command_(command), positional_name_(positional), most_(most), description_("Options") {
  description_.add_options()                                                              //
      ("store", po::value<std::string>(), "URL of the store (default: RESULTSDB_STORE)")  //
      ("format", po::value<std::string>(), format_help)                                   //
      ("help,h", "this text");
}

void Options::add_selection() {
  add()                                                                          //
      ("suite", po::value<std::string>(), "suite")                               //
      ("branch", po::value<std::string>(), "branch of the runs (default: all)")  //
      ("configuration", po::value<std::vector<std::string>>(), "facet k=v[,k2=v2…]; repeats");
}

void Options::add_facts() {
  add()                                                                                              //
      ("suite", po::value<std::string>(), "suite (default: RESULTSDB_SUITE, else the tool's name)")  //
      ("branch", po::value<std::string>(),
       "branch of the run (default: RESULTSDB_BRANCH, else the CI system's, the file's, or none)")  //
      ("configuration", po::value<std::vector<std::string>>(),
       "facet k=v[,k2=v2…] of the machine; repeats (default: RESULTSDB_CONFIGURATION)");
}

void Options::add_clone() {
  add()("git-clone", po::value<std::string>(),
        "[KEY=]PATH of the git clone that knows HEAD, tags and short hashes (default: this folder's)");
}

/// What begins with one dash and is no option's value comes last, behind `--`.
Arguments Options::behind_options(const Arguments& arguments) const {
  const auto takes_next = [&](const std::string& argument) {
    const auto* const option =
        argument.starts_with("--") ? description_.find_nothrow(argument.substr(2), false) : nullptr;
    return option && option->semantic()->max_tokens() > 0;
  };
  Arguments options, rest;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      rest.insert(rest.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    const bool dash = argument.size() > 1 && argument[0] == '-' && argument[1] != '-' && argument != "-h";
    const bool is_value = i > 0 && takes_next(arguments[i - 1]);
    (dash && !is_value ? rest : options).push_back(argument);
  }
  options.emplace_back("--");
  options.insert(options.end(), rest.begin(), rest.end());
  return options;
}

bool Options::parse(const Arguments& arguments) {
  po::options_description all;
  all.add(description_).add_options()("positional", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("positional", -1);
  try {
    constexpr int kWholeNames = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(dash_ ? behind_options(arguments) : arguments)
                  .style(kWholeNames)
                  .options(all)
                  .positional(positional)
                  .run(),
              values_);
    po::notify(values_);
  } catch (const po::error& error) {
    throw UsageError{std::string(error.what()) + "; see 'resultsdb " + command_ + " --help'"};
  }
  if (has("help")) {
    std::cout << "Usage: resultsdb " << command_ << ' ' << positional_name_ << "\n\n" << description_;
    return false;
  }
  positional_ = texts("positional");
  if (most_ >= 0 && positional_.size() > static_cast<std::size_t>(most_)) {
    throw UsageError{"'" + positional_[static_cast<std::size_t>(most_)] +
                     "' is one argument too many; see 'resultsdb " + command_ + " --help'"};
  }
  return true;
}

std::vector<std::string> Options::texts(const char* name) const {
  return has(name) ? values_[name].as<std::vector<std::string>>() : std::vector<std::string>();
}

std::uint32_t Options::number(const char* name) const {
  const auto value = values_[name].as<std::uint32_t>();
  // "-1" is read as the largest number.
  if (value > std::numeric_limits<std::int32_t>::max())
    throw UsageError{"--" + std::string(name) + ": must be 0 to 2147483647"};
  return value;
}

Format Options::format() const {
  const auto name = text("format");
  if (name.empty() || name == "table") return Format::Table;
  if (name == "json") return Format::Json;
  if (name == "csv") return Format::Csv;
  throw UsageError{"--format: '" + name + "' is none of table, json, csv"};
}

std::string Options::store() const {
  auto url = has("store") ? text("store") : environment("RESULTSDB_STORE");
  if (url.empty()) throw UsageError{"no store: give --store sqlite:FILE or set RESULTSDB_STORE"};
  return url;
}

}  // namespace resultsdb::cli
