// A file that is written whole or not at all.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "resultsdb/result.hpp"

namespace resultsdb::cli {

/// Writes beside the target and takes its place when all is written: until then, and after a failure, the old
/// file is there as it was. What is no regular file (a device, a pipe) is written directly.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// PermissionDenied if it cannot be written.
  Status open();
  std::ostream& stream() { return stream_; }
  /// ResourceExhausted if not everything was written.
  Status finish();

 private:
  Error error(ErrorCode code, const std::string& what, int cause) const;

  const std::string path_;
  std::filesystem::path target_, written_;  // the same if written directly
  std::ofstream stream_;
};

}  // namespace resultsdb::cli
