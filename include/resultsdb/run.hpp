// Runs and results: what a writer hands in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "resultsdb/commit.hpp"
#include "resultsdb/configuration.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb {

enum class RunState : std::uint8_t {
  Running = 0,     ///< still going; becomes Incomplete when its lease is over
  Final = 1,       ///< ended, every planned test has its verdict
  Failed = 2,      ///< left nothing to read (a build failure)
  Incomplete = 3,  ///< tests may be missing
};
std::string_view to_string(RunState state) noexcept;  ///< "running", "final", "failed", "incomplete"
std::optional<RunState> parse_run_state(std::string_view text) noexcept;

/// What orders a timeline.
enum class OrderKey : std::uint8_t { Commit = 0, Build = 1, Time = 2 };
std::string_view to_string(OrderKey key) noexcept;  ///< "commit", "build", "time"
std::optional<OrderKey> parse_order_key(std::string_view text) noexcept;

/// A commit of a run, already resolved.
struct RunCommit {
  std::string repository;
  std::string id;         ///< Commit::id()
  Position position = 0;  ///< Commit::position
  auto operator<=>(const RunCommit&) const = default;
};

struct Link {
  std::string rel, label, href;
  bool operator==(const Link&) const = default;
};

using Attributes = std::vector<std::pair<std::string, std::string>>;  ///< keys may repeat; order is kept

struct RunHeader {
  std::string suite;
  std::string branch;
  Configuration configuration;
  OrderKey order_key = OrderKey::Commit;
  /// Public id: 1 to 128 of `[A-Za-z0-9._:-]`, unique in the suite; empty: derived from the natural key.
  std::string id;
  /// Place on the timeline. Empty: the largest position of `commits`; without commits 100 * start in seconds.
  std::optional<Position> position;
  Time started{};
  std::optional<Time> finished;
  std::string variant;  ///< what else tells two runs apart that share position and start; usually empty
  RunState state = RunState::Final;
  int attempt = 1;
  std::vector<RunCommit> commits;
  Attributes attributes;
  std::vector<Link> links;
  std::string digest;  ///< of the content, any bytes up to 64; empty: computed from header and results
  bool operator==(const RunHeader&) const = default;
};

/// One result as the writer gives it and as answers return it. The texts belong to somebody else.
struct TestResult {
  std::string_view test;
  std::string_view expected = "PASS";
  std::string_view actual = "PASS";
  std::optional<Duration> duration;  ///< negative counts as not known
  std::uint32_t tries = 0;           ///< how often it ran; 0: not told
  std::uint32_t passes = 0;          ///< how often it passed; 0 when tries is 0
  std::string_view attributes;       ///< a JSON object of small things, returned byte for byte; empty: none
  std::string_view detail;           ///< any JSON value, returned byte for byte; empty: none
  bool operator==(const TestResult&) const = default;
};

/// What results have in common that a suite's dictionary knows: few different ones in a run.
struct ResultKind {
  std::string_view expected, actual, attributes;
  bool operator==(const ResultKind&) const = default;
};

/// The results of one run, in the writer's order: columns and one block of text, so that 60,000 results cost
/// a handful of allocations. Views handed out live until the next non-const call. A test may be added once;
/// Model refuses a run that names one twice. Not safe for concurrent use.
class ResultTable {
 public:
  void reserve(std::size_t results, std::size_t text_bytes);
  void add(const TestResult& result);
  /// What add({.test = test, .duration = duration}) does, faster: nearly all results of a run are such.
  void add_pass(std::string_view test, std::optional<Duration> duration = {});
  /// A test that was planned and got no verdict. It is no result.
  void add_lost(std::string_view test);
  void clear();

  std::size_t size() const noexcept { return rows_.size(); }
  bool empty() const noexcept { return rows_.empty(); }
  TestResult operator[](std::size_t index) const;
  std::string_view name(std::size_t index) const { return view({rows_[index].offset, rows_[index].size}); }
  std::size_t lost_size() const noexcept { return lost_.size(); }
  std::string_view lost(std::size_t index) const { return view(lost_[index]); }

  /// The distinct (expected, actual, attributes) and each result's index among them.
  std::size_t kind_count() const noexcept { return kinds_.size(); }
  ResultKind kind(std::size_t index) const;
  std::uint32_t kind_of(std::size_t result) const { return rows_[result].kind; }
  /// Microseconds, or -1.
  std::int64_t duration_us(std::size_t result) const { return rows_[result].duration_us; }

  /// Tries, passes and detail exist for few results: the indexes of those that have any, ascending.
  struct Extra {
    std::uint32_t result = 0;
    std::uint32_t tries = 0, passes = 0;
    std::string_view detail;
  };
  std::size_t extra_count() const noexcept { return extras_.size(); }
  Extra extra(std::size_t index) const;

  bool operator==(const ResultTable& other) const;

 private:
  struct Text {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
  };
  struct Row {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t kind = 0;
    std::int64_t duration_us = -1;
  };
  struct StoredKind {
    std::string expected, actual, attributes;
  };
  struct StoredExtra {
    std::uint32_t result = 0, tries = 0, passes = 0;
    Text detail;
  };
  Text store(std::string_view text);
  std::string_view view(Text text) const { return std::string_view(block_).substr(text.offset, text.size); }
  std::uint32_t find_kind(const TestResult& result);

  std::string block_;
  std::vector<Row> rows_;
  std::vector<Text> lost_;
  std::vector<StoredKind> kinds_;
  std::optional<std::uint32_t> pass_kind_;  // that of add_pass()
  std::unordered_map<std::string, std::uint32_t> kind_index_;
  std::vector<StoredExtra> extras_;
};

struct Run {
  RunHeader header;
  ResultTable results;
};

}  // namespace resultsdb
