// The XML layer: repairs, encodings, limits, and the different ends of a document.
#include <gtest/gtest.h>

#include <cstring>

#include "formats/xml_filter.hpp"
#include "formats/xml_reader.hpp"

namespace resultsdb::formats {
namespace {

std::string filtered(std::string_view text, std::size_t piece, unsigned* repairs = nullptr) {
  XmlFilter filter;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece) filter.feed(text.substr(at, piece), out);
  filter.finish(out);
  if (repairs != nullptr) *repairs = filter.repairs();
  return out;
}

struct Repaired {
  std::string_view is, becomes;
  unsigned repairs;
};

TEST(XmlFilter, RepairsTheSameHoweverTheTextIsCut) {
  const Repaired cases[] = {
      {"<a b='x]]>y'>\xC3\xBC ]] > </a>", "<a b='x]]>y'>\xC3\xBC ]] > </a>", 0},
      {"<a>\xFF\xC3</a>", "<a>\xEF\xBF\xBD\xEF\xBF\xBD</a>", XmlFilter::InvalidUtf8},
      {"<a>\x1B[0m</a>", "<a>\xEF\xBF\xBD[0m</a>", XmlFilter::IllegalChar},
      {"<a b=\"&#27;&#x9;&#xFFFE;\"/>", "<a b=\"\xEF\xBF\xBD&#x9;\xEF\xBF\xBD\"/>", XmlFilter::IllegalChar},
      {"<a>x]]>y</a>", "<a>x]]&gt;y</a>", XmlFilter::Malformed},
      {"<a><![CDATA[&#1; ]] ]]]]><![CDATA[>]]></a>", "<a><![CDATA[&#1; ]] ]]]]><![CDATA[>]]></a>", 0},
      {"<!-- ]]> &#1; --><a/>", "<!-- ]]> &#1; --><a/>", 0},
      {"<?xml version='1.0'?><a>&amp;&#;</a>", "<?xml version='1.0'?><a>&amp;&#;</a>", 0},
      {"<a>&#99999999999;</a>", "<a>\xEF\xBF\xBD</a>", XmlFilter::IllegalChar},
      {"<a>&#00000000000000000065;</a>", "<a>&#00000000000000000065;</a>", 0},
  };
  for (const Repaired& text : cases) {
    for (std::size_t piece = 1; piece <= text.is.size(); ++piece) {
      unsigned repairs = 0;
      ASSERT_EQ(filtered(text.is, piece, &repairs), text.becomes) << "pieces of " << piece;
      ASSERT_EQ(repairs, text.repairs) << text.is;
    }
  }
}

TEST(XmlFilter, DropsACharacterThatTheEndCutsInTwo) { EXPECT_EQ(filtered("<a>\xE2\x82", 100), "<a>"); }

/// The events of a document as one line: `<a b=c>text</a>`.
struct Read {
  std::string events;
  std::optional<Refusal> refusal;
  bool truncated = false;
};

Read read_all(std::string text) {
  std::size_t used = 0;
  XmlReader reader([&](char* out, std::size_t size) {
    size = std::min(size, text.size() - used);
    std::memcpy(out, text.data() + used, size);
    used += size;
    return size;
  });
  Read read;
  while (const XmlEvent* event = reader.next()) {
    if (event->kind == XmlEvent::Kind::Text) read.events += event->text;
    if (event->kind == XmlEvent::Kind::End) read.events += "</" + event->name + ">";
    if (event->kind != XmlEvent::Kind::Start) continue;
    read.events += "<" + event->name;
    for (const auto& [key, value] : event->attributes) read.events += " " + key + "=" + value;
    read.events += ">";
  }
  read.refusal = reader.refusal();
  read.truncated = reader.truncated();
  return read;
}

TEST(XmlReader, GivesTheEventsOfADocument) {
  const Read read = read_all("<?xml version='1.0'?><a b='1'>x<![CDATA[<y>]]><c/></a>\n");
  EXPECT_EQ(read.events, "<a b=1>x<y><c></c></a>");
  EXPECT_FALSE(read.refusal);
  EXPECT_FALSE(read.truncated);
}

TEST(XmlReader, KeepsWhatIsBeforeTheEndOfATruncatedDocument) {
  const Read read = read_all("<a><b>text</b><c att");
  EXPECT_EQ(read.events, "<a><b>text</b>");
  EXPECT_TRUE(read.truncated);
  EXPECT_FALSE(read.refusal);
}

TEST(XmlReader, RefusesWithPlaceAndCode) {
  const std::pair<std::string, std::string> cases[] = {
      {"<a>\n<b></a>", "not well-formed"},
      {"<a/><b/>", "not well-formed"},
      {"<a>&nothing;</a>", "not well-formed"},
      {"<?xml version='1.0' enc", "not well-formed"},
      {"<!DOCTYPE a><a/>", "document type declarations are not accepted"},
      {"<?xml version='1.0' encoding='windows-1252'?><a/>", "bad encoding"},
      {"<?xml version='1.0' encoding='us-ascii'?><a>\xE9</a>", "bad encoding"},
      {"<a b='" + std::string(XmlReader::kMaxTokenBytes + (1 << 20), 'x') + "'/>", "too large"},
  };
  for (const auto& [text, code] : cases) {
    const Read read = read_all(text);
    ASSERT_TRUE(read.refusal) << text.substr(0, 60);
    EXPECT_EQ(read.refusal->code, code) << text.substr(0, 60);
    EXPECT_FALSE(read.truncated);
  }
  EXPECT_EQ(read_all("<a>\n<b></a>").refusal->line, 2u);
}

TEST(XmlReader, LimitsDepth) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<a>";
    for (int i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_FALSE(read_all(nested(XmlReader::kMaxDepth)).refusal);
  ASSERT_TRUE(read_all(nested(XmlReader::kMaxDepth + 1)).refusal);
  EXPECT_EQ(read_all(nested(XmlReader::kMaxDepth + 1)).refusal->code, "nesting too deep");
}

std::string as_utf16(std::u16string_view text, bool little) {
  std::string out = little ? "\xFF\xFE" : "\xFE\xFF";
  for (const char16_t unit : text) {
    const char low = static_cast<char>(unit & 0xFF), high = static_cast<char>(unit >> 8);
    out += little ? low : high;
    out += little ? high : low;
  }
  return out;
}

TEST(XmlReader, KnowsEncodings) {
  constexpr std::u16string_view kText = u"<a>\u00E9 \U0001F600</a>";
  for (const bool little : {true, false}) {
    EXPECT_EQ(read_all(as_utf16(kText, little)).events, "<a>\xC3\xA9 \xF0\x9F\x98\x80</a>");
  }
  EXPECT_EQ(read_all("\xEF\xBB\xBF<a/>").events, "<a></a>");
  EXPECT_EQ(read_all("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>").events, "<a>\xC3\xA9</a>");
  const char16_t half[] = {u'<', u'a', u'>', 0xD83D, u'<', u'/', u'a', u'>', 0};
  EXPECT_NE(read_all(as_utf16(half, true)).events.find("\xEF\xBF\xBD"), std::string::npos);
}

}  // namespace
}  // namespace resultsdb::formats
