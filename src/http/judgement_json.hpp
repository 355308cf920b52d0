// What the operations that judge tests share: the question that a request asks, pages of ranked lists, and
// the shapes Proportion, Point and Basis.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json_writer.hpp"
#include "native_context.hpp"
#include "resultsdb/answers.hpp"
#include "resultsdb/clusters.hpp"
#include "resultsdb/standings.hpp"
#include "schemas.hpp"
#include "scope.hpp"

namespace resultsdb::http {

/// SEL, RNG, `q` and `outcomes` of one suite.
Result<Question> read_question(const NativeContext& context, const Arguments& arguments, const Scope& scope,
                               const RangeRequest& range);
/// The question of a standing: these tests in the runs of a history.
StandingsQuery standings_query(const HistoryQuery& history, const RangeRequest& range);
/// First and last runs of all streaks.
std::vector<RunInfoPtr> runs_of_streaks(const StandingsAnswer& answer);
Result<Question::Bad> read_bad(const Arguments& arguments);
/// An answer's error about the one test asked for names the parameter `test`.
Error about_test(Error error);

/// Runs as places that people know, with the labels of their commits.
class PointWriter {
 public:
  /// Nulls among the runs are left out.
  static Result<PointWriter> load(Model& model, std::vector<RunInfoPtr> runs);
  /// null where there is no run.
  void write(JsonWriter& json, std::string_view name, const RunInfoPtr& run) const;
  /// Of the commit that the run's position is; else when it started or its position, by what orders its
  /// timeline.
  std::string label(const RunInfo& run) const;

 private:
  CommitNames names_;
};

/// `"verdict":…,"streak":…` where there is one. `id_of`: an outcome's id in the answer, if it has one.
void write_standing(JsonWriter& json, std::optional<Verdict> verdict,
                    const std::optional<StandingsAnswer::Streak>& streak,
                    const std::function<std::optional<std::uint32_t>(const Outcome&)>& id_of,
                    const PointWriter& points);
/// What is known of a cluster, but for its id.
void write_cluster_members(JsonWriter& json, const FailureCluster& cluster,
                           const std::vector<TimelineInfo>& timelines, const PointWriter& points);
void write_proportion(JsonWriter& json, std::string_view name, const Proportion& proportion);
void write_range(JsonWriter& json, std::string_view name, Position after, Position to);
void write_configuration_ids(JsonWriter& json, std::string_view name,
                             const std::vector<std::string>& configurations);
/// `{"os":["mac","win"]}`
void write_where(JsonWriter& json, const aggregate::FacetRule& rule);
/// The repository whose commit a run's position is; null: none.
const RunCommit* commit_of_position(const RunInfo& run);

/// Adds up what answers of several suites are made of.
void add_basis(Basis& sum, const Basis& more);
void write_basis(JsonWriter& json, const Basis& basis, const RangeRequest& range);
/// `next`, `total`, `basis`, `warnings`, and `recent_since` if there is one suite. `truncated`: what was left
/// out, as a warning; empty: nothing.
void write_tail(JsonWriter& json, const std::string& next, std::size_t total, const Basis& basis,
                const RangeRequest& range, const std::vector<Scope>& scopes, std::string_view truncated = {});

/// Where an item stands in a list: by `primary` descending, then by `tie` ascending. `tie` ends with what
/// makes it unique.
struct Rank {
  std::int64_t primary = 0;
  std::string tie;
};
/// A number as text whose byte order is the number's own (or the reverse).
std::string sortable(std::int64_t number);
std::string sortable_down(std::int64_t number);
/// A number that orders as the double does; for doubles that are not negative.
std::int64_t sortable_bits(double number);

/// Sorts, and leaves the page that the request asks for; answers the token of the next page. The token is the
/// place in the order, so it survives inserts.
template <class Item, class RankOf>
std::string cut_page(std::vector<Item>& items, const Arguments& arguments, const PageRequest& page,
                     RankOf rank_of) {
  const auto before = [](const Rank& a, const Rank& b) {
    return a.primary != b.primary ? a.primary > b.primary : a.tie < b.tie;
  };
  std::vector<std::pair<Rank, std::size_t>> order;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Rank rank = rank_of(items[i]);
    if (!page.primary || before(Rank{*page.primary, page.tie}, rank)) order.emplace_back(std::move(rank), i);
  }
  const std::size_t shown = std::min<std::size_t>(order.size(), page.limit);
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                    [&](const auto& a, const auto& b) { return before(a.first, b.first); });
  std::string next;
  if (shown < order.size()) {
    const Rank& last = order[shown - 1].first;
    next = keyset_token(arguments, last.primary, last.tie);
  }
  std::vector<Item> kept;
  for (std::size_t i = 0; i < shown; ++i) kept.push_back(std::move(items[order[i].second]));
  items = std::move(kept);
  return next;
}

}  // namespace resultsdb::http
