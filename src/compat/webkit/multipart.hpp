// Multipart forms, which may be larger than memory: where their parts are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/http/message.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb::webkit {

/// The body of a request, in memory or in a file. The request must outlive it.
class Body {
 public:
  explicit Body(const http::Request& request) : request_(request) {}
  std::uint64_t size() const {
    return request_.body_file ? request_.body_file->size() : request_.body.size();
  }
  /// Fills `out` from there on; fewer bytes at the end only.
  Result<std::size_t> read(std::uint64_t from, std::span<char> out) const;
  Result<std::string> read(std::uint64_t from, std::size_t most) const;

 private:
  const http::Request& request_;
};

struct FormPart {
  std::string name;
  bool is_file = false;
  std::uint64_t from = 0, size = 0;  ///< in the body
};

/// The parts of a multipart form that end within its first bytes; of one that is cut, those before the cut.
/// InvalidArgument: too many, or a boundary that is none.
Result<std::vector<FormPart>> find_parts(const Body& body, std::string_view content_type,
                                         std::uint64_t most = UINT64_MAX);

struct Form {
  http::Parameters fields;
  std::vector<FormPart> files;
};
/// A form of any kind; nothing of what is none. InvalidArgument: its fields are too large.
Result<Form> read_form(const http::Request& request);

/// The field `api_key` of a form, or empty: what may be asked before it is known who sends it. Looks at the
/// first 16 MB alone and copies nothing of a multipart form, where the key has to stand before large files.
Result<std::string> find_key(const http::Request& request);

}  // namespace resultsdb::webkit
