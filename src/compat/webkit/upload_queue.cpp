#include "upload_queue.hpp"

#include "json_text.hpp"

namespace resultsdb::webkit {
namespace {

constexpr char kCollection[] = "webkit-jobs";

/// Keys in the order of time.
std::string key_of(Time now, const std::string& run) {
  constexpr std::size_t kDigits = 20;
  const std::string micros = std::to_string(now.time_since_epoch().count());
  return std::string(kDigits - std::min(kDigits, micros.size()), '0') + micros + "-" + run;
}

}  // namespace

Status enqueue(const Service& service, const std::string& suite, const std::string& run) {
  JsonObject job;
  job.set_string("suite", suite);
  job.set_string("run", run);
  DocumentChanges changes{.collection = kCollection, .puts = {}, .deletes = {}};
  changes.puts.push_back({.document = {.key = key_of(service.now(), run), .text = job.text()}});
  return service.model->change_documents(changes);
}

}  // namespace resultsdb::webkit
