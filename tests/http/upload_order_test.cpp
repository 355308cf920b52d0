// In which order runs came in, and whether some were deleted and came again, changes no answer.
// RESULTSDB_SEED repeats a run.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "http/judgement_fixture.hpp"
#include "unit/seed.hpp"

namespace resultsdb::http {
namespace {

class UploadOrder : public JudgementFixture {
 protected:
  static constexpr int kCommits = 40, kTests = 10;
  using Upload = std::pair<Run, std::string>;

  /// One more store; not a test by itself.
  class Store final : public JudgementFixture {
   public:
    Store() { register_commits(kCommits); }
    void TestBody() override {}
    using JudgementFixture::add;
    using JudgementFixture::get;
    void remove(const std::string& run) const {
      const auto removed = model_->purge({.suite = "unit", .run = run});
      EXPECT_TRUE(removed && *removed == 1);
    }
  };

  /// Three timelines, each test with two rates and now and then not run, skipped or of another expectation;
  /// some commits twice.
  std::vector<Upload> random_uploads() {
    static constexpr double kRates[] = {0, 0, 0.2, 0.5, 1};
    const auto chance = [&](double p) { return std::bernoulli_distribution(p)(random_); };
    const auto pick = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); };
    std::vector<Upload> uploads;
    for (const char* const os : {"linux", "mac", "windows"}) {
      std::vector<std::pair<double, double>> rates;
      for (int test = 0; test < kTests; ++test) rates.emplace_back(kRates[pick(5)], kRates[pick(5)]);
      const int change = 5 + pick(kCommits - 10);
      for (int commit = 0; commit < kCommits; ++commit)
        for (int attempt = chance(0.2) ? 0 : chance(0.8) ? 1 : 2; attempt > 0; --attempt) {
          std::string results = "other=PASS";
          for (int test = 0; test < kTests; ++test) {
            const auto& [before, after] = rates[static_cast<std::size_t>(test)];
            if (chance(0.1)) continue;
            const bool fails = chance(commit < change ? before : after);
            results += " t" + std::to_string(test) + (chance(0.1) ? "=FAIL/" : "=PASS/") +
                       (chance(0.05) ? "SKIP"
                        : !fails     ? "PASS"
                        : chance(.1) ? "CRASH"
                                     : "FAIL") +
                       '@' + std::to_string(1000 * (test + 1) + pick(5000));
          }
          uploads.push_back({{.os = os, .variant = attempt > 1 ? "again" : "", .commit = commit}, results});
        }
    }
    return uploads;
  }

  static std::vector<std::string> questions() {
    std::vector<std::string> questions;
    for (const std::string bad : {"&outcomes=failing", "&outcomes=unexpected"}) {
      for (const char* const each : {"summary?", "flaky?min_n=2", "flaky?by=timeline&min_n=2",
                                     "regressions?state=all", "regressions?state=all&group=none",
                                     "failures?range=last:10", "compare?a=range%3Dlast:20&b=range%3Dlast:3",
                                     "compare?a=range%3Dlast:20&b=range%3Dlast:3&pair=none",
                                     "gate?base=range%3Dlast:20&candidate=range%3Dlast:1"})
        questions.push_back(each + std::string("&suite=unit") + bad);
      for (int test = 0; test < kTests; ++test)
        for (const char* const each : {"verdict", "culprit", "facet-split"})
          questions.push_back(each + ("?suite=unit&test=t" + std::to_string(test)) + bad);
    }
    for (const char* const each :
         {"coverage-gaps?", "slow?sort=-growth", "slow?", "durations/tree?", "tests?only=failing", "tests?",
          "tests?q=exists(fail)&sort=-flaky", "shards?shards=3", "expectation-changes?", "rerun-plan?"})
      questions.push_back(each + std::string("&suite=unit"));
    for (int test = 0; test < kTests; ++test)
      questions.push_back("durations?suite=unit&test=t" + std::to_string(test));
    return questions;
  }

  /// Ids of outcomes are numbers of the store; what they stand for is not.
  static void name_outcomes(boost::json::value& answer) {
    std::map<std::int64_t, boost::json::value> names;
    for (boost::json::value& outcome : answer.at("outcomes").as_array()) {
      auto& object = outcome.as_object();
      const std::int64_t id = object.at("id").to_number<std::int64_t>();
      object.erase("id");
      names[id] = object;
    }
    answer.as_object().erase("outcomes");
    for (boost::json::value& item : answer.at("items").as_array()) {
      auto& strip = item.at("strip").as_array();  // count, outcome, count, outcome, …
      for (std::size_t i = 1; i < strip.size(); i += 2)
        if (const auto id = strip[i].to_number<std::int64_t>(); id >= 0) strip[i] = names.at(id);
    }
  }

  static std::vector<boost::json::value> ask(const Store& store) {
    std::vector<boost::json::value> answers;
    for (const std::string& question : questions()) {
      answers.push_back(store.get("/v1/" + question));
      if (question.starts_with("flaky?")) name_outcomes(answers.back());
    }
    return answers;
  }

  const std::uint64_t seed_ = random_seed();
  std::mt19937_64 random_{seed_};
};

TEST_F(UploadOrder, ChangesNoAnswer) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  std::vector<Upload> uploads = random_uploads();
  const Store in_order, shuffled, came_again;
  for (const auto& [run, results] : uploads) in_order.add(run, results);
  std::ranges::shuffle(uploads, random_);
  std::vector<std::pair<std::string, Upload>> removed;
  for (const Upload& upload : uploads) {
    shuffled.add(upload.first, upload.second);
    const std::string run = came_again.add(upload.first, upload.second);
    if (removed.size() < uploads.size() / 4) removed.emplace_back(run, upload);
  }
  const auto questions = this->questions();
  const auto wanted = ask(in_order);
  for (const auto& [run, upload] : removed) came_again.remove(run);
  EXPECT_NE(ask(came_again), wanted);
  for (const auto& [run, upload] : removed) EXPECT_EQ(came_again.add(upload.first, upload.second), run);
  const auto of_shuffled = ask(shuffled), of_those = ask(came_again);
  std::set<std::string> distinct;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    EXPECT_EQ(of_shuffled[i], wanted[i]) << questions[i];
    EXPECT_EQ(of_those[i], wanted[i]) << questions[i];
    distinct.insert(boost::json::serialize(wanted[i]));
  }
  EXPECT_GT(distinct.size(), questions.size() / 2);  // the answers are about something
}

}  // namespace
}  // namespace resultsdb::http
