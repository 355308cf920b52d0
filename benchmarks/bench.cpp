// resultsdb-bench: resultsdb and a row per result side by side, in one process, on one corpus; every answer
// compared.
#include <unistd.h>

#include <boost/program_options.hpp>
#include <filesystem>
#include <iostream>
#include <random>

#include "answers_bench.hpp"
#include "columns_bench.hpp"
#include "corpus.hpp"
#include "engine_under_test.hpp"
#include "http_bench.hpp"
#include "report.hpp"
#include "resultsdb/backends/postgres.hpp"
#include "resultsdb/backends/sqlite.hpp"
#include "row_baseline.hpp"
#include "server_bench.hpp"
#include "upload_bench.hpp"

namespace resultsdb::bench {
namespace {

namespace fs = std::filesystem;

struct Settings {
  Scale scale;
  std::uint64_t seed = 1;
  int queries = 300;
  int uploads = 60;
  std::string only;
  std::string postgres, redis;  // URLs; empty: not measured
  bool json = false;
};

constexpr std::uint32_t kWindow = 100;  // commits of a history

class Comparison {
 public:
  Comparison(const Settings& settings, std::string folder)
      : settings_(settings),
        folder_(std::move(folder)),
        corpus_(settings.seed, settings.scale),
        engine_(EngineUnderTest::open_file(folder_ + "/engine.db")),
        r0_(RowBaseline::Schema::R0, folder_ + "/r0.db"),
        r1_(RowBaseline::Schema::R1, folder_ + "/r1.db") {}

  void run(Report& report) {
    ingest_engine(report);
    ingest_rows(report);
    compare_sizes(report);
    engine_.look_up_names(corpus_);
    compare_histories(report);
    compare_failures(report);
    compare_flips(report);
    measure_answers(corpus_, engine_, r1_, report);
  }

 private:
  void ingest_engine(Report& report);
  void ingest_rows(Report& report);
  void compare_sizes(Report& report);
  void compare_histories(Report& report);
  void compare_failures(Report& report);
  void compare_flips(Report& report);
  std::uint32_t random_test() { return static_cast<std::uint32_t>(random_() % settings_.scale.tests); }
  /// Median time of histories with durations of random tests.
  Latency time_durations();

  const Settings& settings_;
  const std::string folder_;
  Corpus corpus_;
  EngineUnderTest engine_;
  RowBaseline r0_, r1_;
  std::mt19937 random_{7};
  std::uint64_t results_ = 0;
  double engine_rate_ = 0;
  double raw_bytes_ = 0;  // durations of a result before anything is folded
  std::vector<std::pair<std::uint32_t, double>> durations_at_;  // runs since the last full fold, microseconds
};

Latency Comparison::time_durations() {
  (void)engine_.history(random_test(), kWindow, true);
  return latency(settings_.queries, [&](int) { (void)engine_.history(random_test(), kWindow, true); });
}

void Comparison::ingest_engine(Report& report) {
  progress("ingest, " + std::to_string(corpus_.arrivals().size()) + " runs");
  std::vector<double> times;
  IngestSeconds total;
  std::uint32_t runs = 0;
  for (const auto& arrival : corpus_.arrivals()) {
    const auto run = corpus_.to_run(corpus_.generate(arrival));
    results_ += run.results.size();
    const IngestSeconds took = engine_.ingest(run);
    total.prepare += took.prepare;
    total.store += took.store;
    times.push_back(1e6 * (took.prepare + took.store));
    // A group of runs is folded when its eighth one arrives: until here all durations are as they came.
    if (runs + 1 == 4 * settings_.scale.configurations)
      for (const auto& size : engine_.sizes())
        if (size.table == "run_durations")
          raw_bytes_ = static_cast<double>(size.bytes) / static_cast<double>(results_);
    if (++runs % settings_.scale.configurations != 0) continue;
    const std::uint32_t since = runs / settings_.scale.configurations % 64;
    const bool last_round = runs / settings_.scale.configurations + 64 > settings_.scale.commits / 64 * 64;
    if (last_round && (since == 0 || since == 31 || since == 63)) {
      engine_.look_up_names(corpus_);
      durations_at_.emplace_back(since, time_durations().p50);
    }
  }
  engine_rate_ = static_cast<double>(results_) / total.store;
  const double with_names = static_cast<double>(results_) / (total.prepare + total.store);
  const auto upload = percentiles(times);
  report.figure("ingest", format("%.1f M results/s, ", engine_rate_ / 1e6) +
                              format("%.1f with names, ", with_names / 1e6) +
                              format("one run p50 %.2f ms, ", upload.p50 / 1000) +
                              format("p99 %.2f ms", upload.p99 / 1000));
}

void Comparison::ingest_rows(Report& report) {
  double r0 = 0, r1 = 0;
  std::size_t done = 0;
  for (const auto& arrival : corpus_.arrivals()) {
    if (done++ % 200 == 0)
      progress("rows, run " + std::to_string(done) + " of " + std::to_string(corpus_.arrivals().size()));
    const auto run = corpus_.generate(arrival);
    r0 += seconds([&] { r0_.insert(run); });
    r1 += seconds([&] { r1_.insert(run); });
  }
  const double rate0 = static_cast<double>(results_) / r0, rate1 = static_cast<double>(results_) / r1;
  report.ratio("ingest, results/s / R0", engine_rate_ / rate0, 200, false,
               format("R0 %.0f k/s, ", rate0 / 1000) + format("R1 %.0f k/s", rate1 / 1000));
}

void Comparison::compare_sizes(Report& report) {
  must_agree(engine_.clean(), "check finds damage");
  std::uint64_t bytes = 0;
  std::string tables;
  for (const auto& size : engine_.sizes()) {
    bytes += size.bytes;
    if (size.bytes > 64 * 1024)
      tables += size.table + format(" %.2f MB, ", static_cast<double>(size.bytes) / 1e6);
  }
  const double ours = static_cast<double>(bytes) / static_cast<double>(results_),
               rows = static_cast<double>(r1_.bytes()) / static_cast<double>(results_);
  report.ratio("bytes a result with exact durations / R1", ours / rows, 1.0 / 16, true,
               format("%.3f against ", ours) + format("%.1f (R0 ", rows) +
                   format("%.1f)", static_cast<double>(r0_.bytes()) / static_cast<double>(results_)));
  report.figure("durations before folding", format("%.3f bytes a result", raw_bytes_));
  report.figure("tables", tables + std::to_string(engine_.raw_rows()) + " raw rows are not folded yet");
}

void Comparison::compare_histories(Report& report) {
  progress("histories");
  const std::uint32_t since = settings_.scale.commits > kWindow ? settings_.scale.commits - kWindow : 0;
  for (int i = 0; i < 100; ++i) {
    const auto test = random_test();
    for (const bool durations : {false, true}) {
      auto rows = engine_.rows(engine_.history(test, kWindow, durations));
      must_agree(rows == r1_.history(test, since, durations), "history of test " + std::to_string(test));
      must_agree(rows == r0_.history(test, since, durations),
                 "history of test " + std::to_string(test) + " (R0)");
    }
  }
  const auto ours =
      latency(settings_.queries, [&](int) { (void)engine_.history(random_test(), kWindow, false); });
  const auto r1 = latency(settings_.queries, [&](int) { (void)r1_.history(random_test(), since, false); });
  const auto r0 = latency(settings_.queries, [&](int) { (void)r0_.history(random_test(), since, false); });
  const auto detail = format("p50 %.1f us, ", ours.p50) + format("p99 %.1f us; ", ours.p99) +
                      format("R1 %.0f us, ", r1.p50) + format("R0 %.0f us", r0.p50);
  report.ratio("history of a test / R1", ours.p50 / r1.p50, 0.25, true, detail);
  report.ratio("history of a test / R0", ours.p50 / r0.p50, 0.02, true, detail);
  const auto timed = latency(settings_.queries, [&](int) { (void)r1_.history(random_test(), since, true); });
  for (const auto& [runs, micros] : durations_at_) {
    report.ratio("history with durations / R1, " + std::to_string(runs) + " runs after a full fold",
                 micros / timed.p50, 2, true,
                 format("p50 %.0f us against ", micros) + format("%.0f us", timed.p50));
  }
}

void Comparison::compare_failures(Report& report) {
  progress("failures of a run");
  struct Asked {
    std::uint32_t configuration, commit;
    storage::RunRef ref;
  };
  std::vector<Asked> asked;
  for (int i = 0; i < settings_.queries; ++i) {
    const std::uint32_t configuration =
        static_cast<std::uint32_t>(random_() % settings_.scale.configurations);
    const std::uint32_t commit = static_cast<std::uint32_t>(random_() % settings_.scale.commits);
    asked.push_back({configuration, commit, engine_.find(corpus_, configuration, commit)});
  }
  for (const auto& one : asked) {
    auto ours = engine_.not_passed(one.ref);
    std::sort(ours.begin(), ours.end());
    const auto rows = r1_.not_passed(one.configuration, one.commit);
    bool same = ours.size() == rows.size();
    for (std::size_t i = 0; same && i < rows.size(); ++i) same = ours[i].first == rows[i].first;
    must_agree(same, "failures of a run");
  }
  const auto ours = latency(settings_.queries,
                            [&](int i) { (void)engine_.not_passed(asked[static_cast<std::size_t>(i)].ref); });
  const auto rows = latency(settings_.queries, [&](int i) {
    const auto& one = asked[static_cast<std::size_t>(i)];
    (void)r1_.not_passed(one.configuration, one.commit);
  });
  report.ratio("failures of a run / R1", ours.p50 / rows.p50, 0.05, true,
               format("p50 %.1f us against ", ours.p50) + format("%.0f us", rows.p50));
}

void Comparison::compare_flips(Report& report) {
  progress("flips of all tests over all history");
  std::vector<std::pair<std::uint32_t, std::uint64_t>> rows;
  const double r1 = seconds([&] { rows = r1_.flips(); });
  must_agree(engine_.flips() == rows, "flips");
  const auto ours = latency(5, [&](int) { (void)engine_.flips(); });
  report.ratio("flips of all tests / R1", ours.p50 / 1e6 / r1, 1.0 / 200, true,
               format("p50 %.2f ms against ", ours.p50 / 1000) + format("%.0f ms", r1 * 1000));
}

void measure_over_http(const Settings& settings, const std::string& folder, Report& report) {
  constexpr std::uint32_t kCommits = 1000, kCommitsOnServers = 100;  // whose runs are sent one by one
  measure_http(backends::open_sqlite({.path = folder + "/http.db", .cache_bytes = 128 << 20}).value(),
               "SQLite", kCommits, folder, report);
  if (settings.postgres.empty()) return;
  BackendRegistry registry;
  backends::register_postgres(registry);
  measure_http(registry
                   .open(settings.postgres + (settings.postgres.find('?') == std::string::npos ? "?" : "&") +
                         "schema=resultsdb_http")
                   .value(),
               "PostgreSQL", kCommitsOnServers, {}, report);
}

void measure_columns(const Settings& settings, const std::string& folder, Report& report) {
  const Corpus corpus(settings.seed, settings.scale);
  EngineUnderTest engine(EngineUnderTest::open_file(folder + "/columns-engine.db"));
  progress("ingest beside the column store, " + std::to_string(corpus.arrivals().size()) + " runs");
  for (const auto& arrival : corpus.arrivals()) (void)engine.ingest(corpus.to_run(corpus.generate(arrival)));
  engine.look_up_names(corpus);
  measure_beside_columns(corpus, engine, folder, report);
}

int run(const Settings& settings) {
  auto pattern = (fs::temp_directory_path() / "resultsdb-bench-XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  Report report;
  if (settings.only.empty() || settings.only == "upload")
    for (const bool keep : {false, true}) measure_upload(folder.string(), settings.uploads, keep, report);
  if (settings.only.empty() || settings.only == "retention")
    measure_upload_with_retention(folder.string(), settings.uploads, report);
  if (settings.only.empty() || settings.only == "rows") Comparison(settings, folder.string()).run(report);
  if (settings.only.empty() || settings.only == "columns") measure_columns(settings, folder.string(), report);
  if (settings.only.empty() || settings.only == "simulation") simulate(report);
  if (settings.only == "large") measure_large_answers(folder.string(), settings.seed, report);
  measure_elapsed_time();
  if (settings.only.empty() || settings.only == "http") measure_over_http(settings, folder.string(), report);
  const ServerSettings servers{settings.scale, settings.seed, settings.queries, folder.string()};
  const auto wants = [&](const char* part, const std::string& url) {
    return !url.empty() && (settings.only.empty() || settings.only == part);
  };
  if (wants("postgres", settings.postgres)) measure_postgres(settings.postgres, servers, report);
  if (wants("redis", settings.redis)) measure_redis(settings.redis, servers, report);
  fs::remove_all(folder);
  report.print(settings.json);
  return 0;
}

}  // namespace
}  // namespace resultsdb::bench

int main(int argc, char** argv) {
  namespace po = boost::program_options;
  resultsdb::bench::Settings settings;
  std::string scale, format;
  bool processor_time = false;
  for (const auto& [variable, url] : {std::pair("RESULTSDB_TEST_POSTGRES_SOCKET", &settings.postgres),
                                      std::pair("RESULTSDB_TEST_REDIS_SOCKET", &settings.redis)})
    if (const char* value = std::getenv(variable)) *url = value;
  po::options_description options(
      "resultsdb-bench: ratios to a row per result and to a null parse, in one process");
  options.add_options()  //
      ("scale", po::value(&scale)->default_value("s1"),
       "s1 (10,000 tests x 8 configurations x 200 commits), small, or large (60,000 x 40 x 150)")  //
      ("only", po::value(&settings.only),
       "upload, retention, rows, columns (DuckDB; needs Python's duckdb), simulation, http, postgres, redis; "
       "or large (60,000 tests x 40 configurations, only when asked for)")  //
      ("postgres", po::value(&settings.postgres),
       "URL of a throwaway server (RESULTSDB_TEST_POSTGRES_SOCKET)")                                    //
      ("redis", po::value(&settings.redis), "URL of a throwaway server (RESULTSDB_TEST_REDIS_SOCKET)")  //
      ("seed", po::value(&settings.seed)->default_value(1), "of the corpus")                            //
      ("format", po::value(&format)->default_value("table"), "table or json")                           //
      ("processor-time",
       "count processor time instead of elapsed time, on a machine that has other work (not with servers)")  //
      ("help", "this text");
  try {
    po::variables_map values;
    po::store(po::parse_command_line(argc, argv, options), values);
    po::notify(values);
    processor_time = values.count("processor-time") > 0;
    if (values.count("help") > 0) {
      std::cout << options;
      return 0;
    }
  } catch (const po::error& error) {
    std::cerr << "resultsdb-bench: " << error.what() << '\n';
    return 2;
  }
  if ((settings.only == "postgres" && settings.postgres.empty()) ||
      (settings.only == "redis" && settings.redis.empty())) {
    std::cerr << "resultsdb-bench: no server: run it by script/bench, or below tests/support/servers.sh\n";
    return 2;
  }
  if (scale == "large" && settings.only != "columns") {
    std::cerr << "resultsdb-bench: --scale large is for --only columns; see also --only large\n";
    return 2;
  }
  if (processor_time) resultsdb::bench::measure_processor_time();
  if (scale == "small") settings.scale = {.tests = 2000, .configurations = 8, .commits = 200};
  if (scale == "large") settings.scale = {.tests = 60'000, .configurations = 40, .commits = 150};
  settings.json = format == "json";
  return resultsdb::bench::run(settings);
}
