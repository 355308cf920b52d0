// What a pull request is told of a gate.
#include <algorithm>

#include "domain/utf8.hpp"
#include "resultsdb/gate.hpp"

namespace resultsdb {
namespace {

constexpr std::size_t kLeastBytes = 4000;
constexpr std::size_t kRoomForRest = 100;  // for "and N more" and what ends a list

std::string_view mark_of(GateRule::State state) {
  return state == GateRule::State::Met ? "✅" : state == GateRule::State::Broken ? "❌" : "❓";
}

std::string_view title_of(GateRule::Kind kind) {
  constexpr std::string_view kTitles[kGateRules] = {
      "Runs",          "New failures", "Required configurations", "Complete runs", "Lost tests",
      "Missing tests", "Duration",     "Forbidden state"};
  return kTitles[static_cast<std::size_t>(kind)];
}

std::string percent(const Proportion& rate) {
  const auto tenths = static_cast<std::uint64_t>(rate.rate() * 1000 + 0.5);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " % (" + std::to_string(rate.k) +
         "/" + std::to_string(rate.n) + ")";
}

std::string line_of(const GateFailure& failure) {
  std::string line = markdown_code(failure.test);
  if (!failure.configuration.empty()) line += " on " + markdown_code(failure.configuration.label(), 100);
  const auto actual = [](const std::optional<Outcome>& outcome) {
    return outcome ? markdown_code(outcome->actual, 60) : std::string("not run");
  };
  line += ": " + actual(failure.base) + " → " + actual(failure.candidate);
  if (failure.base_rate.n > 1 || failure.candidate_rate.n > 1)
    line += ", " + percent(failure.base_rate) + " → " + percent(failure.candidate_rate);
  if (failure.flaky) line += ", flaky: " + percent(*failure.flaky) + " of its runs differ from the others";
  return line;
}

class Page {
 public:
  explicit Page(const GateMarkdown& options)
      : options_(options), most_bytes_(std::max(options.most_bytes, kLeastBytes)) {}

  void line(std::string_view text) { text_.append(text).append("\n"); }

  /// `line_of_item(i)` for as many as there is room for. `total`: with those that are not here.
  template <class LineOf>
  void list(std::string_view title, std::size_t items, std::uint64_t total, LineOf line_of_item) {
    if (total == 0) return;
    if (text_.size() + title.size() + kRoomForRest > most_bytes_) return;
    line("");
    line("**" + std::string(title) + "**");
    line("");
    std::size_t shown = 0;
    for (; shown < std::min(items, options_.most_items); ++shown) {
      const std::string item = "- " + line_of_item(shown);
      if (text_.size() + item.size() + kRoomForRest > most_bytes_) break;
      line(item);
    }
    if (shown < total)
      line("- " + std::string(shown == 0 ? "" : "and ") + std::to_string(total - shown) + " more");
  }

  std::string take() { return std::move(text_); }

 private:
  const GateMarkdown options_;
  const std::size_t most_bytes_;
  std::string text_;
};

/// Characters that turn text around, hide or break lines: C0, DEL, C1, zero width and direction marks, line
/// and paragraph separators, tags.
bool is_hidden(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xe0000 && c <= 0xe007f);
}

}  // namespace

std::string to_markdown(const GateAnswer& answer, const GateMarkdown& options) {
  Page page(options);
  page.line(answer.open ? "### ✅ The gate is open" : "### ❌ The gate is closed");
  page.line("");
  for (const GateRule& rule : answer.rules)
    page.line("- " + std::string(mark_of(rule.state)) + " **" + std::string(title_of(rule.kind)) +
              "**: " + rule.explanation);
  const auto& failures = answer.new_failures;
  const auto flaky =
      std::ranges::find_if(failures, [](const GateFailure& each) { return each.flaky.has_value(); });
  const auto counted = static_cast<std::size_t>(flaky - failures.begin());
  page.list("New failures", counted, answer.counted, [&](std::size_t i) { return line_of(failures[i]); });
  page.list("Flaky, not counted", failures.size() - counted, answer.flaky,
            [&](std::size_t i) { return line_of(failures[counted + i]); });
  for (const GateRule& rule : answer.rules) {
    if (rule.state == GateRule::State::Met || rule.kind == GateRule::Kind::NewFailures) continue;
    page.list(title_of(rule.kind), rule.items.size(), rule.total,
              [&](std::size_t i) { return markdown_code(rule.items[i]); });
  }
  if (answer.fixed + answer.still_failing != 0) {
    page.line("");
    page.line(std::to_string(answer.fixed) + " fixed, " + std::to_string(answer.still_failing) +
              " still failing");
  }
  return page.take();
}

std::string markdown_code(std::string_view text, std::size_t most_bytes) {
  std::string shown;
  std::size_t ticks = 0, most_ticks = 0;
  bool cut = false;
  for (std::size_t at = 0; at < text.size() && !cut;) {
    const std::size_t length = domain::utf8_length(text.substr(at));
    std::string_view character = text.substr(at, std::max<std::size_t>(1, length));
    at += character.size();
    if (length == 0 || is_hidden(domain::utf8_decode(character, length))) character = "\xef\xbf\xbd";
    cut = shown.size() + character.size() > most_bytes;
    if (cut) break;
    shown += character;
    ticks = character == "`" ? ticks + 1 : 0;
    most_ticks = std::max(most_ticks, ticks);
  }
  if (cut) shown += "…";
  if (shown.empty()) shown = " ";
  const std::string fence(most_ticks + 1, '`');
  const bool pad = shown.front() == '`' || shown.back() == '`';
  return fence + (pad ? " " : "") + shown + (pad ? " " : "") + fence;
}

}  // namespace resultsdb
