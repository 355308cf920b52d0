// The bytes of a result file: read once from its beginning, unpacked, counted and digested on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "domain/sha256.hpp"

namespace resultsdb::formats {

/// Why a file cannot be read on: one of the closed list of codes, and a text for people.
struct Refusal {
  std::string code;
  std::string message;
  std::uint64_t line = 0;  ///< 0: no place
};

class Unpacker;

class ByteSource {
 public:
  static constexpr std::size_t kHeadBytes = 64 << 10;

  ByteSource(std::istream& in, std::uint64_t max_bytes);
  ~ByteSource();

  /// The first bytes of the file, unpacked, at most kHeadBytes; they are read again by read().
  std::string_view head() const noexcept { return head_; }
  /// The next bytes, at most `size`; 0 at the end and after a refusal.
  std::size_t read(char* out, std::size_t size);
  /// Packed data that ends before its end. What came out of it is good.
  bool truncated() const noexcept { return truncated_; }
  const std::optional<Refusal>& refusal() const noexcept { return refusal_; }
  /// SHA-256 of the file as it is, packed or not. Reads what is left.
  std::string digest();

 private:
  std::size_t read_packed(char* out, std::size_t size);
  std::size_t unpack(char* out, std::size_t size);

  std::istream& in_;
  std::uint64_t max_bytes_;
  std::uint64_t packed_ = 0, unpacked_ = 0;
  domain::Sha256 sha_;
  std::unique_ptr<Unpacker> unpacker_;
  std::string first_;  ///< bytes read to recognise packing, not yet handed on
  std::string head_;
  std::size_t head_used_ = 0;
  bool member_done_ = false;  ///< the packed data may end here
  bool truncated_ = false;
  std::optional<Refusal> refusal_;
};

}  // namespace resultsdb::formats
