#include "columns_bench.hpp"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include "resultsdb/answers.hpp"

namespace resultsdb::bench {
namespace {

constexpr double kTarget = 1.0 / 500;
using Flips = std::vector<std::pair<std::uint32_t, std::uint64_t>>;

std::string python() {
  const char* named = std::getenv("RESULTSDB_BENCH_PYTHON");
  return named != nullptr ? named : "python3";
}

/// As one word of a command line.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + '\'';
}

void must_succeed(bool done, const std::string& what) {
  if (done) return;
  std::cerr << what << ": failed\n";
  std::exit(1);
}

/// Lines of numbers: test, configuration, commit, outcome, milliseconds. Returns how many.
std::uint64_t write_rows(const Corpus& corpus, std::FILE* out) {
  std::string lines;
  const auto add = [&](std::int64_t number, char end) {
    char digits[24];
    lines.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr) += end;
  };
  std::size_t done = 0;
  std::uint64_t count = 0;
  for (const auto& arrival : corpus.arrivals()) {
    if (done++ % 500 == 0)
      progress("rows for the column store, run " + std::to_string(done) + " of " +
               std::to_string(corpus.arrivals().size()));
    const auto run = corpus.generate(arrival);
    lines.clear();
    for (std::uint32_t test = 0; test < run.outcomes.size(); ++test) {
      if (run.outcomes[test] == kAbsent) continue;
      ++count;
      add(test, ',');
      add(run.configuration, ',');
      add(run.commit, ',');
      add(run.outcomes[test], ',');
      add(run.duration_ms[test], '\n');
    }
    must_succeed(std::fwrite(lines.data(), 1, lines.size(), out) == lines.size(), "handing over rows");
  }
  return count;
}

/// What duckdb_flips.py says.
struct Columns {
  std::string version;
  double load = 0, bytes = 0;  // seconds
  std::uint64_t rows = 0;
  int threads = 1;  // what DuckDB takes by itself
  struct Times {
    double cold = 0, elapsed = 0, processor = 0;  // seconds
  };
  std::map<int, Times> flakiest, as_loaded;  // by threads
  Flips flips;
};

Columns read_columns(const std::string& path) {
  Columns columns;
  std::ifstream in(path);
  for (std::string word; in >> word;) {
    if (word == "version") {
      in >> columns.version;
    } else if (word == "load") {
      in >> columns.load;
    } else if (word == "rows") {
      in >> columns.rows;
    } else if (word == "bytes") {
      in >> columns.bytes;
    } else if (word == "threads") {
      in >> columns.threads;
    } else if (word == "flips") {
      auto& row = columns.flips.emplace_back();
      in >> row.first >> row.second;
    } else {
      int threads = 0;
      in >> threads;
      auto& times = (word == "flakiest" ? columns.flakiest : columns.as_loaded)[threads];
      in >> times.cold >> times.elapsed >> times.processor;
    }
  }
  return columns;
}

std::string in_words(const Columns::Times& times) {
  return format("%.0f ms elapsed, ", times.elapsed * 1000) +
         format("%.0f ms of processor time", times.processor * 1000) +
         format(" (the first time %.0f ms elapsed)", times.cold * 1000);
}

}  // namespace

void measure_beside_columns(const Corpus& corpus, EngineUnderTest& engine, const std::string& folder,
                            Report& report) {
  if (std::system((quoted(python()) + " -c 'import duckdb' 2>/dev/null").c_str()) != 0) {
    report.figure("flakiest 20 / a column store",
                  "not measured: " + python() +
                      " has no duckdb. `python3 -m venv V && V/bin/pip install duckdb`, then "
                      "RESULTSDB_BENCH_PYTHON=V/bin/python3");
    return;
  }
  std::signal(SIGPIPE, SIG_IGN);  // a Python that ends early is noticed by its status
  const std::string answers_file = folder + "/columns.txt";
  std::FILE* rows = ::popen((quoted(python()) + " " + quoted(RESULTSDB_BENCHMARKS "/duckdb_flips.py") + " " +
                             quoted(folder + "/columns.db") + " " + quoted(answers_file))
                                .c_str(),
                            "w");
  must_succeed(rows != nullptr, "starting Python");
  const std::uint64_t results = write_rows(corpus, rows);
  progress("the column store sorts its rows and answers");
  must_succeed(::pclose(rows) == 0, "duckdb_flips.py");
  const Columns columns = read_columns(answers_file);
  must_agree(columns.rows == results, "numbers of results");
  must_agree(engine.flips() == columns.flips, "changes of all tests");

  Answers answers(engine.model());
  FlakyQuery query;
  query.suite = "layout-tests";
  const auto ask = [&] { must_succeed(answers.flaky(query).ok(), "flakiest tests"); };
  const double cold = seconds(ask);
  const Latency ours = latency(20, [&](int) { ask(); });
  const bool processor = measures_processor_time();
  const auto& one = columns.flakiest.at(1);
  report.ratio("flakiest 20 over all history / DuckDB with one thread",
               ours.p50 / 1e6 / (processor ? one.processor : one.elapsed), kTarget, true,
               format("p50 %.2f ms", ours.p50 / 1000) + format(" (the first time %.0f) ", cold * 1000) +
                   (processor ? "of processor time" : "elapsed") + " against " + in_words(one));
  for (const auto& [threads, times] : columns.flakiest)
    if (threads != 1)
      report.figure("DuckDB with " + std::to_string(threads) + " threads, its default", in_words(times));
  report.figure("DuckDB, one thread, reading rows in the order they were loaded",
                in_words(columns.as_loaded.at(1)));
  report.figure("DuckDB " + columns.version,
                format("%.2f bytes a result", columns.bytes / static_cast<double>(results)) +
                    format(", loaded and sorted in %.0f s", columns.load));
}

}  // namespace resultsdb::bench
