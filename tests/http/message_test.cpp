#include "resultsdb/http/message.hpp"

#include <gtest/gtest.h>

namespace resultsdb::http {
namespace {

TEST(Message, HeadersIgnoreCaseAndTakeTheFirst) {
  Response response;
  response.headers = {{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(response.header("CONTENT-TYPE"), "a");
  EXPECT_FALSE(response.header("Content"));
  response.set_header("content-TYPE", "c");
  EXPECT_EQ(response.headers.size(), 2u);
  EXPECT_EQ(response.header("Content-Type"), "c");
}

TEST(Message, BrokenEscapesStay) {
  EXPECT_EQ(percent_decode("%41%4a%zz%4"), "AJ%zz%4");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a+b%2B", true), "a b+");
  EXPECT_EQ(percent_decode("%00x"), std::string("\0x", 2));
}

TEST(Message, FormKeepsOrderAndRepeats) {
  const Parameters expected = {{"a", "1"}, {"b", ""}, {"a", "x=y"}, {"c d", "&"}};
  EXPECT_EQ(parse_form("a=1&b&&a=x=y&c+d=%26&"), expected);
  EXPECT_TRUE(parse_form("").empty());
}

TEST(Message, TargetIsSplitAtTheFirstQuestionMark) {
  Request request;
  set_target(request, "/a%2Fb?x=1?2");
  EXPECT_EQ(request.path, "/a%2Fb");
  EXPECT_EQ(request.query, "x=1?2");
  EXPECT_TRUE(request.has_query);
  set_target(request, "/a?");
  EXPECT_EQ(request.path, "/a");
  EXPECT_FALSE(request.has_query);
}

}  // namespace
}  // namespace resultsdb::http
