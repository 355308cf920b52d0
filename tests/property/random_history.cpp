#include "property/random_history.hpp"

#include <algorithm>
#include <cstdlib>

namespace resultsdb::property {

RandomRuns::RandomRuns(std::uint64_t seed, Shape shape)
    : random_(seed), shape_(shape), mood_(static_cast<std::size_t>(shape.tests)) {
  large_attributes_ = "{\"note\":\"" + std::string(300, 'x') + "\"}";
}

std::vector<std::string> RandomRuns::tests() const {
  std::vector<std::string> names;
  for (int i = 0; i < shape_.tests; ++i)
    names.push_back("suite/test-" + std::string(1, static_cast<char>('a' + i)));
  return names;
}

Run RandomRuns::next() {
  Run run;
  RunHeader& header = run.header;
  header.suite = "random";
  const int timeline = pick(shape_.timelines);
  header.branch = timeline % 2 == 0 ? "main" : "stable";
  header.configuration.set("platform", "p" + std::to_string(timeline / 2));
  const bool late = chance(shape_.late_percent);
  newest_ += pick(3);
  header.position = late ? pick(static_cast<int>(newest_) + 1) : newest_;
  // Starts agree with positions most of the time, and never repeat.
  header.started = from_seconds((chance(80) ? *header.position : pick(40)) * 1000 + ++number_);
  if (chance(20)) header.variant = "v" + std::to_string(pick(3));
  fill(run);
  return run;
}

Run RandomRuns::again(const RunHeader& header) {
  Run run;
  run.header = header;
  run.header.digest.clear();
  fill(run);
  return run;
}

void RandomRuns::fill(Run& run) {
  run.header.state = chance(10) ? RunState::Incomplete : RunState::Final;
  run.header.attributes = {{"builder", "b" + std::to_string(pick(2))}};
  for (std::uint32_t& mood : mood_)
    if (chance(15)) mood = static_cast<std::uint32_t>(pick(6));
  std::vector<std::string> names = tests();
  if (chance(30)) std::shuffle(names.begin(), names.end(), random_);
  small_turn_ = shape_.partial && !small_turn_;
  const int share = small_turn_ ? 10 : (chance(70) ? 100 : pick(101));
  for (const std::string& name : names) {
    if (chance(share)) {
      add_result(run.results, name);
    } else if (chance(10)) {
      run.results.add_lost(name);
    }
  }
}

void RandomRuns::add_result(ResultTable& results, const std::string& test) {
  static constexpr std::string_view kActual[] = {"PASS", "FAIL", "TIMEOUT", "CRASH PASS", "SKIP", "PASS"};
  const std::size_t index = static_cast<std::size_t>(test.back() - 'a');
  TestResult result{.test = test};
  result.actual = kActual[mood_[index]];
  if (mood_[index] == 5) result.expected = "FAIL";
  if (chance(70)) result.duration = Duration(chance(50) ? pick(100) * 1000 : pick(2'000'000));
  if (chance(10)) {
    result.tries = static_cast<std::uint32_t>(1 + pick(4));
    result.passes = static_cast<std::uint32_t>(pick(static_cast<int>(result.tries) + 1));
  }
  static constexpr std::string_view kAttributes[] = {"", R"({"modifiers":""})", R"({"modifiers":"slow"})"};
  result.attributes = chance(80) ? kAttributes[1] : kAttributes[pick(3)];
  if (chance(3)) result.attributes = large_attributes_;
  if (chance(10)) result.detail = R"({"log": "line 1\nline 2", "n": 1.0})";
  results.add(result);
}

std::uint64_t seed_or(std::uint64_t otherwise) {
  const char* text = std::getenv("RESULTSDB_SEED");
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace resultsdb::property
