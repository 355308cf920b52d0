// Commits in the words of the protocol.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resultsdb/commit.hpp"

namespace resultsdb::webkit {

/// `[P.]N[@branch]`: the N-th commit of a branch that left its parent at P.
struct Identifier {
  std::optional<std::int64_t> branch_point;
  std::int64_t number = 0;
  std::string branch;  ///< empty: not given

  static std::optional<Identifier> parse(std::string_view text);
  std::string text() const;
  bool operator==(const Identifier&) const = default;
};

/// `6`, `r6`, `R6`: at most ten digits, positive.
std::optional<std::int64_t> parse_revision(std::string_view text);
/// 1 to 40 hex digits, lower-cased.
std::optional<std::string> parse_hash(std::string_view text);

/// What a reference of any form means: an identifier (a bare number as well), else `rN`, else a hash.
struct FreeReference {
  std::optional<Identifier> identifier;
  std::int64_t revision = 0;
  std::string hash;
  bool operator==(const FreeReference&) const = default;
};
std::optional<FreeReference> parse_free_reference(std::string_view text);

/// timestamp * 100 + order; nothing without a timestamp or beyond what positions hold.
std::optional<Position> commit_uuid(const Commit& commit);

/// A commit document. `error` says what is wrong; `wrong_type` tells the errors that no other reading of the
/// document can heal from those after which it may still be a reference.
struct ParsedCommit {
  Commit commit;
  std::string error;
  bool wrong_type = false;
};
ParsedCommit parse_commit(const boost::json::object& document);

/// The commit as answers show it: timestamp and order come from its position.
std::string commit_json(const Commit& commit);

}  // namespace resultsdb::webkit
