// `go test -json`: one event a line, of many packages at once.
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <map>
#include <utility>

#include "formats/byte_lines.hpp"
#include "formats/go_text.hpp"
#include "formats/readers.hpp"
#include "formats/run_builder.hpp"
#include "formats/text.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::formats {
namespace {

struct Event {
  std::string time, action, package, test, output, import_path, failed_build, key, value;
  std::optional<double> elapsed;
};

std::string text_of(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string().data(), value->get_string().size());
}

std::optional<Event> event_of(const boost::json::object& object) {
  if (!object.contains("Action")) return std::nullopt;
  Event event;
  event.time = text_of(object, "Time");
  event.action = text_of(object, "Action");
  event.package = text_of(object, "Package");
  event.test = text_of(object, "Test");
  event.output = text_of(object, "Output");
  event.import_path = text_of(object, "ImportPath");
  event.failed_build = text_of(object, "FailedBuild");
  event.key = text_of(object, "Key");
  event.value = text_of(object, "Value");
  const boost::json::value* elapsed = object.if_contains("Elapsed");
  if (elapsed != nullptr && elapsed->is_number()) event.elapsed = elapsed->to_number<double>();
  return event;
}

/// What a line of the stream is.
struct Line {
  std::optional<Event> event;
  bool broken = false;  ///< begins as an object and is none
};

Line parse_line(std::string line) {
  json::replace_lone_surrogates(line);
  boost::json::monotonic_resource memory;
  boost::json::parse_options options;
  options.max_depth = json::kMaxDepth;
  boost::json::error_code failure;
  const boost::json::value value = boost::json::parse({line.data(), line.size()}, failure, &memory, options);
  if (failure) return {std::nullopt, trim(line).starts_with("{\"")};
  if (!value.is_object()) return {};
  return {event_of(value.get_object()), false};
}

Repetition run_again(std::span<ImportedTest>) { return {AttemptKind::Retry, ""}; }

/// The first line of the output of a package or a build that says what went wrong.
std::string first_problem(std::string_view output) {
  std::string_view line;
  while (next_line(output, line)) {
    if (line.starts_with("# ")) continue;  // the compiler names the package
    if (std::string text = first_line(line); !text.empty()) return text;
  }
  return {};
}

class GoRun {
 public:
  explicit GoRun(RunBuilder& builder) : builder_(builder) {}

  void handle(const Event& event, std::uint64_t line) {
    line_ = line;
    note_start(event.time);
    if (event.action == "build-output") {
      build(event.import_path).append(event.output);
    } else if (event.action == "build-fail") {
      build(event.import_path);
    } else if (event.package.empty()) {
      stray_output(event.output);
    } else if (event.test.empty()) {
      package_event(event);
    } else {
      test_event(event);
    }
  }

  /// A line that is no event.
  void stray_output(std::string_view text) {
    output_.append(text);
    output_.append("\n");
  }

  void finish() {
    while (!packages_.empty()) {
      const std::string name = packages_.begin()->first;
      builder_.warn("truncated", "package \"" + name + "\" has no end", line_);
      end_open_tests(name, packages_.begin()->second, "");
      packages_.erase(packages_.begin());
    }
    for (const auto& [name, output] : builds_) {
      builder_.warn("truncated", "the build of \"" + name + "\" failed, and no package tells of it", line_);
    }
    builder_.run().output = builder_.take_text(output_);
  }

 private:
  struct Test {
    BoundedText output{kTextBytes};
    std::vector<std::pair<std::string, std::string>> properties;
  };
  struct Package {
    std::map<std::string, Test> open;  ///< started and not ended
    BoundedText output{kTextBytes};
    bool failed = false;  ///< a test of it failed
    bool timed_out = false;
  };

  BoundedText& build(const std::string& import_path) {
    return builds_.try_emplace(import_path, kTextBytes).first->second;
  }

  void note_start(std::string_view time) {
    if (builder_.run().started || time.empty()) return;
    if (const auto parsed = parse_rfc3339(time)) builder_.run().started = parsed.value();
  }

  void package_event(const Event& event) {
    Package& package = packages_[event.package];
    if (event.action == "output") {
      package.output.append(event.output);
      package.timed_out = package.timed_out || contains(event.output, "panic: test timed out after");
    } else if (event.action == "pass" || event.action == "fail" || event.action == "skip") {
      end_open_tests(event.package, package, event.action);
      if (event.action == "fail" && !package.failed) add_container(event, package);
      packages_.erase(event.package);
    }
    if (!event.failed_build.empty()) builds_.erase(event.failed_build);
  }

  void add_container(const Event& event, Package& package) {
    std::string output = builder_.take_text(package.output, line_);
    const auto built = builds_.find(event.failed_build);
    ImportedTest test;
    test.name = event.package;
    test.container = true;
    const std::string_view panic = go_panic(output);
    test.outcome = panic.empty() ? "ERROR" : panic;
    if (built != builds_.end()) output.insert(0, builder_.take_text(built->second, line_));
    test.message = first_problem(output);
    test.duration_ms = duration_of(event);
    test.output = std::move(output);
    if (!panic.empty()) warn_aborted(event.package);
    builder_.add(std::move(test), line_);
  }

  void test_event(const Event& event) {
    Package& package = packages_[event.package];
    if (event.action == "run") {
      package.open[event.test] = {};
    } else if (event.action == "output") {
      output_of_test(event, package);
      package.timed_out = package.timed_out || event.output.starts_with("panic: test timed out after");
    } else if (event.action == "attr") {
      package.open[event.test].properties.emplace_back(event.key, event.value);
    } else if (event.action == "pass" || event.action == "bench") {
      end_test(event, package, "PASS");
    } else if (event.action == "fail") {
      end_test(event, package, "FAIL");
    } else if (event.action == "skip") {
      end_test(event, package, "SKIP");
    }
  }

  /// What is printed in the name of a test after its end does not start it again.
  void output_of_test(const Event& event, Package& package) {
    const bool open = package.open.contains(event.test);
    const bool ended = !open && builder_.find(event.package + "." + event.test) != nullptr;
    (ended ? package.output : package.open[event.test].output).append(event.output);
  }

  void end_test(const Event& event, Package& package, std::string_view outcome) {
    Test state = std::move(package.open[event.test]);
    package.open.erase(event.test);
    ImportedTest test;
    test.name = event.package + "." + event.test;
    test.output = builder_.take_text(state.output, line_);
    test.properties = std::move(state.properties);
    const std::string_view panic = outcome == "FAIL" ? go_panic(test.output) : std::string_view();
    test.outcome = panic.empty() ? outcome : panic;
    if (!panic.empty()) warn_aborted(event.package);
    test.duration_ms = duration_of(event);
    add_test(std::move(test), package);
  }

  /// A package has ended, or the stream: what still runs died with it.
  void end_open_tests(const std::string& name, Package& package, std::string_view action) {
    for (auto& [test_name, state] : package.open) {
      ImportedTest test;
      test.name = name + "." + test_name;
      test.output = builder_.take_text(state.output, line_);
      test.properties = std::move(state.properties);
      test.outcome = package.timed_out ? "TIMEOUT" : "CRASH";
      if (action == "pass" && test_name.starts_with("Benchmark")) {
        test.outcome = "PASS";
      } else if (!action.empty() || package.timed_out || !go_panic(test.output).empty()) {
        warn_aborted(name);
      }
      add_test(std::move(test), package);
    }
    package.open.clear();
  }

  void add_test(ImportedTest test, Package& package) {
    if (test.outcome == "SKIP") test.skip_kind = "runtime";
    if (test.outcome != "PASS") test.message = go_message(test.output);
    package.failed = package.failed || is_failure(test.outcome);
    builder_.add(std::move(test), line_);
  }

  std::optional<double> duration_of(const Event& event) {
    if (!event.elapsed) return std::nullopt;
    if (*event.elapsed >= 0 && *event.elapsed <= kMaxSeconds) return *event.elapsed * 1000;
    builder_.warn("bad_number", "the elapsed time of \"" + event.package + "\" is no duration", line_);
    return std::nullopt;
  }

  void warn_aborted(const std::string& package) {
    builder_.warn("aborted", "the test program of \"" + package + "\" died; its further tests are missing",
                  line_);
  }

  RunBuilder& builder_;
  std::map<std::string, Package> packages_;  ///< seen and not ended
  std::map<std::string, BoundedText> builds_;
  BoundedText output_{kRunOutputBytes};
  std::uint64_t line_ = 0;
};

/// Tells the events of the stream from what else programs print into it.
class Stream {
 public:
  explicit Stream(RunBuilder& builder) : builder_(builder), run_(builder) {}

  void line(std::string text) {
    ++number_;
    if (number_ == 1 && text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    if (trim(text).empty()) return;
    settle_last();
    if (!json::is_utf8(text)) {
      text = json::repair_utf8(text);
      builder_.warn("invalid_utf8", "bytes that are no UTF-8 were replaced by U+FFFD", number_);
    }
    Line line = parse_line(text);
    if (line.event) {
      ++events_;
      run_.handle(*line.event, number_);
    } else {
      if (others_++ == 0) first_other_ = number_;
      other_ = std::move(text);
      other_broken_ = line.broken;
      other_line_ = number_;
    }
  }

  void finish() {
    if (!other_.empty()) builder_.warn("truncated", "the last line is no JSON", other_line_);
    if (others_ > events_) {
      builder_.warn("malformed_repaired",
                    std::to_string(others_) + " of " + std::to_string(others_ + events_) +
                        " lines are no events of `go test -json`; they were kept as output",
                    first_other_);
    }
    run_.finish();
  }

 private:
  /// Builds and programs print lines of their own; half an event is one that was lost.
  void settle_last() {
    if (other_.empty()) return;
    if (other_broken_) {
      builder_.warn("truncated", "an event is broken; what it told of a test is lost", other_line_);
    }
    run_.stray_output(std::exchange(other_, {}));
  }

  RunBuilder& builder_;
  GoRun run_;
  std::string other_;  ///< the line before this one, if it was no event
  bool other_broken_ = false;
  std::uint64_t other_line_ = 0, number_ = 0, events_ = 0, others_ = 0, first_other_ = 0;
};

}  // namespace

ReadResult read_go_json(ByteSource& source, const ReadOptions& options) {
  RunBuilder builder(options, "go test", run_again);
  Stream stream(builder);
  ByteLines lines(source);
  std::string line;
  while (!builder.refusal() && lines.next(line)) stream.line(line);
  if (builder.refusal()) return *builder.refusal();
  stream.finish();
  return builder.finish(options.allow_empty);
}

}  // namespace resultsdb::formats
