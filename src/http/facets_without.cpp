#include "facets_without.hpp"

#include <algorithm>
#include <optional>

#include "json_cursor.hpp"
#include "json_writer.hpp"
#include "resultsdb/json.hpp"
#include "text.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kMostFacets = 20;  // each costs another answer
constexpr std::string_view kWhere = "where", kMostItems = "1000";

/// The members that make an answer a list.
struct List {
  std::string_view items, next, total;  // as they stand in the text; empty: there is none
};

List read_list(std::string_view answer) {
  List list;
  JsonCursor cursor(answer);
  if (cursor.kind() != JsonCursor::Kind::Object) return list;
  cursor.enter();
  std::string name;
  while (cursor.next_member(name)) {
    const std::string_view value = cursor.slice();
    if (name == "items") list.items = value;
    if (name == "next") list.next = value;
    if (name == "total") list.total = value;
  }
  return list;
}

std::size_t count_items(std::string_view items) {
  std::size_t count = 0;
  JsonCursor cursor(items);
  cursor.enter();
  for (; cursor.next_element(); ++count) cursor.slice();
  return count;
}

/// Nothing: it is not known, as there are more than a page holds.
Result<std::optional<std::uint64_t>> count(const NativeContext& context, const Arguments& arguments,
                                           const ReadFunction& function) {
  RESULTSDB_ASSIGN(const std::string first, function(context, arguments.with("limit", "1")));
  if (const auto total = parse_number<std::uint64_t>(read_list(first).total)) return total;
  RESULTSDB_ASSIGN(const std::string most, function(context, arguments.with("limit", kMostItems)));
  const List list = read_list(most);
  if (list.next != "null") return std::optional<std::uint64_t>();
  return std::optional<std::uint64_t>(count_items(list.items));
}

}  // namespace

std::string with_facets_without(const NativeContext& context, const Arguments& arguments,
                                const ReadFunction& function, std::string answer) {
  // Most answers are no empty list: a look tells that cheaply. A nested member of that name is sorted out
  // below.
  if (!arguments.has(kWhere) || arguments.has("page") || answer.find(R"("items":[])") == answer.npos)
    return answer;
  if (!json::validate(answer)) return answer;  // a text of another kind
  const List list = read_list(answer);
  if (list.items != "[]" || list.next.empty()) return answer;
  const auto facets = arguments.all(kWhere);
  JsonWriter json;
  json.begin_array();
  for (std::size_t i = 0; i < std::min(facets.size(), kMostFacets); ++i) {
    const auto total = count(context, arguments.without(kWhere, i), function);
    if (!total) continue;  // what can be asked with it cannot without it
    json.begin_object().member("remove", "where=" + facets[i]).member("total", *total).end_object();
  }
  json.end_array();
  answer.pop_back();
  return answer + R"(,"facets_without":)" + json.take() + '}';
}

}  // namespace resultsdb::http
