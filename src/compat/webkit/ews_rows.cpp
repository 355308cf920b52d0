#include "ews_rows.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <set>
#include <utility>

#include "json_text.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

constexpr std::size_t kMostRows = 50'000;  // that one request looks at, the newest of a test
constexpr std::uint32_t kRowsPerStep = 500;

std::string collection(bool flaky) { return flaky ? "webkit-ews-flaky" : "webkit-ews"; }

// Lengths are in front of names that may contain anything, where no prefix is asked for.
std::string suite_prefix(const std::string& suite) {
  return std::to_string(suite.size()) + " " + suite + "/";
}

std::string test_prefix(const std::string& suite, const std::string& test) {
  return suite_prefix(suite) + test + '\n';
}

/// Sorts by uuid, then by start.
std::string key_of(const EwsRow& row) {
  const auto padded = [](std::int64_t number) {
    const std::string digits = std::to_string(number);
    return std::string(20 - digits.size(), '0') + digits + " ";
  };
  return test_prefix(row.suite, row.test) + padded(row.uuid) + padded(row.start) + row.branch + " " +
         row.configuration.json(/*with_sdk=*/true);
}

std::string text_of(const EwsRow& row) {
  JsonObject object;
  object.set_string("suite", row.suite);
  object.set_string("test", row.test);
  object.set_string("branch", row.branch);
  object.set("configuration", row.configuration.json(/*with_sdk=*/true));
  object.set_integer("uuid", row.uuid);
  object.set_integer("start_time", row.start);
  object.set_integer("expires", row.expires);
  object.set("result", row.result);
  if (!row.details.empty()) object.set("details", row.details);
  if (!row.flaky_type.empty()) object.set("flaky_type", row.flaky_type);
  return object.text();
}

Result<EwsRow> read_row(const Service& service, const std::string& text) {
  EwsRow row;
  for (const auto& [name, json] : object_members(text)) {
    bj::error_code error;
    if (name == "result")
      row.result = json;
    else if (name == "details")
      row.details = json;
    else if (name == "flaky_type")
      row.flaky_type = json;
    else {
      const bj::value value = bj::parse({json.data(), json.size()}, error);
      if (error) return make_error(ErrorCode::Corrupt, "a row of EWS results cannot be read");
      const auto string = [&] { return value.is_string() ? std::string(value.get_string()) : std::string(); };
      const auto number = [&] { return value.is_int64() ? value.get_int64() : 0; };
      if (name == "suite") row.suite = string();
      if (name == "test") row.test = string();
      if (name == "branch") row.branch = string();
      if (name == "uuid") row.uuid = number();
      if (name == "start_time") row.start = number();
      if (name == "expires") row.expires = number();
      if (name == "configuration") {
        RESULTSDB_ASSIGN(row.configuration, PlatformConfiguration::from_json(value, service.profile));
      }
    }
  }
  return row;
}

bool is_over(const EwsRow& row, std::int64_t now) { return row.expires != 0 && row.expires <= now; }

/// Calls back for each row that is not over in the order of keys, until it says false or kMostRows came.
Status for_each(const Service& service, bool flaky, const std::string& prefix, bool descending,
                const std::function<bool(EwsRow& row)>& take) {
  DocumentsQuery query{.collection = collection(flaky), .key_prefix = prefix, .descending = descending};
  const std::int64_t now = service.now_seconds();
  std::size_t count = 0;
  do {
    RESULTSDB_ASSIGN(ItemPage<Document> page, service.model->documents(query));
    for (const Document& document : page.items) {
      RESULTSDB_ASSIGN(EwsRow row, read_row(service, document.text));
      if (++count > kMostRows || (!is_over(row, now) && !take(row))) return {};
    }
    query.page = std::move(page.next);
  } while (!query.page.empty());
  return {};
}

}  // namespace

Status put_ews_rows(const Service& service, bool flaky, const std::vector<EwsRow>& rows) {
  DocumentChanges changes{.collection = collection(flaky), .puts = {}, .deletes = {}};
  for (const EwsRow& row : rows)
    changes.puts.push_back({.document = {.key = key_of(row), .text = text_of(row)}, .expected_version = {}});
  return changes.puts.empty() ? Status() : service.model->change_documents(changes);
}

Result<std::vector<EwsRow>> ews_rows(const Service& service, bool flaky, const std::string& suite,
                                     const std::string& test) {
  std::vector<EwsRow> rows;
  RESULTSDB_TRY(for_each(service, flaky, test_prefix(suite, test), /*descending=*/true, [&](EwsRow& row) {
    if (row.test == test) rows.push_back(std::move(row));
    return true;
  }));
  std::reverse(rows.begin(), rows.end());
  return rows;
}

Result<std::vector<std::string>> ews_tests(const Service& service, bool flaky, const std::string& suite,
                                           const std::string& prefix, std::size_t limit) {
  std::set<std::string> names;
  RESULTSDB_TRY(
      for_each(service, flaky, suite_prefix(suite) + prefix, /*descending=*/false, [&](EwsRow& row) {
        if (row.test.starts_with(prefix)) names.insert(std::move(row.test));
        return names.size() < limit;
      }));
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::uint64_t> delete_old_ews_rows(const Service& service, bool flaky, Time now, std::string& page) {
  for (;;) {
    RESULTSDB_ASSIGN(auto rows, service.model->documents(
                                    {.collection = collection(flaky), .limit = kRowsPerStep, .page = page}));
    DocumentChanges changes{.collection = collection(flaky), .puts = {}, .deletes = {}};
    for (const Document& document : rows.items) {
      const auto row = read_row(service, document.text);
      if (row && is_over(*row, to_seconds(now))) changes.deletes.push_back({document.key, document.version});
    }
    if (!changes.deletes.empty()) {
      const Status deleted = service.model->change_documents(changes);
      if (!deleted && deleted.error().code == ErrorCode::Conflict) continue;  // one of them was put anew
      RESULTSDB_TRY(deleted);
    }
    page = std::move(rows.next);
    return changes.deletes.size();
  }
}

}  // namespace resultsdb::webkit
