#include "resultsdb/aggregate/expectations.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "resultsdb/aggregate/statistics.hpp"
#include "resultsdb/outcome.hpp"

namespace resultsdb::aggregate {
namespace {

using Words = std::vector<std::string>;
constexpr std::size_t kMostFacets = 8;  // whose subsets are all tried; beyond, only all facets together
constexpr std::size_t kExactLines = 6;
constexpr std::size_t kMostSteps = 100'000;  // of the exact search
constexpr double kRare = 0.01;

std::string_view value_of(const Configuration& configuration, const std::string& facet) {
  return configuration.get(facet).value_or(std::string_view());
}

std::uint64_t runs_of(const Observed& observed) {
  std::uint64_t runs = 0;
  for (const auto& [word, count] : observed.counts) runs += count;
  return runs;
}

/// Words of at least kRare of the runs, least severe first.
Words usual_words(const Observed& observed) {
  std::uint64_t most = 0;
  for (const auto& [word, count] : observed.counts) most = std::max(most, count);
  const double least = std::min(kRare * static_cast<double>(runs_of(observed)), static_cast<double>(most));
  Words words;
  for (const auto& [word, count] : observed.counts) {
    if (count > 0 && static_cast<double>(count) >= least) words.push_back(word);
  }
  std::stable_sort(words.begin(), words.end(), [](const std::string& a, const std::string& b) {
    return word_severity(a) < word_severity(b);
  });
  return words;
}

/// Observed configurations, each once, as numbers of their values of the facets that differ among them.
struct Table {
  std::vector<std::string> facets;
  std::vector<std::vector<std::string>> values;  ///< per facet
  std::vector<std::vector<std::size_t>> rows;    ///< per configuration: number of its value per facet
  std::vector<Words> words;
};

Table make_table(std::span<const Observed> observed) {
  std::map<Configuration, Observed> merged;
  std::map<std::string, std::set<std::string>> values;
  for (const Observed& one : observed) {
    if (runs_of(one) == 0) continue;
    Configuration::Facets facets = one.configuration.facets();
    std::erase_if(facets, [](const auto& facet) { return facet.second.empty(); });  // as good as absent
    for (const auto& [facet, value] : facets) values[facet];
    for (const auto& [word, count] : one.counts) merged[facets].counts[word] += count;
  }
  Table table;
  for (auto& [facet, all] : values) {
    for (const auto& [configuration, one] : merged) all.emplace(value_of(configuration, facet));
    if (all.size() < 2) continue;
    table.facets.push_back(facet);
    table.values.emplace_back(all.begin(), all.end());
  }
  for (const auto& [configuration, one] : merged) {
    std::vector<std::size_t>& row = table.rows.emplace_back();
    for (std::size_t f = 0; f < table.facets.size(); ++f) {
      const auto& all = table.values[f];
      row.push_back(static_cast<std::size_t>(
          std::lower_bound(all.begin(), all.end(), value_of(configuration, table.facets[f])) - all.begin()));
    }
    table.words.push_back(usual_words(one));
  }
  return table;
}

/// A conjunction that covers only configurations of one group.
struct Prime {
  std::vector<std::size_t> facets, values;
  std::vector<std::size_t> covered;  ///< of the group, ascending
  double unobserved = 0;             ///< combinations of values that it covers and nobody saw
  double cost() const {
    return 1 + 0.25 * static_cast<double>(facets.size()) + 0.01 * std::min(unobserved, 100.0);
  }
};

/// Sizes of what a cover costs, the most important first.
using Cost = std::tuple<std::size_t, std::size_t, double>;

class Group {
 public:
  Group(const Table& table, std::vector<std::size_t> members) : table_(table), members_(std::move(members)) {
    std::set<std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> tried;
    for (const std::size_t member : members_) {
      for (const std::vector<std::size_t>& facets : subsets()) add(facets, member, tried);
    }
    covering_.resize(table.rows.size());
    for (std::size_t p = 0; p < primes_.size(); ++p) {
      for (const std::size_t row : primes_[p].covered) covering_[row].push_back(p);
    }
  }

  std::vector<Prime> best_cover() {
    best_ = greedy();
    best_cost_ = cost_of(best_);
    if (best_.size() <= kExactLines) {
      std::vector<std::size_t> chosen;
      std::vector<int> times(table_.rows.size());
      search(chosen, times);
    }
    std::sort(best_.begin(), best_.end());
    std::vector<Prime> cover;
    for (const std::size_t p : best_) cover.push_back(primes_[p]);
    return cover;
  }

 private:
  /// Sets of facets, small ones first.
  std::vector<std::vector<std::size_t>> subsets() const {
    const std::size_t count = table_.facets.size(), most = std::min(count, kMostFacets);
    std::vector<std::vector<std::size_t>> sets;
    for (std::size_t bits = 0; bits < std::size_t{1} << most; ++bits) {
      std::vector<std::size_t>& set = sets.emplace_back();
      for (std::size_t f = 0; f < most; ++f) {
        if (bits >> f & 1) set.push_back(f);
      }
    }
    if (count > most) {
      sets.emplace_back();
      for (std::size_t f = 0; f < count; ++f) sets.back().push_back(f);
    }
    std::stable_sort(sets.begin(), sets.end(),
                     [](const auto& a, const auto& b) { return a.size() < b.size(); });
    return sets;
  }

  template <class Tried>
  void add(const std::vector<std::size_t>& facets, std::size_t member, Tried& tried) {
    Prime prime{facets, {}, {}, 1};
    for (const std::size_t f : facets) prime.values.push_back(table_.rows[member][f]);
    if (!tried.emplace(prime.facets, prime.values).second) return;
    // What a shorter conjunction says already needs no longer one.
    for (const Prime& other : primes_) {
      if (implies(member, prime, other)) return;
    }
    for (std::size_t row = 0; row < table_.rows.size(); ++row) {
      const auto fits = [&](std::size_t i) { return table_.rows[row][facets[i]] == prime.values[i]; };
      bool all = true;
      for (std::size_t i = 0; all && i < facets.size(); ++i) all = fits(i);
      if (!all) continue;
      if (!std::binary_search(members_.begin(), members_.end(), row)) return;
      prime.covered.push_back(row);
    }
    for (std::size_t f = 0; f < table_.facets.size(); ++f) {
      if (!std::binary_search(facets.begin(), facets.end(), f)) {
        prime.unobserved *= static_cast<double>(table_.values[f].size());
      }
    }
    prime.unobserved -= static_cast<double>(prime.covered.size());
    primes_.push_back(std::move(prime));
  }

  bool implies(std::size_t member, const Prime& longer, const Prime& shorter) const {
    if (!std::includes(longer.facets.begin(), longer.facets.end(), shorter.facets.begin(),
                       shorter.facets.end())) {
      return false;
    }
    return std::binary_search(shorter.covered.begin(), shorter.covered.end(), member);
  }

  Cost cost_of(const std::vector<std::size_t>& chosen) const {
    Cost cost{chosen.size(), 0, 0};
    for (const std::size_t p : chosen) {
      std::get<1>(cost) += primes_[p].facets.size();
      std::get<2>(cost) += primes_[p].unobserved;
    }
    return cost;
  }

  /// V. Chvátal 1979: always the line that costs the least per configuration that it newly covers.
  std::vector<std::size_t> greedy() const {
    std::vector<std::size_t> chosen;
    std::set<std::size_t> open(members_.begin(), members_.end());
    while (!open.empty()) {
      std::size_t best = 0;
      double best_price = std::numeric_limits<double>::infinity();
      for (std::size_t p = 0; p < primes_.size(); ++p) {
        const auto gain = std::count_if(primes_[p].covered.begin(), primes_[p].covered.end(),
                                        [&](std::size_t row) { return open.contains(row); });
        const double price = primes_[p].cost() / static_cast<double>(gain);  // infinite without gain
        if (price < best_price) best = p, best_price = price;
      }
      chosen.push_back(best);
      for (const std::size_t row : primes_[best].covered) open.erase(row);
    }
    return chosen;
  }

  /// Branches on the open configuration that the fewest lines cover; each must be covered by one of them.
  void search(std::vector<std::size_t>& chosen, std::vector<int>& times) {
    if (++steps_ > kMostSteps || cost_of(chosen) >= best_cost_) return;
    const std::size_t* open = nullptr;
    for (const std::size_t& row : members_) {
      if (times[row] == 0 && (open == nullptr || covering_[row].size() < covering_[*open].size()))
        open = &row;
    }
    if (open == nullptr) {
      best_ = chosen;
      best_cost_ = cost_of(chosen);
      return;
    }
    for (const std::size_t p : covering_[*open]) {
      chosen.push_back(p);
      for (const std::size_t row : primes_[p].covered) ++times[row];
      search(chosen, times);
      for (const std::size_t row : primes_[p].covered) --times[row];
      chosen.pop_back();
    }
  }

  const Table& table_;
  std::vector<std::size_t> members_, best_;
  std::vector<Prime> primes_;
  std::vector<std::vector<std::size_t>> covering_;  ///< primes per configuration
  Cost best_cost_;
  std::size_t steps_ = 0;
};

}  // namespace

bool ExpectationLine::covers(const Configuration& configuration) const {
  return std::all_of(where.begin(), where.end(),
                     [&](const auto& facet) { return value_of(configuration, facet.first) == facet.second; });
}

std::vector<ExpectationLine> suggest_expectations(std::span<const Observed> observed) {
  const Table table = make_table(observed);
  std::map<Words, std::vector<std::size_t>> groups;
  for (std::size_t row = 0; row < table.rows.size(); ++row) groups[table.words[row]].push_back(row);
  std::vector<ExpectationLine> lines;
  for (const auto& [words, members] : groups) {
    if (words == Words{"PASS"}) continue;
    for (const Prime& prime : Group(table, members).best_cover()) {
      ExpectationLine& line = lines.emplace_back(ExpectationLine{{}, words});
      for (std::size_t i = 0; i < prime.facets.size(); ++i) {
        const std::size_t f = prime.facets[i];
        line.where.emplace(table.facets[f], table.values[f][prime.values[i]]);
      }
    }
  }
  // The worst first.
  std::stable_sort(lines.begin(), lines.end(), [](const ExpectationLine& a, const ExpectationLine& b) {
    return word_severity(a.words.back()) > word_severity(b.words.back());
  });
  return lines;
}

Advice advise(const ExpectationLine& line, std::span<const Observed> observed, std::uint64_t least_runs) {
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t runs = 0, fewest = std::numeric_limits<std::uint64_t>::max();
  for (const Observed& one : observed) {
    const std::uint64_t here = runs_of(one);
    if (here == 0 || !line.covers(one.configuration)) continue;
    runs += here;
    fewest = std::min(fewest, here);
    for (const auto& [word, count] : one.counts) {
      if (count > 0) counts[word] += count;
    }
  }
  if (runs == 0) return Advice::Unused;
  if (counts.size() != 1 || runs < kEnoughRuns) return Advice::Keep;
  const bool expects_pass_alone = line.words == Words{"PASS"};
  if (counts.contains("PASS") && !expects_pass_alone && fewest >= least_runs && wilson(0, runs).high < 0.05) {
    return Advice::Stale;
  }
  return line.words.size() > 1 ? Advice::Tighten : Advice::Keep;
}

}  // namespace resultsdb::aggregate
