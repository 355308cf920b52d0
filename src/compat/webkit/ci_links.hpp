// From the details of an upload to the pages of the machine that ran it.
#pragma once

#include <optional>
#include <string>

#include "resultsdb/history.hpp"
#include "service.hpp"

namespace resultsdb::webkit {

namespace run_links {  // Link::rel

inline constexpr char kBuild[] = "build", kQueue[] = "queue", kWorker[] = "worker";

}  // namespace run_links

struct RunLinks {
  std::optional<std::string> build, queue, worker;
};

/// `details` is the JSON text of an upload, or empty. InvalidArgument: what the step reports.
Result<RunLinks> links_of(const Service& service, const std::string& details);
/// Those of a stored run; nothing if they could not be made.
std::optional<RunLinks> links_of(const RunInfo& run);

/// The queue that fed a timeline last, for each sdk.
Status put_queue(Model& model, const RunHeader& run, const std::string& url);
struct Queue {
  std::string sdk, url;
};
Result<std::vector<Queue>> queues_of(Model& model, const std::string& timeline);

}  // namespace resultsdb::webkit
