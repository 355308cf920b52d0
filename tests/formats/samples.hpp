// The sample files: output of real tools beside what a careful reader concludes from it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/formats.hpp"

namespace resultsdb::formats {

std::filesystem::path samples_folder();
/// Every file that has an expected file, relative to the folder, sorted.
std::vector<std::string> sample_names();
std::string read_file(const std::filesystem::path& path);
std::string read_sample(const std::string& name);
ReadOptions sample_options(const std::string& name);
ReadOutcome read_text(std::string_view bytes, const ReadOptions& options = {});
/// A name that GoogleTest takes as a parameter's name.
std::string as_identifier(const std::string& name);

}  // namespace resultsdb::formats
