#include "formats/xml_reader.hpp"

#include <expat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "formats/text.hpp"
#include "formats/xml_encoding.hpp"
#include "formats/xml_filter.hpp"

namespace resultsdb::formats {
namespace {

constexpr std::size_t kChunk = 64 << 10;

/// Errors that mean "there should be more", when they come with the end of the input.
bool is_truncation(XML_Error code) {
  return code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN ||
         code == XML_ERROR_PARTIAL_CHAR || code == XML_ERROR_UNCLOSED_CDATA_SECTION;
}

}  // namespace

struct XmlReader::Parser {
  explicit Parser(XmlReader& owner) : handle(XML_ParserCreate("UTF-8")) {
    XML_SetUserData(handle, &owner);
    XML_SetElementHandler(
        handle,
        [](void* self, const char* name, const char** attributes) {
          static_cast<XmlReader*>(self)->on_start(name, attributes);
        },
        [](void* self, const char* name) { static_cast<XmlReader*>(self)->on_end(name); });
    XML_SetCharacterDataHandler(handle, [](void* self, const char* text, int size) {
      static_cast<XmlReader*>(self)->on_text({text, static_cast<std::size_t>(size)});
    });
    XML_SetStartDoctypeDeclHandler(handle, [](void* self, const char*, const char*, const char*, int) {
      static_cast<XmlReader*>(self)->stop("document type declarations are not accepted",
                                          "the file has a DOCTYPE, which no result format needs; remove it");
    });
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { XML_ParserFree(handle); }

  XML_Parser handle;
  XmlEncoding encoding;
  XmlFilter filter;
  std::string decoded, filtered;
  std::array<char, kChunk> chunk{};
};

std::optional<std::string_view> XmlEvent::attribute(std::string_view key) const {
  for (const auto& [name, value] : attributes) {
    if (name == key) return value;
  }
  return std::nullopt;
}

XmlReader::XmlReader(Read read) : read_(std::move(read)), parser_(std::make_unique<Parser>(*this)) {}
XmlReader::~XmlReader() = default;

unsigned XmlReader::repairs() const noexcept { return parser_->filter.repairs(); }

const XmlEvent* XmlReader::next() {
  while (next_ == events_.size()) {
    if (done_) return nullptr;
    next_ = 0;
    events_.clear();  // not reused: slots that once held long texts would add up
    fill();
  }
  return &events_[next_++];
}

void XmlReader::fill() {
  Parser& parser = *parser_;
  parser.decoded.clear();
  parser.filtered.clear();
  const std::size_t got = read_(parser.chunk.data(), parser.chunk.size());
  if (!parser.encoding.decode({parser.chunk.data(), got}, parser.decoded)) {
    stop("bad encoding", "the encoding is " + parser.encoding.unknown() +
                             "; UTF-8, UTF-16 with byte order mark, ISO-8859-1 and US-ASCII are read");
    done_ = true;
    return;
  }
  parser.filter.feed(parser.decoded, parser.filtered);
  if (got == 0) parser.filter.finish(parser.filtered);
  parse(parser.filtered, got == 0);
}

void XmlReader::parse(std::string_view bytes, bool last) {
  XML_Parser handle = parser_->handle;
  fed_ += bytes.size();
  const auto status = XML_Parse(handle, bytes.data(), static_cast<int>(bytes.size()), last);
  done_ = last;
  if (refusal_) {
    done_ = true;
  } else if (status != XML_STATUS_OK) {
    truncated_ = last && root_seen_ && is_truncation(XML_GetErrorCode(handle));
    if (!truncated_) fail();
    done_ = true;
  } else if (!last) {
    // Text is handed on as it comes; what stays inside the parser is one unfinished tag or comment.
    const auto taken = static_cast<std::uint64_t>(std::max<XML_Index>(XML_GetCurrentByteIndex(handle), 0));
    if (fed_ > taken + kMaxTokenBytes) {
      stop("too large", "one tag has more than 8 MiB");
      done_ = true;
    }
  }
}

void XmlReader::fail() {
  XML_Parser handle = parser_->handle;
  refusal_ = Refusal{"not well-formed",
                     std::string(XML_ErrorString(XML_GetErrorCode(handle))) + " in column " +
                         std::to_string(XML_GetCurrentColumnNumber(handle) + 1),
                     XML_GetCurrentLineNumber(handle)};
}

void XmlReader::stop(std::string code, std::string message) {
  if (!refusal_) {
    refusal_ = Refusal{std::move(code), std::move(message), XML_GetCurrentLineNumber(parser_->handle)};
  }
  XML_StopParser(parser_->handle, XML_FALSE);
}

XmlEvent& XmlReader::push(XmlEvent::Kind kind) {
  XmlEvent& event = events_.emplace_back();
  event.kind = kind;
  event.line = XML_GetCurrentLineNumber(parser_->handle);
  return event;
}

void XmlReader::on_start(const char* name, const char** attributes) {
  if (refusal_) return;
  root_seen_ = true;
  if (++depth_ > kMaxDepth) {
    stop("nesting too deep", "more than " + std::to_string(kMaxDepth) + " nested elements");
    return;
  }
  XmlEvent& event = push(XmlEvent::Kind::Start);
  event.name = name;
  for (; attributes[0] != nullptr; attributes += 2) {
    if (event.attributes.size() == kMaxAttributes) {
      if (!dropped_) dropped_ = {event.name, std::string(cut_utf8(attributes[0], 80)), event.line};
      break;
    }
    event.attributes.emplace_back(attributes[0], attributes[1]);
  }
}

void XmlReader::on_end(const char* name) {
  if (refusal_) return;
  --depth_;
  push(XmlEvent::Kind::End).name = name;
}

void XmlReader::on_text(std::string_view text) {
  if (refusal_) return;
  const bool joined = !events_.empty() && events_.back().kind == XmlEvent::Kind::Text;
  (joined ? events_.back() : push(XmlEvent::Kind::Text)).text += text;
}

}  // namespace resultsdb::formats
