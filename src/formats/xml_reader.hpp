// XML as a stream of events: expat behind a pull interface, with our limits and repairs. The only file that
// knows the parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/byte_source.hpp"

namespace resultsdb::formats {

struct XmlEvent {
  enum class Kind : std::uint8_t { Start, Text, End };
  Kind kind = Kind::Start;
  std::string name;  ///< of Start and End
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string text;  ///< of Text; long text comes in several events
  std::uint64_t line = 0;

  /// The value, or nothing if the element has no such attribute.
  std::optional<std::string_view> attribute(std::string_view key) const;
};

/// Memory does not grow with the document: at most some chunks of 64 KiB and one token of kMaxTokenBytes.
class XmlReader {
 public:
  static constexpr int kMaxDepth = 512;
  static constexpr std::size_t kMaxAttributes = 256;
  static constexpr std::size_t kMaxTokenBytes = 8 << 20;

  /// Gives up to `size` bytes; 0: the end.
  using Read = std::function<std::size_t(char* out, std::size_t size)>;

  explicit XmlReader(Read read);
  ~XmlReader();
  XmlReader(const XmlReader&) = delete;
  XmlReader& operator=(const XmlReader&) = delete;

  /// The next event, valid until the next call; null at the end, whatever kind of end it is.
  const XmlEvent* next();

  /// After the end: the document stops before its root element is closed.
  bool truncated() const noexcept { return truncated_; }
  /// After the end: why it was not read to its end.
  const std::optional<Refusal>& refusal() const noexcept { return refusal_; }
  /// Bits of XmlFilter::Repair.
  unsigned repairs() const noexcept;
  /// The first element that has more attributes than the limit, and the first of them that was dropped.
  struct Dropped {
    std::string element, attribute;
    std::uint64_t line = 0;
  };
  const std::optional<Dropped>& dropped() const noexcept { return dropped_; }

 private:
  struct Parser;
  void fill();
  void parse(std::string_view bytes, bool last);
  void fail();
  void stop(std::string code, std::string message);
  XmlEvent& push(XmlEvent::Kind kind);
  void on_start(const char* name, const char** attributes);
  void on_end(const char* name);
  void on_text(std::string_view text);

  Read read_;
  std::unique_ptr<Parser> parser_;
  std::vector<XmlEvent> events_;
  std::size_t next_ = 0;
  std::uint64_t fed_ = 0;
  int depth_ = 0;
  bool root_seen_ = false, done_ = false, truncated_ = false;
  std::optional<Dropped> dropped_;
  std::optional<Refusal> refusal_;
};

}  // namespace resultsdb::formats
