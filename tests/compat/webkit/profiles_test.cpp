// What the profile `webkit-corrected` answers otherwise than `webkit`.
#include <functional>
#include <memory>

#include "compat/webkit/endpoint_fixture.hpp"

namespace resultsdb::webkit {
namespace {

using testing::kNow;

/// Knows one commit's identifier.
class Webkit final : public Repository {
 public:
  std::string key() const override { return "webkit"; }
  Result<std::optional<Commit>> resolve(const ResolveRequest&) override {
    Commit commit;
    commit.repository = "webkit";
    commit.branch = "main";
    commit.hash = "abc";
    commit.identifier = "7@main";
    commit.timestamp = from_seconds(1'601'900'000);
    return std::optional(std::move(commit));
  }
};

class Profiles : public testing::EndpointFixture {
 protected:
  /// What happens under both profiles, one after the other.
  void expect(const char* trap, const std::function<std::string()>& happens, const std::string& webkit,
              const std::string& corrected) {
    for (const ProfileName profile : {ProfileName::Webkit, ProfileName::WebkitCorrected}) {
      clock_.set(from_seconds(kNow));
      options_.profile = profile;
      start();
      EXPECT_EQ(happens(), profile == ProfileName::Webkit ? webkit : corrected) << "trap " << trap;
    }
  }
  std::string status(const std::string& target) const { return std::to_string(get(target).status); }
  std::string empty(const std::string& target) const {
    const auto reply = get(target);
    if (reply.status != 200) return std::to_string(reply.status);
    return reply.body == "[]\n" ? "none" : "some";
  }
  /// A commit without identifier; the answer's status.
  std::string commit(const std::string& hash, const std::string& more = {}) const {
    return std::to_string(post("/api/commits", R"({"repository_id":"tools","branch":"main","hash":")" + hash +
                                                   R"(","timestamp":1601900000)" + more + "}")
                              .status);
  }
  /// An upload with one of its parts replaced; the answer.
  std::string upload_with(const std::string& part, const std::string& by) const {
    std::string document =
        R"({"suite":"s","configuration":{"platform":"mac","version":"10.14","is_simulator":false,)"
        R"("architecture":"x86_64"},"timestamp":1601990000,"commits":[{"repository_id":"tools",)"
        R"("branch":"main","hash":"abc","order":0,"timestamp":1601900000}],"test_results":{"results":{"t":{}}}})";
    return post("/api/upload", document.replace(document.find(part), part.size(), by)).body;
  }
  /// Mounts a store that was given the repository `webkit`.
  std::string with_repository() {
    auto model = Model::create(backends::open_memory(), {.repositories = {std::make_shared<Webkit>()}});
    model_ = model.value();
    router_ = http::Router();
    mount(router_, model_, options_);
    return "given";
  }
  static std::string has(const std::string& text, const std::string& part) {
    return text.find(part) == std::string::npos ? "no" : "yes";
  }
};

TEST_F(Profiles, DifferWhereTheTableSays) {
  expect("1", [&] { return upload({}), empty("/api/results/s?branch=main"); }, "none", "some");
  expect(
      "4", [&] { return upload({}), empty("/api/results/s?recent=False&platform=mac&version=0"); }, "some",
      "none");
  expect(
      "2",
      [&] {
        upload_with(R"("architecture":"x86_64")", R"("architecture":"x86_64","flavor":"wk2")");
        const std::string complete =
            "/api/results/s?platform=mac&version=10.14&is_simulator=False&architecture=x86_64";
        return empty(complete) + " " + empty(complete + "&match=wildcard") + " " +
               empty(complete + "&style=debug&match=wildcard") + " " + status(complete + "&match=exact");
      },
      "none 400 400 400", "none some none 400");
  expect("8", [&] { return upload({.branch = "b"}), empty("/api/urls?branch=b"); }, "none", "some");
  expect(
      "13",
      [&] {
        upload({.results = R"({"a1":{},"b1":{},"b2":{}})"});
        return get("/api/s/tests?limit=1&test=a&test=b").body;
      },
      "[\"a1\",\"b1\",\"b2\"]\n", "[\"a1\"]\n");
  expect(
      "14", [&] { return upload({}), status("/api/results-summary/s/t?timestamp=1601900000"); }, "400",
      "200");
  expect(
      "20",
      [&] {
        const std::string steps = upload({.commit = 1'000'000'000});
        return std::string(steps.find("expired") == std::string::npos ? "silent" : "said");
      },
      "silent", "said");
  expect(
      "37",
      [&] {
        post(
            "/api/upload",
            R"({"suite":"s#","configuration":{"platform":"mac","version":"10.14","is_simulator":false,)"
            R"("architecture":"x86_64"},"timestamp":1601990000,"commits":[{"repository_id":"tools","branch":"main",)"
            R"("hash":"abc","timestamp":1601900000}],"test_results":{"results":{"t":{}}}})");
        return empty("/api/failures/s$23");
      },
      "404", "none");
  expect("43", [&] { return std::to_string(send("HEAD", "/api/suites").status); }, "405", "404");
}

TEST_F(Profiles, DifferInCommits) {
  const std::string search = "/api/commits?repository_id=tools";
  expect(
      "9",
      [&] {
        commit("abc", R"(,"message":"what it says")");
        commit("abc");
        return has(get(search).body, "what it says");
      },
      "no", "yes");
  expect(
      "10",
      [&] {
        commit("abc1");
        get(search + "&ref=abc");
        commit("abc2");
        return has(get(search + "&ref=abc").body, "abc2");
      },
      "no", "yes");
  expect("11", [&] { return commit("1234567abc"), status(search + "&ref=1234567"); }, "404", "200");
  expect("16", [&] { return commit("abc"), status(search + "&ref=abc&branch=main&branch=b"); }, "400", "200");
  expect(
      "22",
      [&] {
        std::string given = with_repository();
        given += " " + commit("abc");
        const std::string known = R"({"repository_id":"webkit","branch":"main","hash":"abc","timestamp":1})";
        return given + " " + std::to_string(post("/api/commits", known).status);
      },
      "given 200 200", "given 404 200");
  expect("22 without any", [&] { return commit("abc"); }, "200", "200");
  expect(
      "46",
      [&] {
        commit("abc");
        clock_.set(from_seconds(1'601'900'000 + 14 * 86'400));
        std::string text = get("/api/commits/branches").body;
        clock_.set(from_seconds(1'601'900'000 + 14 * 86'400 + 1));
        return text + get("/api/commits/branches").body;
      },
      "{\"tools\":[\"main\"]}\n{\"tools\":[\"main\"]}\n", "{\"tools\":[\"main\"]}\n{}\n");
  expect(
      "33",
      [&] {
        const auto reply = send("POST", "/api/commits",
                                "repository_id=tools&branch=main&hash=abc&timestamp=1601900000&api_key=k",
                                {{"Content-Type", "application/x-www-form-urlencoded"}});
        return std::to_string(reply.status);
      },
      "400", "200");
}

TEST_F(Profiles, DifferInUploads) {
  expect(
      "17",
      [&] {
        upload_with(R"("order":0)", R"("order":1)");
        return empty("/api/results/s?before_timestamp=1601900000");
      },
      "none", "some");
  expect(
      "23",
      [&] { return has(upload_with(R"("timestamp":1601990000)", R"("timestamp":"1601990000")"), "'str'"); },
      "yes", "no");
  expect("24", [&] { return has(upload({.more = R"(,"details":{"a":null})"}), "dictionary"); }, "yes", "no");
  expect(
      "26",
      [&] {
        upload_with(R"("is_simulator":false)", R"("is_simulator":"False")");
        return has(get("/api/suites").body, R"("is_simulator":true)");
      },
      "yes", "no");
  expect(
      "34",
      [&] {
        with_repository();
        const std::string steps = upload_with("tools", "webkit");
        const std::string found = get("/api/commits?repository_id=webkit").body;
        const bool worked = process_queued_upload(model_, options_).value();
        return has(steps, R"("commit-identifiers":{"status":"ok"})") + " " +
               has(steps, R"("commit-identifiers":{"status":"Queued"})") + ", " + has(found, "7@main") +
               (worked ? ", later " : ", now ") +
               has(get("/api/commits?repository_id=webkit").body, "7@main");
      },
      "yes no, yes, now yes", "no yes, no, later yes");
  EXPECT_FALSE(process_queued_upload(model_, options_).value());
  expect(
      "repeat_keeps_missing_tests",
      [&] {
        upload({.results = R"({"t":{},"u":{}})"});
        upload({});
        return has(get("/api/results/s/u").body, "start_time");
      },
      "yes", "no");
}

TEST_F(Profiles, RecencyIsThatOfTheLastArrivalOrTheLatestStart) {
  expect(
      "6",
      [&] {
        upload({.started = kNow});
        clock_.set(from_seconds(kNow + 1));
        upload({.commit = 1'601'800'000, .started = kNow - 3 * 86'400});
        clock_.set(from_seconds(kNow + 2));
        upload(
            {.commit = 1'601'700'000, .started = kNow - 20 * 86'400});  // over when it comes: decides nothing
        std::string text;
        for (const int days : {10, 11, 13, 14}) {
          clock_.set(from_seconds(kNow + days * 86'400));
          text += status("/api/suites") + " ";
        }
        return text;
      },
      "200 404 404 404 ", "200 200 200 404 ");
}

TEST_F(Profiles, HaveNames) {
  EXPECT_EQ(parse_profile("webkit").value(), ProfileName::Webkit);
  EXPECT_EQ(parse_profile("webkit-corrected").value(), ProfileName::WebkitCorrected);
  EXPECT_NE(parse_profile("WebKit").error().message.find("there are webkit and webkit-corrected"),
            std::string::npos);
}

}  // namespace
}  // namespace resultsdb::webkit
