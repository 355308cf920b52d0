#include "result_files.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "arguments.hpp"
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

/// The bytes of each element of a JSON array, or of several one after another. What is wrong inside of one,
/// or cut off, is for its reader to refuse.
std::vector<std::string> elements_of(const std::string& arrays) {
  std::vector<std::string> elements;
  std::size_t depth = 0, begin = 0;
  const auto take = [&](std::size_t end) {
    constexpr auto kSpace = " \t\r\n";
    begin = std::min(arrays.find_first_not_of(kSpace, begin), end);
    if (begin < end)
      elements.push_back(arrays.substr(begin, arrays.find_last_not_of(kSpace, end - 1) + 1 - begin));
    begin = end + 1;
  };
  bool in_text = false;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const char c = arrays[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (depth++ == 0) begin = i + 1;
    } else if (c == ',' && depth == 1) {
      take(i);
    } else if ((c == ']' || c == '}') && depth > 0) {
      if (--depth == 0) take(i);
    }
  }
  if (depth > 0) take(arrays.size());
  return elements;
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
                                               const ImportSettings& settings) {
  std::vector<formats::ImportedRun> runs;
  std::set<std::string> told;  // codes of warnings that were printed
  bool refused = false;
  for (const auto& path : files) {
    auto outcome = read_file(path, settings.read);
    if (outcome.run) {
      for (const auto& warning : outcome.run->warnings) {
        told.insert(warning.code);
        warn() << path << (warning.line ? ":" + std::to_string(warning.line) : "") << ": " << warning.code
               << ": " << warning.text << '\n';
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

std::optional<std::vector<UploadDocument>> read_upload_documents(const std::string& path) {
  std::ostringstream whole;
  if (path == "-") {
    whole << std::cin.rdbuf();
  } else {
    std::ifstream file(path, std::ios::binary);
    if (file) whole << file.rdbuf();
  }
  const std::string text = std::move(whole).str();
  std::vector<UploadDocument> documents;
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return {};
  const char first = text[text.find_first_not_of(" \t\r\n")];
  if (first == '[') {  // as GET /api/upload answers
    for (auto& element : elements_of(text)) {
      if (documents.empty() && !is_upload_document(element)) return {};
      documents.push_back({path + ": upload " + std::to_string(documents.size() + 1), std::move(element)});
    }
    return documents;
  }
  if (first != '{') return {};
  if (is_upload_document(text)) return {{{path, text}}};
  std::istringstream lines(text);
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    // The first line decides what the file is; a later one that is none is for its receiver to refuse.
    if (documents.empty() && !is_upload_document(line)) return {};
    documents.push_back({path + ':' + std::to_string(number), line});
  }
  return documents;
}

}  // namespace resultsdb::cli
