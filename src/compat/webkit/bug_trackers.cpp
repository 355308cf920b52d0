// GET /api/bug-trackers, PUT /api/bug-trackers/<name>/create-bug. Nothing is written, here or there: the
// answer is the address of a form that the browser opens.
#include <algorithm>
#include <boost/json.hpp>

#include "bug_report.hpp"
#include "commit_relations.hpp"
#include "commit_search.hpp"
#include "json_text.hpp"
#include "numbers.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/limits.hpp"
#include "service.hpp"
#include "states.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

std::string text_member(const bj::object& object, std::string_view name) {
  const bj::value* member = object.if_contains(name);
  const bj::string* text = member == nullptr ? nullptr : member->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

const bj::array* list_member(const bj::object& object, std::string_view name) {
  const bj::value* member = object.if_contains(name);
  return member == nullptr ? nullptr : member->if_array();
}

std::int64_t count_member(const bj::object& object, std::string_view name) {
  const bj::value* member = object.if_contains(name);
  return member == nullptr ? 0 : integer_of(*member).value_or(0);
}

/// What failed in a result as the protocol's answers have it: of a test, or of a suite with `stats`.
std::string failure_of(const bj::object& result, bool unexpected_only) {
  const bj::value* stats = result.if_contains("stats");
  if (stats != nullptr && stats->is_object()) {
    const std::int64_t failed =
        count_member(stats->get_object(), unexpected_only ? "tests_unexpected_failed" : "tests_failed");
    return failed > 0 ? std::to_string(failed) + (failed == 1 ? " failure" : " failures") : "";
  }
  const StateSet actual = StateSet::parse(text_member(result, "actual"));
  const StateSet expected = StateSet::parse(text_member(result, "expected")).as_expectation();
  const State worst = (unexpected_only ? actual.without(expected) : actual).worst();
  return worst < State::Warning ? std::string(StateSet(worst).text()) : "";
}

Result<SelectedRow> read_row(const Service& service, const bj::value& value, bool unexpected_only) {
  const bj::object* row = value.if_object();
  const bj::array* results = row == nullptr ? nullptr : list_member(*row, "results");
  const bj::value* configuration = row == nullptr ? nullptr : row->if_contains("config");
  if (results == nullptr || configuration == nullptr) {
    return invalid_argument("Each of selectedRows needs config and results");
  }
  SelectedRow read;
  RESULTSDB_ASSIGN(read.configuration, PlatformConfiguration::from_json(*configuration, service.profile));
  for (const bj::value& each : *results) {
    const bj::object* result = each.if_object();
    const bj::value* uuid = result == nullptr ? nullptr : result->if_contains("uuid");
    const auto place = uuid == nullptr ? std::nullopt : integer_of(*uuid);
    if (!place || *place < 0 || *place > limits::kMaxPosition) {
      return invalid_argument("Each of results needs a uuid");
    }
    read.runs.push_back({.uuid = *place, .failure = failure_of(*result, unexpected_only)});
  }
  return read;
}

Result<BugReport> read_report(const Service& service, const bj::object& document) {
  BugReport report{.suite = text_member(document, "suite"), .test = text_member(document, "test")};
  const bj::array* rows = list_member(document, "selectedRows");
  if (rows == nullptr) return invalid_argument("No selectedRows");
  if (report.suite.empty()) return invalid_argument("No suite");
  const bj::value* filter = document.if_contains("willFilterExpected");
  const bool unexpected_only = filter != nullptr && filter->is_bool() && filter->get_bool();
  for (const bj::value& each : *rows) {
    RESULTSDB_ASSIGN(SelectedRow row, read_row(service, each, unexpected_only));
    if (row.failure() != nullptr) report.failing.push_back(std::move(row));
  }
  if (report.failing.empty()) return invalid_argument("No failures dectected");  // spelt like the original
  return report;
}

/// The named repositories that are known here.
Result<std::vector<std::string>> repositories_of(const Service& service, const bj::object& document) {
  RESULTSDB_ASSIGN(std::vector<std::string> known, service.model->repositories());
  const bj::array* named = list_member(document, "repositories");
  std::erase_if(known, [&](const std::string& name) {
    return named == nullptr || std::find(named->begin(), named->end(), bj::value(name)) == named->end();
  });
  return known;
}

Result<std::string> commits_at(const Service& service, const std::vector<std::string>& repositories,
                               Position place) {
  constexpr std::size_t kShortHash = 12;
  std::string text;
  for (const std::string& name : repositories) {
    RESULTSDB_ASSIGN(const std::optional<Commit> commit,
                     newest_commit(service, name, default_branch(service, name), place));
    if (!commit) continue;
    text += "    " + name + " ";
    if (!commit->identifier.empty()) {
      text += commit->identifier;
    } else {
      text +=
          commit->hash.empty() ? "r" + std::to_string(commit->revision) : commit->hash.substr(0, kShortHash);
    }
    const auto repository = service.model->repository(name);
    if (const auto link = repository ? repository->link(*commit) : std::nullopt) text += " " + *link;
    text += "\n";
  }
  return text;
}

Result<std::string> answer(const Service& service, const Bugzilla& tracker, const bj::value& document) {
  if (!document.is_object()) return invalid_argument("Expected a JSON object");
  RESULTSDB_ASSIGN(const BugReport report, read_report(service, document.get_object()));
  RESULTSDB_ASSIGN(const std::vector<std::string> repositories,
                   repositories_of(service, document.get_object()));
  RESULTSDB_ASSIGN(const std::string url, bug_form(tracker, report, [&](Position place) {
                     return commits_at(service, repositories, place);
                   }));
  JsonObject object;
  object.set("newWindow", "true");
  object.set_string("url", url);
  return object.text();
}

}  // namespace

http::Response get_bug_trackers(const Service& service, const http::Request&) {
  std::vector<std::string> names;
  for (const Bugzilla& tracker : service.options.bug_trackers) names.push_back(json_string(tracker.name));
  return json_response(json_array(names));
}

http::Response create_bug(const Service& service, const http::Request& request, const std::string& name) {
  if (media_type(request) != "application/json") {
    return page_error(415, "The request's content type is not application/json");
  }
  bj::parse_options options;
  options.max_depth = json::kMaxDepth;
  bj::error_code error;
  const bj::value document = bj::parse(request.body, error, {}, options);
  if (error) {
    return error_response(400,
                          "The browser (or proxy) sent a request that this server could not understand.");
  }
  const auto& trackers = service.options.bug_trackers;
  const auto tracker =
      std::find_if(trackers.begin(), trackers.end(), [&](const Bugzilla& each) { return each.name == name; });
  if (tracker == trackers.end()) return error_response(404, "No such bug tracker");
  return respond(answer(service, *tracker, document));
}

}  // namespace resultsdb::webkit
