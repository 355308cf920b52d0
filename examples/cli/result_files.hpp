// The result files that a command is given.
#pragma once

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "resultsdb/formats.hpp"
#include "resultsdb/repository.hpp"

namespace resultsdb::cli {

struct ImportSettings {
  formats::ReadOptions read;
  bool strict = false, allow_empty = false, keep_going = false, dry_run = false;
};

inline std::ostream& warn() { return std::cerr << "warning: "; }

/// The git clone of --git-clone, or that the command runs in; null if that is none. Its key is that of
/// --git-clone, --repository or RESULTSDB_REPOSITORY, else its own.
std::shared_ptr<Repository> open_clone(const Options& options);

/// Files below a folder, in byte order; other paths as they are.
std::vector<std::string> expand(const std::vector<std::string>& paths,
                                std::vector<std::string>& from_folders);

std::string why_unreadable(const std::string& path);

formats::ReadOutcome read_file(const std::string& path, formats::ReadOptions options);

/// Reads all files of a run and joins them; empty if one is refused (printed).
std::optional<formats::ImportedRun> read_files(const std::vector<std::string>& files,
                                               const std::vector<std::string>& optional,
                                               const ImportSettings& settings);

struct UploadDocument {
  std::string place;  ///< for messages: `FILE`, `FILE:LINE`, `FILE: upload N`
  std::string bytes;
};
/// Upload documents of WebKit's protocol: a file that is one, a file of lines that each are one, or arrays of
/// them (what `GET /api/upload` answers). Empty if it is none of these.
std::optional<std::vector<UploadDocument>> read_upload_documents(const std::string& path);

}  // namespace resultsdb::cli
