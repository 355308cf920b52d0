#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "archives.hpp"
#include "resultsdb/limits.hpp"
#include "run_search.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::uint32_t kPage = 100;
constexpr std::size_t kMost = 2;  // archives of a timeline that are looked at
constexpr std::size_t kBlock = 256 << 10;
constexpr std::size_t kUuidDigits = 17, kStartDigits = 12;
constexpr std::int64_t kYearOne = -62'135'596'800;  // in seconds: no time is earlier

/// Their byte order is that of the numbers.
std::string digits(std::int64_t number, std::size_t count) {
  const std::string text = std::to_string(number);
  return std::string(count - std::min(text.size(), count), '0') + text;
}

std::string uuid_digits(Position uuid) { return digits(uuid + limits::kMaxPosition, kUuidDigits); }

std::optional<std::int64_t> read_digits(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Place {
  ArchivePlace place;
  std::string content;
};

/// The newest archives of a timeline by commit.
Result<std::vector<Place>> newest_places(Attachments& archives, const std::string& timeline, Position from,
                                         Position to) {
  std::vector<Place> places;
  const std::string first = uuid_digits(from), last = uuid_digits(to);
  const auto parted = std::mismatch(first.begin(), first.end(), last.begin(), last.end());
  AttachmentsQuery query{.name_prefix = timeline + '/' + std::string(first.begin(), parted.first),
                         .attributes = {},
                         .content = {},
                         .descending = true,
                         .limit = kPage,
                         .page = {}};
  for (bool more = true; more;) {
    RESULTSDB_ASSIGN(ItemPage<Attachment> page, archives.find(query));
    for (Attachment& archive : page.items) {
      auto place = ArchivePlace::parse(archive.name);
      if (!place || place->uuid > to) continue;
      // Which of one commit stay is decided when all of it are there.
      const bool enough = places.size() >= kMost && place->uuid != places.back().place.uuid;
      if (enough || place->uuid < from) {
        page.next.clear();
        break;
      }
      places.push_back({std::move(*place), std::move(archive.content)});
    }
    query.page = std::move(page.next);
    more = !query.page.empty();
  }
  std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::tie(b.place.uuid, a.place.sdk, a.place.start) <
           std::tie(a.place.uuid, b.place.sdk, b.place.start);
  });
  if (places.size() > kMost) places.resize(kMost);
  return places;
}

Status copy(const Body& body, const FormPart& file, AttachmentWriter& writer) {
  std::string block(kBlock, '\0');
  for (std::uint64_t at = 0; at < file.size;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, file.size - at));
    RESULTSDB_ASSIGN(const std::size_t count, body.read(file.from + at, std::span(block.data(), wanted)));
    if (count == 0) return make_error(ErrorCode::Internal, "the body ended early");
    RESULTSDB_TRY(writer.append(std::string_view(block).substr(0, count)));
    at += count;
  }
  return {};
}

}  // namespace

Attachments archives_of(std::shared_ptr<Model> model) {
  return Attachments(std::move(model), "webkit-archives");
}

std::string ArchivePlace::name() const {
  return timeline + '/' + uuid_digits(uuid) + '/' + digits(start - kYearOne, kStartDigits) + '/' + sdk;
}

std::optional<ArchivePlace> ArchivePlace::parse(std::string_view name) {
  ArchivePlace place;
  std::array<std::string_view, 3> parts;
  for (std::string_view& part : parts) {
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    part = name.substr(0, slash);
    name.remove_prefix(slash + 1);
  }
  const auto uuid = read_digits(parts[1]), start = read_digits(parts[2]);
  if (!uuid || !start) return std::nullopt;
  return ArchivePlace{.timeline = std::string(parts[0]),
                      .uuid = *uuid - limits::kMaxPosition,
                      .start = *start + kYearOne,
                      .sdk = std::string(name)};
}

Status put_archive(const Service& service, const CheckedUpload& upload, const Body& body,
                   const FormPart& file) {
  Attachments archives = archives_of(service.model);
  std::string content;
  for (const std::string& key : branch_keys(service.profile, upload.commits)) {
    // A suite and its configuration are known for as long as its runs would be.
    if (!is_over(service, upload.uuid)) RESULTSDB_TRY(put_stand_in(service, upload, key));
    if (is_archive_over(service.options, upload.uuid, service.now())) continue;
    Attachment archive;
    archive.name = ArchivePlace{.timeline = timeline_id(upload.suite, key, upload.configuration.facets()),
                                .uuid = upload.uuid,
                                .start = to_seconds(upload.started),
                                .sdk = upload.configuration.sdk.value_or("")}
                       .name();
    if (!content.empty()) {
      archive.content = content;
      const auto linked = archives.link(archive);
      if (linked) continue;
      // Somebody deleted the first one meanwhile: the bytes are still here.
      if (linked.error().code != ErrorCode::NotFound) return linked.error();
    }
    AttachmentWriter writer = archives.write(service.now());
    RESULTSDB_TRY(copy(body, file, writer));
    RESULTSDB_ASSIGN(archive, writer.finish(std::move(archive)));
    content = archive.content;
  }
  return {};
}

std::string FoundArchive::query() const {
  std::string text = configuration.query();
  if (!text.empty()) text += '&';
  const std::string time = std::to_string(start);
  return text + "uuid=" + std::to_string(uuid) + "&after_time=" + time + "&before_time=" + time;
}

Accepts archive_parameters(std::vector<std::string_view> others) {
  others.emplace_back("suite");
  return {.configuration = true,
          .commit = true,
          .range = true,
          .times = true,
          .branch = true,
          .others = std::move(others),
          .path = {}};
}

Result<std::vector<FoundArchive>> find_archives(const Service& service, const Query& query) {
  RESULTSDB_ASSIGN(const RunSearch search, RunSearch::read(service, query, kMost));
  ConfigurationMatcher matcher(service, search.configurations);
  RESULTSDB_ASSIGN(const std::vector<std::string> suites,
                   wanted_suites(service, query, search.configurations));
  Attachments archives = archives_of(service.model);
  std::vector<FoundArchive> found;
  for (const std::string& suite : suites) {
    RESULTSDB_ASSIGN(const std::vector<MatchedTimeline> timelines, matcher.match(suite));
    for (const MatchedTimeline& timeline : timelines) {
      RESULTSDB_ASSIGN(
          const std::vector<Place> places,
          newest_places(archives, timeline.info.id, *search.range.from_position, *search.range.to_position));
      for (const auto& [place, content] : places) {
        const Time started = from_seconds(place.start);
        if (!timeline.sdks.empty() && !timeline.sdks.contains(place.sdk)) continue;
        if (search.range.from_started && started < *search.range.from_started) continue;
        if (search.range.to_started && started > *search.range.to_started) continue;
        FoundArchive& archive =
            found.emplace_back(FoundArchive{timeline.configuration, place.uuid, place.start, content});
        archive.configuration.set_sdk(place.sdk);
      }
    }
  }
  return found;
}

}  // namespace resultsdb::webkit
