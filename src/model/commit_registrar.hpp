// Gives commits of one repository their places and stores them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "resultsdb/commit.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb {

/// Knows one version of a repository; after Conflict a new one is needed.
class CommitRegistrar {
 public:
  static Result<CommitRegistrar> open(storage::Storage& storage, const std::string& repository);

  /// Reads all commits at once: pays for many look-ups.
  Status load();
  /// See Model::register_commits().
  struct Rules {
    bool prescribed = false, overwrite = false;
  };
  /// In the order given, in one batch; each as it is stored.
  Result<std::vector<Commit>> add(std::span<const Commit> commits, Rules rules);
  /// Stored commits of this id; several of one branch only where overwriting put them.
  Result<const std::vector<Commit>*> find(const std::string& id);

 private:
  CommitRegistrar(storage::Storage& storage, storage::RepositoryRow row)
      : storage_(storage), row_(std::move(row)) {}

  Result<Position> place(const Commit& commit, const std::vector<Commit>& namesakes);
  Result<std::optional<Position>> newest(const std::string& branch);
  Result<std::vector<Commit>> read_all(const storage::CommitQuery& query);

  storage::Storage& storage_;
  storage::RepositoryRow row_;
  bool loaded_ = false;
  std::unordered_map<std::string, std::vector<Commit>> known_;  // by id
  std::map<std::string, std::optional<Position>> newest_;       // by branch
};

}  // namespace resultsdb
