#include "seal.hpp"

#include <algorithm>

#include "resultsdb/storage/checksum.hpp"
#include "rows.hpp"

namespace resultsdb::backends::redis {

namespace {

constexpr std::size_t kBytes = 4;

bool is_sealed(std::string_view table) {
  static constexpr std::string_view kTables[] = {
      suite::kTimelines,    suite::kRuns,           suite::kRunOutcomes, suite::kRunDurations,
      suite::kTiles,        suite::kTestSets,       suite::kDetails,     repository::kRow,
      repository::kCommits, collection::kDocuments, collection::kChunks};
  return std::find(std::begin(kTables), std::end(kTables), table) != std::end(kTables);
}

std::string checksum(std::string_view table, std::string_view field, std::string_view row) {
  const auto key = ByteWriter().sized(table).sized(field).text();
  return ByteWriter().u32(storage::crc32c(row, storage::crc32c(key))).text();
}

}  // namespace

std::string Seal::close(std::string_view table, std::string_view field, std::string_view row) const {
  std::string stored(row);
  if (on_ && is_sealed(table)) stored += checksum(table, field, row);
  return stored;
}

std::string_view Seal::open(std::string_view stored) const {
  if (on_) stored.remove_suffix(std::min(stored.size(), kBytes));
  return stored;
}

bool Seal::holds(std::string_view table, std::string_view field, std::string_view stored) const {
  if (!on_ || !is_sealed(table)) return true;
  return stored.size() >= kBytes &&
         stored.substr(stored.size() - kBytes) == checksum(table, field, open(stored));
}

}  // namespace resultsdb::backends::redis
