#include "archive_files.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "path.hpp"
#include "resultsdb/http/message.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::size_t kMostPage = 64u << 20;       // of a page with its links
constexpr std::size_t kMostLookedUp = 256u << 20;  // bytes of paths that one page may ask for
constexpr std::size_t kMostPath = 1024;            // of a link, and of a page with links

bool in_path(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("-._~/+@%!$*").find(c) != std::string_view::npos;
}

/// The path that a mention means on a page of this folder; empty if it leads out of the archive.
std::string resolve(std::string_view folder, std::string_view mention) {
  std::string path(folder);
  while (!mention.empty()) {
    const std::size_t slash = std::min(mention.find('/'), mention.size() - 1);
    const std::string_view part = mention.substr(0, slash + 1);
    mention.remove_prefix(slash + 1);
    if (part == "./") continue;
    if (part != "../") {
      path += part;
      continue;
    }
    if (path.empty()) return {};
    path.pop_back();
    path.resize(path.rfind('/') + 1);  // npos + 1 is 0
  }
  return path;
}

bool same_letters(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

/// Copies a page once from front to back, whatever is in it: in time and size that its limits bound.
class Linker {
 public:
  Linker(std::string_view html, const ArchiveFiles& files, const PageLinks& links)
      : html_(html),
        files_(files),
        path_(links.path),
        run_query_(percent_encode(links.run_query, kKept)),
        own_query_(percent_encode(links.own_query, std::string(kKept) + "%+")) {}

  Result<std::string> run() {
    page_.reserve(html_.size() + html_.size() / 8);
    while (at_ < html_.size()) {
      if (page_.size() > kMostPage || looked_up_ > kMostLookedUp)
        return invalid_argument("The page has too many links to be shown; download the archive");
      if (skip_script() || link_script()) continue;
      const char c = html_[at_++];
      page_ += c;
      if (path_.size() <= kMostPath && (c == '"' || c == '\'' || c == '=' || c == '(')) link(c);
    }
    return std::move(page_);
  }

 private:
  static constexpr std::string_view kKept = "=&/:@,;!*$";  // all that is safe within quotation marks

  bool is_at(std::string_view text) const { return html_.substr(at_, text.size()) == text; }

  /// WebKit's own page of results has scripts that only its own servers have.
  bool skip_script() {
    constexpr std::string_view kBegin = "<script", kEnd = "</script";
    if (html_[at_] != '<' || no_script_end_ || !same_letters(html_.substr(at_, kBegin.size()), kBegin))
      return false;
    std::string_view tag = html_.substr(at_, kMostPath);
    tag = tag.substr(0, tag.find('>'));
    if (tag.find("js/status-bubble.js\"") == std::string_view::npos &&
        tag.find("code-review.js?version=48\"") == std::string_view::npos)
      return false;
    for (std::size_t end = html_.find("</", at_ + tag.size()); end != std::string_view::npos;
         end = html_.find("</", end + 1)) {
      if (!same_letters(html_.substr(end, kEnd.size()), kEnd)) continue;
      end = html_.find('>', end);
      if (end == std::string_view::npos) break;
      at_ = end + 1;
      return true;
    }
    no_script_end_ = true;  // nor will there be one of the next
    return false;
  }

  /// Its other scripts make links.
  bool link_script() {
    constexpr std::string_view kLink = R"(href="' + testPrefix + suffix + '")",
                               kText = "src += '?format=txt'";
    if (own_query_.empty()) return false;
    if (is_at(kLink)) {
      page_.append(kLink, 0, kLink.size() - 1).append("?" + own_query_ + '"');
      at_ += kLink.size();
    } else if (is_at(kText)) {
      page_ += "src += '&format=txt'";
      at_ += kText.size();
    } else {
      return false;
    }
    return true;
  }

  /// Copies the mention of a file that may begin here, and links it.
  void link(char before) {
    std::size_t end = at_, quoted = at_;
    while (end < html_.size() && in_path(html_[end])) ++end;
    if (end == at_) return;
    if (before == '"' || before == '\'') {  // names with blanks reach up to the other quotation mark
      quoted = end;
      while (quoted < html_.size() && (html_[quoted] == ' ' || in_path(html_[quoted]))) ++quoted;
      if (quoted == html_.size() || html_[quoted] != before) quoted = end;
    }
    if (quoted > end && is_file(html_.substr(at_, quoted - at_))) end = quoted;
    const std::string_view mention = html_.substr(at_, end - at_);
    page_ += mention;
    at_ = end;
    const bool has_query = end < html_.size() && html_[end] == '?';
    if (!has_query && is_file(mention)) page_ += '?' + run_query_;
  }

  /// Whether it means another file of the archive.
  bool is_file(std::string_view mention) {
    if (mention.size() > kMostPath) return false;
    const std::string_view folder = path_.substr(0, path_.rfind('/') + 1);
    const std::string path = resolve(folder, http::percent_decode(mention));
    looked_up_ += folder.size() + mention.size();
    return path != path_ && files_.contains(path);
  }

  const std::string_view html_;
  const ArchiveFiles& files_;
  const std::string_view path_;
  const std::string run_query_, own_query_;
  std::string page_;
  std::size_t at_ = 0, looked_up_ = 0;
  bool no_script_end_ = false;
};

}  // namespace

Result<std::shared_ptr<const ArchiveFiles>> ArchiveFiles::open(AttachmentReader reader) {
  const std::uint64_t size = reader.size();
  const auto bytes = std::make_shared<AttachmentReader>(std::move(reader));
  auto files = std::make_shared<ArchiveFiles>();
  RESULTSDB_ASSIGN(files->zip_,
                   Zip::open(size, [bytes](std::uint64_t from, std::span<char> out) -> Result<std::size_t> {
                     RESULTSDB_ASSIGN(const std::string_view piece, bytes->read(from, out.size()));
                     return piece.copy(out.data(), out.size());
                   }));
  files->add_members();
  return std::shared_ptr<const ArchiveFiles>(std::move(files));
}

void ArchiveFiles::add_members() {
  std::vector<const ZipMember*> shown;
  for (const ZipMember& member : zip_->members())
    if (!member.name.starts_with("__")) shown.push_back(&member);
  std::string_view folder;
  if (!shown.empty() && shown.front()->is_folder()) {
    folder = shown.front()->name;
    const bool whole = std::all_of(shown.begin(), shown.end(),
                                   [&](const ZipMember* member) { return member->name.starts_with(folder); });
    if (!whole) folder = {};
  }
  for (const ZipMember* member : shown)
    if (!member->is_folder()) files_.insert_or_assign(member->name.substr(folder.size()), member);
}

const ZipMember* ArchiveFiles::find(std::string_view path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : found->second;
}

std::vector<std::string> ArchiveFiles::list(std::string_view folder) const {
  std::set<std::string> names;
  for (auto at = files_.lower_bound(folder); at != files_.end() && at->first.starts_with(folder); ++at) {
    const std::string_view rest = std::string_view(at->first).substr(folder.size());
    names.emplace(rest.substr(0, std::min(rest.find('/'), rest.size() - 1) + 1));
  }
  return {names.begin(), names.end()};
}

std::string_view archive_type(std::string_view path, std::string_view format) {
  struct Type {
    std::string_view extension, type;
  };
  static constexpr std::array kTypes = {
      Type{"json", "application/json"}, Type{"css", "text/css"},  Type{"html", "text/html"},
      Type{"txt", "text/plain"},        Type{"png", "image/png"}, Type{"jpeg", "image/jpeg"},
  };
  const std::size_t dot = path.rfind('.');
  const std::string_view wanted =
      !format.empty() ? format : path.substr(dot == std::string_view::npos ? path.size() : dot + 1);
  for (const Type& type : kTypes)
    if (type.extension == wanted) return type.type;
  return "text/plain";
}

Result<std::string> link_page(std::string_view html, const ArchiveFiles& files, const PageLinks& links) {
  return Linker(html, files, links).run();
}

}  // namespace resultsdb::webkit
