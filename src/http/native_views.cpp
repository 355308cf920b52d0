// listViews, getView, putView and deleteView.
#include "native_views.hpp"

#include <array>

#include "json_members.hpp"
#include "judgement_json.hpp"
#include "native_write.hpp"

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

Error no_such_view() { return make_error(ErrorCode::NotFound, "there is no such view", "view"); }

Result<std::string> get_view(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const auto view, Views(context.model).get(arguments.path(0)));
  if (!view) return no_such_view();
  return to_json(*view);
}

/// The body of a PUT.
Result<View> read_view(std::string_view body) {
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

std::optional<StoredState> state_of(const std::optional<View>& current) {
  if (!current) return std::nullopt;
  return StoredState{etag_of(to_json(*current)), current->version};
}

Status check_request(const NativeContext& context, const Request& request) {
  RESULTSDB_TRY(may_write(context, request));
  RESULTSDB_TRY(Arguments::read(request.parameters(), {}, request, {}));
  return {};
}

Result<View> store_view(const NativeContext& context, const Request& request, const std::string& id) {
  RESULTSDB_TRY(check_request(context, request));
  RESULTSDB_ASSIGN(View view, read_view(request.body));
  view.id = id;
  Views views(context.model);
  RESULTSDB_ASSIGN(const auto current, views.get(id));
  RESULTSDB_ASSIGN(const auto version, required_version(request, state_of(current)));
  if (!version)
    return invalid_argument("or If-None-Match: * is needed, so that nobody's change is overwritten unseen",
                            "If-Match");
  return views.put(view, context.now(), *version);
}

Response put_view(const NativeContext& context, const Request& request, const std::string& id) {
  const auto stored = store_view(context, request, id);
  if (!stored) return write_problem(request, stored.error());
  return stored_response(to_json(*stored), stored->version == 1, "/v1/views/" + stored->id);
}

Status remove_view(const NativeContext& context, const Request& request, const std::string& id) {
  RESULTSDB_TRY(check_request(context, request));
  Views views(context.model);
  RESULTSDB_ASSIGN(const auto current, views.get(id));
  if (!current) return no_such_view();
  RESULTSDB_ASSIGN(const auto version, required_version(request, state_of(current)));
  return views.remove(id, version);
}

Response delete_view(const NativeContext& context, const Request& request, const std::string& id) {
  if (const Status removed = remove_view(context, request, id); !removed)
    return write_problem(request, removed.error());
  Response response;
  response.status = 204;
  return response;
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
  add_read(router, context, {"/v1/views/{view}", "getView", {}, get_view});
  router.add(
      {"PUT", "/v1/views/{view}", "putView", [context](const Request& request, const PathVariables& path) {
         return put_view(*context, request, path.front());
       }});
  router.add({"DELETE", "/v1/views/{view}", "deleteView",
              [context](const Request& request, const PathVariables& path) {
                return delete_view(*context, request, path.front());
              }});
}

}  // namespace resultsdb::http
