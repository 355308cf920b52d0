#include "fuzz/fuzz_server.hpp"

#include <cstdlib>
#include <iostream>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/http/native.hpp"
#include "resultsdb/http/webkit.hpp"

namespace resultsdb::fuzz {
namespace {

Time standing_clock() { return from_seconds(1'602'000'000); }

}  // namespace

Server::Server() : model_(Model::create(backends::open_memory()).value()) {
  http::NativeOptions native;
  native.clock = standing_clock;
  http::mount_native(router_, model_, native);
  webkit::Options webkit;
  webkit.clock = standing_clock;
  webkit::mount(router_, model_, webkit);
}

http::Response Server::get(const std::string& path, std::string_view query) const {
  http::Request request;
  request.method = "GET";
  http::set_target(request, path + "?" + std::string(query));
  return router_.dispatch(request);
}

http::Response Server::post(const std::string& path, std::string_view body, const std::string& type) const {
  http::Request request;
  request.method = "POST";
  http::set_target(request, path);
  request.headers.emplace_back("Content-Type", type);
  request.body = body;
  return router_.dispatch(request);
}

void expect(bool holds, std::string_view what) {
  if (holds) return;
  std::cerr << "expected: " << what << '\n';
  std::abort();
}

}  // namespace resultsdb::fuzz
