// matches(): walks run lengths, never single runs.
#include <algorithm>

#include "aggregate/query_words.hpp"
#include "resultsdb/aggregate/query_language.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::aggregate {
namespace {

using namespace ast;

bool is_result(const RunLength& length) { return length.count != 0 && length.outcome >= 0; }

bool has_word(std::string_view words, std::string_view word) {
  for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

bool selects(const Selector& selector, const TimelineFacts& facts, std::int32_t outcome) {
  const auto id = static_cast<std::size_t>(outcome);
  if (id >= facts.classes.size()) return false;
  const OutcomeClass& found = facts.classes[id];
  if (found.word.empty()) return false;
  switch (selector.kind) {
    case Selector::Kind::Pass:
      return found.severity == Severity::Pass;
    case Selector::Kind::Fail:
      return found.failing;
    case Selector::Kind::Skip:
      return found.severity == Severity::Skip;
    case Selector::Kind::Error:
      return found.severity == Severity::Error;
    case Selector::Kind::Timeout:
      return found.severity == Severity::Timeout;
    case Selector::Kind::Crash:
      return found.severity == Severity::Crash;
    case Selector::Kind::Expected:
      return !found.unexpected;
    case Selector::Kind::Unexpected:
      return found.unexpected;
    case Selector::Kind::Word:
      return has_word(found.word, selector.word);
  }
  return false;
}

template <class T>
bool compare(Comparison comparison, T left, T right) {
  switch (comparison) {
    case Comparison::Less:
      return left < right;
    case Comparison::AtMost:
      return left <= right;
    case Comparison::Equal:
      return left == right;
    case Comparison::NotEqual:
      return left != right;
    case Comparison::AtLeast:
      return left >= right;
    case Comparison::Greater:
      return left > right;
  }
  return false;
}

struct Counted {
  std::uint64_t selected = 0, results = 0;
};

/// Among the `last` newest results (0: all).
Counted count_results(const TimelineFacts& facts, const Selector* selector, std::uint32_t last) {
  Counted counted;
  for (const RunLength& length : facts.outcomes) {
    if (!is_result(length)) continue;
    std::uint64_t runs = length.count;
    if (last != 0) runs = std::min(runs, last - counted.results);
    counted.results += runs;
    if (selector != nullptr && selects(*selector, facts, length.outcome)) counted.selected += runs;
    if (counted.results == last) break;
  }
  return counted;
}

const RunLength* newest_result(const TimelineFacts& facts) {
  const auto found = std::find_if(facts.outcomes.begin(), facts.outcomes.end(), is_result);
  return found == facts.outcomes.end() ? nullptr : &*found;
}

bool is_lost(const TimelineFacts& facts) {
  for (const RunLength& length : facts.outcomes)
    if (length.count != 0 && (length.outcome >= 0 || length.outcome == kLost)) return length.outcome == kLost;
  return false;
}

bool is_new(const TimelineFacts& facts) {
  const auto oldest = std::find_if(facts.outcomes.rbegin(), facts.outcomes.rend(),
                                   [](const RunLength& length) { return length.count != 0; });
  if (oldest == facts.outcomes.rend() || oldest->outcome != kNotCovered) return false;
  const std::uint64_t results = count_results(facts, nullptr, kNewTestRuns).results;
  return results > 0 && results < kNewTestRuns;
}

/// The steps of seq() as an automaton that reads results from the newest on. Bit i of a set: i steps, counted
/// from the last one, are behind us.
class SequenceMatcher {
 public:
  explicit SequenceMatcher(const Sequence& sequence) : steps_(sequence.steps) {}

  bool matches(const TimelineFacts& facts) {
    places_ = over_anything(1);
    bool any = false;
    for (const RunLength& length : facts.outcomes) {
      if (!is_result(length)) continue;
      any = true;
      // The set of places stays as it is once equal results were read more often than there are steps.
      const std::uint64_t most = steps_.size() + 2;
      for (std::uint64_t run = std::min<std::uint64_t>(length.count, most); run > 0 && !done(); --run)
        read(facts, length.outcome);
      if (done()) return true;
      if (places_ == 0) return false;
    }
    return any && done();
  }

 private:
  const Sequence::Step& step(std::size_t place) const { return steps_[steps_.size() - 1 - place]; }
  bool done() const { return (places_ >> steps_.size() & 1) != 0; }

  /// `*` may stand for nothing.
  std::uint64_t over_anything(std::uint64_t places) const {
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if ((places >> i & 1) != 0 && !step(i).of) places |= std::uint64_t{2} << i;
    return places;
  }
  void read(const TimelineFacts& facts, std::int32_t outcome) {
    std::uint64_t next = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if ((places_ >> i & 1) == 0) continue;
      if (!step(i).of) {
        next |= std::uint64_t{1} << i;
      } else if (selects(*step(i).of, facts, outcome)) {
        next |= (step(i).repeat ? std::uint64_t{3} : std::uint64_t{2}) << i;
      }
    }
    places_ = over_anything(next);
  }

  const std::vector<Sequence::Step>& steps_;
  std::uint64_t places_ = 0;
};
static_assert(kQuerySteps < 63, "places are bits");

std::int64_t measure(const DurationFacts& durations, Duration::Measure which) {
  return which == Duration::Measure::P50   ? durations.p50_us
         : which == Duration::Measure::P95 ? durations.p95_us
                                           : durations.max_us;
}

template <class Holds>
bool combine(const Group& group, Holds holds) {
  switch (group.kind) {
    case Group::Kind::And:
      return std::all_of(group.of.begin(), group.of.end(), holds);
    case Group::Kind::Or:
      return std::any_of(group.of.begin(), group.of.end(), holds);
    case Group::Kind::Not:
      return std::none_of(group.of.begin(), group.of.end(), holds);
  }
  return false;
}

/// What holds on one timeline.
struct OnTimeline {
  const TimelineFacts& facts;

  bool operator()(const Expression& expression) const { return std::visit(*this, expression.node); }
  bool operator()(const Group& group) const { return combine(group, *this); }
  bool operator()(const Name&) const { return false; }        // the parsers let none in here
  bool operator()(const Quantified&) const { return false; }  // nor this
  bool operator()(const Newest& newest) const {
    const RunLength* result = newest_result(facts);
    return result != nullptr && selects(newest.is, facts, result->outcome);
  }
  bool operator()(const HasVerdict& has) const { return facts.verdict == has.verdict; }
  bool operator()(const Coverage& coverage) const {
    return coverage.kind == Coverage::Kind::Lost ? is_lost(facts) : is_new(facts);
  }
  bool operator()(const Count& count) const {
    return compare(count.comparison, count_results(facts, &count.of, count.last).selected, count.value);
  }
  bool operator()(const Rate& rate) const {
    const Counted counted = count_results(facts, &rate.of, rate.last);
    return counted.results != 0 &&
           compare(rate.comparison, counted.selected * words::kMillion, counted.results * rate.millionths);
  }
  bool operator()(const Runs& runs) const {
    return compare(runs.comparison, count_results(facts, nullptr, 0).results, runs.value);
  }
  bool operator()(const Sequence& sequence) const { return SequenceMatcher(sequence).matches(facts); }
  bool operator()(const Duration& duration) const {
    return facts.durations &&
           compare(duration.comparison, measure(*facts.durations, duration.measure), duration.value_us);
  }
};

/// `*` stands for anything; the rest is found from left to right as early as possible.
bool matches_glob(std::string_view glob, std::string_view name) {
  const std::size_t first = glob.find('*');
  if (first == std::string_view::npos) return glob == name;
  if (!name.starts_with(glob.substr(0, first))) return false;
  name.remove_prefix(first);
  glob.remove_prefix(first + 1);
  for (std::size_t star = glob.find('*'); star != std::string_view::npos; star = glob.find('*')) {
    const std::size_t found = name.find(glob.substr(0, star));
    if (found == std::string_view::npos) return false;
    name.remove_prefix(found + star);
    glob.remove_prefix(star + 1);
  }
  return name.ends_with(glob);
}

bool is_where(const std::vector<FacetFilter>& where, const TimelineFacts& facts) {
  return std::all_of(where.begin(), where.end(), [&](const FacetFilter& filter) {
    if (filter.facet != "branch") return filter.matches(*facts.configuration);
    const bool listed =
        std::find(filter.values.begin(), filter.values.end(), facts.branch) != filter.values.end();
    return listed != filter.negated;
  });
}

/// What holds of the test.
struct OfTest {
  const TestFacts& facts;

  bool operator()(const Expression& expression) const { return std::visit(*this, expression.node); }
  bool operator()(const Group& group) const { return combine(group, *this); }
  bool operator()(const Name& name) const {
    return name.part ? facts.name.find(name.text) != std::string_view::npos
                     : matches_glob(name.text, facts.name);
  }
  bool operator()(const Quantified& quantified) const {
    const bool all = quantified.kind == Quantified::Kind::All;
    bool any = false;
    for (const TimelineFacts& timeline : facts.timelines) {
      if (!is_where(quantified.where, timeline)) continue;
      any = true;
      const bool holds = OnTimeline{timeline}(quantified.of.front());
      if (holds != all) return quantified.kind == Quantified::Kind::Exists;
    }
    return quantified.kind == Quantified::Kind::None || (all && any);
  }
  template <class Term>
  bool operator()(const Term& term) const {
    return std::any_of(facts.timelines.begin(), facts.timelines.end(),
                       [&](const TimelineFacts& timeline) { return OnTimeline{timeline}(term); });
  }
};

}  // namespace

std::vector<OutcomeClass> outcome_classes(std::span<const OutcomeInfo> outcomes) {
  std::vector<OutcomeClass> classes;
  for (const auto& [id, outcome] : outcomes) {
    if (id > limits::kOutcomesPerSuite) continue;
    if (id >= classes.size()) classes.resize(id + 1);
    classes[id] = {outcome.actual.empty() ? "PASS" : std::string_view(outcome.actual),
                   is_failing(outcome.actual), is_unexpected(outcome.expected, outcome.actual),
                   worst_severity(outcome.actual)};
  }
  return classes;
}

bool matches(const Query& query, const TestFacts& facts) { return OfTest{facts}(query.root); }

}  // namespace resultsdb::aggregate
