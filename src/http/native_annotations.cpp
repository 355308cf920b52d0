// getAnnotations; one of them read, put and deleted.
#include <array>
#include <map>

#include "json_members.hpp"
#include "judgement_json.hpp"
#include "resultsdb/annotations.hpp"
#include "resultsdb/limits.hpp"
#include "stored_items.hpp"

namespace resultsdb::http {
namespace {

constexpr std::size_t kMostFilters = 64;

void write_annotation(JsonWriter& json, const Annotation& annotation) {
  json.begin_object().member("id", annotation.id);
  if (!annotation.suite.empty()) json.member("suite", annotation.suite);
  if (!annotation.branch.empty()) json.member("branch", annotation.branch);
  json.key("where").begin_array();
  for (const std::string& filter : annotation.where) json.value(filter);
  json.end_array().member("from", annotation.from).member("to", annotation.to);
  json.member("kind", to_string(annotation.kind)).member("text", annotation.text);
  if (!annotation.url.empty()) json.member("url", annotation.url);
  json.member("version", annotation.version).end_object();
}

std::string to_json(const Annotation& annotation) {
  JsonWriter json;
  write_annotation(json, annotation);
  return json.take();
}

/// Of several suites; one of all suites stands there once.
Result<std::string> get_annotations(const NativeContext& context, const Arguments& arguments) {
  RESULTSDB_ASSIGN(const RangeRequest range, read_range(context, arguments));
  RESULTSDB_ASSIGN(const auto scopes, read_scopes(context, arguments));
  std::map<std::pair<Position, std::string>, Annotation> found;  // the newest last
  for (const Scope& scope : scopes) {
    RESULTSDB_ASSIGN(const auto annotations,
                     Annotations(context.model).find({scope.suite, scope.selection, range.range}));
    for (const Annotation& annotation : annotations)
      found.emplace(std::pair(-annotation.from, annotation.id), annotation);
  }
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const auto& [place, annotation] : found) write_annotation(json, annotation);
  json.end_array().key("warnings").begin_array().end_array().end_object();
  return json.take();
}

/// The body of a PUT.
class AnnotationReader {
 public:
  AnnotationReader(const NativeContext& context, std::string_view body) : context_(context), cursor_(body) {}

  Result<Annotation> read() {
    static constexpr std::array<std::string_view, 8> kNames = {"suite", "branch", "where", "from",
                                                               "to",    "kind",   "text",  "url"};
    RESULTSDB_TRY(read_body(cursor_, kNames, name_, [this] { return member(); }));
    if (!has_from_) return invalid_argument("is missing", "from");
    return std::move(read_);
  }

 private:
  Status member() {
    const MemberPath path{.member = name_};
    if (name_ == "where") return where(path);
    if (name_ == "from") {
      has_from_ = true;
      RESULTSDB_ASSIGN(read_.from, read_place(context_, cursor_, path));
      return {};
    }
    if (name_ == "to") {
      RESULTSDB_ASSIGN(read_.to, read_place(context_, cursor_, path));
      return {};
    }
    RESULTSDB_ASSIGN(const std::string_view text, read_text(cursor_, scratch_, path, limits::kNameBytes));
    if (name_ == "kind") {
      const auto kind = parse_annotation_kind(text);
      if (!kind) return invalid_argument("must be outage, roll, branch or note", "kind");
      read_.kind = *kind;
      return {};
    }
    std::string& into = name_ == "suite"    ? read_.suite
                        : name_ == "branch" ? read_.branch
                        : name_ == "text"   ? read_.text
                                            : read_.url;
    into = text;
    return {};
  }

  Status where(const MemberPath& path) {
    RESULTSDB_TRY(expect_kind(cursor_, JsonCursor::Kind::Array, path));
    cursor_.enter();
    while (cursor_.next_element()) {
      if (read_.where.size() == kMostFilters) return invalid_argument("has more than 64 filters", "where");
      RESULTSDB_ASSIGN(read_.where.emplace_back(), read_text(cursor_, scratch_, path, limits::kNameBytes));
    }
    return {};
  }

  const NativeContext& context_;
  JsonCursor cursor_;
  std::string name_, scratch_;
  bool has_from_ = false;
  Annotation read_;
};

Result<Annotation> read_annotation(const NativeContext& context, std::string_view body) {
  RESULTSDB_TRY(json::validate(body));
  return AnnotationReader(context, body).read();
}

}  // namespace

void add_annotation_routes(Router& router, const ContextPtr& context) {
  add_read(router, context, {"/v1/annotations", "getAnnotations", names({"SEL", "RNG"}), get_annotations});
  add_stored_items<Annotations, Annotation>(
      router, context,
      {.name = "annotation",
       .path = "/v1/annotations",
       .get = "getAnnotation",
       .put = "putAnnotation",
       .remove = "deleteAnnotation",
       .read = read_annotation,
       .to_json = to_json,
       .store = [](const NativeContext&, Annotations& annotations, const Annotation& annotation,
                   std::uint64_t version) { return annotations.put(annotation, version); }});
}

}  // namespace resultsdb::http
