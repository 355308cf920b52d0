// What the operations of the native API share: their arguments, answers and refusals.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/http/metrics.hpp"
#include "resultsdb/http/native.hpp"
#include "resultsdb/http/router.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb::http {

struct NativeContext {
  std::shared_ptr<Model> model;
  NativeOptions options;
  std::shared_ptr<Metrics> metrics;
  Time started;

  Time now() const { return options.clock(); }
};
using ContextPtr = std::shared_ptr<const NativeContext>;

/// The parameters of one request, checked against the names that its operation knows.
class Arguments {
 public:
  /// A name that ends with `*` may be given several times.
  using Names = std::vector<std::string_view>;

  /// InvalidArgument: unknown name, repeated single, or no UTF-8; `context` names the parameter.
  static Result<Arguments> read(Parameters parameters, const Names& names, const Request& request,
                                PathVariables path);

  std::optional<std::string> get(std::string_view name) const;
  std::string get_or(std::string_view name, std::string_view otherwise) const;
  std::vector<std::string> all(std::string_view name) const;
  bool has(std::string_view name) const { return get(name).has_value(); }
  /// InvalidArgument if it is missing or empty.
  Result<std::string> required(std::string_view name) const;
  Result<std::int64_t> integer(std::string_view name, std::int64_t otherwise, std::int64_t least,
                               std::int64_t most) const;
  /// `true`, `1` or empty; `false`, `0`.
  Result<bool> flag(std::string_view name, bool otherwise) const;
  /// One of `words`; the first is the default.
  Result<std::string> one_of(std::string_view name, std::initializer_list<std::string_view> words) const;
  /// All values, each one of `words`.
  Result<std::vector<std::string>> some_of(std::string_view name,
                                           std::initializer_list<std::string_view> words) const;

  /// The same request with one value of a parameter, whatever it had before; without its value `index`.
  Arguments with(std::string_view name, std::string_view value) const;
  Arguments without(std::string_view name, std::size_t index) const;

  const std::string& path(std::size_t index) const { return path_[index]; }
  /// Checksum of operation and parameters without `page` and `limit`: what a page token belongs to.
  std::uint32_t query_checksum() const;

 private:
  Parameters parameters_;
  PathVariables path_;
  std::string operation_path_;
};

/// The names of SEL, RNG and PAGE, joined with an operation's own.
Arguments::Names names(std::initializer_list<std::string_view> groups_and_names);

/// A JSON answer from arguments.
using ReadFunction = std::function<Result<std::string>(const NativeContext&, const Arguments&)>;

/// GET `path`: ETag, 304 and problems are done here. `post_operation`: POST with the same names as a JSON
/// object. Either operation may be empty: there is none then.
struct ReadOperation {
  std::string path, operation;
  Arguments::Names names;
  ReadFunction function;
  std::string post_operation;
  std::string content_type = "application/json";
  std::function<std::string(const Arguments&)> content_type_of = {};  ///< instead, where it depends on them
};
/// JSON, unless the parameter `format` asks for a text.
std::string type_of_format(const Arguments& arguments);
void add_read(Router& router, ContextPtr context, ReadOperation operation);

/// `{"a":"x","b":["y","z"],"c":5}` as parameters.
Result<Parameters> parameters_from_json(std::string_view body);

/// application/problem+json for an error; its `context` becomes the member `parameter`.
Response problem(const Error& error);
Response problem(int status, const Error& error);
Response json_response(int status, std::string body);
/// The strong validator of a body, and whether a header's list of them has it (a weak one is the same).
std::string etag_of(std::string_view body);
bool matches_etag(std::string_view list, std::string_view tag);
/// Adds an ETag made of the body; 304 without body if the request has it already.
Response conditional(const Request& request, Response response);

/// Who may write; an Error (PermissionDenied) for all others.
Status may_write(const NativeContext& context, const Request& request);

void add_history_routes(Router& router, const ContextPtr& context);
void add_suite_routes(Router& router, const ContextPtr& context);
void add_run_routes(Router& router, const ContextPtr& context);
void add_test_routes(Router& router, const ContextPtr& context);
void add_annotation_routes(Router& router, const ContextPtr& context);
void add_commit_routes(Router& router, const ContextPtr& context);
void add_summary_routes(Router& router, const ContextPtr& context);
void add_regression_routes(Router& router, const ContextPtr& context);
void add_flaky_routes(Router& router, const ContextPtr& context);
void add_culprit_routes(Router& router, const ContextPtr& context);
void add_verdict_routes(Router& router, const ContextPtr& context);
void add_compare_routes(Router& router, const ContextPtr& context);
void add_gate_routes(Router& router, const ContextPtr& context);
void add_plan_routes(Router& router, const ContextPtr& context);
void add_duration_routes(Router& router, const ContextPtr& context);
void add_cluster_routes(Router& router, const ContextPtr& context);
void add_expectation_routes(Router& router, const ContextPtr& context);
void add_fix_check_routes(Router& router, const ContextPtr& context);
void add_failure_routes(Router& router, const ContextPtr& context);
void add_coverage_routes(Router& router, const ContextPtr& context);
void add_duration_tree_routes(Router& router, const ContextPtr& context);
void add_overview_routes(Router& router, const ContextPtr& context);
void add_search_routes(Router& router, const ContextPtr& context);
void add_state_routes(Router& router, const ContextPtr& context);
void add_view_routes(Router& router, const ContextPtr& context);
void add_write_routes(Router& router, const ContextPtr& context);
void add_import_route(Router& router, const ContextPtr& context);

}  // namespace resultsdb::http
