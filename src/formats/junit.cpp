#include "formats/junit.hpp"

#include <algorithm>
#include <array>

#include "formats/text.hpp"

namespace resultsdb::formats {
namespace {

bool is_verdict(std::string_view tag) {
  constexpr std::array<std::string_view, 7> kTags = {
      "failure", "error", "skipped", "flakyFailure", "flakyError", "rerunFailure", "rerunError"};
  return std::find(kTags.begin(), kTags.end(), tag) != kTags.end();
}

std::string copy(std::optional<std::string_view> text) { return std::string(text.value_or("")); }

/// The dialect's word for a failure or an error.
std::string_view outcome_of(const JunitDialect& dialect, const JunitVerdict& verdict) {
  if (dialect.outcome != nullptr) {
    if (const auto word = dialect.outcome(verdict); !word.empty()) return word;
  }
  for (const Phrase& phrase : dialect.phrases) {
    if (verdict.says(phrase.phrase)) return phrase.outcome;
  }
  return verdict.is_error() ? "ERROR" : "FAIL";
}

std::string message_of(const JunitDialect& dialect, const JunitVerdict& verdict) {
  return dialect.message != nullptr ? dialect.message(verdict) : first_line(verdict.told());
}

std::optional<double> duration_of(std::string_view text, std::uint64_t line, RunBuilder& builder) {
  bool bad = false;
  const auto duration = parse_seconds(text, bad);
  if (bad) builder.warn("bad_number", "\"" + std::string(cut_utf8(text, 80)) + "\" is no duration", line);
  return duration;
}

void add_attempts(const JunitDialect& dialect, const JunitCase& junit, ImportedTest& test,
                  RunBuilder& builder) {
  std::vector<Attempt> flaky, rerun;
  for (const JunitVerdict& verdict : junit.verdicts) {
    const bool is_flaky = verdict.tag.starts_with("flaky");
    if (!is_flaky && !verdict.tag.starts_with("rerun")) continue;
    (is_flaky ? flaky : rerun)
        .push_back({std::string(outcome_of(dialect, verdict)), duration_of(verdict.time, junit.line, builder),
                    AttemptKind::Retry, message_of(dialect, verdict)});
  }
  if (flaky.empty() && rerun.empty()) return;
  const Attempt own{test.outcome, test.duration_ms, AttemptKind::Retry, test.message};
  test.attempts = std::move(flaky);
  if (!dialect.rerun_first) test.attempts.push_back(own);
  test.attempts.insert(test.attempts.end(), rerun.begin(), rerun.end());
  if (dialect.rerun_first) test.attempts.push_back(own);
}

/// The whole text of all verdicts that made the outcome, where it says more than the message.
std::string detail_of(const JunitCase& junit, const ImportedTest& test) {
  std::string detail;
  for (const JunitVerdict& verdict : junit.verdicts) {
    if (verdict.tag != "failure" && verdict.tag != "error" && verdict.tag != "skipped") continue;
    const std::string_view text = trim(verdict.text);
    const std::string_view message = trim(verdict.message);
    if (!detail.empty() && !(text.empty() && message.empty())) detail += "\n\n";
    if (!contains(text, message)) detail.append(message).append(text.empty() ? "" : "\n");
    detail += text;
  }
  return detail == test.message ? std::string() : detail;
}

/// Attributes of a test case that we have no member for become properties.
void keep_attributes(const JunitCase& junit, ImportedTest& test) {
  constexpr std::array<std::string_view, 11> kKnown = {"name",    "classname", "time",      "timestamp",
                                                       "file",    "line",      "status",    "result",
                                                       "failure", "hostname",  "assertions"};
  for (const auto& [key, value] : junit.attributes) {
    if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end())
      test.properties.emplace_back(key, value);
  }
}

/// Tools leave references to files and values in the output, a line each.
void read_markers(std::string_view output, JunitCase& junit) {
  std::string_view line;
  while (next_line(output, line)) {
    line = trim(line);
    if (!line.starts_with("[[") || !line.ends_with("]]")) continue;
    const std::string_view inner = line.substr(2, line.size() - 4);
    if (const auto path = after(inner, "ATTACHMENT|")) {
      junit.attachments.emplace_back(*path);
    } else if (const auto property = after(inner, "PROPERTY|")) {
      const std::size_t equals = property->find('=');
      junit.properties.emplace_back(property->substr(0, equals),
                                    equals == std::string_view::npos ? "" : property->substr(equals + 1));
    }
  }
}

}  // namespace

std::string_view JunitVerdict::told() const { return trim(message).empty() ? text : message; }

bool JunitVerdict::says(std::string_view phrase) const {
  constexpr std::size_t kLongestGap = 200;
  const std::size_t star = phrase.find('*');
  const std::string_view begin = phrase.substr(0, star);
  const std::string_view end = star == std::string_view::npos ? "" : phrase.substr(star + 1);
  for (const std::string_view where : {std::string_view(message), std::string_view(text)}) {
    for (std::size_t at = where.find(begin); at != std::string_view::npos; at = where.find(begin, at + 1)) {
      const std::string_view rest = where.substr(at + begin.size(), kLongestGap + end.size());
      if (end.empty() || contains(rest.substr(0, rest.find('\n')), end)) return true;
    }
  }
  return false;
}

std::string_view JunitCase::attribute(std::string_view key) const {
  for (const auto& [name, value] : attributes) {
    if (name == key) return value;
  }
  return {};
}

const JunitVerdict* JunitCase::verdict(std::string_view tag) const {
  const auto found = std::find_if(verdicts.begin(), verdicts.end(),
                                  [&](const JunitVerdict& verdict) { return verdict.tag == tag; });
  return found == verdicts.end() ? nullptr : &*found;
}

bool JunitCase::has_property(std::string_view key) const {
  return std::any_of(properties.begin(), properties.end(),
                     [&](const auto& entry) { return entry.first == key; });
}

void check_count(const JunitSuite& suite, std::uint64_t line, RunBuilder& builder) {
  const auto& declared = suite.declared_tests;
  if (!declared || *declared == suite.cases || *declared == suite.cases + suite.otherwise) return;
  builder.warn("count_mismatch",
               "suite \"" + suite.name + "\" announces " + std::to_string(*suite.declared_tests) +
                   " tests and holds " + std::to_string(suite.cases),
               line);
}

void add_junit_case(const JunitDialect& dialect, JunitCase& junit, RunBuilder& builder) {
  for (JunitSuite& suite : junit.suites) ++suite.cases;
  ImportedTest test;
  dialect.name(junit, test);
  test.duration_ms = duration_of(junit.attribute("time"), junit.line, builder);
  test.file = junit.attribute("file");
  test.line = parse_int(junit.attribute("line"));
  const JunitVerdict* decides = junit.verdict("error");
  if (decides == nullptr) decides = junit.verdict("failure");
  if (decides != nullptr) {
    test.outcome = outcome_of(dialect, *decides);
  } else if ((decides = junit.verdict("skipped")) != nullptr) {
    test.outcome = "SKIP";
    test.skip_kind = dialect.skip_kind;
  }
  if (decides != nullptr) test.message = message_of(dialect, *decides);
  read_markers(junit.output, junit);
  if (dialect.refine != nullptr) dialect.refine(junit, test, builder);
  if (dialect.crash_aborts && test.outcome == "CRASH") {
    builder.warn("aborted", "the process died in \"" + test.name + "\"; tests after it may be missing",
                 junit.line);
  }
  add_attempts(dialect, junit, test, builder);
  test.detail = detail_of(junit, test);
  test.output = std::move(junit.output);
  test.error_output = std::move(junit.error_output);
  test.properties = std::move(junit.properties);
  keep_attributes(junit, test);
  test.attachments = std::move(junit.attachments);
  builder.add(std::move(test), junit.line);
}

namespace {

class Walker {
 public:
  Walker(const JunitDialect& dialect, RunBuilder& builder) : dialect_(dialect), builder_(builder) {}

  void handle(const XmlEvent& event) {
    switch (event.kind) {
      case XmlEvent::Kind::Start:
        return case_ ? start_in_case(event) : start_in_suite(event);
      case XmlEvent::Kind::Text:
        return sinks_.empty() ? void() : append(sinks_.back(), event.text);
      case XmlEvent::Kind::End:
        return sinks_.empty() ? end_of_suite(event) : end_of_sink(event);
    }
  }

  /// The document has ended, perhaps too early.
  void finish(bool truncated) {
    if (truncated) {
      builder_.warn("truncated", "the file ends before its root element is closed", last_line_);
      cut();
    }
    builder_.run().output = builder_.take_text(output_);
    if (!dropped_.empty()) builder_.keep_attribute("properties.dropped", dropped_);
    builder_.settle();
    if (truncated) unsettle();
    if (dialect_.finish != nullptr) dialect_.finish(builder_);
  }

 private:
  /// Where the text inside an element goes.
  enum class Sink : std::uint8_t { Case, Verdict, Output, ErrorOutput, Property, Ignored };

  void start_in_suite(const XmlEvent& event) {
    last_line_ = event.line;
    if (!sinks_.empty()) {
      sinks_.push_back(sinks_.back());
    } else if (event.name == "testcase") {
      case_.emplace();
      case_->attributes = event.attributes;
      case_->line = event.line;
      sinks_.push_back(Sink::Case);
    } else if (event.name == "testsuite" || event.name == "testsuites") {
      start_suite(event);
    } else if (event.name == "system-out" || event.name == "system-err") {
      sinks_.push_back(Sink::Output);
    } else if (event.name == "property") {
      start_property(event);
    } else if (event.name == "failure" || event.name == "error") {
      start_verdict(event);
    } else if (event.name != "properties") {
      sinks_.push_back(Sink::Ignored);
    }
  }

  void start_suite(const XmlEvent& event) {
    const bool first = suites_.empty() && !root_seen_;
    root_seen_ = true;
    if (event.name == "testsuite") {
      JunitSuite suite;
      suite.name = copy(event.attribute("name"));
      suite.declared_tests = parse_int(copy(event.attribute("tests")));
      suites_.push_back(std::move(suite));
    }
    if (first) builder_.run().duration_ms = duration_of(copy(event.attribute("time")), event.line, builder_);
    if (const auto stamp = event.attribute("timestamp")) take_timestamp(*stamp);
    keep_suite_attributes(event);
  }

  void take_timestamp(std::string_view stamp) {
    if (timestamp_seen_ || stamp.starts_with("1970-01-01T") || stamp.starts_with("0001-01-01T")) return;
    timestamp_seen_ = true;
    builder_.run().started = builder_.read_time(stamp);
    // What says less than a time of the store is kept as it was written.
    if (!parse_rfc3339(stamp)) builder_.keep_attribute("timestamp", stamp);
  }

  void keep_suite_attributes(const XmlEvent& event) {
    constexpr std::array<std::string_view, 10> kKnown = {
        "name", "tests", "failures", "errors", "skipped", "disabled", "time", "timestamp", "file", "id"};
    for (const auto& [key, value] : event.attributes) {
      const bool known = std::find(kKnown.begin(), kKnown.end(), key) != kKnown.end();
      if (known || key.starts_with("xmlns") || key.starts_with("xsi:")) continue;
      if (key == "hostname" && value == "tbd") continue;
      builder_.keep_attribute(key, value);
    }
  }

  void start_property(const XmlEvent& event) {
    property_ = {copy(event.attribute("name")), copy(event.attribute("value"))};
    property_valued_ = event.attribute("value").has_value();
    sinks_.push_back(Sink::Property);
  }

  void start_in_case(const XmlEvent& event) {
    last_line_ = event.line;
    if (event.name == "system-out" || event.name == "system-err") {
      sinks_.push_back(event.name == "system-out" ? Sink::Output : Sink::ErrorOutput);
    } else if (sinks_.back() == Sink::Case && is_verdict(event.name)) {
      start_verdict(event);
    } else if (event.name == "property" && sinks_.back() == Sink::Case) {
      start_property(event);
    } else {
      sinks_.push_back(sinks_.back());
    }
  }

  void start_verdict(const XmlEvent& event) {
    verdict_ = {event.name,
                copy(event.attribute("message")),
                copy(event.attribute("type")),
                copy(event.attribute("time")),
                {}};
    sinks_.push_back(Sink::Verdict);
    verdict_depth_ = sinks_.size();
  }

  void append(Sink sink, std::string_view text) {
    switch (sink) {
      case Sink::Verdict:
        return text_.append(text);
      case Sink::Output:
        return (case_ ? case_output_ : output_).append(text);
      case Sink::ErrorOutput:
        return case_errors_.append(text);
      case Sink::Property:
        return property_text_.append(text);
      case Sink::Case:
      case Sink::Ignored:
        return;
    }
  }

  void end_of_sink(const XmlEvent& event) {
    const Sink sink = sinks_.back();
    if (sink == Sink::Verdict && sinks_.size() == verdict_depth_) end_verdict();
    sinks_.pop_back();
    if (sink == Sink::Property && event.name == "property") end_property();
    if (case_ && sinks_.empty()) end_case();
  }

  void end_verdict() {
    verdict_.text = builder_.take_text(text_, last_line_);
    verdict_depth_ = 0;
    limit_verdict();
    if (!case_) {
      add_suite_failure();
    } else if (case_->verdicts.size() < kProperties) {
      case_->verdicts.push_back(std::move(verdict_));
    } else {
      warn_of_failures("a test has more than 256 failures; the rest was dropped");
    }
  }

  /// All failures of one test together are bounded too; what they say is cut then, not that they are there.
  void limit_verdict() {
    for (std::string* text : {&verdict_.message, &verdict_.type}) {
      if (text->size() > kTextBytes) text->resize(cut_utf8(*text, kTextBytes).size());
    }
    if (!case_) return;
    verdict_bytes_ += verdict_.message.size() + verdict_.type.size() + verdict_.text.size();
    if (verdict_bytes_ <= kFailuresBytes) return;
    verdict_.message.resize(cut_utf8(verdict_.message, kMessageBytes).size());
    verdict_.type.resize(cut_utf8(verdict_.type, kMessageBytes).size());
    verdict_.text.clear();
    warn_of_failures("the failures of a test have more than 4 MiB; the texts of the rest were dropped");
  }

  void warn_of_failures(std::string_view reason) {
    builder_.warn("limit", std::string(reason) + ": test \"" + std::string(case_->name()) + "\"",
                  case_->line);
  }

  /// A failure outside of every test case is the suite's own.
  void add_suite_failure() {
    JunitCase junit;
    junit.verdicts.push_back(std::move(verdict_));
    ImportedTest test;
    test.name = suites_.empty() ? std::string("testsuites") : suites_.back().name;
    test.container = true;
    test.outcome = outcome_of(dialect_, junit.verdicts.front());
    test.message = message_of(dialect_, junit.verdicts.front());
    test.detail = detail_of(junit, test);
    builder_.add(std::move(test), last_line_);
  }

  void end_property() {
    const std::string text = builder_.take_text(property_text_, last_line_);
    if (!property_valued_) property_.second = trim(text);
    if (case_) {
      keep_case_property();
    } else if (!dialect_.filters_properties || is_allowed(property_.first)) {
      builder_.keep_attribute(property_.first, property_.second);
    } else {
      note_dropped(property_.first);
    }
  }

  /// One byte and one property more than the limits: enough for the builder to see that they are exceeded.
  void keep_case_property() {
    if (case_->properties.size() > kProperties) return;
    if (property_.second.size() > kPropertyBytes) {
      property_.second.resize(cut_utf8(property_.second, kPropertyBytes + 4).size());
    }
    case_->properties.push_back(std::move(property_));
  }

  /// What may be stored of an environment dump.
  static bool is_allowed(std::string_view key) {
    return key == "java.version" || key.starts_with("os.") || key == "go.version" || key == "python";
  }

  void end_case() {
    case_->output = builder_.take_text(case_output_, case_->line);
    case_->error_output = builder_.take_text(case_errors_, case_->line);
    case_->suites = suites_;
    add_junit_case(dialect_, *case_, builder_);
    case_.reset();
    verdict_bytes_ = 0;
  }

  void end_of_suite(const XmlEvent& event) {
    if (event.name != "testsuite" || suites_.empty()) return;
    const JunitSuite& suite = suites_.back();
    if (dialect_.counts_tests) check_count(suite, event.line, builder_);
    if (dialect_.suite_end != nullptr) dialect_.suite_end(suite, builder_);
    suites_.pop_back();
  }

  /// An environment dump is not stored; the names of what was in it are, as far as they fit.
  void note_dropped(std::string_view name) {
    constexpr std::size_t kNamesBytes = 4096;
    if (dropped_.size() + name.size() > kNamesBytes) {
      if (!dropped_.ends_with("…")) dropped_ += ", …";
      return;
    }
    dropped_.append(dropped_.empty() ? "" : ", ").append(name);
  }

  /// A case that the file ends in counts only if a failure had begun: its absence proves nothing.
  void cut() {
    if (verdict_depth_ > 0) end_verdict();
    if (!case_) return;
    if (!case_->failed()) {
      case_.reset();
      return;
    }
    case_->complete = false;
    end_case();
  }

  /// Passes that a later part of the file could still have revoked have no verdict.
  void unsettle() {
    const ImportedTest* last = builder_.last_report();
    if (dialect_.unsettled == Unsettled::None || last == nullptr) return;
    const std::string name = last->name;
    for (ImportedTest& test : builder_.tests()) {
      const bool ancestor = dialect_.unsettled == Unsettled::Ancestors && name.starts_with(test.name + "/");
      if (test.outcome != "PASS" || (test.name != name && !ancestor)) continue;
      test.outcome = "NOTRUN";
      if (!test.attempts.empty()) test.attempts.back().outcome = "NOTRUN";
    }
  }

  const JunitDialect& dialect_;
  RunBuilder& builder_;
  std::vector<JunitSuite> suites_;
  std::vector<Sink> sinks_;
  std::optional<JunitCase> case_;
  JunitVerdict verdict_;
  std::size_t verdict_depth_ = 0;  ///< of the open verdict in sinks_, 0: none
  BoundedText text_{kTextBytes}, case_output_{kTextBytes}, case_errors_{kTextBytes};
  BoundedText property_text_{kPropertyBytes}, output_{kRunOutputBytes};
  std::pair<std::string, std::string> property_;
  bool property_valued_ = false, root_seen_ = false, timestamp_seen_ = false;
  std::string dropped_;            ///< names of properties that were not kept
  std::size_t verdict_bytes_ = 0;  ///< of the failures of the open case
  std::uint64_t last_line_ = 0;
};

}  // namespace

void read_junit(XmlReader& reader, const JunitDialect& dialect, RunBuilder& builder) {
  Walker walker(dialect, builder);
  while (const XmlEvent* event = reader.next()) {
    walker.handle(*event);
    if (builder.refusal()) return;
  }
  if (!reader.refusal()) walker.finish(reader.truncated());
}

}  // namespace resultsdb::formats
