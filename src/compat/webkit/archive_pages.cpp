// /archive and /archive/PATH: the files of a run's archive, and its folders.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "archive_files.hpp"
#include "archives.hpp"
#include "path.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::size_t kMostArchives = 100;       // that one page looks into
constexpr std::size_t kMostMembers = 200'000;    // of all of them: their directories are in memory
constexpr std::size_t kLinkedBytes = 16u << 20;  // larger pages are served as they are

using FilesPtr = std::shared_ptr<const ArchiveFiles>;

/// An archive of the query that has the file, or any.
struct Candidate {
  FoundArchive archive;
  FilesPtr files;
};

Error not_found(std::string_view path) {
  return make_error(ErrorCode::NotFound,
                    path.empty() ? "No archive content" : "No archive content at " + std::string(path));
}
Error contradiction() {
  return make_error(ErrorCode::PermissionDenied, "Multiple archives match with different content");
}

/// The archives that the query means, opened; equal ones once.
Result<std::vector<Candidate>> find_candidates(const Service& service, const Query& query) {
  RESULTSDB_ASSIGN(std::vector<FoundArchive> found, find_archives(service, query));
  if (!service.profile.archive_pages_of_all_runs && !found.empty()) {
    const auto newest = std::max_element(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return std::tie(a.uuid, a.start) < std::tie(b.uuid, b.start);
    });
    found = {FoundArchive(*newest)};
  }
  std::vector<Candidate> candidates;
  std::map<std::string, FilesPtr> opened;  // null: it cannot be shown
  std::size_t members = 0;
  std::optional<Error> problem;
  Attachments archives = archives_of(service.model);
  for (FoundArchive& archive : found) {
    const auto [at, is_new] = opened.try_emplace(archive.content);
    if (is_new) {
      RESULTSDB_ASSIGN(auto reader, archives.open(archive.content));
      if (!reader) continue;  // deleted meanwhile
      auto files = ArchiveFiles::open(std::move(*reader));
      if (!files && files.error().code != ErrorCode::InvalidArgument) return std::move(files).error();
      if (!files) {
        problem = std::move(files).error();  // of this archive alone: others may have the page
        continue;
      }
      members += (*files)->count();
      if (opened.size() > kMostArchives || members > kMostMembers)
        return invalid_argument("Too many archives match; ask for one run");
      at->second = *std::move(files);
    }
    if (at->second) candidates.push_back({std::move(archive), at->second});
  }
  if (candidates.empty() && problem) return *problem;
  return candidates;
}

http::Response archived(std::string_view type) {
  http::Response response;
  response.set_header("Content-Type", std::string(type));
  response.set_header("Cache-Control", "public,max-age=43200");
  response.set_header("X-Content-Type-Options", "nosniff");
  // Whatever a page of an archive holds, it is none of this server's own.
  response.set_header("Content-Security-Policy", "sandbox allow-scripts");
  return response;
}

Result<std::string> read_all(const ArchiveFiles& files, const ZipMember& member) {
  RESULTSDB_ASSIGN(const auto reader, files.read(member));
  std::string bytes;
  while (bytes.size() < member.size) {
    RESULTSDB_ASSIGN(const std::string piece, reader->next());
    bytes += piece;
  }
  return bytes;
}

Result<bool> same_bytes(const ArchiveFiles& a, const ArchiveFiles& b, std::string_view path) {
  const ZipMember &first = *a.find(path), &second = *b.find(path);
  if (first.size != second.size || first.crc != second.crc) return false;
  RESULTSDB_ASSIGN(const auto one, a.read(first));
  RESULTSDB_ASSIGN(const auto other, b.read(second));
  for (std::uint64_t at = 0; at < first.size;) {
    // Pieces of stored and of deflated members differ in size.
    RESULTSDB_ASSIGN(std::string left, one->next());
    std::string right;
    while (right.size() < left.size()) {
      RESULTSDB_ASSIGN(const std::string piece, other->next());
      right += piece;
    }
    while (left.size() < right.size()) {
      RESULTSDB_ASSIGN(const std::string piece, one->next());
      left += piece;
    }
    if (left != right) return false;
    at += left.size();
  }
  return true;
}

/// The page as each of the runs would show it, which must not differ.
Result<std::string> linked_page(const http::Request& request, const std::vector<Candidate>& candidates,
                                const std::string& path) {
  const ArchiveFiles& first = *candidates.front().files;
  RESULTSDB_ASSIGN(const std::string html, read_all(first, *first.find(path)));
  std::optional<std::string> page;
  for (const auto& [archive, files] : candidates) {
    const std::string query = archive.query();
    RESULTSDB_ASSIGN(std::string linked, link_page(html, *files, {path, query, request.query}));
    if (page && *page != linked) return contradiction();
    page = std::move(linked);
  }
  return *std::move(page);
}

Result<http::Response> file(const Service& service, const http::Request& request, const Query& query,
                            std::vector<Candidate> candidates, const std::string& path) {
  std::erase_if(candidates, [&](const Candidate& candidate) { return !candidate.files->contains(path); });
  if (candidates.empty()) return not_found(path);
  const FilesPtr files = candidates.front().files;
  std::set<const ArchiveFiles*> compared{files.get()};
  for (const Candidate& candidate : candidates) {
    if (!compared.insert(candidate.files.get()).second) continue;
    RESULTSDB_ASSIGN(const bool same, same_bytes(*files, *candidate.files, path));
    if (!same) return contradiction();
  }
  const ZipMember& member = *files->find(path);
  const std::string format =
      service.profile.ignore_archive_format ? std::string() : query.first("format").value_or("");
  http::Response response = archived(archive_type(path, format));
  if (archive_type(path, "") == "text/html" && member.size <= kLinkedBytes) {
    RESULTSDB_ASSIGN(response.body, linked_page(request, candidates, path));
    return response;
  }
  RESULTSDB_ASSIGN(auto opened, files->read(member));
  // The reader reads from the files, so both live as long as the answer.
  const std::shared_ptr<ZipReader> reader = std::move(opened);
  response.stream = http::BodyStream{.size = member.size, .next = [files, reader] { return reader->next(); }};
  return response;
}

Result<http::Response> folder(const Service& service, const http::Request& request,
                              const std::vector<Candidate>& candidates, const std::string& path) {
  if (service.profile.archive_folders_break_down)
    return invalid_argument("This server does not list archives; download the archive");
  std::set<std::string> names;
  for (const Candidate& candidate : candidates)
    for (std::string& name : candidate.files->list(path)) names.insert(std::move(name));
  if (names.empty()) return not_found(path);
  const std::string query = request.has_query ? "?" + request.query : "";
  const auto address = [&](const std::string& name) {
    return "/archive/" + percent_encode(name, "/") + query;
  };
  std::vector<std::pair<std::string, std::string>> links;
  if (!path.empty()) links.emplace_back("<", address(path.substr(0, path.rfind('/', path.size() - 2) + 1)));
  for (const std::string& name : names) links.emplace_back(name, address(path + name));
  http::Response response = page_of_links(path.empty() ? "Archive" : "Archive: " + path, links);
  response.set_header("Cache-Control", "public,max-age=43200");
  return response;
}

Result<http::Response> show(const Service& service, const http::Request& request, const std::string& path) {
  static const Accepts kAccepts = [] {
    Accepts accepts = archive_parameters({"format"});
    accepts.limit = true;
    return accepts;
  }();
  RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request, kAccepts));
  RESULTSDB_ASSIGN(std::vector<Candidate> candidates, find_candidates(service, query));
  if (candidates.empty()) return not_found(path);
  if (path.empty() || path.ends_with('/')) return folder(service, request, candidates, path);
  return file(service, request, query, std::move(candidates), path);
}

}  // namespace

http::Response show_archive(const Service& service, const http::Request& request, const std::string& path) {
  auto response = show(service, request, path);
  return response ? std::move(*response) : page_error(response.error());
}

}  // namespace resultsdb::webkit
