// Queries: text or JSON. What is accepted can be written in both forms and read back as the same query, and
// be asked of a test; what is refused says where.
#include "resultsdb/aggregate/query_language.hpp"

#include <array>

#include "fuzz/fuzz_server.hpp"

namespace {

using namespace resultsdb;
using namespace resultsdb::aggregate;

void ask(const Query& query) {
  static const Configuration configuration(Configuration::Facets{{"platform", "gtk"}});
  static constexpr std::array kOutcomes = {RunLength{1, kNotCovered}, RunLength{2, 0},
                                           RunLength{4'000'000'000, 1}, RunLength{1, kLost}};
  static constexpr std::array kClasses = {OutcomeClass{"PASS"},
                                          OutcomeClass{"TEXT", true, true, Severity::Fail}};
  TimelineFacts timeline;
  timeline.configuration = &configuration;
  timeline.branch = "main";
  timeline.outcomes = kOutcomes;
  timeline.classes = kClasses;
  constexpr std::string_view kName = "fast/css/a.html";
  if (matches(query, {kName, std::span(&timeline, 1)}))
    fuzz::expect(kName.starts_with(name_prefix(query)), "a match has the prefix");
}

void check(const Result<Query>& query, std::string_view place) {
  if (!query.ok()) {
    fuzz::expect(query.error().code == ErrorCode::InvalidArgument, "bad input is InvalidArgument");
    fuzz::expect(query.error().context.starts_with(place), "an error says where");
    fuzz::expect(query.error().message.size() < 2'000, "a message can be read");
    return;
  }
  const auto text = parse_query(to_text(*query));
  fuzz::expect(text.ok() && *text == *query, "the text reads back");
  const auto json = parse_query_json(to_json(*query));
  fuzz::expect(json.ok() && *json == *query, "the JSON form reads back");
  ask(*query);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(parse_query(input), "column ");
  check(parse_query_json(input), "$");
  return 0;
}
