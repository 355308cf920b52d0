#include "model/failure_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "resultsdb/json_scanner.hpp"
#include "resultsdb/outcome.hpp"

namespace resultsdb {
namespace {

constexpr std::array<std::string_view, 7> kMembers = {"message",      "text",   "stack",   "log",
                                                      "error_output", "output", "attempts"};
constexpr std::size_t kOutput = 5, kAttempts = 6;
constexpr std::size_t kAttemptDepth = 3;  // { "attempts": [ { "message": … } ] }

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// Collects the texts of the wanted members.
class Texts {
 public:
  void begin_object() { ++depth_; }
  void end_object() { --depth_; }
  void begin_array() { ++depth_; }
  void end_array() { --depth_; }
  void key(std::string_view name) {
    if (depth_ == 1) {
      member_ = 0;
      while (member_ < kMembers.size() && kMembers[member_] != name) ++member_;
    } else if (depth_ == kAttemptDepth) {
      is_message_ = name == "message";
    }
  }
  void string(std::string_view text) {
    if (depth_ == 0) member_ = 0;
    const bool wanted = depth_ == 0 || (depth_ == 1 && member_ < kAttempts) ||
                        (depth_ == kAttemptDepth && member_ == kAttempts && is_message_);
    if (wanted && texts_[member_].empty() && !is_blank(text)) texts_[member_] = cut(text);
  }
  void number(std::string_view) {}
  void boolean(bool) {}
  void null() {}

  FailureText take() {
    FailureText failure;
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      if (texts_[i].empty()) continue;
      failure.trace += texts_[i];
      failure.trace += '\n';
      if (failure.message.empty() && i != kOutput) failure.message = std::move(texts_[i]);
    }
    return failure;
  }

 private:
  static std::string_view cut(std::string_view text) {
    std::size_t size = std::min(text.size(), kFailureTextBytes);
    while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    return text.substr(0, size);
  }

  std::size_t depth_ = 0;
  std::size_t member_ = kMembers.size();
  bool is_message_ = false;
  std::array<std::string, kMembers.size()> texts_;
};

}  // namespace

FailureText read_failure_text(std::string_view detail) {
  Texts texts;
  if (detail.empty() || !json::Scanner(detail, texts).run()) return {};
  return texts.take();
}

std::optional<ToldReason> tell_reason(std::string_view actual, const FailureText& text) {
  if (worst_severity(actual) == Severity::Crash)
    if (auto signature = aggregate::crash_signature(text.trace))
      return ToldReason{std::move(*signature), true};
  if (auto reason = aggregate::failure_reason(text.message)) return ToldReason{std::move(*reason), false};
  return std::nullopt;
}

}  // namespace resultsdb
