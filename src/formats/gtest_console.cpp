// What a GoogleTest program prints; all that is left of one that crashed, and the only record of repetitions.
#include <utility>

#include "formats/byte_lines.hpp"
#include "formats/readers.hpp"
#include "formats/run_builder.hpp"
#include "formats/text.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::formats {
namespace {

Repetition repeated_on_purpose(std::span<ImportedTest>) { return {AttemptKind::Repeat, ""}; }

class Console {
 public:
  explicit Console(RunBuilder& builder) : builder_(builder) {}

  void line(std::string_view text) {
    ++line_;
    if (const auto run = after(text, "[ RUN      ] ")) {
      end_test("CRASH");
      open_ = true;
      test_.name = trim(*run);
    } else if (text.starts_with("[==========]")) {
      banner(text);
    } else if (text.starts_with("Repeating all tests (iteration ")) {
      repeating_ = true;
      ended_ = false;
    } else if (text.starts_with("[----------] Global test environment tear-down")) {
      torn_down_ = true;
    } else if (open_) {
      line_of_test(text);
    }
  }

  void finish() {
    end_test("CRASH");
    // Of repetitions only the last one tears the environment down.
    if (!ended_ || (repeating_ && !torn_down_))
      builder_.warn("truncated", "the line \"[==========] N tests … ran.\" of the end is missing", line_);
  }

 private:
  void banner(std::string_view text) {
    ended_ = contains(text, " ran.");
    if (!ended_) torn_down_ = false;
    if (ended_) end_test("CRASH");
  }

  void line_of_test(std::string_view text) {
    constexpr std::pair<std::string_view, std::string_view> kEnds[] = {
        {"[       OK ] ", "PASS"}, {"[  FAILED  ] ", "FAIL"}, {"[  SKIPPED ] ", "SKIP"}};
    for (const auto& [mark, outcome] : kEnds) {
      // A test that prints without a newline has its end mark behind its own text.
      const std::size_t at = text.rfind(std::string(mark) + test_.name);
      if (at == std::string_view::npos) continue;
      output_.append(text.substr(0, at));
      take_duration(text.substr(at));
      return end_test(outcome);
    }
    const bool failure = text.ends_with(": Failure"), skipped = text.ends_with(": Skipped");
    if (test_.message.empty() && told_) test_.message = first_line(text);
    told_ = told_ || failure || skipped;
    output_.append(text);
    output_.append("\n");
  }

  void take_duration(std::string_view text) {
    const std::size_t open = text.rfind('('), end = text.rfind(" ms)");
    if (open == std::string_view::npos || end == std::string_view::npos || end < open) return;
    bool bad = false;
    if (const auto seconds = parse_seconds(text.substr(open + 1, end - open - 1), bad)) {
      test_.duration_ms = *seconds / 1000;
    }
  }

  void end_test(std::string_view outcome) {
    if (!open_) return;
    test_.outcome = outcome;
    if (outcome == "SKIP") test_.skip_kind = "runtime";
    if (outcome == "PASS") test_.message.clear();
    test_.output = builder_.take_text(output_, line_);
    builder_.add(std::exchange(test_, {}), line_);
    open_ = told_ = false;
  }

  RunBuilder& builder_;
  ImportedTest test_;
  BoundedText output_{kTextBytes};
  bool open_ = false, told_ = false, ended_ = false, repeating_ = false, torn_down_ = false;
  std::uint64_t line_ = 0;
};

}  // namespace

ReadResult read_gtest_console(ByteSource& source, const ReadOptions& options) {
  RunBuilder builder(options, "gtest-console", repeated_on_purpose);
  Console console(builder);
  ByteLines lines(source);
  std::string line;
  while (!builder.refusal() && lines.next(line)) console.line(strip_ansi(json::repair_utf8(line)));
  if (builder.refusal()) return *builder.refusal();
  console.finish();
  return builder.finish(options.allow_empty);
}

}  // namespace resultsdb::formats
