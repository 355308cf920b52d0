#include "model/own_expectations.hpp"

#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace resultsdb {
namespace {

using Own = ExpectationReview::Own;
using Kind = Own::Kind;
using storage::OutcomeId;
using storage::TestId;

bool expects_failure(std::string_view expected) {
  bool failure = false;
  visit_words(expected, [&](std::string_view word) { failure |= word_severity(word) >= Severity::Fail; });
  return failure;
}

class Reviewing {
 public:
  Reviewing(const Survey& survey, std::uint32_t least_runs) : survey_(survey), least_runs_(least_runs) {
    for (const OutcomeInfo& outcome : survey.outcomes()) {
      failure_expected_.push_back(expects_failure(outcome.outcome.expected));
      failing_.push_back(is_failing(outcome.outcome.actual));
    }
  }

  Result<std::vector<Own>> review() {
    for (const Window& window : survey_.windows) read(window);
    for (auto& [key, places] : found_) {
      if (key.first == Kind::Skipped) continue;
      std::uint64_t runs = 0;
      std::erase_if(places, [&](const auto& each) { return each.second.runs < least_runs_; });
      for (const auto& [configuration, place] : places) runs += place.runs;
      if (runs < aggregate::kEnoughRuns) places.clear();
    }
    std::erase_if(found_, [](const auto& each) { return each.second.empty(); });
    return listed();
  }

 private:
  using Places = std::map<Configuration, Own::Place>;

  void read(const Window& window) {
    if (window.runs().empty()) return;
    const auto matters = [this](OutcomeId id) { return failure_expected_[id] || survey_.is_skip(id); };
    for (auto at = window.track().changes.begin(); !at.done(); at.next()) {
      if (!survey_.is_wanted(at.test()) || !at.changes().any_outcome(matters)) continue;
      window.read_pieces(at.test(), at.changes(), pieces_);
      if (!pieces_.empty() && matters(pieces_.back().outcome)) add(window, at.test());
    }
  }

  void add(const Window& window, TestId test) {
    const OutcomeId newest = pieces_.back().outcome;
    const bool skipped = survey_.is_skip(newest);
    const auto holds = [&](OutcomeId id) {
      return skipped ? survey_.is_skip(id) : failure_expected_[id] && !failing_[id];
    };
    std::uint64_t runs = 0;
    for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
      if (holds(piece->outcome)) {
        runs += piece->runs;
      } else if (skipped || !survey_.is_skip(piece->outcome)) {
        break;  // skipped runs between the others say nothing
      }
    }
    const Configuration& configuration = window.track().info.configuration;
    Own::Place& place = found_[{skipped ? Kind::Skipped : Kind::NeverFailing, test}][configuration];
    place.configuration = configuration;
    place.expected.clear();
    visit_words(survey_.expected(newest), [&](std::string_view word) { place.expected.emplace_back(word); });
    if (place.expected.empty()) place.expected = {"PASS"};
    place.runs += runs;
  }

  Result<std::vector<Own>> listed() const {
    std::vector<TestId> tests;
    for (const auto& [key, places] : found_) tests.push_back(key.second);
    RESULTSDB_ASSIGN(const auto names, survey_.names(tests));
    std::vector<Own> list;
    auto name = names.begin();
    for (const auto& [key, places] : found_) {
      Own& own = list.emplace_back(Own{.kind = key.first, .test = std::string(*name++), .places = {}});
      for (const auto& [configuration, place] : places) own.places.push_back(place);
    }
    std::ranges::sort(list, {}, [](const Own& own) { return std::tie(own.kind, own.test); });
    return list;
  }

  const Survey& survey_;
  const std::uint32_t least_runs_;
  std::vector<bool> failure_expected_, failing_;  // by outcome
  std::map<std::pair<Kind, TestId>, Places> found_;
  std::vector<Piece> pieces_;
};

}  // namespace

std::string_view to_string(Kind kind) noexcept {
  return kind == Kind::NeverFailing ? "never_failing" : "skipped";
}

Result<std::vector<Own>> review_own_expectations(const Survey& survey, std::uint32_t least_runs) {
  return Reviewing(survey, least_runs).review();
}

}  // namespace resultsdb
