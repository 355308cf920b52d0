#include "native_write.hpp"

#include "resultsdb/limits.hpp"
#include "schemas.hpp"
#include "scope.hpp"

namespace resultsdb::http {
namespace {

Result<RunCommit> settle(const NativeContext& context, const CommitInput& input, Time started) {
  Commit commit;
  if (input.reference) {
    RESULTSDB_ASSIGN(auto resolved, context.model->resolve(*input.reference, started));
    commit = std::move(resolved.commit);
  } else {
    RESULTSDB_ASSIGN(auto registered, context.model->register_commits({&*input.commit, 1}));
    commit = std::move(registered.front());
  }
  return RunCommit{commit.repository, commit.id(), commit.position.value_or(0)};
}

std::string_view to_string(Ingested::Stored stored) {
  switch (stored) {
    case Ingested::Stored::Added:
      return "added";
    case Ingested::Stored::Replaced:
      return "replaced";
    case Ingested::Stored::Unchanged:
      break;
  }
  return "unchanged";
}

Response post_run(const NativeContext& context, const Request& request) {
  if (const Status allowed = may_write(context, request); !allowed) return problem(allowed.error());
  auto arguments = Arguments::read(request.parameters(), {"if_exists"}, request, {});
  if (!arguments) return problem(arguments.error());
  const auto if_exists = arguments->one_of("if_exists", {"replace", "refuse"});
  if (!if_exists) return problem(if_exists.error());
  auto body = read_run_body(request.body);
  if (!body) return problem(body.error());
  IngestOptions options;
  options.received = context.now();
  if (*if_exists == "refuse") options.if_exists = IngestOptions::IfExists::Refuse;
  return store_run(context, std::move(body->run), body->commits, options);
}

}  // namespace

Result<std::optional<std::uint64_t>> required_version(const Request& request,
                                                      const std::optional<StoredState>& current) {
  const auto is_listed = [&](std::string_view list) { return current && matches_etag(list, current->tag); };
  std::optional<std::uint64_t> version;
  if (const auto list = request.header("If-Match")) {
    if (!is_listed(*list))
      return make_error(ErrorCode::Conflict, "what is stored is not what was read", "If-Match");
    version = current->version;
  }
  if (const auto list = request.header("If-None-Match")) {
    if (is_listed(*list)) return make_error(ErrorCode::Conflict, "is stored already", "If-None-Match");
    version = current ? current->version : 0;
  }
  return version;
}

Response write_problem(const Request& request, const Error& error) {
  const bool conditional = request.header("If-Match") || request.header("If-None-Match");
  return error.code == ErrorCode::Conflict && conditional ? problem(412, error) : problem(error);
}

Response stored_response(std::string body, bool is_new, const std::string& location) {
  Response response = json_response(is_new ? 201 : 200, std::move(body));
  response.set_header("ETag", etag_of(response.body));
  response.set_header("Location", location);
  return response;
}

Status check_write(const NativeContext& context, const Request& request) {
  RESULTSDB_TRY(may_write(context, request));
  RESULTSDB_TRY(Arguments::read(request.parameters(), {}, request, {}));
  return {};
}

Result<Position> read_place(const NativeContext& context, JsonCursor& cursor, const MemberPath& path) {
  if (cursor.kind() == JsonCursor::Kind::Number)
    return read_integer(cursor, path, -limits::kMaxPosition, limits::kMaxPosition);
  std::string scratch;
  RESULTSDB_ASSIGN(const std::string_view text, read_text(cursor, scratch, path, limits::kNameBytes));
  RESULTSDB_ASSIGN(const Bound bound, read_bound(context, text, path.member));
  return bound.place();
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_' || c == '.') {
      encoded += c;
    } else {
      encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return encoded;
}

Response store_run(const NativeContext& context, Run run, const std::vector<CommitInput>& commits,
                   const IngestOptions& options) {
  for (std::size_t i = 0; i < commits.size(); ++i) {
    auto commit = settle(context, commits[i], run.header.started);
    if (!commit) {
      Error error = commit.error();
      error.context = "commits[" + std::to_string(i) + ']';
      return error.code == ErrorCode::NotFound ? problem(400, error) : problem(error);
    }
    run.header.commits.push_back(std::move(*commit));
  }
  // Without commits the place on the timeline is the start.
  if (run.header.commits.empty() && !run.header.position) run.header.order_key = OrderKey::Time;
  const auto stored = context.model->ingest(run, options);
  if (!stored) return problem(stored.error());
  const bool added = stored->stored == Ingested::Stored::Added;
  if (stored->stored != Ingested::Stored::Unchanged) context.metrics->add_ingested(run.results.size());
  auto names = CommitNames::load(*context.model, {&stored->run, 1});
  if (!names) return problem(names.error());
  JsonWriter json;
  json.begin_object().member("stored", to_string(stored->stored));
  write_run_members(json, *context.model, *stored->run, *names);
  json.end_object();
  Response response = json_response(added ? 201 : 200, json.take());
  response.set_header("Location", "/v1/runs/" + percent_encode(stored->run->id) +
                                      "?suite=" + percent_encode(stored->run->suite));
  return response;
}

void add_write_routes(Router& router, const ContextPtr& context) {
  router.add({"POST", "/v1/runs", "postRun", [context](const Request& request, const PathVariables&) {
                return post_run(*context, request);
              }});
}

}  // namespace resultsdb::http
