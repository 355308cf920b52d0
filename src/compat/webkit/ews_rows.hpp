// Results of changes that are not landed yet, as WebKit's bots for them upload. They stand in documents of
// their own, so that nothing else of the protocol sees them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "configuration.hpp"
#include "resultsdb/commit.hpp"
#include "service.hpp"

namespace resultsdb::webkit {

/// One test of one upload on one branch key.
struct EwsRow {
  std::string suite, test, branch;
  PlatformConfiguration configuration;  ///< with sdk
  Position uuid = 0;
  std::int64_t start = 0, expires = 0;      ///< seconds; `expires` 0: never
  std::string result, details, flaky_type;  ///< JSON as it came; the last two may be empty
};

/// Stores rows of one upload, all or none.
Status put_ews_rows(const Service& service, bool flaky, const std::vector<EwsRow>& rows);

/// The rows of a test that are not over, by uuid and start; of very many the newest.
Result<std::vector<EwsRow>> ews_rows(const Service& service, bool flaky, const std::string& suite,
                                     const std::string& test);

/// The first names of tests with such rows that start with a prefix, sorted.
Result<std::vector<std::string>> ews_tests(const Service& service, bool flaky, const std::string& suite,
                                           const std::string& prefix, std::size_t limit);

/// Deletes some of the rows that are over; returns how many. `page`: empty at first, and again at the end.
Result<std::uint64_t> delete_old_ews_rows(const Service& service, bool flaky, Time now, std::string& page);

}  // namespace resultsdb::webkit
