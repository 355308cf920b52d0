// The limits that every way into the store enforces alike.
#pragma once

#include <cstddef>
#include <cstdint>

namespace resultsdb::limits {

inline constexpr std::size_t kNameBytes = 4096;     ///< suite, test, branch, variant, repository names
inline constexpr std::size_t kPublicIdBytes = 128;  ///< public id of a run
inline constexpr std::size_t kOutcomeBytes = 256;   ///< expected + actual + attributes of a dictionary entry
inline constexpr std::size_t kOutcomesPerSuite = 4096;  ///< entries of a suite's outcome dictionary
inline constexpr std::size_t kFacets = 64;              ///< facets of a configuration
inline constexpr std::size_t kFacetBytes = 1024;        ///< name or value of a facet
inline constexpr std::size_t kAttributes = 256;         ///< attributes of a run
inline constexpr std::size_t kDetailBytes = 16u << 20;  ///< detail of one result
inline constexpr std::size_t kDocumentBytes = 64u << 20;
inline constexpr std::size_t kChunkBytes = 1u << 20;  ///< of what lies beside a document
inline constexpr std::size_t kTestsPerRun = 5'000'000;
inline constexpr std::int64_t kMaxPosition = (std::int64_t{1} << 53) - 1;  ///< positions lie in ±kMaxPosition
inline constexpr std::uint32_t kPageRows = 10'000;  ///< rows of one page of a Storage query

}  // namespace resultsdb::limits
