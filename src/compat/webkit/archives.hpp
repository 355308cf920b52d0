// Archives of runs: zips of their result folders, in the store's attachments.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "configuration.hpp"
#include "multipart.hpp"
#include "query.hpp"
#include "resultsdb/attachments.hpp"
#include "service.hpp"
#include "uploads.hpp"

namespace resultsdb::webkit {

Attachments archives_of(std::shared_ptr<Model> model);

/// Where an archive stands; its name is all that is known of it.
struct ArchivePlace {
  std::string timeline;  ///< the core's id
  Position uuid = 0;
  std::int64_t start = 0;  ///< in seconds
  std::string sdk;

  /// Names of one timeline are in the order of uuid and start.
  std::string name() const;
  static std::optional<ArchivePlace> parse(std::string_view name);
};

/// Whether an archive of a run at this position is over; of the archives' own retention.
bool is_archive_over(const Options& options, Position uuid, Time now);

/// Stores the part of the body as the archive of the run, under each branch key.
Status put_archive(const Service& service, const CheckedUpload& upload, const Body& body,
                   const FormPart& file);

struct FoundArchive {
  PlatformConfiguration configuration;  ///< with sdk
  Position uuid = 0;
  std::int64_t start = 0;
  std::string content;  ///< see Attachment

  /// What asks for this archive alone: the configuration, not escaped, uuid and times.
  std::string query() const;
};
/// Those that the query means: of each configuration and suite the two newest by commit within its commits,
/// and of these the ones of its times and sdks.
Result<std::vector<FoundArchive>> find_archives(const Service& service, const Query& query);

/// What GET takes, with `others`.
Accepts archive_parameters(std::vector<std::string_view> others);

}  // namespace resultsdb::webkit
