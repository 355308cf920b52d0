// What apply.lua does in one step: writes that happen only if the rows they were made from are unchanged.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "client.hpp"
#include "rows.hpp"
#include "seal.hpp"

namespace resultsdb::backends::redis {

struct WriteLimits {
  std::size_t batch_bytes = 0;
  int wait_replicas = 0;
  std::chrono::milliseconds wait{0};  ///< for the replicas; shorter than the time an answer may take
};

class Transaction {
 public:
  Transaction(const Keys& keys, Seal seal) : keys_(keys), seal_(seal) {}

  /// The field of a hash must still be `value` (empty: must not be there).
  void expect(std::string_view table, std::string_view field, std::string_view value);
  /// The field must still begin with this version (0: must not be there).
  void expect_version(std::string_view table, std::string_view field, std::uint64_t version);

  void hash_set(std::string_view table, std::string_view field, std::string_view value);
  void hash_delete(std::string_view table, std::string_view field);
  void sorted_add(std::string_view table, std::string_view member);
  void sorted_delete(std::string_view table, std::string_view member);
  void sorted_delete(std::string_view table, const LexRange& range);
  /// Sets the bits of these ids in `listed`, of tests that are in the list `names`.
  void list_tests(std::string_view names, std::string_view listed, const std::vector<storage::TestId>& ids);
  void delete_durations(std::string_view table, storage::RunRef run);

  /// False if an expectation does not hold: nothing was written; read again. Large ones are sent in pieces
  /// before; without the last step they are forgotten after an hour.
  Result<bool> commit(Client& client, const WriteLimits& limits) &&;

 private:
  std::string key(std::string_view table);
  /// Joins the one before if that is the same command on the same key.
  void add(std::string_view command, std::string_view table,
           std::initializer_list<std::string_view> arguments);
  Result<std::size_t> stage(Client& client, std::size_t piece_bytes);

  const Keys& keys_;
  const Seal seal_;
  std::vector<std::string> key_names_;
  std::vector<std::string> expectations_;
  std::size_t expected_ = 0;
  std::vector<std::string> arguments_;
  std::size_t open_ = 0;  // where the last operation's number of arguments stands
};

}  // namespace resultsdb::backends::redis
