#include "resultsdb/annotations.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "domain/check.hpp"
#include "domain/small_id.hpp"

namespace resultsdb {
namespace {

namespace bj = boost::json;

constexpr char kCollection[] = "annotations";
constexpr std::size_t kTextBytes = 1024, kUrlBytes = 2048, kMostFilters = 64;
constexpr std::uint32_t kReadAtOnce = 1000;
constexpr std::array<std::string_view, 4> kKinds = {"outage", "roll", "branch", "note"};

Status check_url(const std::string& url) {
  RESULTSDB_TRY(domain::check_text("url", url, kUrlBytes));
  const auto odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  const bool web = url.starts_with("https://") || url.starts_with("http://");
  if (url.empty() || (web && std::ranges::none_of(url, odd))) return {};
  return invalid_argument("must begin with https:// or http://", "url");
}

Status check(const Annotation& annotation) {
  RESULTSDB_TRY(domain::check_small_id(annotation.id));
  RESULTSDB_TRY(domain::check_name("suite", annotation.suite));
  RESULTSDB_TRY(domain::check_name("branch", annotation.branch));
  if (annotation.where.size() > kMostFilters) return invalid_argument("has more than 64 filters", "where");
  for (const std::string& filter : annotation.where)
    RESULTSDB_TRY(domain::check_text("where", filter, 2 * limits::kFacetBytes, domain::Presence::Required));
  if (const auto filters = parse_facet_filters(annotation.where); !filters)
    return invalid_argument(filters.error().message, "where");
  RESULTSDB_TRY(domain::check_position("from", annotation.from));
  if (annotation.to) RESULTSDB_TRY(domain::check_position("to", *annotation.to));
  if (annotation.to && *annotation.to < annotation.from) return invalid_argument("is before `from`", "to");
  RESULTSDB_TRY(domain::check_text("text", annotation.text, kTextBytes, domain::Presence::Required));
  return check_url(annotation.url);
}

Document to_document(const Annotation& annotation) {
  bj::object object{{"suite", annotation.suite},
                    {"branch", annotation.branch},
                    {"where", bj::array(annotation.where.begin(), annotation.where.end())},
                    {"from", annotation.from},
                    {"kind", to_string(annotation.kind)},
                    {"text", annotation.text},
                    {"url", annotation.url}};
  if (annotation.to) object["to"] = *annotation.to;
  return {.key = annotation.id, .text = bj::serialize(object), .attributes = {}, .unique = {}};
}

Result<Annotation> to_annotation(const Document& document) {
  const Error damaged = make_error(ErrorCode::Corrupt, "is no annotation", "document " + document.key);
  try {
    const bj::value value = bj::parse(document.text);
    const auto text = [](const bj::value& of) { return std::string(of.as_string()); };
    const auto kind = parse_annotation_kind(text(value.at("kind")));
    Annotation annotation{.id = document.key,
                          .suite = text(value.at("suite")),
                          .branch = text(value.at("branch")),
                          .where = {},
                          .from = value.at("from").as_int64(),
                          .to = {},
                          .kind = kind.value_or(Annotation::Kind::Note),
                          .text = text(value.at("text")),
                          .url = text(value.at("url")),
                          .version = document.version};
    for (const bj::value& filter : value.at("where").as_array()) annotation.where.push_back(text(filter));
    if (const auto* to = value.as_object().if_contains("to")) annotation.to = to->as_int64();
    if (!kind || !check(annotation)) return damaged;
    return annotation;
  } catch (const std::exception&) {  // of Boost.JSON: not JSON, or a member is missing or of another kind
    return damaged;
  }
}

/// Whether a place of the range may be one of the annotation.
bool meets(const Annotation& annotation, const RunRange& range) {
  const auto place = [](const std::optional<Position>& position, const std::optional<Time>& time) {
    return position ? position : time ? std::optional<Position>(100 * to_seconds(*time)) : std::nullopt;
  };
  const auto from = place(range.from_position, range.from_started);
  const auto to = place(range.to_position, range.to_started);
  return (!to || annotation.from <= *to) && (!from || !annotation.to || *annotation.to >= *from);
}

bool concerns(const Annotation& annotation, const std::vector<TimelineInfo>& timelines) {
  const auto filters = parse_facet_filters(annotation.where);
  return filters && std::ranges::any_of(timelines, [&](const TimelineInfo& timeline) {
           return (annotation.branch.empty() || annotation.branch == timeline.branch) &&
                  std::ranges::all_of(*filters, [&](const FacetFilter& filter) {
                    return filter.matches(timeline.configuration);
                  });
         });
}

}  // namespace

std::string_view to_string(Annotation::Kind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<Annotation::Kind> parse_annotation_kind(std::string_view text) noexcept {
  const auto found = std::ranges::find(kKinds, text);
  if (found == kKinds.end()) return std::nullopt;
  return static_cast<Annotation::Kind>(found - kKinds.begin());
}

Result<std::vector<Annotation>> Annotations::find(const AnnotationsQuery& query) const {
  RESULTSDB_ASSIGN(const auto timelines, model_->timelines(query.suite, query.selection));
  std::vector<Annotation> annotations;
  DocumentsQuery asked{.collection = kCollection, .limit = kReadAtOnce};
  do {
    RESULTSDB_ASSIGN(const auto page, model_->documents(asked));
    for (const Document& document : page.items) {
      RESULTSDB_ASSIGN(Annotation annotation, to_annotation(document));
      if (!annotation.suite.empty() && annotation.suite != query.suite) continue;
      if (meets(annotation, query.range) && concerns(annotation, timelines))
        annotations.push_back(std::move(annotation));
    }
    asked.page = page.next;
  } while (!asked.page.empty());
  std::ranges::stable_sort(annotations, std::greater(), &Annotation::from);  // documents come by key
  return annotations;
}

Result<std::optional<Annotation>> Annotations::get(std::string_view id) const {
  if (!domain::is_small_id(id)) return std::optional<Annotation>();
  RESULTSDB_ASSIGN(const auto found, model_->get_document(kCollection, id));
  if (!found) return std::optional<Annotation>();
  RESULTSDB_ASSIGN(Annotation annotation, to_annotation(*found));
  return std::optional(std::move(annotation));
}

Result<Annotation> Annotations::put(const Annotation& annotation, std::uint64_t expected_version) {
  RESULTSDB_TRY(check(annotation));
  Annotation stored = annotation;
  stored.version = expected_version + 1;
  RESULTSDB_TRY(model_->change_documents(
      {.collection = kCollection, .puts = {{to_document(stored), expected_version}}, .deletes = {}}));
  return stored;
}

Status Annotations::remove(std::string_view id, std::optional<std::uint64_t> expected_version) {
  RESULTSDB_ASSIGN(const auto found, get(id));
  if (!found) return make_error(ErrorCode::NotFound, "there is no such annotation", "annotation");
  return model_->change_documents(
      {.collection = kCollection,
       .puts = {},
       .deletes = {{.key = std::string(id), .expected_version = expected_version}}});
}

}  // namespace resultsdb
