#include "server_bench.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <tuple>

#include "engine_under_test.hpp"
#include "postgres_rows.hpp"
#include "redis_hashes.hpp"

namespace resultsdb::bench {

namespace {

using Rows = std::vector<RowBaseline::Row>;

constexpr std::uint32_t kWindow = 100;          // commits of a history
constexpr std::uint32_t kMostInListpack = 128;  // entries of a hash that Redis keeps in its compact form
constexpr int kCompared = 100;                  // tests whose histories are compared

/// Names of stores that no earlier run has used.
std::string own_name() { return "resultsdb_bench_" + std::to_string(::getpid()); }

std::string with_option(const std::string& url, const std::string& option) {
  return url + (url.find('?') == url.npos ? '?' : '&') + option;
}

double per(std::uint64_t bytes, std::uint64_t results) {
  return static_cast<double>(bytes) / static_cast<double>(results);
}

std::uint32_t first_of_window(const Scale& scale) {
  return scale.commits > kWindow ? scale.commits - kWindow : 0;
}

/// Times two ways to the same answer in turns, so that other work on the machine meets both.
std::pair<Latency, Latency> in_turns(int count, const std::function<void(int)>& one,
                                     const std::function<void(int)>& other) {
  std::vector<double> first, second;
  for (int i = 0; i < count; ++i) {
    first.push_back(1e6 * seconds([&] { one(i); }));
    second.push_back(1e6 * seconds([&] { other(i); }));
  }
  return {percentiles(std::move(first)), percentiles(std::move(second))};
}

void report_history(Report& report, const std::string& what, double target, const Latency& ours,
                    const Latency& baseline) {
  report.ratio(what, ours.p50 / baseline.p50, target, true,
               format("p50 %.0f us, ", ours.p50) + format("p99 %.0f us against ", ours.p99) +
                   format("p50 %.0f us, ", baseline.p50) + format("p99 %.0f us", baseline.p99));
}

/// Histories of random tests without a pause, alone and while another thread writes run after run.
void measure_reader(EngineUnderTest& engine, const Corpus& corpus, const ServerSettings& settings,
                    const std::string& backend, Report& report) {
  progress("reader beside a writer, " + backend);
  std::mt19937 random(11);
  const auto read = [&](int) {
    (void)engine.history(static_cast<std::uint32_t>(random() % settings.scale.tests), kWindow, false);
  };
  const int reads = 10 * settings.queries;
  (void)latency(settings.queries, read);
  const auto idle = latency(reads, read);
  std::vector<Run> runs;  // made before: the writer writes only
  for (std::uint32_t i = 0; i < 8 * settings.scale.configurations; ++i)
    runs.push_back(corpus.to_run(corpus.generate(
        {settings.scale.commits + i / settings.scale.configurations, i % settings.scale.configurations})));
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> written = 0;
  std::thread writer([&] {
    for (std::int64_t round = 0; !stop; ++round) {
      for (auto& run : runs) {
        if (stop) break;
        engine.ingest(run);
        ++written;
        run.header.position = *run.header.position + 8 * (Corpus::position(1) - Corpus::position(0));
      }
    }
  });
  const auto busy = latency(reads, read);
  stop = true;
  writer.join();
  report.ratio("reader's p99 beside a writer / alone, " + backend, busy.p99 / idle.p99, 3, true,
               format("p99 %.0f us", busy.p99) + format(" (p50 %.0f) against ", busy.p50) +
                   format("%.0f us", idle.p99) + format(" (p50 %.0f); ", idle.p50) + std::to_string(written) +
                   " runs written meanwhile");
}

class PostgresComparison {
 public:
  PostgresComparison(const std::string& url, const ServerSettings& settings)
      : settings_(settings),
        corpus_(settings.seed, settings.scale),
        file_(EngineUnderTest::open_file(settings.folder + "/beside-postgres.db")),
        engine_(EngineUnderTest::open(with_option(url, "schema=" + own_name()))),
        rows_(url, own_name() + "_rows") {}

  void run(Report& report) {
    ingest(report);
    must_agree(engine_.clean(), "check finds damage");
    compare_sizes(report);
    compare_histories(report);
    measure_reader(file_, corpus_, settings_, "SQLite", report);
    measure_reader(engine_, corpus_, settings_, "PostgreSQL", report);
  }

 private:
  void ingest(Report& report) {
    double engine = 0, rows = 0;
    std::vector<double> engine_times, file_times, row_times;
    std::size_t done = 0;
    for (const auto& arrival : corpus_.arrivals()) {
      if (done++ % 200 == 0)
        progress("PostgreSQL, run " + std::to_string(done) + " of " +
                 std::to_string(corpus_.arrivals().size()));
      const auto generated = corpus_.generate(arrival);
      const auto run = corpus_.to_run(generated);
      results_ += run.results.size();
      file_times.push_back(1e6 * seconds([&] { file_.ingest(run); }));
      engine_times.push_back(1e6 * seconds([&] { engine_.ingest(run); }));
      row_times.push_back(1e6 * seconds([&] { rows_.insert(generated); }));
      engine += engine_times.back();
      rows += row_times.back();
    }
    const double count = static_cast<double>(results_);
    const auto ours = percentiles(std::move(engine_times)), file = percentiles(std::move(file_times)),
               copy = percentiles(std::move(row_times));
    report.ratio("PostgreSQL: ingest, results/s / COPY into P0", rows / engine, 20, false,
                 format("%.2f M results/s against ", count / engine) +
                     format("%.0f k/s; ", 1e3 * count / rows) +
                     format("a run p50 %.2f ms, ", ours.p50 / 1000) +
                     format("p99 %.2f ms; ", ours.p99 / 1000) + format("COPY p50 %.2f ms", copy.p50 / 1000));
    report.ratio("PostgreSQL: upload of a run, p50 / SQLite", ours.p50 / file.p50, 4, true,
                 format("%.2f ms against ", ours.p50 / 1000) + format("%.2f ms", file.p50 / 1000));
  }

  void compare_sizes(Report& report) {
    rows_.settle();
    std::uint64_t bytes = 0;
    for (const auto& size : engine_.sizes()) bytes += size.bytes;
    report.figure("PostgreSQL: bytes a result with exact durations",
                  format("%.2f, ", per(bytes, results_)) + format("P0 %.1f", per(rows_.bytes(), results_)));
  }

  void compare_histories(Report& report) {
    progress("histories, PostgreSQL");
    engine_.look_up_names(corpus_);
    file_.look_up_names(corpus_);
    const auto since = first_of_window(settings_.scale);
    for (int i = 0; i < kCompared; ++i) {
      const auto test = random_test();
      for (const bool durations : {false, true}) {
        const auto rows = rows_.history(test, since, durations);
        must_agree(engine_.rows(engine_.history(test, kWindow, durations)) == rows,
                   "PostgreSQL, history of test " + std::to_string(test));
        must_agree(file_.rows(file_.history(test, kWindow, durations)) == rows,
                   "SQLite, history of test " + std::to_string(test));
      }
    }
    for (const bool durations : {false, true}) {
      const auto [ours, p0] = in_turns(
          settings_.queries, [&](int) { (void)engine_.history(random_test(), kWindow, durations); },
          [&](int) { (void)rows_.history(random_test(), since, durations); });
      if (!durations) report_history(report, "PostgreSQL: history of a test / P0", 1.0 / 3, ours, p0);
      if (durations)
        report.figure("PostgreSQL: the same with durations",
                      format("p50 %.0f us against ", ours.p50) + format("%.0f us", p0.p50));
    }
  }

  std::uint32_t random_test() { return static_cast<std::uint32_t>(random_() % settings_.scale.tests); }

  const ServerSettings& settings_;
  const Corpus corpus_;
  EngineUnderTest file_, engine_;
  PostgresRows rows_;
  std::mt19937 random_{7};
  std::uint64_t results_ = 0;
};

class RedisComparison {
 public:
  RedisComparison(const std::string& url, const ServerSettings& settings)
      : settings_(settings),
        scale_{settings.scale.tests, settings.scale.configurations,
               std::min(settings.scale.commits, kMostInListpack), settings.scale.late},
        corpus_(settings.seed, scale_),
        hashes_(url, own_name() + "-hash:"),
        untimed_(EngineUnderTest::open(with_option(url, "prefix=" + own_name() + "-untimed:"))),
        timed_(EngineUnderTest::open(with_option(url, "prefix=" + own_name() + "-timed:"))) {}

  void run(Report& report) {
    double hash_time = 0, timed_time = 0;
    const auto hashes = filled(
        "hashes", [&](const GeneratedRun& run) { hash_time += seconds([&] { hashes_.insert(run); }); });
    const auto untimed = filled(
        "outcomes only", [&](const GeneratedRun& run) { untimed_.ingest(corpus_.to_run(run, false)); });
    const auto timed = filled("with durations", [&](const GeneratedRun& generated) {
      const auto run = corpus_.to_run(generated);
      results_ += run.results.size();
      timed_time += seconds([&] { timed_.ingest(run); });
    });
    const double ratio = static_cast<double>(hashes);
    const auto detail = [&](std::uint64_t ours) {
      return format("%.2f bytes a result against ", per(ours, results_)) +
             format("%.2f", per(hashes, results_));
    };
    report.ratio("Redis: memory, outcomes only / hashes", static_cast<double>(untimed) / ratio, 1.0 / 20,
                 true, detail(untimed));
    report.ratio("Redis: memory with exact durations / hashes", static_cast<double>(timed) / ratio, 1.0 / 4,
                 true, detail(timed));
    std::string tables;
    for (const auto& size : timed_.sizes())
      if (per(size.bytes, results_) > 0.01)
        tables += size.table + format(" %.2f, ", per(size.bytes, results_));
    report.figure("Redis: bytes a result by table", tables + "by MEMORY USAGE");
    report.figure("Redis: ingest",
                  format("%.2f M results/s, ", 1e-6 * static_cast<double>(results_) / timed_time) +
                      format("hashes %.2f", 1e-6 * static_cast<double>(results_) / hash_time));
    compare_histories(report);
  }

 private:
  /// Bytes that a store of the corpus takes.
  std::uint64_t filled(const std::string& what, const std::function<void(const GeneratedRun&)>& ingest) {
    progress("Redis, " + what);
    const auto before = hashes_.used_memory();
    for (const auto& arrival : corpus_.arrivals()) ingest(corpus_.generate(arrival));
    return hashes_.used_memory() - before;
  }

  void compare_histories(Report& report) {
    progress("histories, Redis");
    must_agree(untimed_.clean() && timed_.clean(), "check finds damage");
    untimed_.look_up_names(corpus_);
    timed_.look_up_names(corpus_);
    const auto since = first_of_window(scale_);
    const auto ask_hashes = [&](std::uint32_t test, bool durations) {
      return hashes_.history(test, scale_.configurations, since, durations);
    };
    for (int i = 0; i < kCompared; ++i) {
      const auto test = random_test();
      for (const bool durations : {false, true}) {
        auto rows = ask_hashes(test, durations);
        std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
          return std::tie(a.configuration, a.commit) < std::tie(b.configuration, b.commit);
        });
        auto& engine = durations ? timed_ : untimed_;
        must_agree(engine.rows(engine.history(test, kWindow, durations)) == rows,
                   "Redis, history of test " + std::to_string(test));
      }
    }
    const auto [ours, theirs] = in_turns(
        settings_.queries, [&](int) { (void)timed_.history(random_test(), kWindow, false); },
        [&](int) { (void)ask_hashes(random_test(), false); });
    report_history(report, "Redis: history of a test / hashes", 0.1, ours, theirs);
    const auto [exact, all] = in_turns(
        settings_.queries, [&](int) { (void)timed_.history(random_test(), kWindow, true); },
        [&](int) { (void)ask_hashes(random_test(), true); });
    report.figure("Redis: the same with durations",
                  format("p50 %.0f us against ", exact.p50) + format("%.0f us", all.p50));
  }

  std::uint32_t random_test() { return static_cast<std::uint32_t>(random_() % scale_.tests); }

  const ServerSettings& settings_;
  const Scale scale_;
  const Corpus corpus_;
  RedisHashes hashes_;
  EngineUnderTest untimed_, timed_;
  std::mt19937 random_{7};
  std::uint64_t results_ = 0;
};

}  // namespace

void measure_postgres(const std::string& url, const ServerSettings& settings, Report& report) {
  PostgresComparison(url, settings).run(report);
}

void measure_redis(const std::string& url, const ServerSettings& settings, Report& report) {
  RedisComparison(url, settings).run(report);
}

}  // namespace resultsdb::bench
