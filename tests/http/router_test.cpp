#include "resultsdb/http/router.hpp"

#include <gtest/gtest.h>

namespace resultsdb::http {
namespace {

RouteHandler echo(std::string name) {
  return [name = std::move(name)](const Request&, const PathVariables& variables) {
    Response response;
    response.body = name;
    for (const std::string& variable : variables) response.body += "|" + variable;
    return response;
  };
}

Router make_router() {
  Router router;
  router.add({"GET", "/api/{suite}", "getSuite", echo("suite")});
  router.add({"GET", "/api/results", "getResults", echo("results")});
  router.add({"POST", "/api/results", "postResults", echo("post")});
  router.add({"GET", "/api/results/{suite}/{test*}", "getTest", echo("test")});
  router.add({"GET", "/", "getRoot", echo("root")});
  return router;
}

Response send(const Router& router, std::string method, std::string target) {
  Request request;
  request.method = std::move(method);
  set_target(request, std::move(target));
  return router.dispatch(request);
}

TEST(Router, LiteralsBeforeVariablesWhateverTheOrder) {
  const Router router = make_router();
  EXPECT_EQ(send(router, "GET", "/api/results").body, "results");
  EXPECT_EQ(send(router, "GET", "/api/other").body, "suite|other");
  EXPECT_EQ(send(router, "GET", "/").body, "root");
}

TEST(Router, VariablesAreDecodedAndNotEmpty) {
  const Router router = make_router();
  EXPECT_EQ(send(router, "GET", "/api/a%2Fb%20c").body, "suite|a/b c");
  EXPECT_EQ(send(router, "GET", "/api/").status, 404);
  EXPECT_EQ(send(router, "GET", "/api/a/").status, 404);
  EXPECT_EQ(send(router, "GET", "/api/results/s/a//b/c%3f/").body, "test|s|a//b/c?/");
  EXPECT_EQ(send(router, "GET", "/api/results/s/").status, 404);
  EXPECT_EQ(send(router, "GET", "api").status, 404);
  EXPECT_EQ(send(router, "GET", "").status, 404);
}

TEST(Router, HeadIsGetWithoutBody) {
  const Response response = send(make_router(), "HEAD", "/api/results");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(response.header("Content-Length"), "7");
}

TEST(Router, OtherMethodsGetAllow) {
  const Response refused = send(make_router(), "DELETE", "/api/results");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.header("Allow"), "GET, HEAD, OPTIONS, POST");
  const Response options = send(make_router(), "OPTIONS", "/api/results");
  EXPECT_EQ(options.status, 200);
  EXPECT_EQ(options.header("Allow"), "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(send(make_router(), "OPTIONS", "/nowhere").status, 404);
}

TEST(Router, TheLongestFallbackBelowItsPrefixAnswers) {
  Router router = make_router();
  const auto fallback = [](std::string name) {
    return [name = std::move(name)](const Request&, int status, const std::vector<std::string>& allow) {
      return Response{.status = status, .headers = {}, .body = name + std::to_string(allow.size())};
    };
  };
  router.set_fallback("/", fallback("root"));
  router.set_fallback("/api", fallback("api"));
  EXPECT_EQ(send(router, "GET", "/api/a/b").body, "api0");
  EXPECT_EQ(send(router, "GET", "/apix/b").body, "root0");
  const Response refused = send(router, "PUT", "/api/results");
  EXPECT_EQ(refused.body, "api2");
  EXPECT_EQ(refused.status, 405);
}

TEST(Router, NamesOperations) {
  const Router router = make_router();
  Request request;
  request.method = "HEAD";
  set_target(request, "/api/results");
  EXPECT_EQ(router.operation(request), "getResults");
  set_target(request, "/nowhere");
  EXPECT_EQ(router.operation(request), "");
}

}  // namespace
}  // namespace resultsdb::http
