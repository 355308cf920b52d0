// A body that is too large for memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "resultsdb/result.hpp"

namespace resultsdb::http {

/// A file without a name: whatever happens to the process, nothing is left of it. One thread writes; then any
/// number may read.
class BodyFile {
 public:
  /// `folder` empty: that of the system for temporary files. Unavailable if it cannot be made.
  static Result<std::shared_ptr<BodyFile>> create(const std::string& folder);
  BodyFile(const BodyFile&) = delete;
  BodyFile& operator=(const BodyFile&) = delete;
  ~BodyFile();

  /// ResourceExhausted if the disk is full.
  Status append(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  /// Fills `out` from there on; fewer bytes at the end only.
  Result<std::size_t> read(std::uint64_t from, std::span<char> out) const;

 private:
  explicit BodyFile(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace resultsdb::http
