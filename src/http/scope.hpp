// Which timelines and runs a request asks for: the parameter groups SEL, RNG and PAGE.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "json_writer.hpp"
#include "native_context.hpp"

namespace resultsdb::http {

/// SEL for one suite.
struct Scope {
  std::string suite;
  Selection selection;
  std::optional<Time> recent_since;  ///< what `recent` came to
};
/// `suite` must be there once, or a `timeline` that tells it.
Result<Scope> read_scope(const NativeContext& context, const Arguments& arguments);
/// As read_scope(); without suite and timeline one scope for each suite.
Result<std::vector<Scope>> read_scopes(const NativeContext& context, const Arguments& arguments);

/// RNG: bounds, or the newest `last` runs of each timeline.
struct RangeRequest {
  RunRange range;
  std::uint32_t last = kMostRuns;
  std::optional<RunCommit> commit;  ///< `at=ref:…`: runs that have this commit

  static constexpr std::uint32_t kMostRuns = 50'000, kDefaultRuns = 500;
};
Result<RangeRequest> read_range(const NativeContext& context, const Arguments& arguments);
/// One end of a range.
struct Bound {
  std::optional<Position> position;
  std::optional<Time> time;
  std::optional<Commit> commit;

  /// Of a time: that of the first commit that may bear it.
  Position place() const;
};
Result<Bound> read_bound(const NativeContext& context, std::string_view text, std::string_view parameter);
/// A commit named in a parameter: `NAME` or `REPOSITORY:NAME`.
Result<Commit> resolve_reference(const NativeContext& context, const std::string& text,
                                 std::string_view parameter);

/// PAGE, with a place in the list: behind `primary` (and `tie` among equals), or `offset` items.
struct PageRequest {
  std::uint32_t limit = 100;
  std::optional<std::int64_t> primary;
  std::string tie;
  std::uint64_t offset = 0;
};
Result<PageRequest> read_page(const Arguments& arguments, std::uint32_t most = 1000);
std::string keyset_token(const Arguments& arguments, std::int64_t primary, const std::string& tie);
std::string offset_token(const Arguments& arguments, std::uint64_t offset);
/// `"next":…`: the token, or null when it is empty.
void write_next(JsonWriter& json, const std::string& token);

/// One page of a list in descending order of an integer that several items may share (then by ascending tie),
/// from a source that only knows bounds of the integer. Survives concurrent inserts: the token is a key.
template <class Item>
struct KeysetPage {
  std::vector<Item> items;
  std::string next;
};
template <class Item>
struct KeysetSource {
  /// Newest first within inclusive bounds; 0: no limit.
  std::function<Result<std::vector<Item>>(std::optional<std::int64_t> from, std::optional<std::int64_t> to,
                                          std::uint32_t limit)>
      fetch;
  std::function<std::int64_t(const Item&)> primary;
  std::function<std::string(const Item&)> tie;
};

template <class Item>
Result<KeysetPage<Item>> keyset_page(const KeysetSource<Item>& source, const Arguments& arguments,
                                     const PageRequest& page) {
  const auto before = [&](const Item& a, const Item& b) {
    if (source.primary(a) != source.primary(b)) return source.primary(a) > source.primary(b);
    return source.tie(a) < source.tie(b);
  };
  KeysetPage<Item> result;
  auto& items = result.items;
  std::optional<std::int64_t> to;
  if (page.primary) {
    RESULTSDB_ASSIGN(items, source.fetch(page.primary, page.primary, 0));
    std::erase_if(items, [&](const Item& item) { return source.tie(item) <= page.tie; });
    to = *page.primary - 1;
  }
  RESULTSDB_ASSIGN(std::vector<Item> rest, source.fetch(std::nullopt, to, page.limit + 1));
  if (rest.size() > page.limit) {  // the last group of equals may be cut: take all of it
    const std::int64_t last = source.primary(rest.back());
    std::erase_if(rest, [&](const Item& item) { return source.primary(item) == last; });
    RESULTSDB_ASSIGN(std::vector<Item> group, source.fetch(last, last, 0));
    rest.insert(rest.end(), group.begin(), group.end());
  }
  items.insert(items.end(), rest.begin(), rest.end());
  std::sort(items.begin(), items.end(), before);
  if (items.size() > page.limit) {
    items.resize(page.limit);
    result.next = keyset_token(arguments, source.primary(items.back()), source.tie(items.back()));
  }
  return result;
}

}  // namespace resultsdb::http
