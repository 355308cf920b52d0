#include <algorithm>
#include <array>

#include "resultsdb/aggregate/expectations.hpp"

namespace resultsdb::aggregate {
namespace {

std::string capitalised(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

std::string word_text(std::string_view word) {
  using Name = std::pair<std::string_view, std::string_view>;
  constexpr std::array kNames{Name{"FAIL", "Failure"}, Name{"TEXT", "Failure"},
                              Name{"IMAGE", "ImageOnlyFailure"}, Name{"IMAGE+TEXT", "Failure"},
                              Name{"AUDIO", "Failure"}};
  for (const auto& [core, name] : kNames) {
    if (core == word) return std::string(name);
  }
  std::string lower(word);
  for (std::size_t i = 1; i < lower.size(); ++i) {
    if (lower[i] >= 'A' && lower[i] <= 'Z') lower[i] = static_cast<char>(lower[i] - 'A' + 'a');
  }
  return lower;
}

std::string bracketed(const std::vector<std::string>& words) {
  std::string out = "[ ";
  for (const std::string& word : words) out += word + ' ';
  return out + ']';
}

}  // namespace

std::string expectation_text(const ExpectationLine& line, std::string_view test,
                             std::span<const std::string> facet_order) {
  std::vector<std::string> modifiers, words;
  const auto put = [&](const std::string& facet, const std::string& value) {
    modifiers.push_back(value.empty() ? "No-" + facet : capitalised(value));
  };
  Configuration::Facets rest = line.where;
  for (const std::string& facet : facet_order) {
    if (const auto node = rest.extract(facet); !node.empty()) put(node.key(), node.mapped());
  }
  for (const auto& [facet, value] : rest) put(facet, value);
  for (const std::string& word : line.words) {
    const std::string text = word_text(word);
    if (std::find(words.begin(), words.end(), text) == words.end()) words.push_back(text);
  }
  return (modifiers.empty() ? "" : bracketed(modifiers) + ' ') + std::string(test) + ' ' + bracketed(words);
}

}  // namespace resultsdb::aggregate
