#include "resultsdb/http/compression.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <vector>

#include "text.hpp"

namespace resultsdb::http {
namespace {

constexpr int kGzipLevel = 5, kZstdLevel = 3;
constexpr int kGzipWindow = 15 + 16;             // 32 KiB, with the gzip header
constexpr std::size_t kPiece = 64 << 10;         // unpacked at a time
constexpr int kMaxZstdWindowLog = 27;            // 128 MiB: what decoders must support by RFC 8878 is 8
constexpr std::size_t kMaxZlibInput = 1u << 30;  // zlib counts with 32 bits

Error too_large(std::size_t limit) {
  return make_error(ErrorCode::ResourceExhausted,
                    "the unpacked body is larger than " + std::to_string(limit) + " bytes");
}

Result<std::string> unpack_gzip(std::string_view body, std::size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK)
    return make_error(ErrorCode::Internal, "zlib has no memory");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, &inflateEnd);
  std::string text;
  std::array<char, kPiece> piece;
  int state = Z_OK;
  while (true) {
    if (stream.avail_in == 0) {
      if (body.empty()) break;
      const std::size_t size = std::min(body.size(), kMaxZlibInput);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
      stream.avail_in = static_cast<uInt>(size);
      body.remove_prefix(size);
    }
    if (state == Z_STREAM_END && inflateReset(&stream) != Z_OK) break;  // a further member follows
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = piece.size();
    state = inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) break;
    const std::size_t made = piece.size() - stream.avail_out;
    if (made > limit - text.size()) return too_large(limit);
    text.append(piece.data(), made);
  }
  // What is left in zlib's window comes out without further input.
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = piece.size();
    state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = piece.size() - stream.avail_out;
    if (made > limit - text.size()) return too_large(limit);
    text.append(piece.data(), made);
  }
  if (state != Z_STREAM_END) return invalid_argument("the body is no complete gzip stream");
  return text;
}

Result<std::string> unpack_zstd(std::string_view body, std::size_t limit) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (!context) return make_error(ErrorCode::Internal, "zstd has no memory");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  std::string text;
  std::array<char, kPiece> piece;
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  std::size_t left = 1;  // 0: a frame has ended
  while (true) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    const std::size_t before = in.pos;
    left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left)) return invalid_argument("the body is no zstd stream");
    if (out.pos > limit - text.size()) return too_large(limit);
    text.append(piece.data(), out.pos);
    if (in.pos == in.size && (left == 0 || out.pos < out.size)) break;
    if (in.pos == before && out.pos == 0) break;
  }
  if (left != 0 || in.pos != in.size) return invalid_argument("the body is no complete zstd stream");
  return text;
}

/// "0.5" of "q=0.5" in thousandths; anything odd counts as 1.
int quality(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = trim(take_until(parameters, ';'));
    if (parameter.size() < 3 || (parameter[0] | 0x20) != 'q' || parameter[1] != '=') continue;
    parameter.remove_prefix(2);
    int value = 0, scale = 1000;
    for (const char c : parameter) {
      if (c == '.') continue;
      if (c < '0' || c > '9' || scale == 0) return 1000;
      value += (c - '0') * scale;
      scale /= 10;
    }
    return std::min(value, 1000);
  }
  return 1000;
}

}  // namespace

std::string_view to_string(Coding coding) noexcept {
  switch (coding) {
    case Coding::Gzip:
      return "gzip";
    case Coding::Zstd:
      return "zstd";
    case Coding::Identity:
      break;
  }
  return "identity";
}

Coding choose_coding(std::optional<std::string_view> accept_encoding) {
  if (!accept_encoding) return Coding::Identity;
  int gzip = -1, zstd = -1, identity = -1, any = -1;  // -1: not mentioned
  std::string_view list = *accept_encoding;
  while (!list.empty()) {
    std::string_view entry = take_until(list, ',');
    const std::string name = to_lower(trim(take_until(entry, ';')));
    const int q = quality(entry);
    if (name == "gzip" || name == "x-gzip") gzip = std::max(gzip, q);
    if (name == "zstd") zstd = std::max(zstd, q);
    if (name == "identity") identity = q;
    if (name == "*") any = q;
  }
  if (gzip < 0) gzip = std::max(any, 0);
  if (zstd < 0) zstd = std::max(any, 0);
  if (identity < 0) identity = 0;  // always allowed, wanted only when nothing else is
  if (zstd > 0 && zstd >= gzip && zstd >= identity) return Coding::Zstd;
  if (gzip > 0 && gzip >= identity) return Coding::Gzip;
  return Coding::Identity;
}

Result<std::string> unpack(std::string_view content_encoding, std::string body, std::size_t limit) {
  std::vector<std::string> codings;
  while (!content_encoding.empty()) codings.push_back(to_lower(trim(take_until(content_encoding, ','))));
  constexpr std::size_t kMostCodings = 4;
  if (codings.size() > kMostCodings) return invalid_argument("more than four content codings");
  for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding) {
    if (coding->empty() || *coding == "identity") continue;
    const bool gzip = *coding == "gzip" || *coding == "x-gzip";
    if (!gzip && *coding != "zstd") {
      return make_error(ErrorCode::NotFound,
                        "content coding \"" + *coding + "\" is not known: use gzip or zstd");
    }
    RESULTSDB_ASSIGN(body, gzip ? unpack_gzip(body, limit) : unpack_zstd(body, limit));
  }
  return body;
}

std::optional<std::string> pack(Coding coding, std::string_view text) {
  std::string packed;
  if (coding == Coding::Zstd) {
    packed.resize(ZSTD_compressBound(text.size()));
    const std::size_t size =
        ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), kZstdLevel);
    if (ZSTD_isError(size)) return std::nullopt;
    packed.resize(size);
    return packed;
  }
  if (coding != Coding::Gzip || text.size() > kMaxZlibInput) return std::nullopt;
  z_stream stream{};
  constexpr int kDefaultMemory = 8;
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindow, kDefaultMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return std::nullopt;
  }
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> guard(&stream, &deflateEnd);
  packed.resize(deflateBound(&stream, text.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return std::nullopt;
  packed.resize(packed.size() - stream.avail_out);
  return packed;
}

}  // namespace resultsdb::http
