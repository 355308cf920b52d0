#include "compat/webkit/commit_codec.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace resultsdb::webkit {
namespace {

ParsedCommit parse(std::string_view json) {
  return parse_commit(boost::json::parse({json.data(), json.size()}).as_object());
}

TEST(CommitReference, FreeForms) {
  const auto identifier = [](std::optional<std::int64_t> point, std::int64_t number, std::string branch) {
    return FreeReference{.identifier = Identifier{point, number, std::move(branch)}};
  };
  EXPECT_EQ(parse_free_reference("12@main"), identifier({}, 12, "main"));
  EXPECT_EQ(parse_free_reference("12.3@eng/x"), identifier(12, 3, "eng/x"));
  EXPECT_EQ(parse_free_reference("3.-2@b"), identifier(3, -2, "b"));
  EXPECT_EQ(parse_free_reference("-5@main"), identifier({}, -5, "main"));
  EXPECT_EQ(parse_free_reference("12.4"), identifier(12, 4, ""));
  EXPECT_EQ(parse_free_reference("0"), identifier({}, 0, ""));
  EXPECT_EQ(parse_free_reference("1234567"), identifier({}, 1234567, ""));
  EXPECT_EQ(parse_free_reference("12@"), identifier({}, 12, ""));
  EXPECT_EQ(parse_free_reference("r12"), FreeReference{.revision = 12});
  EXPECT_EQ(parse_free_reference("R12"), FreeReference{.revision = 12});
  EXPECT_EQ(parse_free_reference("abc"), FreeReference{.hash = "abc"});
  EXPECT_EQ(parse_free_reference("12345678901"), FreeReference{.hash = "12345678901"});
  for (const std::string& wrong :
       {std::string("main"), std::string("@main"), std::string("12@ma in"), std::string(42, '1')}) {
    EXPECT_EQ(parse_free_reference(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(Identifier::parse("12.4")->text(), "4");
}

TEST(CommitJson, Names) {
  EXPECT_EQ(parse(R"({"id":"6"})").commit.revision, 6);
  EXPECT_EQ(parse(R"({"id":6})").commit.revision, 6);
  EXPECT_EQ(parse(R"({"id":"abcdef"})").commit.hash, "abcdef");
  EXPECT_EQ(parse(R"({"id":"12345678901"})").commit.hash, "12345678901");
  const Commit both = parse(R"({"id":"r6","hash":"ABC"})").commit;
  EXPECT_EQ(both.revision, 6);
  EXPECT_EQ(both.hash, "abc");
  EXPECT_EQ(both.label(), "r6");
  EXPECT_EQ(parse(R"({"identifier":5,"branch":"b"})").commit.identifier, "5@b");
  EXPECT_EQ(parse(R"({"identifier":"7@main","branch_point":4})").commit.identifier, "4.7@main");
  EXPECT_EQ(parse(R"({"id":"main"})").error, "");
}

TEST(CommitJson, Uuid) {
  EXPECT_EQ(commit_uuid(parse(R"({"hash":"abc","timestamp":"100","order":"2"})").commit), 10002);
  EXPECT_EQ(commit_uuid(parse(R"({"timestamp":1601668000,"order":1})").commit), 160166800001);
  EXPECT_EQ(commit_uuid(parse(R"({"timestamp":5,"order":150})").commit), 650);
  EXPECT_EQ(commit_uuid(parse(R"({"hash":"abc"})").commit), std::nullopt);
  EXPECT_EQ(commit_json(parse(R"({"timestamp":5,"order":150})").commit), R"({"order":50,"timestamp":6})");
}

TEST(CommitJson, Authors) {
  const Commit commit = parse(R"({"hash":"abc","author":"x@y"})").commit;
  EXPECT_EQ(commit.author, (Person{"x@y", {"x@y"}}));
  EXPECT_EQ(
      parse(R"({"committer":{"name":"A","emails":["a@b"],"email":"c@d","bitbucket":"a"}})").commit.author,
      (Person{"A", {"a@b", "c@d"}}));
  EXPECT_TRUE(parse(R"({"author":{}})").commit.author.empty());
}

TEST(CommitJson, Errors) {
  for (const char* wrong : {R"({"hash":"abc","identifier":"5@main","branch":"eng"})", R"({"revision":0})",
                            R"({"hash":"g"})", R"({"hash":"11111111111111111111111111111111111111111"})",
                            R"({"branch":5})", R"({"identifier":"4.7@main","branch_point":5})"}) {
    EXPECT_NE(parse(wrong).error, "") << wrong;
    EXPECT_FALSE(parse(wrong).wrong_type) << wrong;
  }
  for (const char* wrong : {R"({"hash":"abc","author":"x"})", R"({"timestamp":1.5})", R"({"order":[1]})",
                            R"({"timestamp":9223372036854775807})"}) {
    EXPECT_TRUE(parse(wrong).wrong_type) << wrong;
  }
}

TEST(CommitJson, Output) {
  EXPECT_EQ(commit_json(Commit()), R"({"order":0})");
  EXPECT_EQ(commit_json(parse(R"({"repository_id":"safari","branch":"main","hash":"ABC","identifier":"5@main",
      "timestamp":1601668000,"order":1,"message":"Gr\u00fc\u00df\n","author":"x@y"})")
                            .commit),
            R"({"author":{"emails":["x@y"],"name":"x@y"},"branch":"main","hash":"abc","identifier":"5@main",)"
            R"("message":"Gr\u00fc\u00df\n","order":1,"repository_id":"safari","timestamp":1601668000})");
}

}  // namespace
}  // namespace resultsdb::webkit
