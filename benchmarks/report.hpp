// Figures and the table that is printed at the end.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace resultsdb::bench {

/// From here on `seconds` counts the calling thread's processor time, for machines that have other work.
void measure_processor_time();
/// Elapsed time again: what a server does is no processor time of ours.
void measure_elapsed_time();
bool measures_processor_time();
/// Seconds that `work` takes.
double seconds(const std::function<void()>& work);
/// Median (and 99th percentile) of the times of `count` calls, in microseconds.
struct Latency {
  double p50 = 0, p99 = 0;
};
Latency latency(int count, const std::function<void(int)>& call);
Latency percentiles(std::vector<double> microseconds);

class Report {
 public:
  /// `ratio` is met if it is at most (or at least) `target`.
  void ratio(std::string what, double measured, double target, bool at_most, std::string detail);
  void figure(std::string what, std::string value);
  void print(bool json) const;
  bool all_met() const;

 private:
  struct Row {
    std::string what, detail;
    double measured = 0, target = 0;
    bool at_most = true, is_ratio = true;
    bool met() const { return !is_ratio || (at_most ? measured <= target : measured >= target); }
  };
  std::vector<Row> rows_;
};

/// Ends the program if two answers differ: a fast wrong answer is none.
void must_agree(bool agree, const std::string& what);
/// A line on the standard error.
void progress(const std::string& text);
std::string format(const char* pattern, double value);

}  // namespace resultsdb::bench
