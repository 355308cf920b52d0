#include "answers_bench.hpp"

#include <cstdlib>
#include <iostream>

#include "resultsdb/answers.hpp"
#include "resultsdb/standings.hpp"

namespace resultsdb::bench {
namespace {

constexpr const char* kSuite = "layout-tests";

template <class T>
T need(Result<T> result) {
  if (result) return std::move(result).value();
  std::cerr << result.error() << '\n';
  std::exit(1);
}

Question question() {
  Question question;
  question.suite = kSuite;
  return question;
}

RegressionsQuery all_changes() {
  RegressionsQuery query{question()};
  query.state = RegressionsQuery::State::All;
  query.limit = 0;
  return query;
}

CompareQuery two_commits(std::uint32_t a, std::uint32_t b) {
  CompareQuery query{.suite = kSuite};
  query.a.range = {.from_position = Corpus::position(a), .to_position = Corpus::position(a)};
  query.b.range = {.from_position = Corpus::position(b), .to_position = Corpus::position(b)};
  return query;
}

std::string milliseconds(const Latency& latency) { return format("p50 %.2f ms", latency.p50 / 1000); }

}  // namespace

void measure_answers(const Corpus& corpus, const EngineUnderTest& engine, RowBaseline& r1, Report& report) {
  progress("answers over the whole suite");
  Answers answers(engine.model());
  const double cold = seconds([&] { (void)need(answers.flaky({question()})); });
  const auto flaky = latency(20, [&](int) { (void)need(answers.flaky({question()})); });
  const double rows = seconds([&] { (void)r1.flips(); });
  report.ratio("flakiest 20 over all history / flips of R1", flaky.p50 / 1e6 / rows, 1.0 / 200, true,
               milliseconds(flaky) + format(" (the first time %.0f) against ", cold * 1000) +
                   format("%.0f ms", rows * 1000));
  const auto open = latency(20, [&](int) { (void)need(answers.regressions({question()})); });
  report.ratio("open regressions of the suite / flips of R1", open.p50 / 1e6 / rows, 1.0 / 200, true,
               milliseconds(open));
  const std::uint32_t a = corpus.scale().commits / 2, b = a + 20;
  const Comparison comparison = need(answers.compare(two_commits(a, b)));
  const std::uint64_t fresh = r1.new_failures(a, b);
  must_agree(comparison.counts[static_cast<std::size_t>(Difference::NewFailure)] == fresh,
             "new failures between two commits: " + std::to_string(fresh));
  const auto compare = latency(20, [&](int) { (void)need(answers.compare(two_commits(a, b))); });
  const auto join = latency(20, [&](int) { (void)r1.new_failures(a, b); });
  report.ratio("comparison of two commits / new failures of R1", compare.p50 / join.p50, 1, true,
               milliseconds(compare) + format(" against %.2f ms", join.p50 / 1000));
}

void measure_large_answers(const std::string& folder, std::uint64_t seed, Report& report) {
  const Scale scale{.tests = 60'000, .configurations = 40, .commits = 150};
  const Corpus corpus(seed, scale);
  EngineUnderTest engine(EngineUnderTest::open_file(folder + "/large.db"));
  std::size_t done = 0;
  for (const auto& arrival : corpus.arrivals()) {
    if (done++ % 500 == 0)
      progress("large suite, run " + std::to_string(done) + " of " +
               std::to_string(corpus.arrivals().size()));
    (void)engine.ingest(corpus.to_run(corpus.generate(arrival), false));
  }
  Answers answers(engine.model());
  const double cold = seconds([&] { (void)need(answers.flaky({question()})); });
  const auto flaky = latency(10, [&](int) { (void)need(answers.flaky({question()})); });
  const auto open = latency(10, [&](int) { (void)need(answers.regressions({question()})); });
  const auto all = latency(5, [&](int) { (void)need(answers.regressions(all_changes())); });
  const auto compare = latency(10, [&](int) { (void)need(answers.compare(two_commits(100, 120))); });
  // What is written later must be read, and nothing else: a small question takes it in, and is asked again.
  StandingsQuery small{question()};
  small.tests = {corpus.name(0)};
  std::vector<double> first, again, taken_in, upload;
  for (std::uint32_t i = 0; i < 2 * scale.configurations; ++i) {
    Run run = corpus.to_run(corpus.generate(corpus.arrivals()[corpus.arrivals().size() - 1 - i]));
    run.header.position = Corpus::position(scale.commits + i);
    upload.push_back(
        1e6 * seconds([&] { (void)need(engine.model()->ingest(run, {.received = run.header.started})); }));
    first.push_back(1e6 * seconds([&] { (void)need(answers.standings(small)); }));
    again.push_back(1e6 * seconds([&] { (void)need(answers.standings(small)); }));
    taken_in.push_back(first.back() - again.back());
  }
  report.ratio(
      "taking in 60,000 results for the answers / storing them",
      percentiles(taken_in).p50 / percentiles(upload).p50, 0.2, true,
      milliseconds(percentiles(taken_in)) + format(" against %.2f ms", percentiles(upload).p50 / 1000));
  report.figure("60,000 x 40 x 150: standing of a test",
                milliseconds(percentiles(again)) + "; after an upload " + milliseconds(percentiles(first)));
  report.figure("60,000 x 40 x 150: first answer", format("%.0f ms", cold * 1000));
  report.figure("60,000 x 40 x 150: flakiest 20", milliseconds(flaky) + " (aim 150)");
  report.figure("60,000 x 40 x 150: open regressions",
                milliseconds(open) + " (aim 50); all changes " + milliseconds(all));
  report.figure("60,000 x 40 x 150: comparison of two commits", milliseconds(compare) + " (aim 5)");
}

}  // namespace resultsdb::bench
