// Columns of a history answer: the positions of runs (or of all commits), newest first, in buckets of
// `level`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "json_writer.hpp"
#include "native_context.hpp"
#include "resultsdb/history.hpp"
#include "schemas.hpp"
#include "scope.hpp"

namespace resultsdb::http {

/// The runs of one timeline, newest first.
struct TimelineRuns {
  TimelineInfo info;
  std::vector<RunInfoPtr> runs;
  bool more = false;
};

struct AxisRequest {
  bool commits = false;     ///< every commit is a column, not only those with runs
  std::uint32_t level = 1;  ///< 0: auto
  std::uint32_t max_columns = 50'000;
  bool run_ids = false, labels = false;
};
Result<AxisRequest> read_axis_request(const Arguments& arguments, const std::vector<std::string>& include);

class Axis {
 public:
  static Result<Axis> build(const NativeContext& context, const AxisRequest& request,
                            const std::vector<TimelineRuns>& timelines);

  std::uint32_t level() const { return level_; }
  std::size_t columns() const { return (positions_.size() + level_ - 1) / level_; }
  /// The column of a position that a run of the answer has.
  std::size_t column(Position position) const;

  /// `"axis":…,"configurations":…,"timelines":…`
  Status write(JsonWriter& json, const NativeContext& context, const AxisRequest& request,
               const std::vector<TimelineRuns>& timelines) const;
  /// `"warnings":[…]`
  void write_warnings(JsonWriter& json, const std::vector<TimelineRuns>& timelines) const;

 private:
  void choose_level(const AxisRequest& request);
  Status load_commits(const NativeContext& context, const std::vector<TimelineRuns>& timelines);
  void write_axis(JsonWriter& json, const AxisRequest& request,
                  const std::vector<TimelineRuns>& timelines) const;
  Status write_labels(JsonWriter& json, const NativeContext& context,
                      const std::vector<TimelineRuns>& timelines) const;

  bool every_commit_ = false;
  std::vector<Position> positions_;        ///< descending
  std::vector<std::string> repositories_;  ///< of the runs' commits, by name
  std::vector<std::int32_t> repository_;   ///< of each position, -1: none
  std::vector<Position> commits_;          ///< positions of all commits in range, descending
  std::uint32_t level_ = 1;
  bool coarser_ = false, commits_cut_ = false;
};

}  // namespace resultsdb::http
