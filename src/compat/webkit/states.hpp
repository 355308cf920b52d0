// The nine states of a test and the statistics of a suite.
#pragma once

#include <cstdint>
#include <string_view>

#include "json_text.hpp"

namespace resultsdb::webkit {

/// In the order of severity, worst first.
enum class State : std::uint8_t { Crash, Timeout, Image, Audio, Text, Fail, Error, Warning, Pass };

/// One or several states; never empty except as a difference.
class StateSet {
 public:
  constexpr StateSet() = default;
  constexpr explicit StateSet(State state)
      : bits_(static_cast<std::uint16_t>(1u << static_cast<int>(state))) {}

  /// Words separated by single blanks; unknown ones are dropped; nothing left: PASS.
  static StateSet parse(std::string_view text) noexcept;

  constexpr bool contains(State state) const noexcept { return (bits_ >> static_cast<int>(state) & 1) != 0; }
  constexpr void add(State state) noexcept { bits_ |= StateSet(state).bits_; }
  constexpr StateSet without(StateSet other) const noexcept {
    StateSet difference;
    difference.bits_ = static_cast<std::uint16_t>(bits_ & ~other.bits_);
    return difference;
  }
  /// PASS when empty.
  State worst() const noexcept;
  /// Worst first, joined by blanks. The text lives for ever.
  std::string_view text() const;
  /// What an expectation allows: FAIL stands for TEXT, AUDIO and IMAGE as well.
  StateSet as_expectation() const noexcept;

  bool operator==(const StateSet&) const = default;

 private:
  std::uint16_t bits_ = 0;
};

/// What `stats` of a run counts; each worse kind is part of the milder ones.
struct SuiteStatistics {
  std::int64_t run = 0, failed = 0, timedout = 0, crashed = 0;
  std::int64_t unexpected_failed = 0, unexpected_timedout = 0, unexpected_crashed = 0;
  std::int64_t flaky = 0;

  void add(StateSet actual, StateSet expected) noexcept;
  /// Adds the computed members (`tests_run`, …); they replace uploaded ones.
  void write(JsonObject& stats) const;
  bool operator==(const SuiteStatistics&) const = default;
};

}  // namespace resultsdb::webkit
