// Round trips of the blobs, and what happens to damaged ones.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>

#include "engine/bytes.hpp"
#include "engine/duration_codec.hpp"
#include "engine/outcome_blob.hpp"
#include "engine/test_set.hpp"

namespace resultsdb::engine {
namespace {

std::uint64_t seed() {
  const char* text = std::getenv("RESULTSDB_SEED");
  static const std::uint64_t value = text ? std::strtoull(text, nullptr, 10) : std::random_device{}();
  return value;
}

class Codecs : public testing::Test {
 protected:
  Codecs() : random_(seed()), trace_(__FILE__, __LINE__, "RESULTSDB_SEED=" + std::to_string(seed())) {}
  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }

  std::vector<storage::TestId> random_ids(std::size_t most, std::uint64_t holes) {
    std::vector<storage::TestId> ids;
    storage::TestId next = static_cast<storage::TestId>(below(1000));
    for (std::size_t i = 0; i < most; ++i) {
      next += below(holes + 1) == 0 ? 1 + static_cast<storage::TestId>(below(200)) : 1;
      ids.push_back(next);
    }
    return ids;
  }

  std::mt19937_64 random_;
  testing::ScopedTrace trace_;
};

/// Every flipped bit and every cut must be found; nothing may crash.
template <class Decode>
void expect_damage_is_found(const std::string& blob, const Decode& decode) {
  ASSERT_TRUE(decode(blob).ok());
  for (std::size_t i = 0; i < blob.size(); i += blob.size() > 2000 ? 17 : 1) {
    auto flipped = blob;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
    const auto result = decode(flipped);
    ASSERT_FALSE(result.ok()) << "byte " << i;
    ASSERT_EQ(result.error().code, ErrorCode::Corrupt);
    ASSERT_FALSE(decode(blob.substr(0, i)).ok()) << "cut at " << i;
  }
}

TEST_F(Codecs, Crc32cVectors) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
  std::mt19937 random(7);
  std::string bytes;
  std::uint32_t byte_by_byte = 0;
  while (bytes.size() < 8000) {  // long ones take several lanes at a time
    bytes += static_cast<char>(random());
    byte_by_byte = crc32c(bytes.substr(bytes.size() - 1), byte_by_byte);
    if (bytes.size() % 97 == 0 || bytes.size() % 1536 < 2) {
      ASSERT_EQ(crc32c(bytes), byte_by_byte) << bytes.size();
    }
  }
}

TEST_F(Codecs, NumbersOfEverySize) {
  ByteWriter out;
  std::vector<std::uint64_t> values{0, 127, 128, ~std::uint64_t{0}};
  for (int bit = 0; bit < 64; ++bit) values.push_back(std::uint64_t{1} << bit);
  for (const auto value : values) out.varint(value);
  const auto bytes = std::move(out).take();
  ByteReader in(bytes);
  for (const auto value : values) EXPECT_EQ(in.varint(), value);
  EXPECT_TRUE(in.at_end());
  ByteReader overlong("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02");
  EXPECT_EQ(overlong.varint(), 0U);
  EXPECT_FALSE(overlong.ok());
  ByteReader wide("\xff\xff\xff\xff\x7f");
  EXPECT_EQ(wide.varint32(), 0U);
  EXPECT_FALSE(wide.ok());
}

TEST_F(Codecs, OutcomesComeBack) {
  for (int round = 0; round < 200; ++round) {
    RunOutcomes outcomes;
    for (const auto test : random_ids(below(50), 3)) {
      OutcomeEntry entry{.test = test, .outcome = static_cast<storage::OutcomeId>(below(5000))};
      if (below(4) == 0)
        entry.passes =
            static_cast<std::uint32_t>(below(entry.tries = 1 + static_cast<std::uint32_t>(below(9))));
      outcomes.entries.push_back(entry);
    }
    outcomes.lost = random_ids(below(20), 1);
    const auto decoded = decode_outcomes(encode_outcomes(outcomes));
    ASSERT_TRUE(decoded.ok());
    ASSERT_EQ(*decoded, outcomes);
  }
  RunOutcomes extreme{.entries = {{0, 1, 0, 0}, {~0U, ~0U, ~0U, ~0U}}, .lost = {~0U}};
  EXPECT_EQ(decode_outcomes(encode_outcomes(extreme)).value(), extreme);
  EXPECT_EQ(decode_outcomes(encode_outcomes({})).value(), RunOutcomes{});
  expect_damage_is_found(encode_outcomes(extreme), decode_outcomes);
}

TEST_F(Codecs, TestSets) {
  for (int round = 0; round < 100; ++round) {
    const auto ids = random_ids(below(3000), below(20));
    const auto set = TestSet::from_sorted(ids);
    ASSERT_EQ(set.ids(), ids);
    ASSERT_EQ(set.size(), ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ASSERT_TRUE(set.contains(ids[i]));
      ASSERT_EQ(set.rank(ids[i]), i);
      ASSERT_EQ(set.contains(ids[i] + 1), i + 1 < ids.size() && ids[i + 1] == ids[i] + 1);
    }
    ASSERT_EQ(set.rank(TestSet::kMaxId), ids.size() - (ids.empty() || ids.back() != TestSet::kMaxId ? 0 : 1));
    ASSERT_EQ(decode_test_set(encode_test_set(set, nullptr), nullptr).value(), set);
    auto changed = ids;
    for (int i = 0; i < 5 && !changed.empty(); ++i)
      changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(below(changed.size())));
    const auto other = TestSet::from_sorted(changed);
    const auto blob = encode_test_set(other, &set);
    ASSERT_EQ(decode_test_set(blob, &set).value(), other);
    ASSERT_EQ(decode_test_set(encode_test_set(set, &set), &set).value(), set);
    ASSERT_EQ(set.hash() == other.hash(), set == other);
    ASSERT_FALSE(decode_test_set(blob, nullptr).ok());
  }
  expect_damage_is_found(encode_test_set(TestSet::from_sorted(random_ids(300, 5)), nullptr),
                         [](std::string_view blob) { return decode_test_set(blob, nullptr); });
}

TEST_F(Codecs, ADenseTestSetIsTiny) {
  std::vector<storage::TestId> ids(60'000);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<storage::TestId>(i);
  EXPECT_LT(encode_test_set(TestSet::from_sorted(ids), nullptr).size(), 20U);
}

TEST_F(Codecs, ADamagedTestSetCannotAskForMuchMemory) {
  ByteWriter out;
  out.byte(1);
  out.byte(0);
  for (int i = 0; i < 2; ++i) out.varint(~std::uint64_t{0} >> 1);
  EXPECT_FALSE(decode_test_set(seal(std::move(out).take()), nullptr).ok());
}

TEST_F(Codecs, TilesComeBack) {
  for (int round = 0; round < 300; ++round) {
    DurationMatrix tile(1 + static_cast<std::uint32_t>(below(20)), below(2) == 0 ? 8 : 64);
    for (std::uint32_t row = 0; row < tile.rows; ++row) {
      const auto shape = below(6);
      const auto base = static_cast<std::int64_t>(below(std::uint64_t{1} << below(62)));
      for (std::uint32_t column = 0; column < tile.columns; ++column) {
        auto& value = tile.at(row, column);
        if (shape == 0 || (shape == 1 && below(3) == 0)) continue;
        value = base + static_cast<std::int64_t>(below(shape == 2 ? 1 : 1000));
        if (shape == 3 || below(50) == 0) value = static_cast<std::int64_t>(below(std::uint64_t{1} << 62));
        if (shape == 4) value = value / 1000 * 1000;
      }
    }
    const auto blob = encode_tile(tile);
    ASSERT_EQ(decode_tile(blob).value(), tile);
    const auto row = static_cast<std::uint32_t>(below(tile.rows));
    const auto values = tile_row(blob, row).value();
    for (std::uint32_t column = 0; column < tile.columns; ++column)
      ASSERT_EQ(values[column], tile.at(row, column));
    ASSERT_EQ(tile_row(blob, tile.rows).value(), std::vector<std::int64_t>(tile.columns, kNoDuration));
  }
}

TEST_F(Codecs, ExtremeDurations) {
  DurationMatrix tile(3, 8);
  tile.at(0, 0) = 0;
  tile.at(0, 7) = std::int64_t{1} << 62;
  tile.at(1, 3) = std::int64_t{1} << 62;
  EXPECT_EQ(decode_tile(encode_tile(tile)).value(), tile);
  expect_damage_is_found(encode_tile(tile), decode_tile);
}

TEST_F(Codecs, RawRows) {
  for (const std::size_t size : {0, 1, 63, 64, 65, 4095, 4096}) {
    std::vector<std::int64_t> values(size);
    for (auto& value : values)
      value = below(10) == 0 ? kNoDuration : static_cast<std::int64_t>(below(100'000)) * 1000;
    const auto blob = encode_raw(values);
    auto whole = values;
    whole.resize(kChunkTests, kNoDuration);
    ASSERT_EQ(decode_raw(blob).value(), whole);
    for (int i = 0; i < 50; ++i) {
      const auto test = static_cast<std::uint32_t>(below(kChunkTests));
      ASSERT_EQ(raw_at(blob, test).value(), whole[test]);
    }
    if (size == 65) expect_damage_is_found(blob, decode_raw);
  }
}

// The evidence for tiles: exact milliseconds of a lognormal corpus in two thirds of a byte a
// result.
TEST_F(Codecs, TilesAreSmall) {
  std::lognormal_distribution<double> base(std::log(40.0), 1.2);
  std::normal_distribution<double> noise(0.0, 0.15);
  std::size_t bytes = 0, results = 0;
  for (int block = 0; block < 20; ++block) {
    DurationMatrix tile(kBlockTests, 64);
    for (std::uint32_t row = 0; row < tile.rows; ++row) {
      const double median = base(random_);
      for (std::uint32_t column = 0; column < tile.columns; ++column) {
        double value = median * std::exp(noise(random_));
        if (below(100) == 0) value *= 3;
        tile.at(row, column) = static_cast<std::int64_t>(std::llround(value)) * 1000;
      }
    }
    const auto blob = encode_tile(tile);
    ASSERT_EQ(decode_tile(blob).value(), tile);
    bytes += blob.size();
    results += tile.values.size();
  }
  RecordProperty("bytes_per_result",
                 std::to_string(static_cast<double>(bytes) / static_cast<double>(results)));
  EXPECT_LT(static_cast<double>(bytes) / static_cast<double>(results), 0.70);
  std::printf("%.3f bytes a result\n", static_cast<double>(bytes) / static_cast<double>(results));
}

TEST_F(Codecs, RandomBytesNeverCrash) {
  for (int round = 0; round < 20'000; ++round) {
    std::string content(below(60), '\0');
    for (auto& c : content) c = static_cast<char>(below(4) == 0 ? below(256) : below(4));
    if (!content.empty()) content[0] = static_cast<char>(1 + below(2));
    const auto blob = seal(content);
    (void)decode_outcomes(blob).ok();
    (void)decode_test_set(blob, nullptr).ok();
    (void)decode_tile(blob).ok();
    (void)tile_row(blob, static_cast<std::uint32_t>(below(300))).ok();
    (void)decode_raw(blob).ok();
    (void)raw_at(blob, static_cast<std::uint32_t>(below(kChunkTests))).ok();
  }
}

}  // namespace
}  // namespace resultsdb::engine
