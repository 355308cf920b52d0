#include "near_names.hpp"

#include <algorithm>
#include <utility>

namespace resultsdb::cli {

namespace {

constexpr std::size_t kFar = 1000;

std::string small_letters(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// How many letters must be changed, added or left out.
std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

std::size_t distance(const std::string& wanted, const std::string& name) {
  constexpr std::size_t kLongest = 256;
  if (wanted.empty()) return kFar;
  if (name.find(wanted) != std::string::npos) return 1;
  const std::size_t most = wanted.size() < 4 ? 1 : std::max<std::size_t>(2, wanted.size() / 4);
  const std::size_t longer = std::max(wanted.size(), name.size()),
                    shorter = std::min(wanted.size(), name.size());
  if (longer > kLongest || longer - shorter > most) return kFar;
  const std::size_t needed = edits(wanted, name);
  return needed <= most ? needed : kFar;
}

}  // namespace

std::vector<std::string> near_names(const std::string& wanted, const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 3;
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const auto& name : names) {
    const auto far = distance(small_letters(wanted), small_letters(name));
    if (far < kFar) near.emplace_back(far, name);
  }
  std::sort(near.begin(), near.end());
  near.resize(std::min(near.size(), kMost));
  std::vector<std::string> best;
  for (auto& [far, name] : near) best.push_back(std::move(name));
  return best;
}

std::string did_you_mean(const std::string& wanted, const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : near_names(wanted, names))
    text += (text.empty() ? "; did you mean " : ", ") + ("'" + name + "'");
  return text.empty() ? ";" : text + "?";
}

}  // namespace resultsdb::cli
