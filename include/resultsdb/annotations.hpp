// Annotations: what happened along the timelines that no result tells, such as an outage or a new system
// image.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/model.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"

namespace resultsdb {

struct Annotation {
  enum class Kind : std::uint8_t { Outage, Roll, Branch, Note };

  std::string id;                  ///< 6 to 32 of `[A-Za-z0-9_-]`, given by who stores it first
  std::string suite;               ///< empty: of all suites
  std::string branch;              ///< of runs; empty: of all branches
  std::vector<std::string> where;  ///< facet filters of the configurations that it is about; empty: of all
  Position from = 0;
  std::optional<Position> to;  ///< at or after `from`; nothing: it goes on
  Kind kind = Kind::Note;
  std::string text;  ///< 1 to 1,024 bytes
  std::string url;   ///< `http:` or `https:`, at most 2,048 bytes; empty: none
  std::uint64_t version = 0;
};
std::string_view to_string(Annotation::Kind kind) noexcept;  ///< "outage", "roll", "branch", "note"
std::optional<Annotation::Kind> parse_annotation_kind(std::string_view text) noexcept;

/// Those of a suite that concern one of the selected timelines and a place of the range; a bound by time is
/// that of the first commit that may bear it.
struct AnnotationsQuery {
  std::string suite;
  Selection selection;
  RunRange range;
};

/// Safe for concurrent calls, by several processes too.
class Annotations {
 public:
  explicit Annotations(std::shared_ptr<Model> model) : model_(std::move(model)) {}

  /// By `from`, newest first, then id.
  Result<std::vector<Annotation>> find(const AnnotationsQuery& query) const;
  Result<std::optional<Annotation>> get(std::string_view id) const;
  /// As Views::put().
  Result<Annotation> put(const Annotation& annotation, std::uint64_t expected_version);
  /// NotFound if there is none; Conflict if its version is another one.
  Status remove(std::string_view id, std::optional<std::uint64_t> expected_version = {});

 private:
  std::shared_ptr<Model> model_;
};

}  // namespace resultsdb
