#include "compat/webkit/archive_files.hpp"

#include <gtest/gtest.h>

#include "compat/webkit/zip_maker.hpp"
#include "resultsdb/backends/memory.hpp"

namespace resultsdb::webkit {
namespace {

class PagesOfArchives : public ::testing::Test {
 protected:
  void SetUp() override {
    auto model = Model::create(backends::open_memory());
    ASSERT_TRUE(model.ok());
    Attachments attachments(*model, "a");
    const std::string zip = testing::ZipMaker{
        .members = {
            {"f/", ""},
            {"f/a.txt", ""},
            {"f/a b.txt", ""},
            {"f/one", ""},
            {"f/one two", ""},
            {"f/sub/p.html", ""},
            {"f/sub/c.png", ""},
            {"f/p.html", ""}}}.make();
    AttachmentWriter writer = attachments.write({});
    ASSERT_TRUE(writer.append(zip).ok());
    const auto stored = writer.finish({.name = "n"});
    ASSERT_TRUE(stored.ok());
    auto reader = attachments.open(stored->content);
    ASSERT_TRUE(reader.ok() && *reader);
    auto files = ArchiveFiles::open(std::move(**reader));
    ASSERT_TRUE(files.ok()) << files.error();
    files_ = *files;
  }
  std::string link(const std::string& html, const std::string& own = "",
                   const std::string& path = "sub/p.html") {
    const auto page = link_page(html, *files_, {.path = path, .run_query = run_query_, .own_query = own});
    return page ? *page : page.error().message;
  }

  std::shared_ptr<const ArchiveFiles> files_;
  std::string run_query_ = "u=1 2";
};

TEST_F(PagesOfArchives, MentionsOfFilesLeadToTheSameRun) {
  EXPECT_EQ(
      link(R"(<a href="../a.txt">a.txt</a> <img src=c.png> url(./c.png) 'c.png')"),
      R"(<a href="../a.txt?u=1%202">a.txt</a> <img src=c.png?u=1%202> url(./c.png?u=1%202) 'c.png?u=1%202')");
  const std::string untouched = R"(<a href="../a.txt?x"> "a.txt" "../../a.txt" "p.html" "" "d.png" ="c.pn)";
  EXPECT_EQ(link(untouched), untouched);
}

TEST_F(PagesOfArchives, NamesMayHaveBlanks) {
  EXPECT_EQ(link(R"("../a b.txt" '../a b.txt' "../a%20b.txt" "../one two" "../one three" "../one")"),
            R"("../a b.txt?u=1%202" '../a b.txt?u=1%202' "../a%20b.txt?u=1%202" "../one two?u=1%202" )"
            R"("../one?u=1%202 three" "../one?u=1%202")");
  EXPECT_EQ(link(R"(srcset="c.png 1x, ../one 2x")"), R"(srcset="c.png?u=1%202 1x, ../one 2x")");
}

TEST_F(PagesOfArchives, ScriptsOfTheOriginalsServersAreLeftOut) {
  EXPECT_EQ(link("1<script src=\"/js/status-bubble.js\"></script>2<SCRIPT a "
                 "src=\"x/code-review.js?version=48\">\n</Script >3"),
            "123");
  for (const char* kept : {"<script src=\"x.js\"></script>", "<script src=\"js/status-bubble.js\">",
                           "js/status-bubble.js\"</script>", "<script>\"js/status-bubble.js\"</script>",
                           "<script src=\"js/status-bubble.js\"></script", "<script"})
    EXPECT_EQ(link(kept), kept);
}

TEST_F(PagesOfArchives, LinksThatScriptsMakeKeepTheQuery) {
  const std::string script = R"('<a href="' + testPrefix + suffix + '">'; src += '?format=txt';)";
  EXPECT_EQ(link(script), script);
  EXPECT_EQ(link(script, "a=%20<\"&b=+"),
            R"('<a href="' + testPrefix + suffix + '?a=%20%3C%22&b=+">'; src += '&format=txt';)");
}

TEST_F(PagesOfArchives, LargePagesEnd) {
  constexpr std::size_t kLarge = 16u << 20;
  const auto repeated = [&](std::string_view text) {
    std::string page;
    while (page.size() < kLarge) page += text;
    return page;
  };
  // These took hours when each of them was looked for through the whole page.
  for (const char* text :
       {"<script src=\"js/status-bubble.js\">", "<script", "js/status-bubble.js\"", "\"a ", "</"}) {
    const std::string page = repeated(text);
    EXPECT_TRUE(link(page, "q") == page) << text;
  }
  EXPECT_EQ(link(repeated("<script src=\"js/status-bubble.js\"></script>"), "q").size(), 0u);
  const std::string too_many = "The page has too many links to be shown; download the archive";
  run_query_ = std::string(100, 'u');
  EXPECT_EQ(link(repeated("=c.png")), too_many);
  EXPECT_EQ(
      link(repeated("src += '?format=txt'href=\"' + testPrefix + suffix + '\""), std::string(1000, 'q')),
      too_many);
}

}  // namespace
}  // namespace resultsdb::webkit
