// Failure reasons of the bad results of a run, a commit or a window.
#include <algorithm>
#include <map>
#include <set>

#include "domain/check.hpp"
#include "engine/bad_details.hpp"
#include "engine/run_selection.hpp"
#include "model/failure_text.hpp"
#include "model/survey.hpp"
#include "resultsdb/aggregate/failure_reason.hpp"
#include "resultsdb/clusters.hpp"

namespace resultsdb {
namespace {

constexpr std::uint64_t kMostResults = 100'000;
constexpr std::size_t kExampleBytes = 1000;

struct Place {
  std::uint32_t window = 0;
  engine::RunEntryPtr run;
};

bool has_bad(const RunInfo& run, Question::Bad bad) {
  return std::ranges::any_of(run.counts.outcomes,
                             [bad](const RunCounts::Count& count) { return is_bad(count.outcome, bad); });
}

/// Runs that count and have bad results, newest first. One that was asked for by its id counts in any case:
/// its failures are what is wanted.
std::vector<Place> runs_of(const Survey& survey, const ClustersQuery& query) {
  std::vector<Place> places;
  for (std::uint32_t w = 0; w < survey.windows.size(); ++w) {
    const Window& window = survey.windows[w];
    for (const std::uint32_t run : window.runs()) places.push_back({w, window.track().runs[run]});
    if (query.run.empty() || !window.runs().empty()) continue;
    for (const engine::RunEntryPtr& run : window.track().runs)
      if (run->info->id == query.run) places.push_back({w, run});
  }
  std::erase_if(places, [&](const Place& place) { return !has_bad(*place.run->info, query.bad); });
  std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return engine::run_before(*b.run->info, *a.run->info, RunOrder::Position);
  });
  return places;
}

std::string beginning(const std::string& text) {
  std::size_t size = std::min(text.size(), kExampleBytes);
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

/// What is known of one cluster while results are read, the newest first.
struct Gathered {
  FailureCluster cluster;
  std::set<storage::TestId> tests;
  std::set<std::uint32_t> timelines;
};

class Gathering {
 public:
  Gathering(const Survey& survey, std::span<const Place> places, const ClustersQuery& query)
      : survey_(survey), places_(places), query_(query) {}

  void add(const engine::BadResult& result) {
    const FailureText text = read_failure_text(result.detail);
    const auto told = tell_reason(result.actual, text);
    Gathered& gathered = by_id_[told ? told->reason.id : std::string()];
    FailureCluster& cluster = gathered.cluster;
    const Place& place = places_[result.run];
    if (cluster.results++ == 0) {
      cluster.newest = engine::as_of(place.run->info, query_.now);
      if (told) {
        cluster.id = told->reason.id;
        cluster.pattern = told->reason.pattern;
        cluster.crash = told->crash;
        cluster.example = beginning(text.message.empty() ? text.trace : text.message);
      }
    }
    cluster.first = place.run->info;
    gathered.tests.insert(result.test);
    gathered.timelines.insert(place.window);
  }

  Result<ClustersAnswer> finish() {
    ClustersAnswer answer{.timelines = survey_.timelines, .clusters = {}, .basis = survey_.basis};
    std::vector<Gathered*> ranked;
    for (auto& [id, gathered] : by_id_) {
      ranked.push_back(&gathered);
      answer.results += gathered.cluster.results;
    }
    answer.total = ranked.size();
    std::stable_sort(ranked.begin(), ranked.end(), [](const Gathered* a, const Gathered* b) {
      return a->cluster.results > b->cluster.results;
    });
    if (query_.limit > 0 && ranked.size() > query_.limit) ranked.resize(query_.limit);
    for (Gathered* gathered : ranked) {
      RESULTSDB_TRY(name_tests(*gathered));
      gathered->cluster.timelines.assign(gathered->timelines.begin(), gathered->timelines.end());
      gathered->cluster.first = engine::as_of(gathered->cluster.first, query_.now);
      answer.clusters.push_back(std::move(gathered->cluster));
    }
    link(answer.clusters);
    return answer;
  }

 private:
  Status name_tests(Gathered& gathered) const {
    const std::vector<storage::TestId> ids(gathered.tests.begin(), gathered.tests.end());
    RESULTSDB_ASSIGN(auto names, survey_.names(ids));
    gathered.cluster.test_count = names.size();
    const std::size_t kept = std::min<std::size_t>(names.size(), query_.tests);
    std::partial_sort(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(kept), names.end());
    for (std::size_t i = 0; i < kept; ++i) gathered.cluster.tests.emplace_back(names[i]);
    return {};
  }

  /// Clusters are in order, so the first of a group is its largest. Signatures and messages are no
  /// duplicates of each other, and results without a message of nothing.
  static void link(std::vector<FailureCluster>& clusters) {
    for (const bool crash : {false, true}) {
      std::vector<std::size_t> places;
      std::vector<std::string> patterns;
      for (std::size_t i = 0; i < clusters.size(); ++i) {
        if (clusters[i].id.empty() || clusters[i].crash != crash) continue;
        places.push_back(i);
        patterns.push_back(clusters[i].pattern);
      }
      const std::vector<std::size_t> first = aggregate::near_duplicates(patterns);
      for (std::size_t i = 0; i < places.size(); ++i)
        clusters[places[i]].like = clusters[places[first[i]]].id;
    }
  }

  const Survey& survey_;
  const std::span<const Place> places_;
  const ClustersQuery& query_;
  std::map<std::string, Gathered> by_id_;
};

}  // namespace

Result<ClustersAnswer> Answers::clusters(const ClustersQuery& query) {
  if (query.max_results < 1 || query.max_results > kMostResults)
    return invalid_argument("must be 1 to " + std::to_string(kMostResults), "max_results");
  RESULTSDB_ASSIGN(Survey survey, Survey::read(*model_->implementation_, query, "clusters/1"));
  std::optional<storage::TestId> test;
  if (!query.test.empty()) {
    RESULTSDB_ASSIGN(test, survey.find_test(query.test));
  }
  const std::vector<Place> places = runs_of(survey, query);
  if (!query.run.empty() && survey.basis.runs == 0 && !places.empty()) {
    survey.basis.excluded.clear();
    survey.basis.runs = places.size();
    for (const Place& place : places) survey.basis.results += place.run->info->counts.covered;
  }
  std::vector<storage::RunRef> refs;
  for (const Place& place : places)
    refs.push_back({survey.windows[place.window].track().number, place.run->serial});
  const engine::BadResultsQuery bad{
      .runs = refs,
      .bad =
          query.bad == Question::Bad::Failing ? engine::BadResults::Failing : engine::BadResults::Unexpected,
      .limit = query.max_results,
      .wanted = [&](storage::TestId id) { return test ? id == *test : survey.is_wanted(id); }};
  Gathering gathering(survey, places, query);
  RESULTSDB_ASSIGN(const bool all,
                   engine::visit_bad_results(
                       survey.suite(), bad, [&](const engine::BadResult& result) { gathering.add(result); }));
  RESULTSDB_ASSIGN(ClustersAnswer answer, gathering.finish());
  answer.truncated = !all;
  return answer;
}

}  // namespace resultsdb
