#include "multipart.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include "service.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::size_t kBlock = 256 << 10;
constexpr std::size_t kMostParts = 1000;
constexpr std::size_t kHeadBytes = 16 << 10;      // of the headers of a part
constexpr std::uint64_t kFieldBytes = 16u << 20;  // of all fields together, where the body is in a file

/// The value of `name="…"` in a header line, or nothing.
std::optional<std::string> quoted_parameter(std::string_view line, std::string_view name) {
  const std::string start = std::string(name) + "=\"";
  std::size_t at = line.find(start);
  while (at != std::string_view::npos && at > 0 && line[at - 1] != ' ' && line[at - 1] != ';') {
    at = line.find(start, at + 1);  // `filename="…"` ends with `name="…"`
  }
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t from = at + start.size();
  return std::string(line.substr(from, line.find('"', from) - from));
}

std::string boundary_of(std::string_view type) {
  const std::size_t at = type.find("boundary=");
  if (at == std::string_view::npos) return {};
  std::string_view boundary = type.substr(at + 9);
  boundary = boundary.substr(0, boundary.find(';'));
  if (boundary.starts_with('"')) boundary = boundary.substr(1, boundary.find('"', 1) - 1);
  return std::string(boundary);
}

/// Where the delimiter begins, in order. The one at the very beginning has no line end in front.
Result<std::vector<std::uint64_t>> find_delimiters(const Body& body, const std::string& delimiter) {
  const std::boyer_moore_horspool_searcher searcher(delimiter.begin(), delimiter.end());
  std::vector<std::uint64_t> found;
  std::string block;
  for (std::uint64_t at = 0; at < body.size(); at += kBlock) {
    // One that begins in this block may end in the next.
    RESULTSDB_ASSIGN(block, body.read(at, kBlock + delimiter.size() - 1));
    for (auto from = block.begin(); from != block.end();) {
      from = std::search(from, block.end(), searcher);
      if (from == block.end()) break;
      found.push_back(at + static_cast<std::uint64_t>(from - block.begin()));
      if (found.size() > kMostParts) return invalid_argument("The form has too many parts");
      from += static_cast<std::ptrdiff_t>(delimiter.size());
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

Result<std::vector<FormPart>> find_parts(const Body& body, std::string_view content_type) {
  std::vector<FormPart> parts;
  const std::string boundary = boundary_of(content_type);
  if (boundary.empty()) return parts;
  const std::string first = "--" + boundary, delimiter = "\r\n" + first;
  RESULTSDB_ASSIGN(std::vector<std::uint64_t> delimiters, find_delimiters(body, delimiter));
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
    const std::string_view headers = std::string_view(head).substr(0, blank);
    const auto name = quoted_parameter(headers, "name");
    if (!name) continue;
    parts.push_back({.name = *name,
                     .is_file = quoted_parameter(headers, "filename").has_value(),
                     .from = begin + blank + 4,
                     .size = end - begin - blank - 4});
  }
  return parts;
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
