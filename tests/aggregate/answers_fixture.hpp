// Small histories in a store in memory, and the answers about them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/answers.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"
#include "support/value_of.hpp"

namespace resultsdb {

/// Histories as words: a letter a run, `P`ass, `F`ail, `C`rash, `S`kip, `x` expected failure, `L`ost, `.` not
/// run. Run i is that of commit i, which is 100 positions after the one before.
class AnswersTest : public ::testing::Test {
 protected:
  static constexpr Position place(std::int64_t commit) { return 100'000 + commit * 100; }

  void register_commits(int count) {
    std::vector<Commit> commits;
    for (int i = 0; i < count; ++i)
      commits.push_back({.repository = "code", .branch = "main", .revision = i + 1, .position = place(i)});
    value_of(model_->register_commits(commits, true));
  }

  /// Tests `a`, `b`, … by line, on commits 0, `every`, 2 * `every`, ….
  void add(std::string_view platform, const std::vector<std::string>& lines, int every = 1) {
    for (std::size_t i = 0; i < lines.front().size(); ++i) {
      resultsdb::Run run = header(platform, static_cast<int>(i) * every);
      for (std::size_t t = 0; t < lines.size(); ++t)
        add(run, std::string(1, static_cast<char>('a' + t)), i < lines[t].size() ? lines[t][i] : '.');
      if (run.results.empty() && run.results.lost_size() == 0) continue;
      ingest(run);
    }
  }

  resultsdb::Run header(std::string_view platform, int commit) const {
    resultsdb::Run run;
    run.header.suite = "suite";
    run.header.branch = "main";
    run.header.configuration.set("platform", std::string(platform));
    run.header.position = place(commit);
    run.header.commits = {{"code", "r" + std::to_string(commit + 1), place(commit)}};
    run.header.started = from_seconds(commit * 600);
    run.header.finished = from_seconds(commit * 600 + 120);
    return run;
  }

  static void add(resultsdb::Run& run, const std::string& test, char result) {
    switch (result) {
      case 'P':
        return run.results.add({.test = test});
      case 'F':
        return run.results.add({.test = test, .actual = "FAIL"});
      case 'C':
        return run.results.add({.test = test, .actual = "CRASH"});
      case 'S':
        return run.results.add({.test = test, .actual = "SKIP"});
      case 'x':
        return run.results.add({.test = test, .expected = "FAIL", .actual = "FAIL"});
      case 'u':
        return run.results.add({.test = test, .expected = "PASS FAIL"});
      case 'L':
        return run.results.add_lost(test);
      default:
        return;
    }
  }

  RunInfoPtr ingest(const resultsdb::Run& run) {
    return value_of(model_->ingest(run, {.received = run.header.started})).run;
  }

  template <class Query>
  static Query ask() {
    Query query;
    query.suite = "suite";
    return query;
  }

  std::optional<Verdict> verdict(const std::string& test, std::size_t timeline) {
    auto query = ask<VerdictQuery>();
    query.test = test;
    return value_of(answers_.verdict(query)).per_timeline.at(timeline).verdict;
  }

  static std::string repeat(int times, std::string_view what) {
    std::string text;
    for (int i = 0; i < times; ++i) text += what;
    return text;
  }

  std::shared_ptr<Model> model_ = value_of(Model::create(backends::open_memory()));
  Answers answers_{model_};
};

}  // namespace resultsdb
