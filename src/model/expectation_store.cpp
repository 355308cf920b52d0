#include "model/expectation_store.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <tuple>

#include "domain/check.hpp"
#include "domain/fields.hpp"
#include "domain/sha256.hpp"
#include "resultsdb/base64url.hpp"

namespace resultsdb {
namespace {

namespace bj = boost::json;

constexpr std::size_t kWords = 16, kWordBytes = 64, kNoteBytes = 1024, kValues = 64, kIdBytes = 15;

Status check_words(std::vector<std::string>& words) {
  if (words.empty() || words.size() > kWords)
    return invalid_argument("must be 1 to " + std::to_string(kWords) + " words", "words");
  for (const std::string& word : words) {
    RESULTSDB_TRY(domain::check_text("words", word, kWordBytes, domain::Presence::Required));
    if (word.find_first_of(" \t\r\n") != std::string::npos)
      return invalid_argument("\"" + word + "\" has blanks; give each word by itself", "words");
  }
  std::ranges::sort(words, {}, [](const std::string& word) { return std::tuple(word_severity(word), word); });
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return {};
}

Status check_where(std::vector<FacetFilter>& where) {
  if (where.size() > limits::kFacets)
    return invalid_argument("has more than " + std::to_string(limits::kFacets) + " filters", "where");
  for (FacetFilter& filter : where) {
    RESULTSDB_TRY(domain::check_text("where", filter.facet, limits::kFacetBytes, domain::Presence::Required));
    if (filter.values.empty() || filter.values.size() > kValues)
      return invalid_argument("a filter has 1 to " + std::to_string(kValues) + " values",
                              "where." + filter.facet);
    for (const std::string& value : filter.values)
      RESULTSDB_TRY(domain::check_text("where." + filter.facet, value, limits::kFacetBytes));
    std::ranges::sort(filter.values);
    filter.values.erase(std::unique(filter.values.begin(), filter.values.end()), filter.values.end());
  }
  const auto key = [](const FacetFilter& filter) { return std::tie(filter.facet, filter.negated); };
  std::ranges::sort(where, [&](const FacetFilter& a, const FacetFilter& b) { return key(a) < key(b); });
  const auto twice = std::ranges::adjacent_find(
      where, [&](const FacetFilter& a, const FacetFilter& b) { return key(a) == key(b); });
  if (twice != where.end())
    return invalid_argument("a facet comes twice; give all values in one filter", "where." + twice->facet);
  return {};
}

std::string id_of(const StoredExpectation& expectation) {
  domain::FieldWriter key;
  key.text(expectation.test);
  for (const FacetFilter& filter : expectation.where) {
    key.text(filter.facet).number(filter.negated).number(static_cast<std::int64_t>(filter.values.size()));
    for (const std::string& value : filter.values) key.text(value);
  }
  key.optional(expectation.from, [&](Position from) { key.number(from); });
  return "x_" + base64url_encode(std::string_view(domain::sha256(key.bytes())).substr(0, kIdBytes));
}

bj::array to_array(const std::vector<std::string>& texts) { return bj::array(texts.begin(), texts.end()); }

StoredExpectation parse(const bj::object& object) {
  StoredExpectation expectation;
  const auto text = [](const bj::value& value) { return std::string(value.as_string()); };
  const auto texts = [&](const bj::value& value) {
    std::vector<std::string> list;
    for (const bj::value& each : value.as_array()) list.push_back(text(each));
    return list;
  };
  expectation.test = text(object.at("test"));
  for (const bj::value& each : object.at("where").as_array()) {
    const bj::object& filter = each.as_object();
    expectation.where.push_back(
        {text(filter.at("facet")), texts(filter.at("values")), filter.at("negated").as_bool()});
  }
  expectation.words = texts(object.at("words"));
  if (const bj::value* from = object.if_contains("from")) expectation.from = from->as_int64();
  if (const bj::value* to = object.if_contains("to")) expectation.to = to->as_int64();
  expectation.owner = text(object.at("owner"));
  expectation.bug = text(object.at("bug"));
  if (const bj::value* expires = object.if_contains("expires"))
    expectation.expires = from_micros(expires->as_int64());
  return expectation;
}

}  // namespace

bool StoredExpectation::covers(const Configuration& configuration) const {
  return std::ranges::all_of(where, [&](const FacetFilter& filter) { return filter.matches(configuration); });
}

std::string expectations_collection(std::string_view suite) { return "expectations/" + std::string(suite); }

Result<StoredExpectation> checked_expectation(StoredExpectation expectation) {
  RESULTSDB_TRY(domain::check_name("test", expectation.test, domain::Presence::Required));
  RESULTSDB_TRY(check_where(expectation.where));
  RESULTSDB_TRY(check_words(expectation.words));
  if (expectation.from) RESULTSDB_TRY(domain::check_position("from", *expectation.from));
  if (expectation.to) RESULTSDB_TRY(domain::check_position("to", *expectation.to));
  if (expectation.from && expectation.to && *expectation.to < *expectation.from)
    return invalid_argument("is before `from`", "to");
  RESULTSDB_TRY(domain::check_text("owner", expectation.owner, kNoteBytes));
  RESULTSDB_TRY(domain::check_text("bug", expectation.bug, kNoteBytes));
  if (expectation.expires) RESULTSDB_TRY(domain::check_time("expires", *expectation.expires));
  expectation.id = id_of(expectation);
  return expectation;
}

Document to_document(const StoredExpectation& expectation) {
  bj::array where;
  for (const FacetFilter& filter : expectation.where)
    where.push_back(bj::object{
        {"facet", filter.facet}, {"values", to_array(filter.values)}, {"negated", filter.negated}});
  bj::object object{{"test", expectation.test},
                    {"where", std::move(where)},
                    {"words", to_array(expectation.words)},
                    {"owner", expectation.owner},
                    {"bug", expectation.bug}};
  if (expectation.from) object["from"] = *expectation.from;
  if (expectation.to) object["to"] = *expectation.to;
  if (expectation.expires) object["expires"] = to_micros(*expectation.expires);
  return {.key = expectation.id,
          .text = bj::serialize(object),
          .attributes = {{"test", expectation.test}},
          .unique = {}};
}

Result<StoredExpectation> to_expectation(const Document& document) {
  const Error damaged = make_error(ErrorCode::Corrupt, "is no expectation", "document " + document.key);
  try {
    auto expectation = checked_expectation(parse(bj::parse(document.text).as_object()));
    if (!expectation || expectation->id != document.key) return damaged;
    expectation->version = document.version;
    return expectation;
  } catch (const std::exception&) {  // of Boost.JSON: not JSON, or a member is missing or of another kind
    return damaged;
  }
}

}  // namespace resultsdb
