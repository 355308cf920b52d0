#include "archive_files.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "resultsdb/http/message.hpp"

namespace resultsdb::webkit {
namespace {

/// What may stand in an address within quotation marks. All else is written as `%41`.
std::string escape_query(std::string_view query, std::string_view kept) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : query) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain || std::string_view("-._~=&/:@,;!*$").find(c) != std::string_view::npos ||
        kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// Removes the script elements whose address ends so.
void remove_scripts(std::string& html, std::string_view address_end) {
  constexpr std::string_view kBegin = "<script", kEnd = "</script>";
  for (std::size_t at = html.find(address_end); at != std::string::npos; at = html.find(address_end, at)) {
    const std::size_t begin = html.rfind(kBegin, at), end = html.find(kEnd, at);
    if (begin == std::string::npos || end == std::string::npos || html.find('>', begin) < at) {
      at += address_end.size();
      continue;
    }
    html.erase(begin, end + kEnd.size() - begin);
    at = begin;
  }
}

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

std::string link_page(std::string_view html, const ArchiveFiles& files, const PageLinks& links) {
  const std::string run_query = escape_query(links.run_query, "");
  const std::string own_query = escape_query(links.own_query, "%+");
  const std::string_view folder = links.path.substr(0, links.path.rfind('/') + 1);
  std::string page;
  page.reserve(html.size() + html.size() / 8);
  for (std::size_t at = 0; at < html.size();) {
    const char c = html[at++];
    page += c;
    if (c != '"' && c != '\'' && c != '=' && c != '(') continue;
    std::size_t end = at;
    while (end < html.size() && in_path(html[end])) ++end;
    if (end == at) continue;
    const std::string_view mention = html.substr(at, end - at);
    page += mention;
    at = end;
    if (end < html.size() && html[end] == '?') continue;  // it has a query
    const std::string path = resolve(folder, http::percent_decode(mention));
    if (path != links.path && files.contains(path)) page += '?' + run_query;
  }
  // WebKit's own page of results makes its links in a script, and shows what only its own servers have.
  remove_scripts(page, "js/status-bubble.js\"");
  remove_scripts(page, "code-review.js?version=48\"");
  if (own_query.empty()) return page;
  replace_all(page, R"(href="' + testPrefix + suffix + '")",
              R"(href="' + testPrefix + suffix + '?)" + own_query + '"');
  replace_all(page, "src += '?format=txt'", "src += '&format=txt'");
  return page;
}

}  // namespace resultsdb::webkit
