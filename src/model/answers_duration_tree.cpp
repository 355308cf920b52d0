// Where the time of a suite goes.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <tuple>

#include "domain/test_folders.hpp"
#include "model/suite_durations.hpp"
#include "resultsdb/aggregate/durations.hpp"
#include "resultsdb/duration_tree.hpp"

namespace resultsdb {
namespace {

constexpr std::uint32_t kDeepest = 20, kMostBoxes = 100'000;

struct Node {
  DurationFolder folder;
  std::map<std::pair<std::string_view, bool>, std::unique_ptr<Node>> children;  // name, is a test

  void add(const Node& test) {
    folder.total += test.folder.total;
    folder.tests += test.folder.tests;
    folder.untimed += test.folder.untimed;
    folder.failing += test.folder.failing;
  }
};

class TreeBuilder {
 public:
  TreeBuilder(const Survey& survey, const DurationTreeQuery& query) : survey_(survey), query_(query) {
    root_.folder.name = query.prefix;
    for (const OutcomeInfo& outcome : survey.outcomes())
      failing_.push_back(is_failing(outcome.outcome.actual));
  }

  void add(storage::TestId test, std::string_view name, std::span<const SuiteDurations::OnWindow> windows) {
    if (!name.starts_with(query_.prefix)) return;
    Node leaf;
    leaf.folder.tests = 1;
    const auto time = time_of(windows);
    leaf.folder.total = time.value_or(Duration(0));
    leaf.folder.untimed = time ? 0 : 1;
    leaf.folder.failing = is_failing_somewhere(test) ? 1 : 0;
    root_.add(leaf);
    Node* node = &root_;
    std::size_t from = query_.prefix.size();
    for (std::uint32_t level = 0; level < query_.depth; ++level) {
      const std::size_t end = domain::folder_end(name, from);
      const bool is_test = end == name.npos || end == name.size();
      const std::string_view box = is_test ? name : name.substr(0, end);
      auto& child = node->children[{box, is_test}];
      if (!child) {
        child = std::make_unique<Node>();
        child->folder.name = box;
        child->folder.is_test = is_test;
      }
      child->add(leaf);
      if (is_test) break;
      node = child.get();
      from = end;
    }
  }

  DurationFolder finish() {
    std::vector<Place> places;
    list(root_, 0, places);
    const std::size_t shown = std::min<std::size_t>(places.size(), query_.most);
    if (shown < places.size()) {
      std::nth_element(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(shown), places.end());
      const Place first_left_out = places[shown];
      return close(root_, 0, &first_left_out);
    }
    return close(root_, 0, nullptr);
  }

 private:
  /// Ascending: the longest first; a folder stands before all that is in it.
  struct Place {
    std::int64_t time;  // negated
    std::uint32_t level;
    std::string_view name;
    bool is_test;
    auto operator<=>(const Place&) const = default;
  };
  static Place place_of(const std::pair<std::string_view, bool>& key, const Node& node, std::uint32_t level) {
    return {-node.folder.total.count(), level, key.first, key.second};
  }

  std::optional<Duration> time_of(std::span<const SuiteDurations::OnWindow> windows) const {
    std::vector<Duration> times;
    for (const auto& window : windows) {
      times.insert(times.end(), window.newest.begin(), window.newest.end());
      if (!query_.run.empty()) times.insert(times.end(), window.timed_out.begin(), window.timed_out.end());
    }
    if (times.empty()) return std::nullopt;
    return aggregate::summarise(times).p50;
  }

  bool is_failing_somewhere(storage::TestId test) {
    return std::ranges::any_of(survey_.windows, [&](const Window& window) {
      const auto changes = window.track().changes.find(test);
      if (changes.empty()) return false;
      window.read_pieces(test, changes, pieces_);
      return !pieces_.empty() && failing_[pieces_.back().outcome];
    });
  }

  static void list(const Node& node, std::uint32_t level, std::vector<Place>& places) {
    for (const auto& [key, child] : node.children) {
      places.push_back(place_of(key, *child, level));
      list(*child, level + 1, places);
    }
  }

  static DurationFolder close(Node& node, std::uint32_t level, const Place* first_left_out) {
    DurationFolder folder = std::move(node.folder);
    for (auto& [key, child] : node.children) {
      if (first_left_out && place_of(key, *child, level) >= *first_left_out) {
        folder.rest_tests += child->folder.tests;
        folder.rest_total += child->folder.total;
      } else {
        folder.children.push_back(close(*child, level + 1, first_left_out));
      }
    }
    std::ranges::stable_sort(folder.children, std::greater(), &DurationFolder::total);
    return folder;
  }

  const Survey& survey_;
  const DurationTreeQuery& query_;
  std::vector<bool> failing_;  // by outcome
  std::vector<Piece> pieces_;
  Node root_;
};

}  // namespace

Result<DurationTreeAnswer> Answers::duration_tree(const DurationTreeQuery& query) {
  if (query.depth < 1 || query.depth > kDeepest)
    return invalid_argument("must be 1 to " + std::to_string(kDeepest), "depth");
  if (query.most < 1 || query.most > kMostBoxes)
    return invalid_argument("must be 1 to " + std::to_string(kMostBoxes), "max");
  Question asked = query;
  if (!query.run.empty()) asked.last = 0;
  RESULTSDB_ASSIGN(const Survey survey, Survey::read(*model_->implementation_, asked, "durations.tree/1"));
  if (!query.run.empty() && survey.basis.runs == 0 && survey.basis.excluded.empty())
    return make_error(ErrorCode::NotFound, "there is no such run of the suite", "run");
  TreeBuilder builder(survey, query);
  RESULTSDB_TRY(SuiteDurations(survey, 0).visit(
      false, [&](storage::TestId test, std::string_view name,
                 std::span<const SuiteDurations::OnWindow> windows) { builder.add(test, name, windows); }));
  return DurationTreeAnswer{.root = builder.finish(), .basis = survey.basis};
}

}  // namespace resultsdb
