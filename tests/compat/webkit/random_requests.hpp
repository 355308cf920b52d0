// Random requests to the mount, sound and unsound ones.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "resultsdb/http/message.hpp"

namespace resultsdb::webkit::testing {

class RandomRequests {
 public:
  /// `recorded`: requests to start from.
  RandomRequests(std::uint64_t seed, std::vector<http::Request> recorded)
      : random_(seed), recorded_(std::move(recorded)) {}

  http::Request next();

 private:
  using Texts = std::vector<std::string>;

  std::size_t pick(std::size_t end) { return static_cast<std::size_t>(random_() % end); }
  bool chance(int percent) { return pick(100) < static_cast<std::size_t>(percent); }
  const std::string& one_of(const Texts& texts) { return texts[pick(texts.size())]; }

  http::Request invented();
  std::string path();
  std::string value(const std::string& parameter);
  std::string parameters();
  std::string body();
  boost::json::value json_value(int depth);
  /// Changes something about a request.
  void spoil(http::Request& request);
  void spoil_target(http::Request& request);
  void spoil_body(http::Request& request);
  void spoil_json(boost::json::value& value);
  /// Flips, drops, repeats or inserts bytes.
  void spoil_text(std::string& text);

  std::mt19937_64 random_;
  const std::vector<http::Request> recorded_;
};

}  // namespace resultsdb::webkit::testing
