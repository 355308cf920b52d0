#include <iostream>
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/model.hpp"

int main() {
  auto model = resultsdb::Model::create(resultsdb::backends::open_memory()).value();

  resultsdb::Run run;
  run.header.suite = "unit";
  run.header.configuration.set("os", "linux");
  run.header.started = resultsdb::system_clock()();
  run.results.add({.test = "math.adds", .actual = "PASS", .duration = std::chrono::milliseconds{3}});
  run.results.add({.test = "math.divides", .actual = "FAIL"});
  auto stored = model->ingest(run, {.received = run.header.started});
  if (!stored) return std::cerr << stored.error() << '\n', 1;

  auto failures = model->results({.run = (*stored).run->id, .which = resultsdb::RunResultsQuery::Which::Failing},
                                 run.header.started);
  for (const auto& row : failures.value().rows) std::cout << row.test << ": " << row.outcome.actual << '\n';
}
