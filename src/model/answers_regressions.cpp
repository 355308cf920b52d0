// Change points of a suite, grouped by what may be one cause.
#include <algorithm>
#include <map>

#include "model/course.hpp"
#include "resultsdb/answers.hpp"

namespace resultsdb {
namespace {

using storage::TestId;

struct Range {
  Position after = 0, to = 0;
};

Range range_of(const ChangeEvent& event) { return {event.cause_after(), event.after_run->position}; }

/// Share of the narrower range that both have.
double overlap(const Range& a, const Range& b) {
  const Position common = std::min(a.to, b.to) - std::max(a.after, b.after);
  const Position narrower = std::min(a.to - a.after, b.to - b.after);
  return static_cast<double>(common) / static_cast<double>(narrower);
}

// LUCI Analysis' rule: below it, two ranges have different causes.
constexpr double kLeastOverlap = 0.4;

struct Found {
  TestId test = 0;
  ChangeEvent event;
};

/// Events of one timeline and kind between the same two runs.
struct Cell {
  Range range;
  std::vector<Found> events;  // by test
};

struct Group {
  Range range;
  std::vector<TestId> tests;  // ascending
  std::vector<std::uint32_t> timelines;
  std::vector<Found> events;
};

bool share_a_test(const std::vector<TestId>& tests, const Cell& cell) {
  return std::ranges::any_of(cell.events, [&](const Found& found) {
    return std::binary_search(tests.begin(), tests.end(), found.test);
  });
}

void join(Group& group, Cell& cell) {
  group.range = {std::max(group.range.after, cell.range.after), std::min(group.range.to, cell.range.to)};
  group.timelines.push_back(cell.events.front().event.timeline);
  for (Found& found : cell.events) {
    const auto place = std::lower_bound(group.tests.begin(), group.tests.end(), found.test);
    if (place == group.tests.end() || *place != found.test) group.tests.insert(place, found.test);
    group.events.push_back(std::move(found));
  }
}

/// Cells of one kind: the narrowest first, each goes to the group it overlaps most. A group has one cell of a
/// timeline, and its cells share tests.
std::vector<Group> group_cells(std::vector<Cell>& cells) {
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
    const auto rank = [](const Cell& cell) {
      const ChangeEvent& event = cell.events.front().event;
      return std::tuple(cell.range.to - cell.range.after, cell.range.to, event.timeline,
                        std::string_view(event.after_run->id), std::string_view(event.before_run->id));
    };
    return rank(a) < rank(b);
  });
  std::vector<Group> groups;
  std::multimap<Position, std::size_t> by_end;  // a group's first `to`, which bounds all that come later
  for (Cell& cell : cells) {
    Group* best = nullptr;
    double most = kLeastOverlap;
    const std::uint32_t timeline = cell.events.front().event.timeline;
    // Those before are at most as wide: one that ends this far behind begins behind it, too.
    const auto behind = by_end.lower_bound(cell.range.to + (cell.range.to - cell.range.after));
    for (auto at = by_end.upper_bound(cell.range.after); at != behind; ++at) {
      Group& group = groups[at->second];
      if (group.range.after >= cell.range.to) continue;
      const double shared = overlap(group.range, cell.range);
      if (shared <= most || std::ranges::find(group.timelines, timeline) != group.timelines.end() ||
          !share_a_test(group.tests, cell))
        continue;
      best = &group;
      most = shared;
    }
    if (best == nullptr) {
      by_end.emplace(cell.range.to, groups.size());
      best = &groups.emplace_back();
      best->range = cell.range;
    }
    join(*best, cell);
  }
  return groups;
}

class Collecting {
 public:
  Collecting(const Survey& survey, const RegressionsQuery& query)
      : survey_(survey), query_(query), course_(survey, query.change) {}

  Result<RegressionsAnswer> collect() {
    survey_.visit_bad(
        [&](std::uint32_t window, TestId test, std::span<const Piece> pieces) { add(window, test, pieces); });
    RegressionsAnswer answer;
    for (auto& [kind, cells] : cells_by_kind())
      for (Group& group : group_cells(cells)) {
        if (query_.containing &&
            (*query_.containing <= group.range.after || group.range.to < *query_.containing))
          continue;
        RESULTSDB_ASSIGN(Regression regression, show(kind, group));
        answer.regressions.push_back(std::move(regression));
      }
    std::sort(answer.regressions.begin(), answer.regressions.end(),
              [](const Regression& a, const Regression& b) {
                return std::tie(b.to, b.after, a.tests, a.kind) < std::tie(a.to, a.after, b.tests, b.kind);
              });
    answer.total = answer.regressions.size();
    if (query_.limit != 0 && answer.regressions.size() > query_.limit)
      answer.regressions.resize(query_.limit);
    answer.timelines = survey_.timelines;
    answer.basis = survey_.basis;
    return answer;
  }

 private:
  void add(std::uint32_t window, TestId test, std::span<const Piece> pieces) {
    course_.read(survey_.windows[window], pieces);
    if (!course_.changes_between_good_and_bad() || course_.segments().size() == 1) return;
    for (ChangeEvent& event : course_.events()) {
      if (!is_asked(event)) continue;
      event.timeline = window;
      found_.push_back({test, std::move(event)});
    }
  }

  bool is_asked(const ChangeEvent& event) const {
    using State = RegressionsQuery::State;
    return (query_.kinds.empty() || std::ranges::find(query_.kinds, event.kind) != query_.kinds.end()) &&
           (query_.state == State::All || event.open == (query_.state == State::Open));
  }

  std::map<ChangeKind, std::vector<Cell>> cells_by_kind() {
    // Found by window and test: a cell's events stay in the order of their tests.
    std::map<std::tuple<ChangeKind, std::uint32_t, const RunInfo*, const RunInfo*>, Cell> cells;
    for (Found& found : found_) {
      const ChangeEvent& event = found.event;
      Cell& cell = cells[{event.kind, event.timeline, event.before_run.get(), event.after_run.get()}];
      cell.range = range_of(event);
      cell.events.push_back(std::move(found));
    }
    std::map<ChangeKind, std::vector<Cell>> by_kind;
    for (auto& [key, cell] : cells) by_kind[std::get<0>(key)].push_back(std::move(cell));
    return by_kind;
  }

  Result<Regression> show(ChangeKind kind, Group& group) const {
    Regression regression{.kind = kind, .after = group.range.after, .to = group.range.to};
    RESULTSDB_ASSIGN(const auto names, survey_.names(group.tests));
    std::uint64_t counts[4] = {};
    for (Found& found : group.events) {
      ChangeEvent& event = found.event;
      const auto place = std::lower_bound(group.tests.begin(), group.tests.end(), found.test);
      event.test = names[static_cast<std::size_t>(place - group.tests.begin())];
      regression.open = regression.open || event.open;
      counts[0] += event.before.k, counts[1] += event.before.n;
      counts[2] += event.after.k, counts[3] += event.after.n;
      if (worst_severity(event.outcome.actual) > worst_severity(regression.worst.actual) ||
          regression.worst.plain_pass())
        regression.worst = event.outcome;
      const Range range = range_of(event);
      if (range.after == group.range.after) regression.last_good = event.before_run;
      if (range.to == group.range.to) regression.first_bad = event.after_run;
      regression.events.push_back(std::move(event));
    }
    regression.before = aggregate::wilson(counts[0], counts[1]);
    regression.after_rate = aggregate::wilson(counts[2], counts[3]);
    regression.tests.assign(names.begin(), names.end());
    std::sort(regression.tests.begin(), regression.tests.end());
    std::sort(group.timelines.begin(), group.timelines.end());
    regression.timelines = group.timelines;
    std::sort(regression.events.begin(), regression.events.end(),
              [](const ChangeEvent& a, const ChangeEvent& b) {
                return std::tie(a.test, a.timeline) < std::tie(b.test, b.timeline);
              });
    regression.id =
        regression_id(kind, regression.tests.front(), *regression.last_good, *regression.first_bad);
    return regression;
  }

  const Survey& survey_;
  const RegressionsQuery& query_;
  Course course_;
  std::vector<Found> found_;
};

}  // namespace

std::string_view to_string(ChangeKind kind) noexcept {
  switch (kind) {
    case ChangeKind::Regression:
      return "regression";
    case ChangeKind::Flaky:
      return "flaky";
    case ChangeKind::Expectation:
      return "expectation";
    case ChangeKind::Fix:
      return "fix";
  }
  return "";
}

Result<RegressionsAnswer> Answers::regressions(const RegressionsQuery& query) {
  if (!(query.change > 0 && query.change < 1)) return invalid_argument("must be between 0 and 1", "change");
  RESULTSDB_ASSIGN(const Survey survey,
                   Survey::read(*model_->implementation_, query, "regression.segments/1"));
  return Collecting(survey, query).collect();
}

}  // namespace resultsdb
