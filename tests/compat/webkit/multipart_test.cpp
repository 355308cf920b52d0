#include "compat/webkit/multipart.hpp"

#include <gtest/gtest.h>

namespace resultsdb::webkit {
namespace {

constexpr std::size_t kBlock = 256 << 10;  // that is searched at once

/// `name (file): content`, one for each part.
std::string parts_of(const std::string& body, const std::string& type, bool in_file = false,
                     std::uint64_t most = UINT64_MAX) {
  http::Request request;
  if (in_file) {
    auto file = http::BodyFile::create("");
    EXPECT_TRUE(file.ok() && (*file)->append(body).ok());
    request.body_file = *file;
  } else {
    request.body = body;
  }
  const Body source(request);
  const auto parts = find_parts(source, type, most);
  if (!parts) return parts.error().message;
  std::string text;
  for (const FormPart& part : *parts)
    text += part.name + (part.is_file ? " (file): " : ": ") +
            *source.read(part.from, static_cast<std::size_t>(part.size)) + "\n";
  return text;
}

std::string part(const std::string& parameters, const std::string& content) {
  return "--B\r\nContent-Disposition: form-data; " + parameters + "\r\n\r\n" + content + "\r\n";
}
const std::string kEnd = "--B--\r\n";
const std::string kType = "multipart/form-data; boundary=B";

TEST(Multipart, FindsFieldsAndFiles) {
  const std::string body =
      "in front\r\n" + part("name=\"a\"", "1") + part("name=\"f\"; filename=\"x;y\"", "\r\n-") + kEnd;
  EXPECT_EQ(parts_of(body, kType), "a: 1\nf (file): \r\n-\n");
  EXPECT_EQ(parts_of(body, kType, true), "a: 1\nf (file): \r\n-\n");
  EXPECT_EQ(parts_of(body, "multipart/form-data; charset=utf-8; Boundary=\"B\""), "a: 1\nf (file): \r\n-\n");
  EXPECT_EQ(parts_of(body, "multipart/form-data"), "");
}

TEST(Multipart, NamesAreReadAsTheyAreWritten) {
  EXPECT_EQ(
      parts_of(part("name=a", "1") + part(R"(filename="name=\"b\"; x"; name="c")", "2") +
                   part("name=\"d\"; filename*=UTF-8''%E2%82%AC.zip", "3") + part("filename=\"e\"", "4") +
                   "--B\r\ncontent-disposition:form-data;name=\"g\"\r\nX: name=\"h\"\r\n\r\n5\r\n" +
                   "--B\r\nX: ; name=\"i\"\r\n\r\n6\r\n" + kEnd,
               kType),
      "a: 1\nc (file): 2\nd (file): 3\ng: 5\n");
  EXPECT_EQ(
      parts_of(part(R"(name="a\"\\b\c")", "1") + part("name=\"open", "2") + part(R"(name="\)", "3") + kEnd,
               kType),
      "a\"\\b\\c: 1\nopen: 2\n\\: 3\n");
}

TEST(Multipart, ADelimiterMayLieAcrossTheBorderOfABlock) {
  const std::string head = part("name=\"a\"", ""), tail = part("name=\"b\"", "2") + kEnd;
  for (std::size_t before = 0; before < 8; ++before) {
    // `head` ends with the line end that belongs to the next delimiter.
    const std::string content(kBlock - (head.size() - 2) - before, 'x');
    const std::string body = head.substr(0, head.size() - 2) + content + "\r\n" + tail;
    for (const bool in_file : {false, true})
      EXPECT_EQ(parts_of(body, kType, in_file), "a: " + content + "\nb: 2\n") << before;
  }
}

TEST(Multipart, OfAFormThatIsCutThePartsBeforeTheCutAreThere) {
  const std::string whole = part("name=\"a\"", "1") + part("name=\"b\"", "2") + kEnd;
  const std::string::size_type first = part("name=\"a\"", "1").size() + 3,
                               second = whole.size() - kEnd.size() + 3;
  for (std::size_t size = 0; size <= whole.size(); ++size)
    EXPECT_EQ(parts_of(whole.substr(0, size), kType), size < first    ? ""
                                                      : size < second ? "a: 1\n"
                                                                      : "a: 1\nb: 2\n")
        << size;
  EXPECT_EQ(parts_of("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n" + kEnd, kType), "")
      << "no blank line";
  EXPECT_EQ(parts_of(whole, kType, true, first), "a: 1\n") << "what ends behind the limit is not looked at";
}

TEST(Multipart, BoundariesAreShortAndPartsFew) {
  const std::string longest(70, 'b');
  const std::string type = "multipart/form-data; boundary=";
  EXPECT_EQ(parts_of("--" + longest + "\r\n\r\n\r\n--" + longest + "--", type + longest), "");
  EXPECT_EQ(parts_of("", type + longest + 'b'), "The boundary of the form has more than 70 bytes");
  EXPECT_EQ(parts_of("", type + "\"a\r\nb\""), "The boundary of the form is none");
  std::string many;
  for (int i = 0; i < 1001; ++i) many += part("name=\"a\"", "");
  EXPECT_EQ(parts_of(many, kType).substr(0, 3), "a: ");
  EXPECT_EQ(parts_of(many + kEnd, kType), "The form has too many parts");
}

TEST(Multipart, TheKeyOfAFormStandsBeforeWhatIsLarge) {
  http::Request request;
  request.headers = {{"Content-Type", kType}};
  const auto key = [&](std::string body) {
    request.body = std::move(body);
    const auto found = find_key(request);
    return found ? *found : found.error().message;
  };
  const std::string field = part("name=\"api_key\"", "secret");
  const std::string file = part("name=\"file\"; filename=\"f\"", std::string(17u << 20, 'x'));
  EXPECT_EQ(key(field + file + kEnd), "secret");
  EXPECT_EQ(key(part("name=\"file\"; filename=\"f\"", "small") + field + kEnd), "secret");
  EXPECT_EQ(key(file + field + kEnd), "");
  EXPECT_EQ(key(part("name=\"api_key\"", std::string(17 << 10, 'k')) + kEnd), "") << "no key is so long";
  EXPECT_EQ(key(part("name=\"api_key\"; filename=\"f\"", "secret") + kEnd), "");
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  EXPECT_EQ(key("a=b&api_key=secret"), "secret");
}

}  // namespace
}  // namespace resultsdb::webkit
