// Commands about what takes long and what fails alike: folders, slow, durations, shards, clusters.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "commands.hpp"
#include "context.hpp"
#include "judging.hpp"
#include "lookup.hpp"
#include "resultsdb/clusters.hpp"
#include "resultsdb/duration_tree.hpp"
#include "resultsdb/test_durations.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

/// Microseconds in JSON and CSV, seconds in tables.
Cell time_cell(Duration time) {
  Cell shown = cell(static_cast<std::int64_t>(time.count()));
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", static_cast<double>(time.count()) / 1e6);
  shown.shortened = text;
  return shown;
}

Cell short_cell(std::optional<double> number) {
  Cell shown = cell(number);
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", number.value_or(0));
  if (number) shown.shortened = text;
  return shown;
}

/// So many bytes or, of a character that does not end there, a few less.
std::string beginning(const std::string& text, std::size_t most) {
  std::size_t size = std::min(text.size(), most);
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

SlowQuery::Order parse_order(const std::string& text) {
  if (text == "p50") return SlowQuery::Order::P50;
  if (text == "spent") return SlowQuery::Order::Spent;
  if (text == "growth") return SlowQuery::Order::Growth;
  throw UsageError{"--sort: '" + text + "' is none of p50, spent, growth"};
}

TimeBucket parse_bucket(const std::string& text) {
  if (text == "run") return TimeBucket::Run;
  if (text == "day") return TimeBucket::Day;
  if (text == "week") return TimeBucket::Week;
  throw UsageError{"--bucket: '" + text + "' is none of run, day, week"};
}

/// A folder before what is in it; `rest` is what the answer leaves out.
void add_folders(Records& records, const std::string& suite, const DurationFolder& folder,
                 std::int64_t level) {
  const auto add = [&](const std::string& name, std::int64_t at, Duration total, std::uint64_t tests,
                       std::optional<std::int64_t> failing) {
    const auto count = static_cast<std::int64_t>(tests);
    records.add({cell(suite), cell(name), cell(at), time_cell(total), cell(count),
                 time_cell(total / std::max<std::int64_t>(count, 1)),
                 failing ? cell(*failing) : Cell{"", "null"}});
  };
  add(folder.name.empty() ? "(all)" : folder.name, level, folder.total, folder.tests,
      static_cast<std::int64_t>(folder.failing));
  for (const DurationFolder& child : folder.children) add_folders(records, suite, child, level + 1);
  if (folder.rest_tests > 0)
    add(folder.name + "(others)", level + 1, folder.rest_total, folder.rest_tests, std::nullopt);
}

/// A JSON array with an item for each run.
Cell points_cell(const DurationsAnswer::OnTimeline& on) {
  Records points({"run", "position", "started", "duration_us", "timed_out"});
  for (const auto& point : on.points)
    points.add({cell(point.run->id),
                cell(std::int64_t{point.run->position}),
                cell(format_rfc3339(point.run->started)),
                cell(static_cast<std::int64_t>(point.duration.count())),
                {"", point.timed_out ? "true" : "false"}});
  return {std::to_string(on.points.size()), "[" + points.json_items() + "]"};
}

std::vector<Cell> bucket_cells(const DurationsAnswer::Bucket& bucket) {
  const auto& durations = bucket.durations;
  std::vector<Cell> row{cell(format_rfc3339(bucket.begin)), cell(static_cast<std::int64_t>(durations.n))};
  for (const Duration time : {durations.p10, durations.p50, durations.p90, durations.max})
    row.push_back(durations.n == 0 ? cell(std::optional<double>()) : time_cell(time));
  row.push_back(cell(std::int64_t{bucket.timeouts}));
  return row;
}

Cell buckets_cell(const DurationsAnswer::OnTimeline& on) {
  Records buckets({"begin", "n", "p10_us", "p50_us", "p90_us", "max_us", "timeouts"});
  for (const auto& bucket : on.buckets) buckets.add(bucket_cells(bucket));
  return {std::to_string(on.buckets.size()), "[" + buckets.json_items() + "]"};
}

Records buckets_of(const DurationsAnswer& answer) {
  Records records({"timeline", "branch", "configuration", "begin", "n", "p10_us", "p50_us", "p90_us",
                   "max_us", "timeouts"});
  const ConfigurationLabels labels(answer.timelines);
  for (const auto& on : answer.per_timeline) {
    const TimelineInfo& timeline = answer.timelines[on.timeline];
    for (const auto& bucket : on.buckets) {
      std::vector<Cell> row{cell(timeline.id), cell(timeline.branch), labels.cell(timeline.configuration)};
      std::ranges::move(bucket_cells(bucket), std::back_inserter(row));
      records.add(std::move(row));
    }
  }
  records.hide({"timeline"});
  records.hide_if_equal({"branch"});
  return records;
}

Records series_of(const DurationsAnswer& answer) {
  Records records({"timeline", "branch", "configuration", "n", "p10_us", "p50_us", "p90_us", "p95_us",
                   "max_us", "timeouts", "points", "buckets"});
  const ConfigurationLabels labels(answer.timelines);
  for (const DurationsAnswer::OnTimeline& on : answer.per_timeline) {
    const TimelineInfo& timeline = answer.timelines[on.timeline];
    const aggregate::DurationSummary& durations = on.durations;
    const auto timeouts = std::ranges::count(on.points, true, &DurationsAnswer::Point::timed_out);
    records.add({cell(timeline.id), cell(timeline.branch), labels.cell(timeline.configuration),
                 cell(static_cast<std::int64_t>(durations.n)), time_cell(durations.p10),
                 time_cell(durations.p50), time_cell(durations.p90), time_cell(durations.p95),
                 time_cell(durations.max), cell(static_cast<std::int64_t>(timeouts)), points_cell(on),
                 buckets_cell(on)});
  }
  records.hide({"timeline", "points", "buckets"});
  records.hide_if_equal({"branch"});
  return records;
}

Records changes_of(const DurationsAnswer& answer) {
  Records records({"timeline", "branch", "configuration", "run", "position", "first_after", "ratio", "p"});
  const ConfigurationLabels labels(answer.timelines);
  for (const DurationsAnswer::OnTimeline& on : answer.per_timeline)
    for (const DurationsAnswer::Change& change : on.changes) {
      const TimelineInfo& timeline = answer.timelines[on.timeline];
      records.add({cell(timeline.id), cell(timeline.branch), labels.cell(timeline.configuration),
                   cell(change.run->id), cell(std::int64_t{change.run->position}), cell(change.run),
                   short_cell(change.ratio), short_cell(change.p)});
    }
  records.hide({"timeline", "run", "position"});
  records.hide_if_equal({"branch"});
  return records;
}

std::string next_after(const DurationsAnswer& answer, const std::string& suite) {
  const bool slower = std::ranges::any_of(answer.per_timeline, [](const auto& on) {
    return std::ranges::any_of(on.changes, [](const auto& change) { return change.ratio > 1; });
  });
  return std::string("next: resultsdb slow ") + (slower ? "--sort growth " : "") + "--suite " +
         shell_word(suite) + (slower ? " tells what else became slower" : "");
}

}  // namespace

int run_folders(const Arguments& arguments) {
  Options options("folders", "[PREFIX] [--suite S] [--depth N]", 1);
  add_question(options, 10);
  options.add()                                                                              //
      ("run", po::value<std::string>(), "what this run took")                                //
      ("depth", po::value<std::uint32_t>()->default_value(2), "levels of folders, 1 to 20")  //
      ("limit", po::value<std::uint32_t>()->default_value(40), "folders and tests of a suite, the longest");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  DurationTreeQuery query;
  query.prefix = options.positional().empty() ? "" : options.positional().front();
  query.depth = options.number("depth");
  query.most = options.number("limit");
  const auto model = open_model(options, Access::Read);
  Answers answers(model);
  Records records({"suite", "folder", "level", "total_us", "tests", "average_us", "failing"});
  Basis basis;
  const auto suites =
      options.has("run") ? std::vector{only_suite(*model, options, "folders")} : suites_of(*model, options);
  for (const std::string& suite : suites) {
    static_cast<Question&>(query) = parse_question(options, suite);
    query.run = options.text("run");
    const auto answer = ask([&] { return answers.duration_tree(query); });
    add_basis(basis, answer.basis);
    if (answer.root.tests > 0) add_folders(records, suite, answer.root, 0);
  }
  records.hide({"level"});
  print_list(format, records, records.size(), basis, "no tests");
  return kDone;
}

int run_slow(const Arguments& arguments) {
  Options options("slow", "[--suite S]", 0);
  add_question(options, 10);
  options.add()                                                                         //
      ("sort", po::value<std::string>()->default_value("p50"), "p50, spent or growth")  //
      ("by-timeline", "each timeline by itself")                                        //
      ("limit", po::value<std::uint32_t>()->default_value(20), "tests of a suite; 0: all");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  const auto order = parse_order(options.text("sort"));
  const auto model = open_model(options, Access::Read);
  Answers answers(model);
  Records records({"suite", "test", "configuration", "n", "p50_us", "p95_us", "max_us", "timeouts", "share",
                   "growth", "growth_low", "growth_high"});
  Basis basis;
  std::uint64_t total = 0;
  for (const std::string& suite : suites_of(*model, options)) {
    SlowQuery query;
    static_cast<Question&>(query) = parse_question(options, suite);
    query.order = order;
    query.by_timeline = options.has("by-timeline");
    query.limit = options.number("limit");
    const auto answer = need(answers.slow(query));
    const ConfigurationLabels labels(answer.timelines);
    add_basis(basis, answer.basis);
    total += order == SlowQuery::Order::Growth ? 0 : answer.total;  // not all of them have grown
    for (const SlowTest& test : answer.tests) {
      const auto growth = [&](double aggregate::Growth::* member) {
        return short_cell(test.growth ? std::optional((*test.growth).*member) : std::nullopt);
      };
      records.add(
          {name_cell(suite), name_cell(test.test),
           test.timeline ? labels.cell(answer.timelines[*test.timeline].configuration) : Cell{"", "null"},
           cell(static_cast<std::int64_t>(test.durations.n)), time_cell(test.durations.p50),
           time_cell(test.durations.p95), time_cell(test.durations.max), cell(std::int64_t{test.timeouts}),
           short_cell(test.share), growth(&aggregate::Growth::ratio), growth(&aggregate::Growth::low),
           growth(&aggregate::Growth::high)});
    }
  }
  print_list(format, records, total, basis, "no durations");
  return kDone;
}

int run_durations(const Arguments& arguments) {
  Options options("durations", "TEST [--suite S]", 1);
  add_question(options, 0);
  options.add()("bucket", po::value<std::string>()->default_value("run"),
                "run, day or week: sum up by the UTC day or week of the runs' starts");
  if (!options.parse(arguments)) return kDone;
  if (options.positional().size() != 1) throw UsageError{"durations: name one test"};
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  const std::string suite = only_suite(*model, options, "durations"), test = options.positional().front();
  DurationsQuery query;
  static_cast<Question&>(query) = parse_question(options, suite);
  query.test = test;
  query.bucket = parse_bucket(options.value<std::string>("bucket"));
  const auto answer = ask_about_tests(*model, suite, [&] { return Answers(model).durations(query); });
  const Records series = series_of(answer), changes = changes_of(answer);
  if (format == Format::Json) {
    std::cout << "{\"series\":[" << series.json_items() << "],\"change_points\":[" << changes.json_items()
              << "],\"basis\":" << basis_json(answer.basis) << "}\n";
    return kDone;
  }
  if (query.bucket == TimeBucket::Run) {
    series.print(format, "no durations");
  } else {
    buckets_of(answer).print(format, "no durations");
  }
  if (format == Format::Table) {
    if (!changes.empty()) {
      std::cout << "\nchanged, from the first run after it on:\n";
      changes.print(format, "");
    }
    print_basis(answer.basis);
  }
  hint(format, next_after(answer, suite));
  return kDone;
}

int run_shards(const Arguments& arguments) {
  Options options("shards", "N [--suite S]", 1);
  add_question(options, 10);
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  const std::string count = options.positional().empty() ? "" : options.positional().front();
  if (count.empty() || count.size() > 5 || count.find_first_not_of("0123456789") != std::string::npos)
    throw UsageError{"shards: give the number of machines, 1 to 10000"};
  const auto model = open_model(options, Access::Read);
  ShardsQuery query;
  static_cast<Question&>(query) = parse_question(options, only_suite(*model, options, "shards"));
  query.shards = static_cast<std::uint32_t>(std::stoul(count));
  const auto answer = need(Answers(model).shards(query));
  Records records({"shard", "predicted_us", "tests", "names"});
  for (std::size_t i = 0; i < answer.shards.size(); ++i)
    records.add({cell(static_cast<std::int64_t>(i)), time_cell(answer.shards[i].predicted),
                 cell(static_cast<std::int64_t>(answer.shards[i].tests.size())),
                 cell(answer.shards[i].tests, 1)});
  records.print(format, "no tests");
  if (format == Format::Table && answer.unknown > 0)
    std::cerr << answer.unknown << " of " << answer.tests
              << " tests have no duration yet: they count as the median of the others\n";
  return kDone;
}

int run_clusters(const Arguments& arguments) {
  Options options("clusters", "[--suite S]", 0);
  add_question(options, 1);
  options.add_clone();
  options.add()                                                                         //
      ("run", po::value<std::string>(), "only this run")                                //
      ("commit", po::value<std::string>(), "only runs of this commit, REPOSITORY@REF")  //
      ("test", po::value<std::string>(), "only this test")                              //
      ("limit", po::value<std::uint32_t>()->default_value(20), "clusters of a suite; 0: all");
  if (!options.parse(arguments)) return kDone;
  const auto format = options.format();
  const auto model = open_model(options, Access::Read);
  Answers answers(model);
  Records records({"suite", "id", "results", "test_count", "tests", "configurations", "pattern", "example",
                   "first", "newest", "like"});
  Basis basis;
  std::uint64_t total = 0;
  for (const std::string& suite : suites_of(*model, options)) {
    ClustersQuery query;
    static_cast<Question&>(query) = parse_question(options, suite);
    query.run = options.text("run");
    query.test = options.text("test");
    if (options.has("commit"))
      query.commit = named_commit(*model, options, options.text("commit"), "--commit");
    query.limit = options.number("limit");
    const auto answer = need(answers.clusters(query));
    const ConfigurationLabels labels(answer.timelines);
    add_basis(basis, answer.basis);
    total += answer.total;
    for (const FailureCluster& cluster : answer.clusters) {
      std::vector<Configuration> where;
      for (const std::uint32_t timeline : cluster.timelines)
        where.push_back(answer.timelines[timeline].configuration);
      Cell example = cell(cluster.example);
      example.shortened = beginning(cluster.example.substr(0, cluster.example.find('\n')), 60);
      records.add({name_cell(suite), cell(cluster.id), cell(static_cast<std::int64_t>(cluster.results)),
                   cell(static_cast<std::int64_t>(cluster.test_count)), cell(cluster.tests, 1),
                   labels.cell(where, 1), name_cell(cluster.id.empty() ? "(no message)" : cluster.pattern),
                   example, cell(cluster.first), cell(cluster.newest), cell(cluster.like)});
    }
    if (answer.truncated)
      std::cerr << suite << ": only the newest " << query.max_results << " bad results were read\n";
  }
  print_list(format, records, total, basis, "nothing fails");
  return kDone;
}

}  // namespace resultsdb::cli
