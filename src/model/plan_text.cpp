// A plan in the words of the programs that run tests.
#include <algorithm>
#include <unordered_set>

#include "resultsdb/json.hpp"
#include "resultsdb/rerun_plan.hpp"

namespace resultsdb {
namespace {

std::vector<std::string_view> names_of(std::span<const PlanItem> items) {
  std::vector<std::string_view> names;
  std::unordered_set<std::string_view> seen;
  for (const PlanItem& item : items)
    if (seen.insert(item.test).second) names.push_back(item.test);
  return names;
}

std::string to_json(const PlanItem& item) {
  std::string text = "{\"test\":" + json::quote(item.test);
  text += ",\"configuration\":" + json::quote(item.configuration) + ",\"position\":";
  text += item.position ? std::to_string(*item.position) : "null";
  text += ",\"reason\":" + json::quote(to_string(item.reason));
  text += ",\"repeats\":" + std::to_string(item.repeats) + ",\"value\":";
  json::append_number(text, item.value);
  text += ",\"estimate_us\":" + std::to_string(item.estimate.count());
  return text + ",\"guessed\":" + (item.guessed ? "true}" : "false}");
}

std::string line_of(std::string_view name) {
  std::string line;
  for (const char c : name) {
    if (c == '\n' || c == '\r') {
      line += c == '\n' ? "\\n" : "\\r";
    } else {
      line += c;
    }
  }
  return line + "\n";
}

std::string gtest_pattern(std::string_view name) {
  std::string pattern(name);
  for (char& c : pattern)
    if (std::string_view(":*-?\"'$`\\").find(c) != std::string_view::npos ||
        static_cast<unsigned char>(c) <= 0x20)
      c = '?';
  return pattern;
}

std::string regular_expression(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (std::string_view("^$.*+?|()[]\\").find(c) != std::string_view::npos) text += '\\';
    text += static_cast<unsigned char>(c) < 0x20 ? '.' : c;
  }
  return text;
}

std::string joined(const std::vector<std::string_view>& names, char between,
                   std::string (*shown)(std::string_view)) {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += between;
    text += shown(name);
  }
  return text;
}

}  // namespace

std::string_view to_string(PlanReason reason) noexcept {
  constexpr std::string_view kNames[kPlanReasons] = {"culprit_gap", "lost", "confirm", "flaky", "stale"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::optional<PlanFormat> parse_plan_format(std::string_view text) noexcept {
  constexpr std::string_view kNames[] = {"json", "names", "gtest", "ctest", "pytest"};
  const auto found = std::ranges::find(kNames, text);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<PlanFormat>(found - std::begin(kNames));
}

std::string to_text(std::span<const PlanItem> items, PlanFormat format) {
  std::string text;
  if (format == PlanFormat::Json) {
    for (const PlanItem& item : items) text += (text.empty() ? "" : ",") + to_json(item);
    return "[" + text + "]";
  }
  const std::vector<std::string_view> names = names_of(items);
  if (names.empty()) return text;
  if (format == PlanFormat::Gtest) return joined(names, ':', gtest_pattern);
  if (format == PlanFormat::Ctest) return "^(" + joined(names, '|', regular_expression) + ")$";
  for (const std::string_view name : names)
    if (format == PlanFormat::Names || !(name.starts_with('-') || name.starts_with('@')))
      text += line_of(name);
  return text;
}

}  // namespace resultsdb
