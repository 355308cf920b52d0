#include "domain/fields.hpp"
#include "domain/sha256.hpp"
#include "resultsdb/answers.hpp"
#include "resultsdb/base64url.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb {
namespace {

constexpr std::size_t kIdBytes = 15;  ///< 120 bits: 20 letters without a rest

std::string make_id(std::string_view prefix, const domain::FieldWriter& key) {
  const std::string hash = domain::sha256(key.bytes());
  return std::string(prefix) + base64url_encode(std::string_view(hash).substr(0, kIdBytes));
}

}  // namespace

std::string configuration_id(const Configuration& configuration) {
  return make_id("c_", domain::FieldWriter().text(configuration.key()));
}

std::string timeline_id(std::string_view suite, std::string_view branch, const Configuration& configuration) {
  return make_id("t_", domain::FieldWriter().text(suite).text(branch).text(configuration.key()));
}

std::string run_id(std::string_view suite, std::string_view branch, const Configuration& configuration,
                   Position position, Time started, std::string_view variant) {
  return make_id("r_", domain::FieldWriter()
                           .text(suite)
                           .text(branch)
                           .text(configuration.key())
                           .number(position)
                           .number(to_micros(started))
                           .text(variant));
}

std::string regression_id(ChangeKind kind, std::string_view test, const RunInfo& before,
                          const RunInfo& after) {
  return make_id("g_", domain::FieldWriter()
                           .text(after.suite)
                           .text(to_string(kind))
                           .text(test)
                           .text(before.id)
                           .text(after.id));
}

}  // namespace resultsdb
