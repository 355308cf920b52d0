#include "compat/webkit/path.hpp"

#include <gtest/gtest.h>

namespace resultsdb::webkit {
namespace {

TEST(Path, Unescaped) {
  EXPECT_EQ(unescape_path("a/x$231$3Fy"), "a/x#1?y");
  EXPECT_EQ(unescape_path("a$40b$2$3f$"), "a$40b$2$3f$");
}

TEST(Path, SuiteIsOneSegmentIfATestFollows) {
  EXPECT_EQ(split_results_path("A"), (ResultsPath{.suite = "A"}));
  EXPECT_EQ(split_results_path("A/b/c"), (ResultsPath{"A", "b/c", true}));
  EXPECT_EQ(split_results_path("A/tests"), (ResultsPath{"A", "tests", true}));
  EXPECT_EQ(split_results_path("A//b"), (ResultsPath{"A/", "b", true}));
  EXPECT_EQ(split_results_path("S/a/x$231$3Fy"), (ResultsPath{"S", "a/x#1?y", true}));
}

}  // namespace
}  // namespace resultsdb::webkit
