// Checksums of rows: they find what was changed behind the store's back.
#include "resultsdb/storage/checksum.hpp"
#include "tables.hpp"

namespace resultsdb::backends::sql {

namespace {

/// A kind and eight bytes, then the text or bytes themselves: no two rows are the same sequence of bytes.
class Checksum {
 public:
  void add(const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return add_number(1, *integer);
    if (const auto* text = std::get_if<std::string_view>(&value)) return add_bytes(*text);
    if (const auto* blob = std::get_if<Blob>(&value)) return add_bytes(blob->bytes);
    add_number(0, 0);
  }
  /// As signed: four bytes to a database that stores small numbers in few.
  std::int64_t get() const { return static_cast<std::int32_t>(crc_); }

 private:
  void add_number(char kind, std::int64_t value) {
    char bytes[9] = {kind};
    for (int i = 0; i < 8; ++i)
      bytes[i + 1] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
    crc_ = storage::crc32c({bytes, sizeof bytes}, crc_);
  }
  void add_bytes(std::string_view bytes) {
    add_number(2, static_cast<std::int64_t>(bytes.size()));
    crc_ = storage::crc32c(bytes, crc_);
  }

  std::uint32_t crc_ = 0;
};

}  // namespace

bool has_checksum(const Table& table) { return table.columns.back().check == Column::Check::Checksum; }

std::int64_t checksum(const Table& table, std::span<const Value> values) {
  Checksum sum;
  std::int64_t added = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (table.columns[i].check == Column::Check::Summed) sum.add(values[i]);
    if (table.columns[i].check != Column::Check::Added) continue;
    if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
      added += *number;
    } else {
      sum.add(values[i]);  // was damaged: no number is NULL
    }
  }
  return sum.get() + added;
}

Status put_rows(Connection& connection, const Table& table, OnConflict rule, const Rows& rows) {
  if (!has_checksum(table)) return connection.put(table, rule, rows);
  const std::size_t width = table.columns.size() - 1;
  Rows summed;
  summed.reserve(rows.size() / width * (width + 1));
  for (std::span<const Value> rest = rows; !rest.empty(); rest = rest.subspan(width)) {
    const auto row = rest.first(width);
    summed.insert(summed.end(), row.begin(), row.end());
    summed.emplace_back(checksum(table, row));
  }
  return connection.put(table, rule, summed);
}

}  // namespace resultsdb::backends::sql
