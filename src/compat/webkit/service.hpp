// What every endpoint of the mount shares.
#pragma once

#include <memory>

#include "commit_cache.hpp"
#include "profile.hpp"
#include "resultsdb/http/message.hpp"
#include "resultsdb/http/webkit.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::webkit {

struct Service {
  /// Remembers no searches.
  static Service of(std::shared_ptr<Model> model, const Options& options) {
    return {.model = std::move(model),
            .options = options,
            .profile = Profile::named(options.profile),
            .searches = {}};
  }

  std::shared_ptr<Model> model;
  Options options;
  Profile profile;
  std::shared_ptr<CommitCache> searches;  ///< null: nothing is remembered

  Time now() const { return options.clock(); }
  std::int64_t now_seconds() const { return to_seconds(now()); }
};

http::Response json_response(std::string json, int status = 200);
/// `{"description":…,"error":"Not Found","status":"error"}`
http::Response error_response(int status, std::string_view description);
/// InvalidArgument is 400, NotFound 404, …; what went wrong inside is told to nobody.
http::Response error_response(const Error& error);

/// The JSON text of a success, or the error.
http::Response respond(Result<std::string> json);

/// A plain page; title and text are escaped.
http::Response page(int status, std::string_view title, std::string_view text);
/// A page of links (text, address).
http::Response page_of_links(std::string_view title,
                             const std::vector<std::pair<std::string, std::string>>& links);
http::Response page_error(int status, std::string_view description);
http::Response page_error(const Error& error);
/// 302 to the address, or the error as a page.
http::Response go_to(const Result<std::string>& address);

/// `application/x-www-form-urlencoded`, in lower case and without parameters.
std::string media_type(const http::Request& request);
/// Forms are read as forms whatever they contain; all else is JSON.
bool is_form(const http::Request& request);
/// The fields of a form; those of a multipart form that are files are left out. Errors as those of
/// read_form().
Result<http::Parameters> form_fields(const http::Request& request);
/// The member or field `api_key` of what was posted; empty if there is none.
std::string api_key_of(const http::Request& request);
/// The refusal of a write, or nothing.
std::optional<http::Response> refuse_write(const Service& service, const http::Request& request);

/// Whether a run at this position is over; of this mount's retention.
bool is_over(const Service& service, Position uuid);

// Endpoints.
http::Response get_commits(const Service& service, const http::Request& request);
http::Response get_siblings(const Service& service, const http::Request& request);
http::Response get_next_commit(const Service& service, const http::Request& request);
http::Response get_previous_commit(const Service& service, const http::Request& request);
http::Response get_repositories(const Service& service, const http::Request& request);
http::Response get_representations(const Service& service, const http::Request& request);
http::Response get_branches(const Service& service, const http::Request& request);
http::Response post_commit(const Service& service, const http::Request& request);
http::Response post_upload(const Service& service, const http::Request& request);
http::Response get_uploads(const Service& service, const http::Request& request);
http::Response process_uploads(const Service& service, const http::Request& request);
http::Response post_archive(const Service& service, const http::Request& request);
http::Response get_archive(const Service& service, const http::Request& request);
http::Response show_archive(const Service& service, const http::Request& request, const std::string& path);
http::Response post_ews(const Service& service, const http::Request& request);
http::Response get_ews_results(const Service& service, const http::Request& request);
http::Response get_ews_tests(const Service& service, const http::Request& request);
http::Response get_failures(const Service& service, const http::Request& request, const std::string& suite);
http::Response get_summary(const Service& service, const http::Request& request, const std::string& suite,
                           const std::string& test);
http::Response show_main(const Service& service, const http::Request& request);
http::Response show_suites(const Service& service, const http::Request& request);
http::Response show_investigation(const Service& service, const http::Request& request);
http::Response show_commits(const Service& service, const http::Request& request);
http::Response show_documentation(const Service& service, const http::Request& request);
http::Response get_archive_routes(const Service& service, const http::Request& request);
/// A file behind `/assets/`.
http::Response get_asset(const http::Request& request, std::string_view path);
http::Response show_commit(const Service& service, const http::Request& request);
http::Response show_commit_info(const Service& service, const http::Request& request);
http::Response show_next_commit(const Service& service, const http::Request& request);
http::Response show_previous_commit(const Service& service, const http::Request& request);
http::Response show_queue(const Service& service, const http::Request& request);
http::Response show_build(const Service& service, const http::Request& request);
http::Response show_worker(const Service& service, const http::Request& request);
http::Response get_bug_trackers(const Service& service, const http::Request& request);
http::Response create_bug(const Service& service, const http::Request& request, const std::string& tracker);
http::Response get_urls(const Service& service, const http::Request& request);
http::Response get_queue_urls(const Service& service, const http::Request& request);
http::Response get_suites(const Service& service, const http::Request& request);
http::Response get_tests(const Service& service, const http::Request& request, const std::string& suite);
http::Response get_suite_results(const Service& service, const http::Request& request,
                                 const std::string& suite);
http::Response get_test_results(const Service& service, const http::Request& request,
                                const std::string& suite, const std::string& test);

}  // namespace resultsdb::webkit
