// How long runs are kept that came in through this mount.
#include "run_attributes.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::int64_t kLeastTtl = 4 * 7 * 86'400;

RetentionRule rule_of(const Options& options) {
  return {.attribute = {run_attributes::kMount, run_attributes::kThisMount},
          .keep = std::chrono::seconds(options.default_ttl_seconds)};
}

}  // namespace

Result<std::optional<RetentionRule>> retention_rule(const Options& options) {
  if (options.default_ttl_seconds == 0) return std::optional<RetentionRule>();
  if (options.default_ttl_seconds < kLeastTtl)
    return invalid_argument("TTL must be at least 4 weeks", "default_ttl_seconds");
  return std::optional(rule_of(options));
}

bool is_over(const Service& service, Position uuid) {
  return service.options.default_ttl_seconds > 0 &&
         resultsdb::is_over(rule_of(service.options), uuid, service.now());
}

}  // namespace resultsdb::webkit
