// Checksums of rows: they find what was changed behind the store's back.
#pragma once

#include <string>
#include <string_view>

namespace resultsdb::backends::redis {

/// A row that is kept once ends with four bytes more: a CRC-32C of its table, its field and itself. Names,
/// the orders of runs and the like are kept twice, changes are derived: they have none. Rows of stores of
/// schema 1 have none either.
class Seal {
 public:
  explicit Seal(bool on) : on_(on) {}

  /// A field's value, or a member of a sorted set (then `field` is empty), as it is stored.
  std::string close(std::string_view table, std::string_view field, std::string_view row) const;
  /// The row itself, of a table that has checksums.
  std::string_view open(std::string_view stored) const;
  /// False: this is not what was written.
  bool holds(std::string_view table, std::string_view field, std::string_view stored) const;

 private:
  bool on_;
};

}  // namespace resultsdb::backends::redis
