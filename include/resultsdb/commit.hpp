// Commits: one revision of one repository, with a place ("position") on an axis shared by all repositories.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/result.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb {

/// Place on the common axis: integer below 2^53 in absolute value. For commits: see commit_position().
using Position = std::int64_t;

struct Person {
  std::string name;
  std::vector<std::string> emails;
  bool empty() const noexcept { return name.empty() && emails.empty(); }
  bool operator==(const Person&) const = default;
};

/// A value. Empty texts, zero revision and empty optionals mean "not known".
struct Commit {
  std::string repository;
  std::string branch;
  std::string hash;               ///< lower-case hex, 1 to 64 digits
  std::int64_t revision = 0;      ///< `r123` systems; positive
  std::string identifier;         ///< `1234@main`, `1230.2@branch`
  std::optional<Time> timestamp;  ///< as reported; whole seconds matter for the position
  std::int64_t order = 0;         ///< place among commits with one timestamp
  Person author;
  std::string message;
  std::vector<std::string> parents;  ///< hashes, first parent first
  std::optional<Position> position;  ///< fixed when first registered; empty before

  /// What names the commit within its repository: hash, else `rN`, else identifier, else empty.
  std::string id() const;
  /// For people: identifier, else `rN`, else the first 12 digits of the hash, else `?`.
  std::string label() const;
  /// First line of the message.
  std::string_view subject() const noexcept;

  bool operator==(const Commit&) const = default;
};

/// Total order: position (unknown first), repository, revision, identifier number, hash, branch.
bool commit_before(const Commit& a, const Commit& b);

/// `max(100 * timestamp + order, position of the first parent + 1 if known)`; without timestamp it is
/// `previous + 1`, where `previous` is the position of the branch's newest commit (0 if there is none). The
/// timestamp counts in whole seconds.
Position commit_position(const Commit& commit, std::optional<Position> first_parent,
                         std::optional<Position> previous);

/// Hash and names within limits and valid; at least one of hash, revision, identifier.
Status validate_commit(const Commit& commit);

/// How a person or a program names a commit within a repository.
struct CommitReference {
  enum class Kind { Hash, HashPrefix, Revision, Identifier, Name };
  Kind kind = Kind::Name;
  std::string text;           ///< as given; hashes lower-cased; for Revision the digits alone
  std::int64_t revision = 0;  ///< for Revision
  bool operator==(const CommitReference&) const = default;
};

/// `rN` is a revision; 40 or 64 hex digits a hash; 7 to 39 (41 to 63) hex digits a prefix; `[N.]N@branch` an
/// identifier; all else (HEAD, a branch, a tag) a Name that only a Repository can resolve. Empty:
/// InvalidArgument.
Result<CommitReference> parse_commit_reference(std::string_view text);

/// `REPOSITORY@REF`, split at the first `@`. Both parts must be there.
struct RepositoryReference {
  std::string repository;
  std::string reference;
  bool operator==(const RepositoryReference&) const = default;
};
Result<RepositoryReference> parse_repository_reference(std::string_view text);

}  // namespace resultsdb
