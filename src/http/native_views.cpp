// listViews, getView, putView and deleteView.
#include "native_views.hpp"

#include <array>

#include "json_members.hpp"
#include "judgement_json.hpp"
#include "stored_items.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kMostBytes = 16u << 10;  // of any member

std::string to_json(const View& view) {
  JsonWriter json;
  write_view(json, view);
  return json.take();
}

Result<std::string> list_views(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const PageRequest page, read_page(arguments));
  RESULTSDB_ASSIGN(auto views, Views(context.model).list());
  const std::size_t total = views.size();
  const std::string next =
      cut_page(views, arguments, page, [](const View& view) { return Rank{0, view.name + '\n' + view.id}; });
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const View& view : views) write_view(json, view);
  json.end_array();
  write_next(json, next);
  json.member("total", total).key("warnings").begin_array().end_array().end_object();
  return json.take();
}

/// The body of a PUT.
Result<View> read_view(const NativeContext&, std::string_view body) {
  static constexpr std::array<std::string_view, 5> kNames = {"name", "description", "url", "dashboard",
                                                             "author"};
  RESULTSDB_TRY(json::validate(body));
  JsonCursor cursor(body);
  View view;
  std::string name, scratch;
  RESULTSDB_TRY(read_body(cursor, kNames, name, [&]() -> Status {
    const MemberPath path{.member = name};
    if (name == "dashboard") {
      RESULTSDB_ASSIGN(view.dashboard, read_flag(cursor, path));
      return {};
    }
    std::string& text = name == "name"          ? view.name
                        : name == "description" ? view.description
                        : name == "url"         ? view.url
                                                : view.author;
    RESULTSDB_ASSIGN(text, read_text(cursor, scratch, path, kMostBytes));
    return {};
  }));
  return view;
}

}  // namespace

void write_view(JsonWriter& json, const View& view) {
  json.begin_object().member("id", view.id).member("name", view.name);
  json.member("description", view.description).member("url", view.url);
  json.member("dashboard", view.dashboard).member("version", view.version);
  json.member("updated", view.updated).member("author", view.author).end_object();
}

void add_view_routes(Router& router, const ContextPtr& context) {
  add_read(router, context, {"/v1/views", "listViews", names({"limit", "page"}), list_views});
  add_stored_items<Views, View>(
      router, context,
      {.name = "view",
       .path = "/v1/views",
       .get = "getView",
       .put = "putView",
       .remove = "deleteView",
       .read = read_view,
       .to_json = to_json,
       .store = [](const NativeContext& native, Views& views, const View& view, std::uint64_t version) {
         return views.put(view, native.now(), version);
       }});
}

}  // namespace resultsdb::http
