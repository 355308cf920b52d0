#include "formats/samples.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <sstream>

namespace resultsdb::formats {

std::filesystem::path samples_folder() {
  return std::filesystem::path(RESULTSDB_SOURCE_DIR) / "tests/formats/samples";
}

std::vector<std::string> sample_names() {
  constexpr std::string_view kSuffix = ".expected.json";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(samples_folder())) {
    std::string name = std::filesystem::relative(entry.path(), samples_folder()).string();
    if (!name.ends_with(kSuffix)) continue;
    name.resize(name.size() - kSuffix.size());
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string read_sample(const std::string& name) { return read_file(samples_folder() / name); }

ReadOptions sample_options(const std::string& name) {
  ReadOptions options;
  options.path = name;
  return options;
}

ReadOutcome read_text(std::string_view bytes, const ReadOptions& options) {
  std::istringstream in{std::string(bytes)};
  return read_results(in, options);
}

std::string as_identifier(const std::string& name) {
  std::string out = name;
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return out;
}

}  // namespace resultsdb::formats
