// Expectations that are stored, those that have had their day, and those that are missing.
#include <algorithm>
#include <map>
#include <tuple>

#include "domain/check.hpp"
#include "model/course.hpp"
#include "model/expectation_store.hpp"
#include "model/own_expectations.hpp"
#include "model/survey.hpp"
#include "resultsdb/stored_expectations.hpp"

namespace resultsdb {
namespace {

using Stale = ExpectationReview::Stale;
using Suggestion = ExpectationReview::Suggestion;

constexpr double kRare = 0.01;  // as aggregate::suggest_expectations()
constexpr std::uint32_t kReadAtOnce = 1000;
constexpr int kTries = 8;  // of a write that others overtake

/// What came out, of one test after the other.
class Observer {
 public:
  explicit Observer(const Survey& survey)
      : survey_(survey), course_(survey, aggregate::ChangePrior{}.change) {}

  /// By configuration; those that ran the test.
  std::vector<aggregate::Observed> observe(storage::TestId test) {
    std::map<Configuration, aggregate::Observed> observed;
    for (const Window& window : survey_.windows) {
      window.read_pieces(test, window.track().changes.find(test), pieces_);
      const auto segment = newest_segment(window, pieces_);
      if (segment.empty()) continue;
      const Configuration& configuration = window.track().info.configuration;
      aggregate::Observed& counts = observed[configuration];
      counts.configuration = configuration;
      for (const Piece& piece : segment) {
        const std::string actual = survey_.outcome(piece.outcome).actual;
        counts.runs += piece.runs;
        if (is_failing(actual)) counts.failing += piece.runs;
        visit_words(actual,
                    [&](std::string_view word) { counts.counts[std::string(word)] += piece.runs; });
      }
    }
    std::vector<aggregate::Observed> list;
    for (auto& [configuration, counts] : observed) list.push_back(std::move(counts));
    return list;
  }

  /// Without skipped runs, which say nothing; empty if there are no others. Borrowed until the next call.
  std::span<const Piece> newest_segment(const Window& window, std::span<const Piece> pieces) {
    course_.read(window, pieces);
    if (course_.segments().empty()) return {};
    const Segment& segment = course_.segments().back();
    return course_.pieces().subspan(segment.first_piece, segment.end_piece - segment.first_piece);
  }

 private:
  const Survey& survey_;
  Course course_;
  std::vector<Piece> pieces_;
};

using ByTest = std::map<std::string, std::vector<StoredExpectation>, std::less<>>;

class Reviewing {
 public:
  Reviewing(const Survey& survey, const ExpectationReviewQuery& query)
      : survey_(survey), query_(query), observer_(survey) {
    for (const TimelineInfo& timeline : survey.timelines)
      review_.position = std::max(review_.position, timeline.last_position);
    review_.position = query.range.to_position.value_or(review_.position);
    review_.basis = survey.basis;
  }

  Result<ExpectationReview> review(std::span<const StoredExpectation> stored) {
    for (const StoredExpectation& expectation : stored) {
      if (!expectation.covers(review_.position)) continue;
      if (expectation.test.find(query_.name_contains) != std::string::npos) RESULTSDB_TRY(judge(expectation));
      if (!expectation.expired(query_.now)) in_force_[expectation.test].push_back(expectation);
    }
    RESULTSDB_TRY(suggest());
    RESULTSDB_ASSIGN(review_.own, review_own_expectations(survey_, query_.least_runs));
    return std::move(review_);
  }

 private:
  Status judge(const StoredExpectation& expectation) {
    Stale stale{.expectation = expectation, .why = Stale::Why::Unused, .observed = {}};
    RESULTSDB_ASSIGN(const auto ids, survey_.suite().names().look_up({&expectation.test, 1}));
    if (ids.front()) stale.observed = observer_.observe(*ids.front());
    std::erase_if(stale.observed,
                  [&](const auto& observed) { return !expectation.covers(observed.configuration); });
    // Where it applies was decided by filters, which say more than a line's facets.
    const aggregate::ExpectationLine line{.where = {}, .words = expectation.words};
    switch (aggregate::advise(line, stale.observed, query_.least_runs)) {
      case aggregate::Advice::Keep:
        if (!expectation.expired(query_.now)) return {};
        break;
      case aggregate::Advice::Unused:
        break;
      case aggregate::Advice::Stale:
        stale.why = Stale::Why::Passes;
        break;
      case aggregate::Advice::Tighten:
        stale.why = Stale::Why::Tighten;
    }
    if (expectation.expired(query_.now)) stale.why = Stale::Why::Expired;
    review_.stale.push_back(std::move(stale));
    return {};
  }

  Status suggest() {
    std::vector<std::pair<storage::TestId, std::uint32_t>> bad;  // test, window
    std::vector<storage::TestId> tests;
    survey_.visit_bad([&](std::uint32_t w, storage::TestId test, std::span<const Piece> pieces) {
      std::uint32_t runs = 0;
      const auto segment = observer_.newest_segment(survey_.windows[w], pieces);
      for (const Piece& piece : segment) runs += piece.runs;
      const bool any =
          std::ranges::any_of(segment, [&](const Piece& p) { return survey_.is_bad(p.outcome); });
      if (!any || runs < query_.least_runs) return;
      bad.emplace_back(test, w);
      tests.push_back(test);
    });
    RESULTSDB_ASSIGN(const auto names, survey_.names(tests));
    std::map<std::string_view, storage::TestId> missing;
    for (std::size_t i = 0; i < bad.size(); ++i)
      if (!missing.contains(names[i]) && is_unexplained(names[i], bad[i].first, bad[i].second))
        missing.emplace(names[i], bad[i].first);
    review_.total = missing.size();
    for (const auto& [name, test] : missing) {
      if (query_.limit > 0 && review_.suggestions.size() == query_.limit) break;
      Suggestion& suggestion = review_.suggestions.emplace_back();
      suggestion.test = name;
      suggestion.observed = observer_.observe(test);
      suggestion.lines = aggregate::suggest_expectations(suggestion.observed);
      if (const auto present = in_force_.find(name); present != in_force_.end())
        suggestion.present = present->second;
    }
    return {};
  }

  /// Neither the runs nor what is stored expected what came out in its newest segment.
  bool is_unexplained(std::string_view name, storage::TestId test, std::uint32_t w) {
    const Window& window = survey_.windows[w];
    std::string stored;
    if (const auto present = in_force_.find(name); present != in_force_.end())
      for (const StoredExpectation& expectation : present->second)
        if (expectation.covers(survey_.timelines[w].configuration))
          for (const std::string& word : expectation.words) stored += ' ' + word;
    std::vector<Piece> pieces;
    window.read_pieces(test, window.track().changes.find(test), pieces);
    std::uint64_t runs = 0, unexplained = 0;
    for (const Piece& piece : observer_.newest_segment(window, pieces)) {
      runs += piece.runs;
      const Outcome outcome = survey_.outcome(piece.outcome);
      const std::string expected = (outcome.expected.empty() ? "PASS" : outcome.expected) + stored;
      if (is_unexpected(expected, outcome.actual)) unexplained += piece.runs;
    }
    return unexplained > 0 && static_cast<double>(unexplained) >= kRare * static_cast<double>(runs);
  }

  const Survey& survey_;
  const ExpectationReviewQuery& query_;
  Observer observer_;
  ByTest in_force_;
  ExpectationReview review_;
};

}  // namespace

std::string_view to_string(Stale::Why why) noexcept {
  switch (why) {
    case Stale::Why::Expired:
      return "expired";
    case Stale::Why::Passes:
      return "passes";
    case Stale::Why::Tighten:
      return "tighten";
    case Stale::Why::Unused:
      break;
  }
  return "unused";
}

Result<StoredExpectation> Answers::put_expectation(std::string_view suite,
                                                   const StoredExpectation& expectation,
                                                   std::optional<std::uint64_t> expected_version) {
  RESULTSDB_TRY(domain::check_name("suite", suite, domain::Presence::Required));
  RESULTSDB_ASSIGN(StoredExpectation stored, checked_expectation(expectation));
  DocumentChanges changes{.collection = expectations_collection(suite), .puts = {}, .deletes = {}};
  changes.puts.push_back({to_document(stored), expected_version});
  for (int left = expected_version ? 1 : kTries;; --left) {
    auto& expected = changes.puts.front().expected_version;
    if (!expected_version) {  // so that the version is known that this write makes
      RESULTSDB_ASSIGN(const auto found, model_->get_document(changes.collection, stored.id));
      expected = found ? found->version : 0;
    }
    const Status written = model_->change_documents(changes);
    stored.version = *expected + 1;
    if (written) return stored;
    if (written.error().code != ErrorCode::Conflict || left == 1) return written.error();
  }
}

Status Answers::remove_expectation(std::string_view suite, std::string_view id,
                                   std::optional<std::uint64_t> expected_version) {
  RESULTSDB_ASSIGN(const auto found, expectation(suite, id));
  if (!found)
    return make_error(ErrorCode::NotFound, "the suite has no such expectation",
                      "expectation " + std::string(id));
  return model_->change_documents(
      {.collection = expectations_collection(suite),
       .puts = {},
       .deletes = {{.key = std::string(id), .expected_version = expected_version}}});
}

Result<std::optional<StoredExpectation>> Answers::expectation(std::string_view suite, std::string_view id) {
  RESULTSDB_TRY(domain::check_name("suite", suite, domain::Presence::Required));
  RESULTSDB_TRY(domain::check_public_id("id", id));
  RESULTSDB_ASSIGN(const auto found, model_->get_document(expectations_collection(suite), id));
  if (!found) return std::optional<StoredExpectation>();
  RESULTSDB_ASSIGN(StoredExpectation stored, to_expectation(*found));
  return std::optional(std::move(stored));
}

Result<std::vector<StoredExpectation>> Answers::expectations(const ExpectationsQuery& query) {
  RESULTSDB_TRY(domain::check_name("suite", query.suite, domain::Presence::Required));
  DocumentsQuery asked{.collection = expectations_collection(query.suite), .limit = kReadAtOnce};
  if (!query.test.empty()) asked.attributes = {{"test", query.test}};
  std::vector<StoredExpectation> expectations;
  do {
    RESULTSDB_ASSIGN(const auto page, model_->documents(asked));
    for (const Document& document : page.items) {
      RESULTSDB_ASSIGN(StoredExpectation each, to_expectation(document));
      if ((!query.position || each.covers(*query.position)) &&
          (!query.configuration || each.covers(*query.configuration)) &&
          (!query.now || !each.expired(*query.now)))
        expectations.push_back(std::move(each));
    }
    asked.page = page.next;
  } while (!asked.page.empty());
  std::ranges::sort(expectations, {}, [](const auto& each) { return std::tie(each.test, each.id); });
  return expectations;
}

Result<ExpectationReview> Answers::review_expectations(const ExpectationReviewQuery& query) {
  Question asked = query;
  asked.bad = Question::Bad::Unexpected;
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, asked, "expectations/1"));
  RESULTSDB_ASSIGN(const auto stored, expectations({.suite = query.suite}));
  return Reviewing(survey, query).review(stored);
}

}  // namespace resultsdb
