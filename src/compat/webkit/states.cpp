#include "states.hpp"

#include <array>
#include <bit>
#include <string>

namespace resultsdb::webkit {
namespace {

constexpr std::array<std::string_view, 9> kNames = {"CRASH", "TIMEOUT", "IMAGE",   "AUDIO", "TEXT",
                                                    "FAIL",  "ERROR",   "WARNING", "PASS"};

std::array<std::string, 1 << kNames.size()> make_texts() {
  std::array<std::string, 1 << kNames.size()> texts;
  for (std::size_t bits = 0; bits < texts.size(); ++bits) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if ((bits >> i & 1) == 0) continue;
      if (!texts[bits].empty()) texts[bits] += ' ';
      texts[bits] += kNames[i];
    }
  }
  return texts;
}

}  // namespace

StateSet StateSet::parse(std::string_view text) noexcept {
  if (text == "PASS") return StateSet(State::Pass);  // nearly all
  StateSet states;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (word == kNames[i]) states.add(static_cast<State>(i));
    }
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return states == StateSet() ? StateSet(State::Pass) : states;
}

State StateSet::worst() const noexcept {
  return bits_ == 0 ? State::Pass : static_cast<State>(std::countr_zero(bits_));
}

std::string_view StateSet::text() const {
  static const auto texts = make_texts();
  return texts[bits_];
}

StateSet StateSet::as_expectation() const noexcept {
  StateSet allowed = *this;
  if (contains(State::Fail)) {
    for (const State state : {State::Text, State::Audio, State::Image}) allowed.add(state);
  }
  return allowed;
}

void SuiteStatistics::add(StateSet actual, StateSet expected) noexcept {
  const State worst = actual.worst();
  const State unexpected = actual.without(expected.as_expectation()).worst();
  ++run;
  failed += worst <= State::Error;
  timedout += worst <= State::Timeout;
  crashed += worst <= State::Crash;
  unexpected_failed += unexpected <= State::Error;
  unexpected_timedout += unexpected <= State::Timeout;
  unexpected_crashed += unexpected <= State::Crash;
}

void SuiteStatistics::write(JsonObject& stats) const {
  stats.set_integer("tests_run", run);
  stats.set_integer("tests_failed", failed);
  stats.set_integer("tests_timedout", timedout);
  stats.set_integer("tests_crashed", crashed);
  stats.set_integer("tests_unexpected_failed", unexpected_failed);
  stats.set_integer("tests_unexpected_timedout", unexpected_timedout);
  stats.set_integer("tests_unexpected_crashed", unexpected_crashed);
}

}  // namespace resultsdb::webkit
