#include "engine/timeline_state.hpp"

#include "engine/bytes.hpp"

namespace resultsdb::engine {

storage::Bytes encode_state(const TimelineState& state) {
  ByteWriter out;
  out.varint(state.next_test_set);
  out.varint(state.chunks);
  for (const FoldCursor& cursor : state.folded) {
    out.varint(cursor.group);
    out.varint(cursor.chunk);
  }
  out.varint(state.rewritten);
  if (state.claim != 0) out.varint(state.claim);
  return seal(std::move(out).take());
}

Result<TimelineState> decode_state(std::string_view bytes) {
  TimelineState state;
  if (bytes.empty()) return state;
  RESULTSDB_ASSIGN(const std::string_view content, open_sealed(bytes, "timeline.state"));
  ByteReader in(content);
  state.next_test_set = in.varint32();
  state.chunks = in.varint32();
  for (FoldCursor& cursor : state.folded) {
    cursor.group = in.varint32();
    cursor.chunk = in.varint32();
  }
  state.rewritten = in.varint();
  if (!in.at_end()) state.claim = in.varint();
  if (!in.at_end()) return make_error(ErrorCode::Corrupt, "the bookkeeping is damaged", "timeline.state");
  return state;
}

}  // namespace resultsdb::engine
