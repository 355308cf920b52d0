// Recorded exchanges: how they are read, sent and compared.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "resultsdb/http/message.hpp"

namespace resultsdb::webkit::testing {

struct Exchange {
  std::string id;
  boost::json::object recorded;

  http::Request request() const;
  bool has_tag(std::string_view tag) const;
  /// What differs, for people; empty if the reply is as recorded.
  std::string difference(const http::Response& reply) const;
};

/// The exchanges of one scenario; fails the test on a file that cannot be read.
std::vector<Exchange> load_exchanges(const std::string& path);

/// JSON text with keys sorted, for comparisons.
std::string sorted_text(const boost::json::value& value);

}  // namespace resultsdb::webkit::testing
