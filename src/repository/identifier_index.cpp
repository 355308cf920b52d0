#include "repository/identifier_index.hpp"

#include <algorithm>
#include <tuple>

#include "domain/check.hpp"

namespace resultsdb::repository {
namespace {

constexpr std::string_view kFolders[] = {"refs/heads/", "refs/remotes/origin/"};
/// How many branches go into one command line.
constexpr std::size_t kTipsAtOnce = 5'000;
/// Lists may grow by commits of branches that are gone before they are made anew.
constexpr std::size_t kMaxUnused = 10'000;
constexpr int kUsageError = 129;

bool is_developers(std::string_view branch) {
  return branch.starts_with("eng/") || branch.starts_with("dev/");
}

/// `[P.]N` of an identifier.
struct Numbers {
  std::optional<std::int64_t> point;
  std::int64_t number = 0;
};

std::optional<std::int64_t> to_count(std::string_view digits) {
  if (digits.size() > 10 || !domain::all_digits(digits)) return std::nullopt;
  return to_number(digits);
}

std::optional<Numbers> parse_numbers(std::string_view text) {
  Numbers numbers;
  if (const std::size_t dot = text.find('.'); dot != std::string_view::npos) {
    numbers.point = to_count(text.substr(0, dot));
    if (!numbers.point) return std::nullopt;
    text.remove_prefix(dot + 1);
  }
  const bool negative = text.starts_with('-');
  const auto number = to_count(text.substr(negative ? 1 : 0));
  if (!number) return std::nullopt;
  numbers.number = negative ? -*number : *number;
  return numbers;
}

}  // namespace

Result<std::vector<IdentifierIndex::Tip>> IdentifierIndex::read_tips() const {
  RESULTSDB_ASSIGN(const std::string text,
                   git_.demand({"for-each-ref", "--format=%(objectname) %(objecttype) %(refname)",
                                "refs/heads", "refs/remotes/origin"}));
  std::vector<Tip> tips;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = take(rest, '\n');
    const std::string_view hash = take(line, ' ');
    if (take(line, ' ') != "commit") continue;
    for (const std::string_view folder : kFolders) {
      if (line.starts_with(folder) && line.substr(folder.size()) != "HEAD") {
        tips.push_back({std::string(line.substr(folder.size())), std::string(hash)});
      }
    }
  }
  // Of one name the local branch comes first: git lists refs in byte order.
  std::stable_sort(tips.begin(), tips.end(), [&](const Tip& a, const Tip& b) {
    return std::tuple(a.branch != default_branch_, is_developers(a.branch), std::string_view(a.branch)) <
           std::tuple(b.branch != default_branch_, is_developers(b.branch), std::string_view(b.branch));
  });
  return tips;
}

/// Lists the commits from the tips down to those that are known.
Status IdentifierIndex::list_missing(const std::vector<Tip>& tips) {
  std::vector<std::string> missing;
  for (const Tip& tip : tips) {
    if (commits_.find(tip.hash) == FirstParents::kNone) missing.push_back(tip.hash);
  }
  for (std::size_t first = 0; first < missing.size(); first += kTipsAtOnce) {
    std::vector<std::string> all = {"--no-replace-objects", "rev-list",  "--topo-order",
                                    "--first-parent",       "--parents", "--timestamp",
                                    "--ignore-missing"};
    for (std::size_t i = first; i < std::min(missing.size(), first + kTipsAtOnce); ++i)
      all.push_back(missing[i]);
    std::vector<std::string> limited = all;
    limited.insert(limited.begin() + 2, "--exclude-first-parent-only");
    for (const std::string& hash : commits_.heads(kTipsAtOnce)) limited.push_back("^" + hash);
    RESULTSDB_ASSIGN(ProcessOutput output, git_.run(limited));
    if (output.exit_code == kUsageError) {  // git before 2.35 does not know the option: all is listed again
      RESULTSDB_ASSIGN(output, git_.run(all));
    }
    if (output.exit_code != 0) return git_.failed(output);
    RESULTSDB_TRY(commits_.add_lines(output.out));
  }
  return {};
}

/// Forgets what the list and its file say: git alone decides.
Status IdentifierIndex::list_all(std::vector<Tip> tips) {
  commits_.clear();
  snapshot_.clear();
  take_tips({});
  RESULTSDB_TRY(list_missing(tips));
  take_tips(std::move(tips));
  return {};
}

void IdentifierIndex::take_tips(std::vector<Tip> tips) {
  owners_.assign(commits_.size(), FirstParents::kNone);
  for (std::size_t i = 0; i < tips.size(); ++i) {
    tips[i].node = commits_.find(tips[i].hash);
    for (Node node = tips[i].node; node != FirstParents::kNone && owners_[node] == FirstParents::kNone;
         node = commits_.parent(node)) {
      owners_[node] = static_cast<std::uint32_t>(i);
    }
  }
  tips_ = std::move(tips);
}

Status IdentifierIndex::refresh() {
  RESULTSDB_ASSIGN(std::vector<Tip> tips, read_tips());
  std::string snapshot;
  for (const Tip& tip : tips) snapshot += tip.hash + ' ' + tip.branch + '\n';
  if (loaded_ && snapshot == snapshot_) return {};
  if (!loaded_) commits_.load(file_);
  loaded_ = true;
  const std::size_t before = commits_.size();
  if (list_missing(tips)) {
    take_tips(tips);
  } else {
    RESULTSDB_TRY(list_all(tips));
  }
  const auto unused =
      static_cast<std::size_t>(std::count(owners_.begin(), owners_.end(), FirstParents::kNone));
  if (unused > kMaxUnused && unused > commits_.size() / 2) RESULTSDB_TRY(list_all(std::move(tips)));
  snapshot_ = std::move(snapshot);
  if (commits_.size() != before) commits_.save(file_);
  return {};
}

Status IdentifierIndex::rebuild() {
  const std::lock_guard lock(mutex_);
  RESULTSDB_ASSIGN(std::vector<Tip> tips, read_tips());
  RESULTSDB_TRY(list_all(std::move(tips)));
  commits_.save(file_);
  return {};
}

bool IdentifierIndex::agrees(const std::string& hash, std::int64_t timestamp, std::string_view parent) {
  const std::lock_guard lock(mutex_);
  const Node node = commits_.find(hash);
  if (node == FirstParents::kNone) return true;
  const Node above = commits_.parent(node);
  return commits_.timestamp(node) == timestamp &&
         (above == FirstParents::kNone ? parent.empty() : commits_.hash(above) == parent);
}

/// The first commit of the default branch at or before this one; kNone if they have nothing in common.
IdentifierIndex::Node IdentifierIndex::branch_point(Node node) const {
  while (node != FirstParents::kNone && !on_default_branch(node)) node = commits_.parent(node);
  return node;
}

/// Whether the branch's own commits, those after its branch point, include this one.
bool IdentifierIndex::contains(const Tip& tip, Node node) const {
  Node at = tip.node;
  while (at != FirstParents::kNone && commits_.depth(at) > commits_.depth(node)) at = commits_.parent(at);
  return at == node;
}

IdentifierIndex::Place IdentifierIndex::describe(Node node, const std::string& branch) const {
  Place place{commits_.hash(node), branch, {}, {}};
  const std::int64_t depth = commits_.depth(node);
  const std::int64_t point = on_default_branch(node) ? 0 : commits_.depth(branch_point(node));
  if (point > 0) place.identifier = std::to_string(point) + '.';
  place.identifier += std::to_string(depth - point) + '@' + branch;
  std::int64_t order = 0;
  for (Node at = commits_.parent(node);
       at != FirstParents::kNone && commits_.timestamp(at) == commits_.timestamp(node);
       at = commits_.parent(at)) {
    ++order;
  }
  place.order = order;
  return place;
}

Result<std::optional<IdentifierIndex::Place>> IdentifierIndex::find(std::string_view identifier) {
  const std::size_t at = identifier.find('@');
  const std::optional<Numbers> numbers = parse_numbers(identifier.substr(0, at));
  if (!numbers || at == std::string_view::npos) return std::optional<Place>();
  const std::string branch(identifier.substr(at + 1));
  const bool is_default = branch == default_branch_;
  if (is_default && (numbers->point || numbers->number < 1)) return std::optional<Place>();
  const std::lock_guard lock(mutex_);
  RESULTSDB_TRY(refresh());
  for (const Tip& tip : tips_) {
    if (tip.branch != branch || tip.node == FirstParents::kNone) continue;
    const std::int64_t point = is_default ? 0 : commits_.depth(branch_point(tip.node));
    if (numbers->point && *numbers->point != point) continue;
    const std::int64_t depth = point + numbers->number;
    if (depth < 1 || depth > commits_.depth(tip.node)) continue;
    Node node = tip.node;
    while (commits_.depth(node) > depth) node = commits_.parent(node);
    return std::optional(describe(node, on_default_branch(node) ? default_branch_ : branch));
  }
  return std::optional<Place>();
}

Result<std::optional<IdentifierIndex::Place>> IdentifierIndex::place(const std::string& hash,
                                                                     const std::string& preferred) {
  const std::lock_guard lock(mutex_);
  RESULTSDB_TRY(refresh());
  const Node node = commits_.find(hash);
  if (node == FirstParents::kNone || owners_[node] == FirstParents::kNone) return std::optional<Place>();
  if (!on_default_branch(node)) {
    for (const Tip& tip : tips_) {
      if (tip.branch == preferred && contains(tip, node)) return std::optional(describe(node, preferred));
    }
  }
  return std::optional(describe(node, tips_[owners_[node]].branch));
}

}  // namespace resultsdb::repository
