// What fuzz targets send requests to: both mounts on a store in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "resultsdb/http/router.hpp"
#include "resultsdb/model.hpp"

/// One input; ends the process if something is wrong.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace resultsdb::fuzz {

class Server {
 public:
  Server();

  http::Response get(const std::string& path, std::string_view query) const;
  http::Response post(const std::string& path, std::string_view body,
                      const std::string& type = "application/json") const;
  Model& model() { return *model_; }

 private:
  std::shared_ptr<Model> model_;
  http::Router router_;
};

/// Ends the process, naming what was expected, unless it holds.
void expect(bool holds, std::string_view what);

}  // namespace resultsdb::fuzz
