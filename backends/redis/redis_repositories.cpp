// Repositories and their commits.
#include <algorithm>
#include <set>

#include "redis_storage.hpp"
#include "scripts.hpp"

namespace resultsdb::backends::redis {

using namespace storage;

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += lower(c);
  return out;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

bool matches(const CommitRow& commit, const CommitQuery& query) {
  if (query.branch && commit.branch != *query.branch) return false;
  if (!commit.hash.starts_with(query.hash_prefix)) return false;
  if (query.revision && commit.revision != *query.revision) return false;
  if (!query.identifier.empty() && commit.identifier != query.identifier) return false;
  if (!query.position.contains(*commit.position)) return false;
  if (query.text.empty()) return true;
  for (const auto* text : {&commit.message, &commit.author.name, &commit.hash, &commit.identifier})
    if (contains_ignoring_case(*text, query.text)) return true;
  return false;
}

CommitKey key_of(const CommitRow& commit) { return {commit.branch, *commit.position, commit.id()}; }

/// The range of names, if the query asks for commits by name. Revision 0, "not known", is no name.
std::optional<LexRange> range_of_names(const CommitQuery& query) {
  if (query.revision && *query.revision != 0) return LexRange::prefix(revision_name(*query.revision));
  if (!query.identifier.empty()) return LexRange::prefix(identifier_name(query.identifier));
  if (!query.hash_prefix.empty()) return LexRange::prefix(hash_name(query.hash_prefix));
  return std::nullopt;
}

/// In order, of all commits or of one branch.
template <class Cursor>
LexRange range_in_order(const CommitQuery& query, const std::optional<Cursor>& after) {
  const auto begin = query.branch ? ByteWriter().ended(*query.branch).text() : std::string();
  auto range = LexRange::prefix(begin);
  if (query.position.from) range.at_least(begin + ByteWriter().ordered(*query.position.from).text());
  if (query.position.to) range.until(begin + ByteWriter().ordered(*query.position.to).text());
  if (!after) return range;
  if (!query.branch) {
    const auto at = pack_key(CommitKey{after->branch, after->position, after->id});
    return query.ascending ? range.after(at) : range.below(at);
  }
  // The cursor may be of another branch; then only its place among positions and branches counts.
  const auto place = begin + ByteWriter().ordered(after->position).text();
  if (after->branch != *query.branch) {
    const bool here_is_after = *query.branch > after->branch;  // at the same position
    if (query.ascending) return here_is_after ? range.at_least(place) : range.after(place);
    return here_is_after ? range.below(place) : range.until(place);
  }
  const auto at = place + ByteWriter().ended(after->id).text();
  return query.ascending ? range.after(at) : range.below(at);
}

}  // namespace

Result<bool> RedisStorage::apply_once(const Keys& keys, const RepositoryBatch& batch) {
  std::set<CommitKey> touched(batch.delete_commits.begin(), batch.delete_commits.end());
  for (const auto& commit : batch.put_commits) touched.insert(key_of(commit));
  std::vector<Command> commands{{"HGET", keys[repository::kRow], "row"}};
  for (const auto& key : touched) {
    const auto range = LexRange::prefix(pack_key(key));
    commands.push_back({"ZRANGEBYLEX", keys[repository::kCommits], range.min(), range.max()});
  }
  RESULTSDB_ASSIGN(const auto replies, client_->snapshot(keys[repository::kRow], commands));
  const auto version = replies[0].is_nil() ? 0 : ByteReader(replies[0].text).u64();
  if (version + 1 != batch.row.version)
    return redis_error(ErrorCode::Conflict, "the repository is at version " + std::to_string(version),
                       batch.row.name);

  Transaction transaction(keys, seal_);
  transaction.expect_version(repository::kRow, "row", version);
  for (const auto& reply : std::span(replies).subspan(1)) {
    for (const auto& member : reply.items) {
      RESULTSDB_ASSIGN(const auto commit, unpack_commit(batch.row.name, seal_.open(member.text)));
      transaction.sorted_delete(repository::kCommits, member.text);
      transaction.sorted_delete(repository::kBranches, branch_member(key_of(commit)));
      for (const auto& name : commit_names(commit)) transaction.sorted_delete(repository::kNames, name);
    }
  }
  for (const auto& commit : batch.put_commits) transaction.sorted_add(repository::kCommits, pack(commit));
  for (const auto& commit : batch.put_commits)
    transaction.sorted_add(repository::kBranches, branch_member(key_of(commit)));
  for (const auto& commit : batch.put_commits)
    for (const auto& name : commit_names(commit)) transaction.sorted_add(repository::kNames, name);
  transaction.hash_set(repository::kRow, "row",
                       ByteWriter().u64(batch.row.version).raw(batch.row.text).text());
  return std::move(transaction).commit(*client_, limits_);
}

Result<std::vector<RepositoryRow>> RedisStorage::do_find_repositories() {
  RESULTSDB_ASSIGN(const auto names, registered_names(Keys::Kind::Repository));
  std::vector<std::pair<std::string, Command>> questions;
  for (const auto& name : names) {
    const auto key = Keys(prefix_, Keys::Kind::Repository, name)[repository::kRow];
    questions.emplace_back(key, Command{"HGET", key, "row"});
  }
  RESULTSDB_ASSIGN(const auto answers, client_->scatter(questions));
  std::vector<RepositoryRow> rows;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (answers[i].is_nil()) continue;
    ByteReader in(seal_.open(answers[i].text));
    RepositoryRow row{names[i], in.u64(), {}};
    row.text = in.rest();
    if (!in.ok()) return damaged(repository::kRow);
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<CommitRow>> RedisStorage::do_find_commits(const CommitQuery& query,
                                                             const std::optional<CommitCursor>& after,
                                                             std::uint32_t limit) {
  const Keys keys(prefix_, Keys::Kind::Repository, query.repository);
  const auto names = range_of_names(query);
  const auto range = names ? *names : range_in_order(query, after);
  const std::string tables[] = {keys[repository::kCommits], keys[repository::kBranches],
                                keys[repository::kNames]};
  RESULTSDB_ASSIGN(
      const auto replies,
      client_->eval(Access::Repeatable, scripts::find_commits, tables,
                    {names          ? "names"
                     : query.branch ? "branch"
                                    : "commits",
                     range.min(), range.max(), query.ascending ? "asc" : "desc",
                     std::to_string(query.revision == 0 ? ~std::uint32_t{0} : limit), lower(query.text)}));
  std::map<std::string, CommitRow> sorted;
  const auto cursor = after ? pack_key(CommitKey{after->branch, after->position, after->id}) : std::string();
  for (const auto& member : replies[0].items) {
    RESULTSDB_ASSIGN(auto commit, unpack_commit(query.repository, seal_.open(member.text)));
    auto key = pack_key(key_of(commit));
    if (after && (query.ascending ? key <= cursor : key >= cursor)) continue;
    if (matches(commit, query)) sorted.emplace(std::move(key), std::move(commit));
  }
  std::vector<CommitRow> rows;
  for (auto& [key, commit] : sorted) rows.push_back(std::move(commit));
  if (!query.ascending) std::reverse(rows.begin(), rows.end());
  if (rows.size() > limit) rows.resize(limit);
  return rows;
}

Result<std::vector<std::string>> RedisStorage::do_list_branches(std::string_view repository,
                                                                std::string_view prefix) {
  const std::string key = Keys(prefix_, Keys::Kind::Repository, repository)[repository::kBranches];
  RESULTSDB_ASSIGN(auto replies, client_->eval(Access::Repeatable, scripts::list_branches, std::span(&key, 1),
                                               {std::string(prefix)}));
  std::vector<std::string> branches;
  for (auto& item : replies[0].items) branches.push_back(std::move(item.text));
  return branches;
}

}  // namespace resultsdb::backends::redis
