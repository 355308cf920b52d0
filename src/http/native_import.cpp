// POST /v1/import: a run from any result file.
#include <algorithm>
#include <sstream>

#include "native_write.hpp"
#include "resultsdb/formats.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::http {
namespace {

/// `NAME=VALUE` at the first equals sign.
Result<std::pair<std::string, std::string>> split_pair(const std::string& text, std::string_view parameter) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return invalid_argument("must be NAME=VALUE", std::string(parameter));
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Result<RunHeader> read_header(const Arguments& arguments) {
  RunHeader header;
  RESULTSDB_ASSIGN(header.suite, arguments.required("suite"));
  header.branch = arguments.get_or("branch", "");
  header.id = arguments.get_or("id", "");
  header.variant = arguments.get_or("variant", "");
  for (const auto& [name, value] : {std::pair("suite", header.suite), std::pair("branch", header.branch),
                                    std::pair("variant", header.variant)}) {
    RESULTSDB_TRY(check_name(value, name, true));
  }
  for (const std::string& text : arguments.all("configuration")) {
    RESULTSDB_ASSIGN(auto facet, split_pair(text, "configuration"));
    if (header.configuration.get(facet.first))
      return invalid_argument("names a facet twice", "configuration");
    header.configuration.set(std::move(facet.first), std::move(facet.second));
  }
  if (const Status status = header.configuration.validate(); !status) {
    return invalid_argument(status.error().message, "configuration");
  }
  for (const std::string& text : arguments.all("attribute")) {
    RESULTSDB_ASSIGN(auto pair, split_pair(text, "attribute"));
    header.attributes.push_back(std::move(pair));
  }
  RESULTSDB_ASSIGN(const std::int64_t attempt, arguments.integer("attempt", 1, 1, 1'000'000));
  header.attempt = static_cast<int>(attempt);
  RESULTSDB_ASSIGN(const std::string state, arguments.one_of("state", {"final", "failed", "incomplete"}));
  header.state = *parse_run_state(state);
  return header;
}

Result<std::vector<CommitInput>> read_commits(const Arguments& arguments) {
  std::vector<CommitInput> commits;
  for (const std::string& text : arguments.all("commit")) {
    auto reference = parse_repository_reference(text);
    if (!reference) return invalid_argument(reference.error().message, "commit");
    commits.push_back({std::move(*reference), std::nullopt});
  }
  return commits;
}

/// Start and end: the parameter, else what the file says, else now (then the same file is the same run).
Status settle_times(const NativeContext& context, const Arguments& arguments,
                    const formats::ImportedRun& file, RunHeader& header, IngestOptions& options) {
  if (const auto text = arguments.get("started")) {
    auto time = parse_time(*text);
    if (!time) return invalid_argument(time.error().message, "started");
    header.started = *time;
  } else {
    header.started = file.started.value_or(context.now());
    options.same_digest_is_same_run = !file.started;
  }
  if (file.duration_ms && *file.duration_ms >= 0) {
    constexpr double kMostMs = 1e12;
    const double micros = std::min(*file.duration_ms, kMostMs) * 1000;
    header.finished = header.started + Duration(static_cast<std::int64_t>(micros));
  }
  return {};
}

/// Those of the file follow those of the request.
Status add_attributes(const formats::ImportedRun& file, RunHeader& header) {
  Attributes& attributes = header.attributes;
  if (attributes.size() + file.attributes.size() > limits::kAttributes) {
    return invalid_argument("a run has at most " + std::to_string(limits::kAttributes) +
                                " attributes; here are " + std::to_string(attributes.size()) + ", and " +
                                std::to_string(file.attributes.size()) + " in the file",
                            "attribute");
  }
  attributes.insert(attributes.end(), file.attributes.begin(), file.attributes.end());
  return {};
}

Result<formats::ImportedRun> read_file(const Arguments& arguments, const std::string& body) {
  formats::ReadOptions options;
  options.format = arguments.get_or("format", "");
  options.root = arguments.get_or("root", "");
  options.path = "body";
  constexpr std::uint64_t kMostBytes = 256u << 20;
  options.max_bytes = kMostBytes;
  std::istringstream in(body);
  auto outcome = formats::read_results(in, options);
  if (outcome.refused) {
    return invalid_argument(outcome.refused->code + ": " + outcome.refused->error.message,
                            outcome.refused->error.context);
  }
  return std::move(*outcome.run);
}

Response import(const NativeContext& context, const Request& request) {
  if (const Status allowed = may_write(context, request); !allowed) return problem(allowed.error());
  auto arguments = Arguments::read(request.parameters(),
                                   {"suite", "branch", "configuration*", "commit*", "started", "id",
                                    "variant", "attempt", "state", "attribute*", "format", "root"},
                                   request, {});
  if (!arguments) return problem(arguments.error());
  Run run;
  auto header = read_header(*arguments);
  if (!header) return problem(header.error());
  run.header = std::move(*header);
  const auto commits = read_commits(*arguments);
  if (!commits) return problem(commits.error());
  const auto file = read_file(*arguments, request.body);
  if (!file) return problem(file.error());
  IngestOptions options;
  options.received = context.now();
  if (const Status times = settle_times(context, *arguments, *file, run.header, options); !times) {
    return problem(times.error());
  }
  if (file->incomplete && run.header.state == RunState::Final) run.header.state = RunState::Incomplete;
  if (const Status added = add_attributes(*file, run.header); !added) return problem(added.error());
  run.header.digest = file->digest;
  formats::to_results(*file, run.results);
  return store_run(context, std::move(run), *commits, options);
}

}  // namespace

void add_import_route(Router& router, const ContextPtr& context) {
  router.add({"POST", "/v1/import", "importResults",
              [context](const Request& request, const PathVariables&) { return import(*context, request); }});
}

}  // namespace resultsdb::http
