// The pages of the original's web interface under its addresses, so that links that people kept lead
// somewhere, and the files they are made of.
#include <array>
#include <cstdint>

#include "embedded/resultsdb_webkit.hpp"
#include "query.hpp"
#include "run_search.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

struct File {
  std::string_view path, type;
  const std::string_view* text;
};

constexpr char kScript[] = "text/javascript; charset=utf-8";
constexpr std::string_view kCommonScript = "// Nothing yet that all scripts share.\nexport {};\n";
const std::array<File, 4> kAssets = {{
    {"js/constants.js", "application/javascript", &constants_js},
    {"js/common.js", kScript, &kCommonScript},
    {"js/results.js", kScript, &results_js},
    {"css/results.css", "text/css; charset=utf-8", &results_css},
}};

/// FNV-1a: whether a file changed, nothing more.
std::string entity_tag(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  return "\"" + std::to_string(hash) + "\"";
}

/// The text, or 304 if the browser has it.
http::Response file(const http::Request& request, std::string_view text, std::string_view type) {
  http::Response response;
  response.set_header("Content-Type", std::string(type));
  response.set_header("Cache-Control", "no-cache");
  response.set_header("X-Content-Type-Options", "nosniff");
  const std::string tag = entity_tag(text);
  response.set_header("ETag", tag);
  if (request.header("If-None-Match") == tag) {
    response.status = 304;
  } else {
    response.body = text;
  }
  return response;
}

http::Response document(const http::Request& request, std::string_view body) {
  const std::string html = std::string(frame_html).append(body);
  http::Response response = file(request, html, "text/html; charset=utf-8");
  response.set_header("Content-Security-Policy",
                      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                      "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.set_header("Referrer-Policy", "no-referrer");
  return response;
}

/// The rules of the API about runs hold for the pages that show them.
Status check_query(const Service& service, const http::Request& request,
                   std::vector<std::string_view> others) {
  RESULTSDB_ASSIGN(const Query query,
                   Query::parse(service.profile, request, Accepts::runs(std::move(others), {})));
  if (query.has("test") && query.values("test").size() != query.values("suite").size()) {
    return invalid_argument("Each test must be paired with a suite");
  }
  const auto search = RunSearch::read(service, query, service.profile.results_limit);
  return search ? Status() : Status(search.error());
}

http::Response checked_page(const Service& service, const http::Request& request,
                            std::vector<std::string_view> others) {
  const Status right = check_query(service, request, std::move(others));
  return right ? document(request, page_html) : page_error(right.error());
}

}  // namespace

http::Response show_main(const Service& service, const http::Request& request) {
  return checked_page(service, request, {"suite", "test"});
}

http::Response show_suites(const Service& service, const http::Request& request) {
  return checked_page(service, request, {"suite"});
}

http::Response show_investigation(const Service& service, const http::Request& request) {
  return checked_page(service, request, {"suite", "unexpected"});
}

http::Response show_commits(const Service&, const http::Request& request) {
  return document(request, page_html);
}

http::Response show_documentation(const Service&, const http::Request& request) {
  return document(request, documentation_html);
}

http::Response get_archive_routes(const Service&, const http::Request&) {
  http::Response response = json_response("{}");
  response.set_header("Cache-Control", "public,max-age=604800");
  return response;
}

http::Response get_asset(const http::Request& request, std::string_view path) {
  if (request.has_query) return page_error(400, "Queries not supported on this endpoint");
  for (const File& asset : kAssets) {
    if (asset.path != path) continue;
    http::Response response = file(request, *asset.text, asset.type);
    response.set_header("Content-Disposition",
                        "inline; filename=" + std::string(path.substr(path.rfind('/') + 1)));
    return response;
  }
  return page_error(404, "There is no such file");
}

}  // namespace resultsdb::webkit
