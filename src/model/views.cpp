#include "resultsdb/views.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "domain/check.hpp"
#include "domain/small_id.hpp"

namespace resultsdb {
namespace {

namespace bj = boost::json;

constexpr char kCollection[] = "views";
constexpr std::size_t kNameBytes = 120, kDescriptionBytes = 4096, kUrlBytes = 16u << 10;
constexpr std::uint32_t kReadAtOnce = 1000;
constexpr std::array<std::string_view, 21> kPages = {
    "/",       "/timeline",     "/test",  "/suites",   "/suite",   "/run",      "/investigate",
    "/broken", "/flaky",        "/slow",  "/compare",  "/commits", "/commit",   "/not-run",
    "/rerun",  "/expectations", "/views", "/settings", "/help",    "/help/api", "/admin"};

Status check(const View& view) {
  RESULTSDB_TRY(domain::check_small_id(view.id));
  RESULTSDB_TRY(domain::check_text("name", view.name, kNameBytes, domain::Presence::Required));
  RESULTSDB_TRY(domain::check_text("description", view.description, kDescriptionBytes));
  RESULTSDB_TRY(domain::check_text("author", view.author, kNameBytes));
  RESULTSDB_TRY(domain::check_text("url", view.url, kUrlBytes, domain::Presence::Required));
  if (!is_page_url(view.url))
    return invalid_argument("must be a relative URL of a page, such as /timeline?t=unit:", "url");
  return {};
}

Document to_document(const View& view) {
  const bj::object object{{"name", view.name},     {"description", view.description},
                          {"url", view.url},       {"dashboard", view.dashboard},
                          {"author", view.author}, {"updated", to_micros(view.updated)}};
  return {.key = view.id, .text = bj::serialize(object), .attributes = {}, .unique = {}};
}

Result<View> to_view(const Document& document) {
  const Error damaged = make_error(ErrorCode::Corrupt, "is no view", "document " + document.key);
  try {
    const bj::value value = bj::parse(document.text);
    const auto text = [&](const char* name) { return std::string(value.at(name).as_string()); };
    View view{.id = document.key,
              .name = text("name"),
              .description = text("description"),
              .url = text("url"),
              .dashboard = value.at("dashboard").as_bool(),
              .author = text("author"),
              .version = document.version,
              .updated = from_micros(value.at("updated").as_int64())};
    if (!check(view) || !is_valid_time(view.updated)) return damaged;
    return view;
  } catch (const std::exception&) {  // of Boost.JSON: not JSON, or a member is missing or of another kind
    return damaged;
  }
}

}  // namespace

bool is_page_url(std::string_view url) {
  // Browsers take a backslash for a slash, and leave out tabs and line ends.
  const auto odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\\' || c == 0x7f; };
  if (url.size() > kUrlBytes || std::ranges::any_of(url, odd)) return false;
  std::string_view path = url.substr(0, url.find_first_of("?#"));
  constexpr std::string_view kEmbed = "/embed";
  if (path.starts_with(kEmbed) && path.size() > kEmbed.size()) path.remove_prefix(kEmbed.size());
  return std::ranges::find(kPages, path) != kPages.end();
}

Result<std::vector<View>> Views::list() const {
  std::vector<View> views;
  DocumentsQuery query{.collection = kCollection, .limit = kReadAtOnce};
  do {
    RESULTSDB_ASSIGN(const auto page, model_->documents(query));
    for (const Document& document : page.items) {
      RESULTSDB_ASSIGN(View view, to_view(document));
      views.push_back(std::move(view));
    }
    query.page = page.next;
  } while (!query.page.empty());
  std::ranges::stable_sort(views, {}, &View::name);  // documents come by key
  return views;
}

Result<std::optional<View>> Views::get(std::string_view id) const {
  if (!domain::is_small_id(id)) return std::optional<View>();
  RESULTSDB_ASSIGN(const auto found, model_->get_document(kCollection, id));
  if (!found) return std::optional<View>();
  RESULTSDB_ASSIGN(View view, to_view(*found));
  return std::optional(std::move(view));
}

Result<View> Views::put(const View& view, Time now, std::uint64_t expected_version) {
  RESULTSDB_TRY(check(view));
  View stored = view;
  stored.updated = now;
  stored.version = expected_version + 1;
  RESULTSDB_TRY(model_->change_documents(
      {.collection = kCollection, .puts = {{to_document(stored), expected_version}}, .deletes = {}}));
  return stored;
}

Status Views::remove(std::string_view id, std::optional<std::uint64_t> expected_version) {
  RESULTSDB_ASSIGN(const auto found, get(id));
  if (!found) return make_error(ErrorCode::NotFound, "there is no such view", "view");
  return model_->change_documents(
      {.collection = kCollection,
       .puts = {},
       .deletes = {{.key = std::string(id), .expected_version = expected_version}}});
}

}  // namespace resultsdb
