// Expectations that are kept, judged and suggested.
#include "resultsdb/stored_expectations.hpp"

#include "aggregate/answers_fixture.hpp"

namespace resultsdb {
namespace {

using Why = ExpectationReview::Stale::Why;

class StoredExpectationsTest : public AnswersTest {
 protected:
  StoredExpectation put(const StoredExpectation& expectation) {
    return value_of(answers_.put_expectation("suite", expectation));
  }
  std::string refused(const StoredExpectation& expectation) {
    return answers_.put_expectation("suite", expectation).error().context;
  }
  std::string tests(const ExpectationsQuery& query) {
    std::string names;
    for (const StoredExpectation& each : value_of(answers_.expectations(query))) names += each.test + ' ';
    return names;
  }
  static FacetFilter on(const std::string& platform) { return {"platform", {platform}}; }
};

TEST_F(StoredExpectationsTest, AreReadAsOfACommit) {
  const StoredExpectation full{.id = {},
                               .test = "b",
                               .where = {{"style", {"release", "debug"}, true}, on("gtk")},
                               .words = {"CRASH", "PASS", "CRASH"},
                               .from = place(5),
                               .to = place(9),
                               .owner = "layout",
                               .bug = "https://bugs.example/7",
                               .expires = from_seconds(1000)};
  const StoredExpectation stored = put(full);
  EXPECT_TRUE(stored.id.starts_with("x_"));
  EXPECT_EQ(stored.words, (std::vector<std::string>{"PASS", "CRASH"}));
  EXPECT_EQ(stored.where[0], on("gtk"));
  put({.test = "a", .words = {"FAIL"}});
  const ExpectationsQuery all{.suite = "suite"};
  EXPECT_EQ(value_of(answers_.expectations(all))[1], stored);
  StoredExpectation again = full;  // the same place: replaced
  again.bug = "8";
  EXPECT_EQ(put(again).id, stored.id);
  EXPECT_EQ(tests(all), "a b ");
  EXPECT_EQ(tests({.suite = "suite", .test = "b"}), "b ");
  EXPECT_EQ(tests({.suite = "suite", .position = place(4)}), "a ");
  EXPECT_EQ(tests({.suite = "suite", .position = place(9)}), "a b ");
  EXPECT_EQ(tests({.suite = "suite", .position = place(9) + 1}), "a ");
  EXPECT_EQ(tests({.suite = "suite", .now = from_seconds(999)}), "a b ");
  EXPECT_EQ(tests({.suite = "suite", .now = from_seconds(1000)}), "a ");
  Configuration gtk, debug;
  gtk.set("platform", "gtk");
  debug = gtk;
  debug.set("style", "debug");
  EXPECT_EQ(tests({.suite = "suite", .configuration = gtk}), "a b ");
  EXPECT_EQ(tests({.suite = "suite", .configuration = debug}), "a ");
  EXPECT_EQ(tests({.suite = "other"}), "");
  EXPECT_EQ(answers_.remove_expectation("other", stored.id).error().code, ErrorCode::NotFound);
  EXPECT_TRUE(answers_.remove_expectation("suite", stored.id));
  EXPECT_EQ(tests(all), "a ");
}

TEST_F(StoredExpectationsTest, WhatIsWrongIsNamed) {
  const std::vector<std::string> fail{"FAIL"};
  EXPECT_EQ(refused({.test = "", .words = fail}), "test");
  EXPECT_EQ(refused({.test = "a", .words = {}}), "words");
  EXPECT_EQ(refused({.test = "a", .words = {"A B"}}), "words");
  EXPECT_EQ(refused({.test = "a", .words = {std::string(65, 'x')}}), "words");
  EXPECT_EQ(refused({.test = "a", .words = std::vector<std::string>(17, "A")}), "words");
  EXPECT_EQ(refused({.test = "a", .where = {on("a"), on("b")}, .words = fail}), "where.platform");
  EXPECT_EQ(refused({.test = "a", .where = {{"platform", {}}}, .words = fail}), "where.platform");
  EXPECT_EQ(refused({.test = "a", .where = {{"", {"a"}}}, .words = fail}), "where");
  EXPECT_EQ(refused({.test = "a", .words = fail, .from = 2, .to = 1}), "to");
  EXPECT_EQ(refused({.test = "a", .words = fail, .owner = "\xff"}), "owner");
  EXPECT_EQ(refused({.test = "a", .words = fail, .bug = std::string(1025, 'x')}), "bug");
  EXPECT_EQ(answers_.put_expectation("", {.test = "a", .words = fail}).error().context, "suite");
  EXPECT_EQ(tests({.suite = "suite"}), "");
  DocumentChanges damage{.collection = expectations_collection("suite"), .puts = {}, .deletes = {}};
  damage.puts.push_back({Document{.key = "x", .text = R"({"test":1})"}, {}});
  ASSERT_TRUE(model_->change_documents(damage));
  EXPECT_EQ(answers_.expectations({.suite = "suite"}).error().code, ErrorCode::Corrupt);
}

TEST_F(StoredExpectationsTest, WhatRunsExpectThemselves) {
  const std::string good = repeat(100, "P"), never = repeat(100, "u");
  // b fails on gtk, as expected; c has too few runs; d is skipped now; e failed once; f was skipped once.
  add("gtk", {never, repeat(100, "x"), repeat(70, ".") + repeat(30, "u"), repeat(95, "P") + "SSSSS",
              repeat(60, "u") + "x" + repeat(39, "u"), repeat(50, "u") + "S" + repeat(49, "u")});
  add("mac", {never, never, good, good, repeat(60, "u") + "x" + repeat(39, "u"), good});
  auto query = ask<ExpectationReviewQuery>();
  const auto own = [&] {
    std::string text;
    const ExpectationReview review = value_of(answers_.review_expectations(query));
    for (const auto& each : review.own) {
      text += std::string(to_string(each.kind)) + ' ' + each.test;
      for (const auto& place : each.places) {
        text += ' ' + place.configuration.key() + '=' + std::to_string(place.runs);
        EXPECT_EQ(place.expected, each.test == "d" ? std::vector<std::string>{"PASS"}
                                                   : std::vector<std::string>({"PASS", "FAIL"}));
      }
      text += '\n';
    }
    return text;
  };
  EXPECT_EQ(own(),
            "never_failing a platform=gtk=100 platform=mac=100\n"
            "never_failing b platform=mac=100\n"
            "never_failing e platform=gtk=39 platform=mac=39\n"
            "never_failing f platform=gtk=99\n"
            "skipped d platform=gtk=5\n");
  query.least_runs = 40;
  query.name_contains = "e";
  EXPECT_EQ(own(), "");
  query.name_contains.clear();
  query.range.to_position = place(71);  // 72 runs of f are too few, the two times 72 of a are not
  query.least_runs = 20;
  EXPECT_EQ(own(), "never_failing a platform=gtk=72 platform=mac=72\n");
}

TEST_F(StoredExpectationsTest, StaleOnesAndMissingOnes) {
  const std::string good = repeat(100, "P");
  // a fails on gtk since run 60; b crashes everywhere; c passes; d is flaky on mac; e broke just now.
  add("gtk", {repeat(60, "P") + repeat(40, "F"), repeat(100, "C"), good, good, repeat(95, "P") + "FFFFF"});
  add("mac", {good, repeat(100, "C"), good, repeat(50, "PF"), good});
  auto query = ask<ExpectationReviewQuery>();
  query.now = from_seconds(100'000);
  ExpectationReview review = value_of(answers_.review_expectations(query));
  EXPECT_EQ(review.position, place(99));
  ASSERT_EQ(review.total, 3);
  using Line = aggregate::ExpectationLine;
  EXPECT_EQ(review.suggestions[0].test, "a");
  EXPECT_EQ(review.suggestions[0].lines, (std::vector<Line>{{{{"platform", "gtk"}}, {"FAIL"}}}));
  EXPECT_EQ(review.suggestions[1].lines, (std::vector<Line>{{{}, {"CRASH"}}}));
  EXPECT_EQ(review.suggestions[2].lines, (std::vector<Line>{{{{"platform", "mac"}}, {"PASS", "FAIL"}}}));
  EXPECT_EQ(review.suggestions[0].observed[0].counts.at("FAIL"), 40);
  EXPECT_TRUE(review.stale.empty());

  put({.test = "a", .where = {on("gtk")}, .words = {"FAIL"}});
  put({.test = "b", .where = {on("mac")}, .words = {"CRASH"}});        // not on gtk
  put({.test = "b", .words = {"CRASH"}, .expires = from_seconds(5)});  // expired
  put({.test = "c", .words = {"FAIL"}});                               // passes
  put({.test = "d", .where = {on("win")}, .words = {"FAIL"}});         // not run
  put({.test = "d", .words = {"TIMEOUT"}, .to = place(50)});           // over
  put({.test = "d", .where = {{"platform", {"gtk"}, true}}, .words = {"PASS", "FAIL"}});
  put({.test = "e", .where = {on("mac")}, .words = {"PASS", "TIMEOUT"}});
  put({.test = "nobody knows it", .words = {"FAIL"}});
  review = value_of(answers_.review_expectations(query));
  ASSERT_EQ(review.total, 1);
  EXPECT_EQ(review.suggestions[0].test, "b");
  EXPECT_EQ(review.suggestions[0].present.size(), 1);
  std::vector<std::pair<std::string, Why>> stale;
  for (const auto& each : review.stale) stale.emplace_back(each.expectation.test, each.why);
  const std::vector<std::pair<std::string, Why>> known{{"b", Why::Expired},
                                                       {"c", Why::Passes},
                                                       {"d", Why::Unused},
                                                       {"e", Why::Passes},
                                                       {"nobody knows it", Why::Unused}};
  EXPECT_EQ(stale, known);
  query.name_contains = "e";
  query.range.to_position = place(79);
  review = value_of(answers_.review_expectations(query));
  EXPECT_EQ(review.position, place(79));
  EXPECT_EQ(review.total, 0);
  EXPECT_EQ(review.stale.size(), 1);
  query.range.to_position = place(59);  // so few passes do not prove that it is stale
  EXPECT_EQ(value_of(answers_.review_expectations(query)).stale.size(), 0);
}

TEST_F(StoredExpectationsTest, SkippedRunsSayNothing) {
  add("gtk", {repeat(90, "S"), repeat(30, "P") + repeat(30, "S") + repeat(30, "F")});
  put({.test = "a", .words = {"FAIL"}});
  const ExpectationReview review = value_of(answers_.review_expectations(ask<ExpectationReviewQuery>()));
  ASSERT_EQ(review.stale.size(), 1);
  EXPECT_EQ(review.stale[0].why, Why::Unused);
  ASSERT_EQ(review.total, 1);
  EXPECT_EQ(review.suggestions[0].test, "b");
  EXPECT_EQ(review.suggestions[0].observed[0].counts, (decltype(aggregate::Observed::counts){{"FAIL", 30}}));
}

}  // namespace
}  // namespace resultsdb
