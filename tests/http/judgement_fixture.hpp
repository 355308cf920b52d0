// Hand-made histories whose answers are known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/native_fixture.hpp"

namespace resultsdb::http {

class JudgementFixture : public NativeFixture {
 protected:
  static constexpr int kFirstSecond = 1'600'000'000;

  /// Commit `number` is a minute after the one before; by A for even ones, by B for odd ones.
  static std::string hash(int number) {
    std::string digits = std::to_string(number);
    return std::string(40 - digits.size(), 'c') + digits;
  }
  static std::int64_t position(int number) { return 100 * (kFirstSecond + 60LL * number); }
  void register_commits(int count, const std::string& branch = "main") {
    std::vector<Commit> commits;
    for (int i = 0; i < count; ++i) {
      Commit commit;
      commit.repository = "r";
      commit.branch = branch;
      commit.hash = hash(i);
      commit.timestamp = from_seconds(kFirstSecond + 60LL * i);
      commit.author.name = i % 2 == 0 ? "A" : "B";
      commit.message = "Change " + std::to_string(i);
      commits.push_back(std::move(commit));
    }
    ASSERT_TRUE(model_->register_commits(commits));
  }

  struct Run {
    std::string suite = "unit", branch = "main", os = "linux", style = "release", variant, state = "final";
    int commit = 0;
  };
  /// `results`: `test=ACTUAL` or `test=EXPECTED/ACTUAL`, then perhaps `@` and microseconds, separated by
  /// blanks. Answers the run's id.
  std::string add(const Run& run, const std::string& results) const {
    std::string body =
        R"({"suite":")" + run.suite + R"(","branch":")" + run.branch + R"(","configuration":{"os":")" +
        run.os + R"(","style":")" + run.style + R"("},"state":")" + run.state + R"(","variant":")" +
        run.variant + R"(","commits":[{"repository":"r","branch":"main","hash":")" + hash(run.commit) +
        R"(","timestamp":)" + std::to_string(kFirstSecond + 60 * run.commit) + R"(}],"started":)" +
        std::to_string(kFirstSecond + 60 * run.commit + 10) + R"(,"results":[)";
    std::string_view rest = results;
    for (bool first = true; !rest.empty(); first = false) {
      const std::string_view one = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      const auto equals = one.find('='), slash = one.find('/', equals), time = one.find('@', equals);
      const std::string expected(slash == one.npos ? "PASS" : one.substr(equals + 1, slash - equals - 1));
      const auto start = (slash == one.npos ? equals : slash) + 1;
      const std::string actual(one.substr(start, time - start));
      body += std::string(first ? "" : ",") + R"({"test":")" + std::string(one.substr(0, equals)) +
              R"(","expected":")" + expected + R"(","actual":")" + actual + '"' +
              (time == one.npos ? "" : R"(,"duration_us":)" + std::string(one.substr(time + 1))) + '}';
    }
    const auto stored = post("/v1/runs", body + "]}", 201);
    return std::string(stored.at("id").as_string());
  }
  /// Commits 0, 1, … : 'p' passes, 'F' fails, '.' does not run the test, 'E' fails as expected.
  void add_history(Run run, const std::string& test, std::string_view letters) const {
    for (std::size_t i = 0; i < letters.size(); ++i) {
      run.commit = static_cast<int>(i);
      std::string results = "other=PASS";
      if (letters[i] == 'p') results += ' ' + test + "=PASS";
      if (letters[i] == 'F') results += ' ' + test + "=FAIL";
      if (letters[i] == 'E') results += ' ' + test + "=FAIL/FAIL";
      add(run, results);
    }
  }

  static const boost::json::array& items(const boost::json::value& answer) {
    return answer.at("items").as_array();
  }
  static std::pair<std::int64_t, std::int64_t> k_of_n(const boost::json::value& proportion) {
    return {proportion.at("k").as_int64(), proportion.at("n").as_int64()};
  }
  using KofN = std::pair<std::int64_t, std::int64_t>;

  void expect_problems(std::initializer_list<std::pair<const char*, const char*>> cases,
                       int status = 400) const {
    for (const auto& [target, parameter] : cases) {
      const auto problem = get(target, status);
      ASSERT_TRUE(problem.as_object().contains("parameter")) << target << problem;
      EXPECT_EQ(problem.at("parameter").as_string(), parameter) << target;
    }
  }
};

}  // namespace resultsdb::http
