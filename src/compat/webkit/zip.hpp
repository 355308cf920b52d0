// Reads zips that came from outside, in place: the directory at their end, and single members a piece at a
// time. Nothing that they say of themselves is trusted, and nothing is ever written under their names.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "resultsdb/result.hpp"

namespace resultsdb::webkit {

/// Fills `out` from there on; fewer bytes at the end only.
using ReadAt = std::function<Result<std::size_t>(std::uint64_t from, std::span<char> out)>;

/// Whether it ends as zips do.
Result<bool> is_zip(std::uint64_t size, const ReadAt& read);

struct ZipLimits {
  std::size_t members = 100'000;
  std::size_t directory_bytes = 16u << 20;
  std::uint64_t member_bytes = 256u << 20;  ///< unpacked
  std::uint64_t suspicious_bytes = 4u << 20;
  std::uint64_t ratio = 250;  ///< a member of more than suspicious_bytes must not grow more than that
};

struct ZipMember {
  std::string name;  ///< relative, with `/`; ends with one if it is a folder
  std::uint64_t packed = 0, size = 0, offset = 0;
  std::uint32_t crc = 0;
  bool deflated = false;

  bool is_folder() const { return name.ends_with('/'); }
};

/// The bytes of a member, unpacked while they are read. The zip it is of must outlive it.
class ZipReader {
 public:
  /// The next bytes; none at the end. InvalidArgument: not what the zip says of itself.
  Result<std::string> next();
  ~ZipReader();

 private:
  friend class Zip;
  class Implementation;
  explicit ZipReader(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

class Zip {
 public:
  /// InvalidArgument: it cannot be read, or its directory is beyond the limits.
  static Result<std::shared_ptr<const Zip>> open(std::uint64_t size, ReadAt read, ZipLimits limits = {});

  /// In the order of the directory. Those that lead out of it, links and devices, encrypted ones and those
  /// packed in other ways than `stored` and `deflated` are left out.
  const std::vector<ZipMember>& members() const { return members_; }
  /// InvalidArgument: beyond the limits.
  Result<std::unique_ptr<ZipReader>> read(const ZipMember& member) const;

 private:
  Zip(std::uint64_t size, ReadAt read, ZipLimits limits)
      : size_(size), read_(std::move(read)), limits_(limits) {}
  Status read_directory();

  const std::uint64_t size_;
  const ReadAt read_;
  const ZipLimits limits_;
  std::vector<ZipMember> members_;
};

}  // namespace resultsdb::webkit
