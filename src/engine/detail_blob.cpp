#include "engine/detail_blob.hpp"

#include "engine/bytes.hpp"

namespace resultsdb::engine {

storage::Bytes encode_detail(std::string_view attributes, std::string_view detail) {
  ByteWriter out;
  out.varint(attributes.size());
  out.bytes(attributes);
  out.bytes(detail);
  return seal(std::move(out).take());
}

Result<Detail> decode_detail(std::string_view blob) {
  RESULTSDB_ASSIGN(const std::string_view content, open_sealed(blob, "detail"));
  ByteReader in(content);
  const std::uint64_t size = in.varint();
  Detail detail;
  detail.attributes = in.bytes(size);
  detail.detail = in.bytes(in.remaining());
  if (!in.at_end()) return make_error(ErrorCode::Corrupt, "the framing is damaged", "detail");
  return detail;
}

}  // namespace resultsdb::engine
