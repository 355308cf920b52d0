// What an empty list says of the facets that were asked for.
#include "http/judgement_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

class FacetsWithout : public JudgementFixture {
 protected:
  /// `where=os:mac:3` …; `none` if the answer has no such member.
  std::string without(const std::string& target) const {
    const auto answer = get(target);
    const auto* facets = answer.as_object().if_contains("facets_without");
    if (!facets) return "none";
    EXPECT_TRUE(items(answer).empty()) << target;
    std::string text;
    for (const json::value& facet : facets->as_array())
      text += std::string(facet.at("remove").as_string()) + ":" + json::serialize(facet.at("total")) + " ";
    return text;
  }
};

TEST_F(FacetsWithout, CountWhatIsThereWithoutOneOfThem) {
  register_commits(30);
  add_history({}, "t", "pppppppppppppppFFFFFFFFFFFFFFF");
  add_history({.os = "mac", .style = "debug"}, "t", "pppp");
  const std::string where = "suite=unit&recent=false&where=os:mac&where=style:release";
  EXPECT_EQ(without("/v1/runs?" + where), "where=os:mac:30 where=style:release:4 ");
  EXPECT_EQ(without("/v1/regressions?" + where), "where=os:mac:1 where=style:release:0 ");
  EXPECT_EQ(without("/v1/tests?only=failing&" + where), "where=os:mac:1 where=style:release:0 ");
  EXPECT_EQ(without("/v1/tests?q=runs%3E0&limit=1&" + where), "where=os:mac:2 where=style:release:2 ");
  EXPECT_EQ(without("/v1/failures?range=last:50&" + where), "where=os:mac:1 where=style:release:0 ");
  EXPECT_EQ(without("/v1/flaky?" + where), "where=os:mac:0 where=style:release:0 ");
  EXPECT_EQ(without("/v1/coverage-gaps?" + where).substr(0, 13), "where=os:mac:");
  EXPECT_EQ(without("/v1/runs?suite=unit&recent=false&where=os:none"), "where=os:none:34 ");
  EXPECT_EQ(without("/v1/runs?suite=unit&recent=false&where=os:none&where=os:gone"),
            "where=os:none:0 where=os:gone:0 ")
      << "one of two alternatives";
  // Lists that are not empty, or were not asked for a facet, and answers that are no lists.
  EXPECT_EQ(without("/v1/runs?suite=unit&recent=false&where=os:mac"), "none");
  EXPECT_EQ(without("/v1/tests?suite=unit&recent=false&only=new"), "none");
  const Response history = send("GET", "/v1/history?suite=unit&recent=false&test=t&where=os:none");
  EXPECT_EQ(history.body.find("facets_without"), history.body.npos);
  const Response plan = send("GET", "/v1/rerun-plan?suite=unit&recent=false&where=os:none");
  EXPECT_EQ(plan.status, 200);
  EXPECT_EQ(plan.body.find("facets_without"), plan.body.npos);
  const Response text =
      send("GET", "/v1/expectation-changes?suite=unit&recent=false&where=os:none&format=webkit");
  EXPECT_EQ(text.body, "");
}

TEST_F(FacetsWithout, MoreThanAPageIsNotCounted) {
  for (int i = 0; i < 1001; ++i) add({.variant = std::to_string(i)}, "t=PASS");
  EXPECT_EQ(without("/v1/runs?suite=unit&recent=false&where=os:none"), "where=os:none:null ");
}

}  // namespace
}  // namespace resultsdb::http
