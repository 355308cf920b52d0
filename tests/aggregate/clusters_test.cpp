// Failures that say the same thing, on small histories.
#include "resultsdb/clusters.hpp"

#include "aggregate/answers_fixture.hpp"

namespace resultsdb {
namespace {

class ClustersTest : public AnswersTest {
 protected:
  static void fail(resultsdb::Run& run, const std::string& test, const std::string& detail,
                   const std::string& actual = "FAIL") {
    run.results.add({.test = test, .actual = actual, .detail = detail});
  }
  ClustersAnswer clusters(const ClustersQuery& query) { return value_of(answers_.clusters(query)); }
};

TEST_F(ClustersTest, MessagesThatDifferInNumbersAreOne) {
  for (int commit = 0; commit < 3; ++commit) {
    resultsdb::Run run = header("gtk", commit);
    fail(run, "b", R"({"message":"Timed out after )" + std::to_string(100 + commit) + R"( ms"})");
    fail(run, "a", R"({"message":"Timed out after 7 ms","text":"more"})");
    fail(run, "c", "");
    add(run, "d", 'x');  // expected
    add(run, "e", 'P');
    ingest(run);
  }
  resultsdb::Run mac = header("mac", 1);
  fail(mac, "f", R"({"log":"\n  Timed out after 99999 ms\nline"})");
  fail(mac, "g", R"({"attempts":[{"outcome":"PASS"},{"message":"other"}]})");
  fail(mac, "h", R"("as a text")");
  ingest(mac);

  const ClustersAnswer answer = clusters(ask<ClustersQuery>());
  ASSERT_EQ(answer.total, 4);
  EXPECT_EQ(answer.results, 12);
  EXPECT_FALSE(answer.truncated);
  const FailureCluster& timeouts = answer.clusters[0];
  EXPECT_EQ(timeouts.pattern, "Timed out after % ms");
  EXPECT_TRUE(timeouts.id.starts_with("k_"));
  EXPECT_EQ(timeouts.results, 7);
  EXPECT_EQ(timeouts.tests, (std::vector<std::string>{"a", "b", "f"}));
  EXPECT_EQ(timeouts.timelines, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(timeouts.first->position, place(0));
  EXPECT_EQ(timeouts.newest->position, place(2));
  EXPECT_TRUE(timeouts.example.starts_with("Timed out after "));
  EXPECT_EQ(timeouts.like, timeouts.id);
  const FailureCluster& silent = answer.clusters[1];
  EXPECT_EQ(silent.id, "");
  EXPECT_EQ(silent.results, 3);
  EXPECT_EQ(silent.tests, std::vector<std::string>{"c"});
  EXPECT_EQ(answer.basis.runs, 4);

  auto query = ask<ClustersQuery>();
  query.bad = Question::Bad::Failing;
  EXPECT_EQ(clusters(query).results, 15);
  query.test = "b";
  EXPECT_EQ(clusters(query).results, 3);
  query.test = "none";
  EXPECT_EQ(answers_.clusters(query).error().code, ErrorCode::NotFound);
}

TEST_F(ClustersTest, OfACommitOfARunAndWithinLimits) {
  std::string failed;
  for (int commit = 0; commit < 4; ++commit) {
    resultsdb::Run run = header("gtk", commit);
    for (int i = 0; i < 150; ++i)
      fail(run, "test " + std::to_string(i),
           R"({"message":"assertion )" + std::string(commit == 0 ? "x" : "y") + R"("})");
    for (int i = 0; i < 100; ++i) add(run, "good " + std::to_string(i), 'P');
    if (commit == 3) run.header.state = RunState::Failed;
    const RunInfoPtr stored = ingest(run);
    if (commit == 3) failed = stored->id;
  }
  auto query = ask<ClustersQuery>();
  query.tests = 2;
  ClustersAnswer answer = clusters(query);
  EXPECT_EQ(answer.results, 450);
  EXPECT_EQ(answer.basis.excluded.size(), 1);
  EXPECT_EQ(answer.clusters[0].test_count, 150);
  EXPECT_EQ(answer.clusters[0].tests, (std::vector<std::string>{"test 0", "test 1"}));
  query.limit = 1;
  answer = clusters(query);
  EXPECT_EQ(answer.total, 2);
  EXPECT_EQ(answer.clusters.size(), 1);
  query.max_results = 310;  // the newest
  answer = clusters(query);
  EXPECT_TRUE(answer.truncated);
  EXPECT_EQ(answer.results, 310);
  EXPECT_EQ(answer.clusters[0].results, 300);
  EXPECT_EQ(answer.clusters[0].pattern, "assertion y");
  query.max_results = 450;
  EXPECT_FALSE(clusters(query).truncated);
  query.commit = RunCommit{"code", "r1", {}};
  EXPECT_EQ(clusters(query).clusters[0].pattern, "assertion x");
  query.commit.reset();
  query.run = failed;  // excluded everywhere else
  answer = clusters(query);
  EXPECT_EQ(answer.results, 150);
  EXPECT_EQ(answer.basis.runs, 1);
  EXPECT_TRUE(answer.basis.excluded.empty());
  query.max_results = 0;
  EXPECT_EQ(answers_.clusters(query).error().context, "max_results");
}

TEST_F(ClustersTest, CrashesByTheirStackAndNearDuplicates) {
  const std::string trace = R"(#0  0x00007f raise () from /lib/libc.so.6\n#1  0x11 in WebCore::Node::paint )"
                            R"((this=0x0) at a.cpp:10\n#2  0x12 in WebCore::Frame::paint () at b.cpp:20\n)";
  resultsdb::Run run = header("gtk", 0);
  fail(run, "a", R"({"text":")" + trace + R"("})", "CRASH");
  fail(run, "b", R"({"message":"process died","output":")" + trace + R"("})", "CRASH");
  fail(run, "c", R"({"message":"process died"})", "CRASH");  // no stack
  fail(run, "d", R"({"output":"only what it wrote"})");
  const std::string long_text =
      "the element at the top of the page does not have the color that was wanted: ";
  fail(run, "e", R"({"message":")" + long_text + R"(red"})");
  fail(run, "f", R"({"message":")" + long_text + R"(green"})");
  ingest(run);
  const ClustersAnswer answer = clusters(ask<ClustersQuery>());
  ASSERT_EQ(answer.total, 5);
  EXPECT_EQ(answer.clusters[0].pattern, "WebCore::Node::paint < WebCore::Frame::paint");
  EXPECT_TRUE(answer.clusters[0].crash);
  EXPECT_EQ(answer.clusters[0].tests, (std::vector<std::string>{"a", "b"}));
  std::string like_another;
  std::size_t silent = 0;
  for (const FailureCluster& cluster : answer.clusters) {
    if (cluster.like != cluster.id) like_another += cluster.tests.front();
    silent += cluster.id.empty();
  }
  EXPECT_TRUE(like_another == "e" || like_another == "f") << like_another;
  EXPECT_EQ(silent, 1);
}

}  // namespace
}  // namespace resultsdb
