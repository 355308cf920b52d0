// Names of the run attributes that this mount keeps; their values are JSON texts, but for the first.
#pragma once

namespace resultsdb::webkit::run_attributes {

inline constexpr char kMount[] = "mount";  ///< through which the run came in
inline constexpr char kThisMount[] = "webkit";
inline constexpr char kStats[] = "stats";                       ///< of the run, computed members included
inline constexpr char kFlaky[] = "flaky";                       ///< how many tests were flaky
inline constexpr char kDetails[] = "details";                   ///< as uploaded
inline constexpr char kVersion[] = "version";                   ///< of the upload document
inline constexpr char kWithoutFailures[] = "without_failures";  ///< set: its failures could not be listed
inline constexpr char kWithoutLinks[] = "without_links";        ///< set: its CI links could not be made

}  // namespace resultsdb::webkit::run_attributes
