// Stored expectations: list, add, remove, review.
#include <iostream>

#include "commands.hpp"
#include "context.hpp"
#include "judging.hpp"
#include "lookup.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/stored_expectations.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

Cell where_cell(const std::vector<FacetFilter>& where) {
  std::vector<std::string> texts;
  for (const FacetFilter& filter : where)
    for (const std::string& value : filter.values)
      texts.push_back((filter.negated ? "!" : "") + filter.facet + ":" + value);
  return cell(texts, texts.size());
}

std::vector<FacetFilter> filters_of(const Configuration& configuration) {
  std::vector<FacetFilter> filters;
  for (const auto& [facet, value] : configuration.facets())
    filters.push_back({.facet = facet, .values = {value}});
  return filters;
}

/// For programs the position that is stored, for people a commit there.
Cell position_cell(const std::optional<Position>& position, CommitNames& names) {
  if (!position) return {"", "null"};
  Cell place = cell(static_cast<std::int64_t>(*position));
  place.shortened = names.name(*position, {});
  return place;
}

const std::initializer_list<const char*> kColumns = {"id", "test",  "where", "expected", "from",
                                                     "to", "owner", "bug",   "expires"};
std::vector<Cell> cells_of(const StoredExpectation& expectation, CommitNames& names) {
  return {cell(expectation.id),
          name_cell(expectation.test),
          where_cell(expectation.where),
          cell(expectation.words, expectation.words.size()),
          position_cell(expectation.from, names),
          position_cell(expectation.to, names),
          cell(expectation.owner),
          cell(expectation.bug),
          expectation.expires ? cell(format_rfc3339(*expectation.expires)) : Cell{"", "null"}};
}

int list(const Options& options) {
  const auto model = open_model(options, Access::Read);
  ExpectationsQuery query{.suite = only_suite(*model, options, "expectations"), .test = options.text("test")};
  if (options.has("commit"))
    query.position = named_commit(*model, options, options.text("commit"), "--commit").position;
  Records records(kColumns);
  CommitNames names(*model);
  for (const auto& each : need(Answers(model).expectations(query))) records.add(cells_of(each, names));
  records.print(options.format(), "no expectations are stored; 'resultsdb expectations add' stores one");
  return kDone;
}

int add(const Options& options) {
  if (!options.has("test") || !options.has("expect"))
    throw UsageError{"expectations add: give --suite, --test and --expect"};
  const auto model = open_model(options, Access::Write);
  StoredExpectation expectation;
  expectation.test = options.text("test");
  auto where = parse_facet_filters(options.texts("where"));
  if (!where) throw UsageError{"--where: " + where.error().text()};
  expectation.where = std::move(*where);
  expectation.words = options.texts("expect");
  expectation.owner = options.text("owner");
  expectation.bug = options.text("bug");
  if (options.has("since"))
    expectation.from = named_commit(*model, options, options.text("since"), "--since").position;
  if (options.has("until"))
    expectation.to = named_commit(*model, options, options.text("until"), "--until").position;
  if (options.has("expires")) {
    auto time = parse_time(options.text("expires"));
    if (!time) throw UsageError{"--expires: " + time.error().text()};
    expectation.expires = *time;
  }
  const auto stored = need(Answers(model).put_expectation(options.text("suite"), expectation));
  Records records(kColumns);
  CommitNames names(*model);
  records.add(cells_of(stored, names));
  records.print(options.format(), "");
  return kDone;
}

int review(const Options& options) {
  const auto model = open_model(options, Access::Read);
  ExpectationReviewQuery query;
  static_cast<Question&>(query) = parse_question(options, only_suite(*model, options, "expectations"));
  query.limit = options.number("limit");
  const auto answer = need(Answers(model).review_expectations(query));
  Records records({"kind", "test", "where", "expected", "line", "id"});
  for (const auto& stale : answer.stale)
    records.add({cell(to_string(stale.why)), name_cell(stale.expectation.test),
                 where_cell(stale.expectation.where),
                 cell(stale.expectation.words, stale.expectation.words.size()), Cell{"", "null"},
                 cell(stale.expectation.id)});
  for (const auto& suggestion : answer.suggestions)
    for (const aggregate::ExpectationLine& line : suggestion.lines) {
      std::vector<std::string> where;
      for (const auto& [facet, value] : line.where) where.push_back(facet + ":" + value);
      records.add({cell("missing"), name_cell(suggestion.test), cell(where, where.size()),
                   cell(line.words, line.words.size()),
                   cell(aggregate::expectation_text(line, suggestion.test)), Cell{"", "null"}});
    }
  if (options.has("own"))
    for (const auto& own : answer.own)
      for (const auto& place : own.places)
        records.add({cell(to_string(own.kind)), name_cell(own.test),
                     where_cell(filters_of(place.configuration)), cell(place.expected, place.expected.size()),
                     Cell{"", "null"}, Cell{"", "null"}});
  print_list(options.format(), records, records.size(), answer.basis,
             "every expectation fits what was observed");
  if (answer.suggestions.size() < answer.total)
    std::cerr << answer.suggestions.size() << " of " << answer.total
              << " tests without a fitting expectation; --limit 0 shows all\n";
  return kDone;
}

}  // namespace

int run_expectations(const Arguments& arguments) {
  Options options("expectations", "[list | add | remove ID | review] --suite S", 2);
  add_question(options, 100);
  options.add_clone();
  options.add()                                                                                          //
      ("test", po::value<std::string>(), "list, add: the test, in full")                                 //
      ("commit", po::value<std::string>(), "list: those in force at this commit, REPOSITORY@REF")        //
      ("expect", po::value<std::vector<std::string>>(), "add: an expected word, such as FAIL; repeats")  //
      ("where", po::value<std::vector<std::string>>(), "add: facet:value; repeats")                      //
      ("since", po::value<std::string>(), "add: the first commit, REPOSITORY@REF")                       //
      ("until", po::value<std::string>(), "add: the last commit")                                        //
      ("owner", po::value<std::string>(), "add: whose it is")                                            //
      ("bug", po::value<std::string>(), "add: where it is tracked")                                      //
      ("expires", po::value<std::string>(), "add: not in force from this time on")                       //
      ("own", "review: what runs expect by themselves, too: failures that never come, skipped tests")    //
      ("limit", po::value<std::uint32_t>()->default_value(100), "review: suggestions; 0: all");
  if (!options.parse(arguments)) return kDone;
  const auto& words = options.positional();
  const std::string action = words.empty() ? "list" : words.front();
  if (words.size() > 1 && action != "remove")
    throw UsageError{"'" + words[1] + "' is one argument too many; see 'resultsdb expectations --help'"};
  if (action == "list") return list(options);
  if (action == "add") return add(options);
  if (action == "review") return review(options);
  if (action != "remove")
    throw UsageError{"expectations: '" + action + "' is none of list, add, remove, review"};
  if (words.size() != 2)
    throw UsageError{"expectations remove: name one id; 'resultsdb expectations' lists them"};
  const auto model = open_model(options, Access::Write);
  need(Answers(model).remove_expectation(only_suite(*model, options, "expectations"), words[1]));
  return kDone;
}

}  // namespace resultsdb::cli
