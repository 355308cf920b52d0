#include "multipart.hpp"

#include <algorithm>
#include <optional>

#include "numbers.hpp"
#include "service.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::size_t kBlock = 256 << 10;
constexpr std::size_t kMostParts = 1000;
constexpr std::size_t kMostBoundary = 70, kKeyBytes = 16 << 10;
constexpr std::size_t kHeadBytes = 16 << 10;      // of the headers of a part
constexpr std::uint64_t kFieldBytes = 16u << 20;  // of all fields together, where the body is in a file

/// The parameters behind the first `;` of a header's value, their names in lower case: `form-data; name="a"`.
http::Parameters parameters_of(std::string_view value) {
  http::Parameters parameters;
  for (std::size_t at = value.find(';'); at != std::string_view::npos; at = value.find(';', at)) {
    at = std::min(value.find_first_not_of("; \t", at), value.size());
    const std::size_t name_end = std::min(value.find_first_of("=;", at), value.size());
    std::string name = to_lower(value.substr(at, name_end - at)), text;
    at = name_end;
    if (value.substr(at).starts_with("=\"")) {
      for (at += 2; at < value.size() && value[at] != '"'; ++at) {
        if (value.substr(at).starts_with("\\\"") || value.substr(at).starts_with("\\\\")) ++at;
        text += value[at];
      }
    } else if (at < value.size() && value[at] == '=') {
      const std::size_t end = std::min(value.find_first_of("; \t\r\n", at), value.size());
      text = value.substr(at + 1, end - at - 1);
      at = end;
    }
    parameters.emplace_back(std::move(name), std::move(text));
  }
  return parameters;
}

/// Empty: there is none. RFC 2046 allows 70 bytes.
Result<std::string> boundary_of(std::string_view type) {
  const http::Parameters parameters = parameters_of(type);
  const auto boundary = http::find_header(parameters, "boundary").value_or("");
  if (boundary.size() > kMostBoundary)
    return invalid_argument("The boundary of the form has more than 70 bytes");
  if (boundary.find_first_of("\r\n") != std::string_view::npos)
    return invalid_argument("The boundary of the form is none");
  return std::string(boundary);
}

/// What the headers of a part say of it; nothing if it has no name.
std::optional<FormPart> read_headers(std::string_view headers) {
  constexpr std::string_view kDisposition = "content-disposition:";
  while (!headers.empty()) {
    const std::size_t end = std::min(headers.find("\r\n"), headers.size());
    const std::string_view line = headers.substr(0, end);
    headers.remove_prefix(std::min(end + 2, headers.size()));
    if (to_lower(line.substr(0, kDisposition.size())) != kDisposition) continue;
    const http::Parameters parameters = parameters_of(line);
    const auto name = http::find_header(parameters, "name");
    if (!name) return std::nullopt;
    // Names beyond ASCII come as `filename*` (RFC 5987), maybe alone. Only that there is one matters.
    const bool is_file =
        http::find_header(parameters, "filename") || http::find_header(parameters, "filename*");
    return FormPart{.name = std::string(*name), .is_file = is_file};
  }
  return std::nullopt;
}

/// Where the delimiter begins, in order, within the first bytes. The one at the very beginning has no line
/// end in front. Linear whatever the body holds: `delimiter` has one line end, at its beginning, so that what
/// is compared of one candidate is not compared of the next.
Result<std::vector<std::uint64_t>> find_delimiters(const Body& body, std::uint64_t most,
                                                   std::string_view delimiter) {
  std::vector<std::uint64_t> found;
  std::string block;
  const std::uint64_t end = std::min(body.size(), most);
  for (std::uint64_t at = 0; at < end; at += kBlock) {
    // One that begins in this block may end in the next.
    const std::uint64_t wanted = std::min<std::uint64_t>(kBlock + delimiter.size() - 1, end - at);
    RESULTSDB_ASSIGN(block, body.read(at, static_cast<std::size_t>(wanted)));
    for (std::size_t from = block.find(delimiter); from != std::string::npos;
         from = block.find(delimiter, from + delimiter.size())) {
      found.push_back(at + from);
      if (found.size() > kMostParts) return invalid_argument("The form has too many parts");
    }
  }
  return found;
}

}  // namespace

Result<std::size_t> Body::read(std::uint64_t from, std::span<char> out) const {
  if (request_.body_file) return request_.body_file->read(from, out);
  if (from >= request_.body.size()) return std::size_t{0};
  return request_.body.copy(out.data(), out.size(), static_cast<std::size_t>(from));
}

Result<std::string> Body::read(std::uint64_t from, std::size_t most) const {
  const std::uint64_t left = from < size() ? size() - from : 0;
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(left, most)), '\0');
  RESULTSDB_ASSIGN(const std::size_t count, read(from, std::span<char>(bytes)));
  bytes.resize(count);
  return bytes;
}

Result<std::vector<FormPart>> find_parts(const Body& body, std::string_view content_type,
                                         std::uint64_t most) {
  std::vector<FormPart> parts;
  RESULTSDB_ASSIGN(const std::string boundary, boundary_of(content_type));
  if (boundary.empty()) return parts;
  const std::string first = "--" + boundary, delimiter = "\r\n" + first;
  RESULTSDB_ASSIGN(std::vector<std::uint64_t> delimiters, find_delimiters(body, most, delimiter));
  RESULTSDB_ASSIGN(const std::string start, body.read(0, first.size()));
  std::vector<std::uint64_t> begins;  // behind each delimiter
  for (const std::uint64_t at : delimiters) begins.push_back(at + delimiter.size());
  if (start == first) {
    begins.insert(begins.begin(), first.size());
  } else if (!delimiters.empty()) {
    delimiters.erase(delimiters.begin());  // what is in front of the first one is no part
  }
  for (std::size_t i = 0; i < delimiters.size(); ++i) {
    const std::uint64_t begin = begins[i], end = std::max(begin, delimiters[i]);
    RESULTSDB_ASSIGN(
        const std::string head,
        body.read(begin, static_cast<std::size_t>(std::min<std::uint64_t>(kHeadBytes, end - begin))));
    const std::size_t blank = head.find("\r\n\r\n");
    if (blank == std::string::npos) continue;
    auto part = read_headers(std::string_view(head).substr(0, blank));
    if (!part) continue;
    part->from = begin + blank + 4;
    part->size = end - part->from;
    parts.push_back(*std::move(part));
  }
  return parts;
}

Result<std::string> find_key(const http::Request& request) {
  const Body body(request);
  if (media_type(request) != "multipart/form-data") {
    RESULTSDB_ASSIGN(const Form form, read_form(request));
    return std::string(http::find_header(form.fields, "api_key").value_or(""));
  }
  RESULTSDB_ASSIGN(const auto parts,
                   find_parts(body, request.header("Content-Type").value_or(""), kFieldBytes));
  for (const FormPart& part : parts) {
    if (part.name == "api_key" && !part.is_file && part.size <= kKeyBytes)
      return body.read(part.from, static_cast<std::size_t>(part.size));
  }
  return std::string();
}

Result<Form> read_form(const http::Request& request) {
  Form form;
  if (!is_form(request)) return form;
  const Body body(request);
  std::uint64_t left = request.body_file ? kFieldBytes : body.size();
  if (media_type(request) != "multipart/form-data") {
    if (body.size() > left) return invalid_argument("The fields of the form are too large");
    RESULTSDB_ASSIGN(const std::string text, body.read(0, static_cast<std::size_t>(left)));
    form.fields = http::parse_form(text);
    return form;
  }
  RESULTSDB_ASSIGN(const std::vector<FormPart> parts,
                   find_parts(body, request.header("Content-Type").value_or("")));
  for (const FormPart& part : parts) {
    if (part.is_file) {
      form.files.push_back(part);
      continue;
    }
    if (part.size > left) return invalid_argument("The fields of the form are too large");
    left -= part.size;
    RESULTSDB_ASSIGN(std::string value, body.read(part.from, static_cast<std::size_t>(part.size)));
    form.fields.emplace_back(part.name, std::move(value));
  }
  return form;
}

}  // namespace resultsdb::webkit
