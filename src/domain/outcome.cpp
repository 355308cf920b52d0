#include "resultsdb/outcome.hpp"

#include <algorithm>
#include <array>

namespace resultsdb {
namespace {

struct Word {
  std::string_view word;
  Severity severity;
  std::string_view name;  ///< of the class
  int rank;               ///< which class speaks for a text with several words of one severity: the largest
};

constexpr std::string_view kPass = "PASS";
constexpr std::string_view kSkip = "SKIP";
constexpr Word kUnknown{"", Severity::Fail, "other", 1};
constexpr std::array kWords = {
    Word{kPass, Severity::Pass, "pass", 0},     Word{kSkip, Severity::Skip, "skip", 0},
    Word{"FAIL", Severity::Fail, "fail", 3},    Word{"TEXT", Severity::Fail, "fail", 3},
    Word{"LEAK", Severity::Fail, "fail", 3},    Word{"MISSING", Severity::Fail, "fail", 3},
    Word{"IMAGE", Severity::Fail, "image", 2},  Word{"IMAGE+TEXT", Severity::Fail, "image", 2},
    Word{"AUDIO", Severity::Fail, "image", 2},  Word{"WARNING", Severity::Fail, "warn", 0},
    Word{"ERROR", Severity::Error, "error", 0}, Word{"TIMEOUT", Severity::Timeout, "timeout", 0},
    Word{"CRASH", Severity::Crash, "crash", 0},
};

const Word& find_word(std::string_view word) noexcept {
  const auto found =
      std::find_if(kWords.begin(), kWords.end(), [&](const Word& w) { return w.word == word; });
  return found == kWords.end() ? kUnknown : *found;
}

/// Calls `visit(word)` for each word until it returns false; an empty text is one PASS.
template <class Visit>
void for_each_word(std::string_view text, Visit visit) {
  bool any = false;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find(' '), text.size());
    if (size != 0) {
      any = true;
      if (!visit(text.substr(0, size))) return;
    }
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  if (!any) visit(kPass);
}

const Word& worst_word(std::string_view actual) noexcept {
  const Word* worst = nullptr;
  for_each_word(actual, [&](std::string_view text) {
    const Word& word = find_word(text);
    if (worst == nullptr || worst->severity < word.severity ||
        (worst->severity == word.severity && worst->rank < word.rank)) {
      worst = &word;
    }
    return true;
  });
  return *worst;
}

}  // namespace

Severity word_severity(std::string_view word) noexcept {
  return word.empty() ? Severity::Pass : find_word(word).severity;
}

Severity worst_severity(std::string_view actual) noexcept { return worst_word(actual).severity; }

bool is_unexpected(std::string_view expected, std::string_view actual) noexcept {
  if (expected == actual) return false;
  bool unexpected = false;
  for_each_word(actual, [&](std::string_view word) {
    if (word == kSkip) return true;
    bool found = false;
    for_each_word(expected, [&](std::string_view allowed) { return !(found = allowed == word); });
    unexpected = !found;
    return found;
  });
  return unexpected;
}

bool is_failing(std::string_view actual) noexcept { return worst_severity(actual) >= Severity::Fail; }

std::string_view outcome_class(std::string_view actual) noexcept { return worst_word(actual).name; }

}  // namespace resultsdb
