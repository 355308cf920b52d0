#include "report.hpp"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "resultsdb/json.hpp"

namespace resultsdb::bench {

namespace {

clockid_t measured_clock = CLOCK_MONOTONIC;

double now() {
  timespec time{};
  ::clock_gettime(measured_clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

void measure_processor_time() { measured_clock = CLOCK_THREAD_CPUTIME_ID; }
void measure_elapsed_time() { measured_clock = CLOCK_MONOTONIC; }
bool measures_processor_time() { return measured_clock == CLOCK_THREAD_CPUTIME_ID; }

double seconds(const std::function<void()>& work) {
  const double begin = now();
  work();
  return now() - begin;
}

Latency percentiles(std::vector<double> microseconds) {
  if (microseconds.empty()) return {};
  std::sort(microseconds.begin(), microseconds.end());
  return {microseconds[microseconds.size() / 2], microseconds[microseconds.size() * 99 / 100]};
}

Latency latency(int count, const std::function<void(int)>& call) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) times.push_back(1e6 * seconds([&] { call(i); }));
  return percentiles(std::move(times));
}

void Report::ratio(std::string what, double measured, double target, bool at_most, std::string detail) {
  rows_.push_back({std::move(what), std::move(detail), measured, target, at_most, true});
}

void Report::figure(std::string what, std::string value) {
  rows_.push_back({std::move(what), std::move(value), 0, 0, true, false});
}

bool Report::all_met() const {
  return std::all_of(rows_.begin(), rows_.end(), [](const Row& row) { return row.met(); });
}

void Report::print(bool json) const {
  if (json) {
    std::string out = "[";
    for (const auto& row : rows_) {
      out += out.size() > 1 ? ",\n" : "";
      out += "{\"what\":" + json::quote(row.what) + ",\"detail\":" + json::quote(row.detail);
      if (row.is_ratio) {
        out += ",\"measured\":";
        json::append_number(out, row.measured);
        out += ",\"target\":";
        json::append_number(out, row.target);
        out += row.met() ? ",\"met\":true" : ",\"met\":false";
      }
      out += '}';
    }
    std::cout << out << "]\n";
    return;
  }
  std::cout << "| what | measured | target | | detail |\n|---|---|---|---|---|\n";
  for (const auto& row : rows_) {
    if (!row.is_ratio) {
      std::cout << "| " << row.what << " | | | | " << row.detail << " |\n";
      continue;
    }
    std::printf("| %s | %.4g | %s %.4g | %s | %s |\n", row.what.c_str(), row.measured,
                row.at_most ? "<=" : ">=", row.target, row.met() ? "met" : "MISSED", row.detail.c_str());
    std::fflush(stdout);
  }
}

void must_agree(bool agree, const std::string& what) {
  if (agree) return;
  std::cerr << "the answers differ: " << what << '\n';
  std::exit(1);
}

void progress(const std::string& text) { std::cerr << "-- " << text << std::endl; }

std::string format(const char* pattern, double value) {
  char buffer[128];
  std::snprintf(buffer, sizeof buffer, pattern, value);
  return buffer;
}

}  // namespace resultsdb::bench
