#include "result_files.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "arguments.hpp"
#include "import_report.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::cli {

namespace fs = std::filesystem;

namespace {

/// Whether a text is an object with the members that every upload has.
bool is_upload_document(const std::string& text) {
  boost::json::parse_options parse;
  parse.max_depth = json::kMaxDepth;
  std::string repaired = text;
  json::replace_lone_surrogates(repaired);
  boost::system::error_code code;
  const auto value = boost::json::parse(repaired, code, {}, parse);
  const auto* object = code ? nullptr : value.if_object();
  return object != nullptr && object->contains("suite") && object->contains("commits") &&
         object->contains("test_results");
}

}  // namespace

std::shared_ptr<Repository> open_clone(const Options& options) {
  std::string key = options.text("repository"), path = options.text("git-clone");
  if (const auto equals = path.find('='); equals != std::string::npos) {
    key = path.substr(0, equals);
    path.erase(0, equals + 1);
  }
  if (key.empty()) key = environment("RESULTSDB_REPOSITORY");
  auto clone = open_git_repository(path.empty() ? "." : path, key);
  if (!clone && options.has("git-clone")) throw UsageError{"--git-clone: " + clone.error().text()};
  return clone ? std::move(clone).value() : nullptr;
}

std::vector<std::string> expand(const std::vector<std::string>& paths,
                                std::vector<std::string>& from_folders) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    std::error_code error;
    if (path == "-" || !fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry :
         fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error))
      if (entry.is_regular_file()) found.push_back(entry.path().string());
    std::sort(found.begin(), found.end());
    from_folders.insert(from_folders.end(), found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

std::string why_unreadable(const std::string& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) return "there is no such file or folder";
  if (fs::is_directory(status)) return "this is a folder; name a file in it";
  return "this file cannot be opened; may it be read?";
}

formats::ReadOutcome read_file(const std::string& path, formats::ReadOptions options) {
  options.path = path == "-" ? "standard input" : path;
  if (path == "-") return formats::read_results(std::cin, options);
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  if (file && !fs::is_directory(path, error)) return formats::read_results(file, options);
  formats::ReadOutcome outcome;
  outcome.refused =
      formats::ReadError{"unreadable", make_error(ErrorCode::NotFound, why_unreadable(path), path)};
  return outcome;
}

std::optional<formats::ImportedRun> read_files(const std::vector<std::string>& files,
                                               const std::vector<std::string>& optional,
                                               const ImportSettings& settings, Notes& notes) {
  std::vector<formats::ImportedRun> runs;
  std::set<std::string> told;  // codes of warnings that were printed
  bool refused = false;
  for (const auto& path : files) {
    auto outcome = read_file(path, settings.read);
    if (outcome.run) {
      for (const auto& warning : outcome.run->warnings) {
        told.insert(warning.code);
        const auto text = path + (warning.line ? ":" + std::to_string(warning.line) : "") + ": " +
                          warning.code + ": " + warning.text;
        // All files of a tool lack the zone alike.
        if (warning.code == "no_time_zone")
          notes.say(warning.code, text + " (--timezone ZONE: as that zone's)");
        else
          warn() << text << '\n';
      }
      runs.push_back(std::move(*outcome.run));
    } else if (outcome.refused->code == "unknown format" &&
               std::find(optional.begin(), optional.end(), path) != optional.end()) {
      warn() << path << ": no result file, left out\n";
    } else {
      std::cerr << "resultsdb: " << outcome.refused->error.text() << '\n';
      refused = true;
    }
  }
  if (runs.empty() && !refused)
    std::cerr << "resultsdb: none of the " << files.size()
              << " files is a result file; 'resultsdb read FILE' says why\n";
  if (runs.empty() || (refused && !settings.keep_going)) return std::nullopt;
  auto merged = formats::merge(std::move(runs));
  merged.incomplete = merged.incomplete || refused;
  for (const auto& warning : merged.warnings)
    if (!told.contains(warning.code)) warn() << warning.code << ": " << warning.text << '\n';
  return merged;
}

std::vector<std::pair<std::string, std::string>> read_upload_documents(const std::string& path) {
  std::ostringstream whole;
  if (path == "-") {
    whole << std::cin.rdbuf();
  } else {
    std::ifstream file(path, std::ios::binary);
    if (file) whole << file.rdbuf();
  }
  const std::string text = std::move(whole).str();
  std::vector<std::pair<std::string, std::string>> documents;
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return documents;
  if (text[text.find_first_not_of(" \t\r\n")] != '{') return documents;
  if (is_upload_document(text)) return {{path, text}};
  std::istringstream lines(text);
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    // The first line decides what the file is; a later one that is none is for its receiver to refuse.
    if (documents.empty() && !is_upload_document(line)) return documents;
    documents.emplace_back(path + ':' + std::to_string(number), line);
  }
  return documents;
}

}  // namespace resultsdb::cli
