#include "selector.hpp"

#include "scope.hpp"
#include "text.hpp"

namespace resultsdb::http {
namespace {

Result<Parameters> split_selector(const std::string& text) {
  Parameters parameters;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view value = take_until(rest, ';');
    if (value.empty()) continue;
    if (value.find('=') == value.npos) {
      return invalid_argument("\"" + std::string(value) + "\" is no key=value");
    }
    const std::string_view key = take_until(value, '=');
    parameters.emplace_back(percent_decode(key), percent_decode(value));
  }
  return parameters;
}

Result<Selector> parse_selector(const NativeContext& context, const std::string& suite,
                                const std::string& text) {
  static const Arguments::Names kKeys{"run",    "branch*",   "at",     "range",
                                      "where*", "timeline*", "recent", "suite"};
  Selector selector{.text = text, .side = {}};
  RESULTSDB_ASSIGN(Parameters parameters, split_selector(text));
  for (const auto& [key, value] : parameters) {
    if (key == "suite") return invalid_argument("is no key of a selector", key);
    if (value.empty()) return invalid_argument("has no value", key);
  }
  parameters.emplace_back("suite", suite);
  RESULTSDB_ASSIGN(const Arguments arguments, Arguments::read(parameters, kKeys, Request(), {}));
  const bool placed = arguments.has("run") || arguments.has("at") || arguments.has("range");
  // A run or a commit says itself how old it may be.
  if (placed && !arguments.has("recent")) {
    parameters.emplace_back("recent", "false");
  }
  RESULTSDB_ASSIGN(const Arguments complete, Arguments::read(parameters, kKeys, Request(), {}));
  RESULTSDB_ASSIGN(const Scope scope, read_scope(context, complete));
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, complete));
  CompareSide& side = selector.side;
  side.selection = scope.selection;
  side.range = range.range;
  side.commit = range.commit;
  side.run = complete.get_or("run", "");
  // A commit or a branch is what its newest runs say; a range is all that is in it.
  side.last = !complete.has("range") ? 1 : range.last == RangeRequest::kMostRuns ? 0 : range.last;
  if (side.run.empty()) return selector;
  RESULTSDB_ASSIGN(const auto run, context.model->find_run(suite, side.run, context.now()));
  if (!run) return make_error(ErrorCode::NotFound, "there is no run \"" + side.run + '"', "run");
  return selector;
}

}  // namespace

Result<Selector> read_selector(const NativeContext& context, const Arguments& arguments,
                               const std::string& suite, const std::string& name) {
  RESULTSDB_ASSIGN(const std::string text, arguments.required(name));
  auto selector = parse_selector(context, suite, text);
  if (selector) return selector;
  Error error = selector.error();
  if (!error.context.empty()) error.message = error.context + ' ' + error.message;
  error.context = name;
  return error;
}

}  // namespace resultsdb::http
