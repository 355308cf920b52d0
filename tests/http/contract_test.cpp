// Same selection, same numbers: whatever operation is asked. On random data; RESULTSDB_SEED repeats a run.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "http/native_fixture.hpp"

namespace resultsdb::http {
namespace {

namespace json = boost::json;

std::uint32_t seed() {
  const char* given = std::getenv("RESULTSDB_SEED");
  return given ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device{}();
}

constexpr int kTests = 12, kRuns = 30;
const char* const kBranches[] = {"main", "next"};
const char* const kSystems[] = {"linux", "mac", "windows"};
const char* const kOutcomes[] = {"PASS", "FAIL", "TIMEOUT", "CRASH", "SKIP", "FAIL PASS"};

class Contract : public NativeFixture {
 protected:
  Contract() : random_(seed_) {
    for (int i = 0; i < kRuns; ++i) add_run();
    for (int i = 0; i < kTests; ++i) tests_ += "&test=t" + std::to_string(i);
  }

  int draw(int below) { return std::uniform_int_distribution(0, below - 1)(random_); }

  void add_run() {
    std::string results, lost;
    for (int i = 0; i < kTests; ++i) {
      const std::string name = "\"t" + std::to_string(i) + '"';
      const int kind = draw(10);
      if (kind == 0) continue;  // not covered
      if (kind == 1) {
        lost += (lost.empty() ? "" : ",") + name;
        continue;
      }
      results += (results.empty() ? "" : ",") + std::string("{\"test\":") + name;
      if (kind > 6) results += std::string(",\"actual\":\"") + kOutcomes[draw(6)] + '"';
      if (kind > 7) results += R"(,"expected":"FAIL")";
      results += ",\"duration_us\":" + std::to_string(draw(1'000'000)) + '}';
    }
    const std::string body =
        std::string(R"({"suite":"unit","branch":")") + kBranches[draw(2)] + R"(","configuration":{"os":")" +
        kSystems[draw(3)] + R"("},"started":)" + std::to_string(1'000'000 + draw(20)) + ",\"variant\":\"" +
        std::to_string(draw(1'000'000)) + R"(","results":[)" + results + "],\"lost\":[" + lost + "]}";
    post("/v1/runs", body, 201);
  }

  const std::uint32_t seed_ = seed();
  std::mt19937 random_;
  std::string tests_;
};

struct Sums {
  std::int64_t covered = 0, failing = 0, unexpected = 0, lost = 0;
  bool operator==(const Sums&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Sums& sums) {
  return out << sums.covered << " covered, " << sums.failing << " failing, " << sums.unexpected
             << " unexpected, " << sums.lost << " lost";
}

std::int64_t sum(const json::object& counts, std::initializer_list<const char*> names) {
  std::int64_t total = 0;
  for (const char* name : names) {
    if (counts.contains(name)) total += counts.at(name).as_int64();
  }
  return total;
}
constexpr auto kFailing = {"fail", "image", "timeout", "crash", "error", "other"};
constexpr auto kAll = {"pass", "warn", "fail", "image", "timeout", "crash", "error", "skip", "other"};

Sums of_counts(const json::value& counts) {
  const auto& object = counts.as_object();
  EXPECT_EQ(sum(object, kAll), object.at("covered").as_int64());
  return {object.at("covered").as_int64(), sum(object, kFailing),
          sum(object.at("unexpected").as_object(), kAll), object.at("lost").as_int64()};
}

/// Adds up a history answer by run.
std::map<std::string, Sums> by_run(const json::value& history) {
  std::map<std::int64_t, json::object> outcomes;
  for (const auto& outcome : history.at("outcomes").as_array()) {
    outcomes[outcome.at("id").as_int64()] = outcome.as_object();
  }
  std::map<std::string, Sums> sums;
  for (const auto& timeline : history.at("timelines").as_array()) {
    for (const auto& id : timeline.at("run_id").as_array()) sums[std::string(id.as_string())];
  }
  for (const auto& series : history.at("series").as_array()) {
    const auto& ids =
        history.at("timelines").at(series.at("timeline").to_number<std::size_t>()).at("run_id").as_array();
    std::size_t run = 0;
    const auto& rle = series.at("outcomes").as_array();
    for (std::size_t i = 0; i < rle.size(); i += 2) {
      for (std::int64_t n = rle[i].as_int64(); n > 0; --n, ++run) {
        Sums& sum = sums[std::string(ids.at(run).as_string())];
        const std::int64_t id = rle[i + 1].as_int64();
        if (id == -2) ++sum.lost;
        if (id < 0) continue;
        ++sum.covered;
        sum.failing += outcomes.at(id).at("failing").as_bool();
        sum.unexpected += outcomes.at(id).at("unexpected").as_bool();
      }
    }
    EXPECT_EQ(run, ids.size());
  }
  return sums;
}

TEST_F(Contract, AllOperationsCountAlike) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  const auto history = get("/v1/history?suite=unit&include=run_ids" + tests_);
  const auto expected = by_run(history);
  EXPECT_EQ(expected.size(), static_cast<std::size_t>(kRuns));
  for (const auto& [id, sums] : expected) {
    EXPECT_EQ(of_counts(get("/v1/runs/" + id).at("counts")), sums) << id;
    const auto failures = get("/v1/runs/" + id + "/failures?limit=1000");
    EXPECT_EQ(of_counts(failures.at("counts")), sums) << id;
    EXPECT_EQ(failures.at("total").as_int64(), sums.failing) << id;
    EXPECT_EQ(get("/v1/runs/" + id + "/failures?outcomes=unexpected").at("total").as_int64(), sums.unexpected)
        << id;
    EXPECT_EQ(get("/v1/runs/" + id + "/results?limit=1000").at("total").as_int64(), sums.covered) << id;
  }
  const auto suite = get("/v1/suite-history?suite=unit&include=run_ids");
  EXPECT_EQ(suite.at("axis"), history.at("axis"));
  EXPECT_EQ(suite.at("timelines"), history.at("timelines"));
  for (const auto& series : suite.at("series").as_array()) {
    const auto& ids =
        suite.at("timelines").at(series.at("timeline").to_number<std::size_t>()).at("run_id").as_array();
    for (std::size_t run = 0; run < ids.size(); ++run) {
      const auto at = [&](const json::object& columns, std::initializer_list<const char*> names) {
        std::int64_t total = 0;
        for (const char* name : names) {
          if (columns.contains(name)) total += columns.at(name).at(run).as_int64();
        }
        return total;
      };
      const auto& all = series.as_object();
      const Sums sums{at(all, {"covered"}), at(all.at("all").as_object(), kFailing),
                      at(all.at("unexpected").as_object(), kAll), at(all, {"lost"})};
      EXPECT_EQ(sums, expected.at(std::string(ids[run].as_string())));
    }
  }
}

std::vector<std::int64_t> expand(const json::value& rle) {
  std::vector<std::int64_t> values;
  const auto& flat = rle.as_array();
  for (std::size_t i = 0; i < flat.size(); i += 2)
    values.insert(values.end(), flat[i].as_int64(), flat[i + 1].as_int64());
  return values;
}

/// The overview, its badge and folders of tests say what the runs and the history say.
TEST_F(Contract, TheOverviewCountsAlike) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  const auto history = get("/v1/history?suite=unit&include=run_ids" + tests_);
  const auto expected = by_run(history);
  const auto overview = get("/v1/overview?suite=unit");
  std::map<std::string, json::object> lines;
  for (const auto& line : overview.at("tiles").at(0).at("lines").as_array())
    lines[std::string(line.at("timeline").as_string())] = line.as_object();
  std::int64_t healthy = 0, unexpected = 0, lost = 0;
  for (const auto& timeline : history.at("timelines").as_array()) {
    const auto& runs = timeline.at("run_id").as_array();  // newest first
    const auto of = [&](std::size_t run) { return expected.at(std::string(runs[run].as_string())); };
    unexpected += of(0).unexpected;
    lost += of(0).lost;
    const auto line = lines.find(std::string(timeline.at("id").as_string()));
    ASSERT_EQ(line != lines.end(), of(0).unexpected + of(0).lost > 0);
    if (line == lines.end()) {
      ++healthy;
      continue;
    }
    EXPECT_EQ(line->second.at("newest").at("id"), runs[0]);
    const auto trend = expand(line->second.at("trend"));
    ASSERT_EQ(trend.size(), runs.size());
    for (std::size_t run = 0; run < runs.size(); ++run) EXPECT_EQ(trend[run], of(run).unexpected);
    const auto good = static_cast<std::size_t>(std::ranges::find(trend, 0) - trend.begin());
    ASSERT_EQ(line->second.at("first_bad").is_null(), good == 0);
    if (good == 0) continue;
    EXPECT_EQ(line->second.at("first_bad").at("run"), runs[good - 1]);
    ASSERT_EQ(line->second.at("last_good").is_null(), good == runs.size());
    if (good < runs.size()) {
      EXPECT_EQ(line->second.at("last_good").at("run"), runs[good]);
    }
  }
  EXPECT_EQ(overview.at("tiles").at(0).at("healthy"), healthy);
  const std::string state = unexpected > 0 ? std::to_string(unexpected) + " unexpected"
                            : lost > 0     ? std::to_string(lost) + " lost"
                                           : "as expected";
  EXPECT_NE(send("GET", "/v1/badge.svg?suite=unit").body.find("<title>unit: " + state + "</title>"),
            std::string::npos);
}

std::vector<std::size_t> columns_of(const json::value& steps) {
  std::vector<std::size_t> columns;
  std::int64_t column = -1;
  for (const std::int64_t step : expand(steps)) columns.push_back(static_cast<std::size_t>(column += step));
  return columns;
}

TEST_F(Contract, CoarserLevelsAreTheMergeOfTheFinest) {
  SCOPED_TRACE("RESULTSDB_SEED=" + std::to_string(seed_));
  const std::string target = "/v1/history?suite=unit" + tests_;
  const auto fine = get(target);
  std::map<std::int64_t, json::object> outcomes;
  for (const auto& outcome : fine.at("outcomes").as_array()) {
    outcomes[outcome.at("id").as_int64()] = outcome.as_object();
  }
  for (const std::size_t level : {4u, 16u}) {
    const auto coarse = get(target + "&level=" + std::to_string(level));
    ASSERT_EQ(coarse.at("series").as_array().size(), fine.at("series").as_array().size());
    const auto columns = static_cast<std::size_t>(coarse.at("axis").at("columns").as_int64());
    EXPECT_EQ(columns,
              (static_cast<std::size_t>(fine.at("axis").at("columns").as_int64()) + level - 1) / level);
    for (std::size_t s = 0; s < fine.at("series").as_array().size(); ++s) {
      const auto& series = fine.at("series").at(s);
      const auto places =
          columns_of(fine.at("timelines").at(series.at("timeline").to_number<std::size_t>()).at("columns"));
      const auto values = expand(series.at("outcomes"));
      std::vector<std::int64_t> covered(columns), failing(columns), unexpected(columns),
          severity(columns, -1);
      for (std::size_t run = 0; run < values.size(); ++run) {
        if (values[run] < 0) continue;
        const std::size_t column = places[run] / level;
        const auto& outcome = outcomes.at(values[run]);
        ++covered[column];
        failing[column] += outcome.at("failing").as_bool();
        unexpected[column] += outcome.at("unexpected").as_bool();
        severity[column] = std::max(severity[column], outcome.at("severity").as_int64());
      }
      const auto& merged = coarse.at("series").at(s);
      EXPECT_EQ(expand(merged.at("covered")), covered);
      EXPECT_EQ(expand(merged.at("failing")), failing);
      EXPECT_EQ(expand(merged.at("unexpected")), unexpected);
      std::vector<std::int64_t> worst;
      for (const std::int64_t id : expand(merged.at("worst"))) {
        worst.push_back(id < 0 ? -1 : outcomes.at(id).at("severity").as_int64());
      }
      EXPECT_EQ(worst, severity);
    }
  }
  EXPECT_EQ(get(target + "&level=auto&max_columns=5").at("axis").at("level"), 4);
}

}  // namespace
}  // namespace resultsdb::http
