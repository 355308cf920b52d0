#include "formats/byte_source.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace resultsdb::formats {
namespace {

constexpr std::size_t kPackedChunk = 64 << 10;
constexpr std::uint64_t kMaxRatio = 200;
/// Small files may have any ratio: one block of zeros is no bomb.
constexpr std::uint64_t kRatioFreeBytes = 1 << 20;
/// Largest window that zstd may ask for: 16 MiB.
constexpr int kZstdWindowLog = 24;

}  // namespace

/// One step of unpacking, as zlib and zstd both have it.
class Unpacker {
 public:
  enum class State { More, End, Damaged };
  virtual ~Unpacker() = default;
  /// Moves `in` and `out` forward. End: one whole member or frame is done; another may follow.
  virtual State step(std::string_view& in, char*& out, std::size_t& space) = 0;
};

namespace {

class Gunzip : public Unpacker {
 public:
  Gunzip() { ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;
  ~Gunzip() override { inflateEnd(&stream_); }

  State step(std::string_view& in, char*& out, std::size_t& space) override {
    if (!ready_) return State::Damaged;
    if (std::exchange(ended_, false)) inflateReset(&stream_);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(space);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    in.remove_prefix(in.size() - stream_.avail_in);
    out += space - stream_.avail_out;
    space = stream_.avail_out;
    ended_ = code == Z_STREAM_END;
    if (ended_) return State::End;
    return code == Z_OK || code == Z_BUF_ERROR ? State::More : State::Damaged;
  }

 private:
  z_stream stream_{};
  bool ready_ = false, ended_ = false;
};

class Unzstd : public Unpacker {
 public:
  Unzstd() : stream_(ZSTD_createDCtx()) {
    if (stream_) ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kZstdWindowLog);
  }
  Unzstd(const Unzstd&) = delete;
  Unzstd& operator=(const Unzstd&) = delete;
  ~Unzstd() override { ZSTD_freeDCtx(stream_); }

  State step(std::string_view& in, char*& out, std::size_t& space) override {
    if (!stream_) return State::Damaged;
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out, space, 0};
    const std::size_t code = ZSTD_decompressStream(stream_, &output, &input);
    if (ZSTD_isError(code)) return State::Damaged;
    in.remove_prefix(input.pos);
    out += output.pos;
    space -= output.pos;
    return code == 0 ? State::End : State::More;
  }

 private:
  ZSTD_DCtx* stream_;
};

std::unique_ptr<Unpacker> make_unpacker(std::string_view first) {
  if (first.starts_with("\x1F\x8B")) return std::make_unique<Gunzip>();
  if (first.starts_with("\x28\xB5\x2F\xFD")) return std::make_unique<Unzstd>();
  return nullptr;
}

}  // namespace

ByteSource::ByteSource(std::istream& in, std::uint64_t max_bytes) : in_(in), max_bytes_(max_bytes) {
  first_.resize(kPackedChunk);
  first_.resize(read_packed(first_.data(), first_.size()));
  unpacker_ = make_unpacker(first_);
  std::string head(kHeadBytes, '\0');
  std::size_t size = 0;
  while (size < head.size()) {
    const std::size_t got = read(head.data() + size, head.size() - size);
    if (got == 0) break;
    size += got;
  }
  head.resize(size);
  head_ = std::move(head);
}

ByteSource::~ByteSource() = default;

std::size_t ByteSource::read_packed(char* out, std::size_t size) {
  in_.read(out, static_cast<std::streamsize>(size));
  const auto got = static_cast<std::size_t>(in_.gcount());
  packed_ += got;
  sha_.update({out, got});
  return got;
}

std::size_t ByteSource::read(char* out, std::size_t size) {
  if (head_used_ < head_.size()) {
    const std::size_t got = std::min(size, head_.size() - head_used_);
    std::memcpy(out, head_.data() + head_used_, got);
    head_used_ += got;
    return got;
  }
  if (refusal_) return 0;
  std::size_t got = 0;
  if (unpacker_) {
    got = unpack(out, size);
  } else if (!first_.empty()) {
    got = std::min(size, first_.size());
    std::memcpy(out, first_.data(), got);
    first_.erase(0, got);
  } else {
    got = read_packed(out, size);
  }
  unpacked_ += got;
  if (unpacked_ > max_bytes_) {
    refusal_ =
        Refusal{"too large", "the file has more than " + std::to_string(max_bytes_) + " bytes unpacked"};
    return 0;
  }
  if (unpacker_ && unpacked_ > kRatioFreeBytes && unpacked_ / kMaxRatio > packed_) {
    refusal_ = Refusal{"too large", "the file grows more than 200 times when it is unpacked"};
    return 0;
  }
  return got;
}

std::size_t ByteSource::unpack(char* out, std::size_t size) {
  char* end = out;
  std::size_t space = size;
  while (space == size) {
    if (first_.empty()) {
      first_.resize(kPackedChunk);
      first_.resize(read_packed(first_.data(), first_.size()));
      if (first_.empty()) {
        truncated_ = truncated_ || !member_done_;
        return 0;
      }
    }
    std::string_view input = first_;
    const auto state = unpacker_->step(input, end, space);
    first_.erase(0, first_.size() - input.size());
    member_done_ = state == Unpacker::State::End;
    if (state == Unpacker::State::Damaged) {
      refusal_ = Refusal{"not well-formed", "the packed data is damaged at byte " +
                                                std::to_string(packed_ - first_.size()) + "; pack it again"};
      break;
    }
  }
  return size - space;
}

std::string ByteSource::digest() {
  std::vector<char> rest(kPackedChunk);
  while (read_packed(rest.data(), rest.size()) > 0) {
  }
  return sha_.finish();
}

}  // namespace resultsdb::formats
