#include "zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <optional>

#include "resultsdb/json.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::size_t kEndBytes = 22, kCommentBytes = 65'535, kLocatorBytes = 20, kEnd64Bytes = 56;
constexpr std::size_t kEntryBytes = 46, kHeaderBytes = 30;
constexpr std::size_t kPiece = 64 << 10;
constexpr std::uint16_t kEncrypted = 1;  // flag
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint16_t kSizes64 = 1;  // extra field
constexpr std::uint32_t kIn64 = 0xFFFF'FFFF;

Error corrupt(const char* what) { return invalid_argument(std::string("The zip is damaged: ") + what); }

/// Little-endian numbers. The caller knows that the bytes are there.
std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}
std::uint16_t u16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(number(bytes, at, 2));
}
std::uint32_t u32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number(bytes, at, 4));
}

/// Exactly these bytes, or Corrupt.
Result<std::string> read_exactly(const ReadAt& read, std::uint64_t size, std::uint64_t from,
                                 std::uint64_t count) {
  if (from > size || count > size - from) return corrupt("it ends early");
  std::string bytes(static_cast<std::size_t>(count), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    RESULTSDB_ASSIGN(const std::size_t got, read(from + at, std::span(bytes).subspan(at)));
    if (got == 0) return corrupt("it ends early");
    at += got;
  }
  return bytes;
}

/// Where the record at the end begins; nothing in what is no zip.
Result<std::optional<std::uint64_t>> find_end(std::uint64_t size, const ReadAt& read) {
  const std::uint64_t from = size - std::min<std::uint64_t>(size, kEndBytes + kCommentBytes);
  RESULTSDB_ASSIGN(const std::string tail, read_exactly(read, size, from, size - from));
  if (tail.size() < kEndBytes) return std::optional<std::uint64_t>();
  const std::size_t at = tail.rfind("PK\5\6", tail.size() - kEndBytes);
  if (at == std::string::npos) return std::optional<std::uint64_t>();
  return std::optional(from + at);
}

struct Directory {
  std::uint64_t from = 0, size = 0, entries = 0;
  std::uint64_t shift = 0;  ///< what lies in front of the zip
};

Result<Directory> find_directory(std::uint64_t size, const ReadAt& read) {
  RESULTSDB_ASSIGN(const auto at, find_end(size, read));
  if (!at) return corrupt("it has no end");
  RESULTSDB_ASSIGN(const std::string end, read_exactly(read, size, *at, kEndBytes));
  Directory directory{.from = u32(end, 16), .size = u32(end, 12), .entries = u16(end, 10)};
  std::uint64_t behind = *at;
  if (*at >= kLocatorBytes) {
    RESULTSDB_ASSIGN(const std::string locator, read_exactly(read, size, *at - kLocatorBytes, kLocatorBytes));
    if (locator.starts_with("PK\6\7")) {
      if (*at < kLocatorBytes + kEnd64Bytes) return corrupt("it begins late");
      behind = *at - kLocatorBytes - kEnd64Bytes;
      RESULTSDB_ASSIGN(const std::string end64, read_exactly(read, size, behind, kEnd64Bytes));
      if (!end64.starts_with("PK\6\6")) return corrupt("its end is not where it says");
      directory = {
          .from = number(end64, 48, 8), .size = number(end64, 40, 8), .entries = number(end64, 32, 8)};
    }
  }
  if (directory.size > behind || directory.from > behind - directory.size)
    return corrupt("its directory is not where it says");
  directory.shift = behind - directory.size - directory.from;
  directory.from += directory.shift;
  return directory;
}

bool is_safe(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\\') != std::string_view::npos) return false;
  if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }))
    return false;
  if (name.size() > 1 && name[1] == ':') return false;  // a drive
  if (name.ends_with('/')) name.remove_suffix(1);
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t slash = std::min(name.find('/', at), name.size());
    const std::string_view part = name.substr(at, slash - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = slash + 1;
  }
  return true;
}

/// Neither a link nor a device; made on other systems, it can be none.
bool is_plain(std::uint16_t made_by, std::uint32_t attributes) {
  constexpr std::uint16_t kUnix = 3, kDarwin = 19;
  if (made_by >> 8 != kUnix && made_by >> 8 != kDarwin) return true;
  const std::uint32_t type = attributes >> 16 & 0170000;
  return type == 0 || type == 0100000 || type == 0040000;
}

/// The sizes and the place that do not fit into an entry stand in its extra field.
bool read_sizes64(std::string_view extra, ZipMember& member) {
  while (extra.size() >= 4) {
    const std::size_t size = u16(extra, 2);
    if (size > extra.size() - 4) return false;
    std::string_view field = extra.substr(4, size);
    if (u16(extra, 0) == kSizes64) {
      for (std::uint64_t* value : {&member.size, &member.packed, &member.offset}) {
        if (*value != kIn64) continue;
        if (field.size() < 8) return false;
        *value = number(field, 0, 8);
        field.remove_prefix(8);
      }
      return true;
    }
    extra.remove_prefix(4 + size);
  }
  return true;
}

}  // namespace

Result<bool> is_zip(std::uint64_t size, const ReadAt& read) {
  RESULTSDB_ASSIGN(const auto at, find_end(size, read));
  return at.has_value();
}

Result<std::shared_ptr<const Zip>> Zip::open(std::uint64_t size, ReadAt read, ZipLimits limits) {
  std::shared_ptr<Zip> zip(new Zip(size, std::move(read), limits));
  RESULTSDB_TRY(zip->read_directory());
  return std::shared_ptr<const Zip>(std::move(zip));
}

Status Zip::read_directory() {
  RESULTSDB_ASSIGN(const Directory directory, find_directory(size_, read_));
  if (directory.entries > limits_.members || directory.size > limits_.directory_bytes)
    return invalid_argument("The zip has too many members");
  RESULTSDB_ASSIGN(const std::string bytes, read_exactly(read_, size_, directory.from, directory.size));
  std::string_view rest = bytes;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    if (rest.size() < kEntryBytes || !rest.starts_with("PK\1\2")) return corrupt("its directory ends early");
    const std::size_t name = u16(rest, 28), extra = u16(rest, 30), comment = u16(rest, 32);
    if (rest.size() - kEntryBytes < name + extra + comment) return corrupt("its directory ends early");
    ZipMember member{.name = json::repair_utf8(rest.substr(kEntryBytes, name)),
                     .packed = u32(rest, 20),
                     .size = u32(rest, 24),
                     .offset = u32(rest, 42),
                     .crc = u32(rest, 16),
                     .deflated = u16(rest, 10) == kDeflated};
    const bool known = member.deflated || u16(rest, 10) == kStored;
    const bool usable = known && (u16(rest, 8) & kEncrypted) == 0 && is_plain(u16(rest, 4), u32(rest, 38)) &&
                        is_safe(member.name) &&
                        read_sizes64(rest.substr(kEntryBytes + name, extra), member) &&
                        (member.deflated || member.packed == member.size);
    member.offset += directory.shift;
    rest.remove_prefix(kEntryBytes + name + extra + comment);
    if (usable) members_.push_back(std::move(member));
  }
  return {};
}

class ZipReader::Implementation {
 public:
  Implementation(const ReadAt& read, const ZipMember& member, std::uint64_t from)
      : read_(read), member_(member), at_(from), end_(from + member.packed) {}
  ~Implementation() {
    if (inflating_) inflateEnd(&stream_);
  }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  Status begin() {
    if (!member_.deflated) return {};
    inflating_ = inflateInit2(&stream_, -MAX_WBITS) == Z_OK;
    return inflating_ ? Status()
                      : make_error(ErrorCode::ResourceExhausted, "There is no memory to unpack it");
  }

  Result<std::string> next() {
    if (given_ == member_.size) return std::string();
    RESULTSDB_ASSIGN(std::string piece, member_.deflated ? inflate_piece() : packed_piece());
    given_ += piece.size();
    crc_ = crc32(crc_, reinterpret_cast<const Bytef*>(piece.data()), static_cast<uInt>(piece.size()));
    if (piece.empty() || given_ > member_.size) return corrupt("a member has another size than it says");
    if (given_ == member_.size && crc_ != member_.crc)
      return corrupt("a member has another checksum than it says");
    return piece;
  }

 private:
  /// Empty at the end.
  Result<std::string> packed_piece() {
    std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end_ - at_)), '\0');
    RESULTSDB_ASSIGN(const std::size_t count, read_(at_, std::span<char>(piece)));
    piece.resize(count);
    at_ += count;
    return piece;
  }

  Result<std::string> inflate_piece() {
    std::string piece(kPiece, '\0');
    stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_.avail_out = static_cast<uInt>(piece.size());
    while (stream_.avail_out > 0) {
      if (stream_.avail_in == 0) {
        RESULTSDB_ASSIGN(packed_, packed_piece());
        stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
        stream_.avail_in = static_cast<uInt>(packed_.size());
      }
      const int answer = inflate(&stream_, Z_NO_FLUSH);
      if (answer == Z_STREAM_END) break;
      if (answer != Z_OK) return corrupt("a member cannot be unpacked");
    }
    piece.resize(piece.size() - stream_.avail_out);
    return piece;
  }

  const ReadAt& read_;
  const ZipMember member_;
  std::uint64_t at_;
  const std::uint64_t end_;
  z_stream stream_{};
  bool inflating_ = false;
  std::string packed_;
  std::uint64_t given_ = 0;
  uLong crc_ = 0;
};

ZipReader::ZipReader(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
ZipReader::~ZipReader() = default;
Result<std::string> ZipReader::next() { return implementation_->next(); }

Result<std::unique_ptr<ZipReader>> Zip::read(const ZipMember& member) const {
  if (member.size > limits_.member_bytes ||
      (member.size > limits_.suspicious_bytes && member.size / limits_.ratio > member.packed))
    return invalid_argument("The file is too large to be unpacked; download the archive");
  RESULTSDB_ASSIGN(const std::string header, read_exactly(read_, size_, member.offset, kHeaderBytes));
  if (!header.starts_with("PK\3\4")) return corrupt("a member is not where it says");
  const std::uint64_t from = member.offset + kHeaderBytes + u16(header, 26) + u16(header, 28);
  if (from > size_ || member.packed > size_ - from) return corrupt("a member is not where it says");
  auto reader = std::make_unique<ZipReader::Implementation>(read_, member, from);
  RESULTSDB_TRY(reader->begin());
  return std::unique_ptr<ZipReader>(new ZipReader(std::move(reader)));
}

}  // namespace resultsdb::webkit
