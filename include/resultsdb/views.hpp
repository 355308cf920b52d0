// Views: named links to pages of the web UI, kept in the store for everybody.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/model.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb {

struct View {
  std::string id;           ///< 6 to 32 of `[A-Za-z0-9_-]`, given by who stores it first
  std::string name;         ///< 1 to 120 bytes
  std::string description;  ///< at most 4,096 bytes
  std::string url;          ///< see is_page_url()
  bool dashboard = false;   ///< its selection may become tiles of the overview
  std::string author;       ///< what the writer says of himself: at most 120 bytes
  std::uint64_t version = 0;
  Time updated{};
};

/// A relative URL of at most 16 KiB: the path of a page that the UI has (`/timeline`, `/embed/timeline`),
/// then perhaps `?…` and `#…`. It cannot lead anywhere else.
bool is_page_url(std::string_view url);

/// Safe for concurrent calls, by several processes too.
class Views {
 public:
  explicit Views(std::shared_ptr<Model> model) : model_(std::move(model)) {}

  /// By name, then id.
  Result<std::vector<View>> list() const;
  Result<std::optional<View>> get(std::string_view id) const;
  /// Stores it under its id and gives it as it is stored (version and `updated` that are given are ignored).
  /// `expected_version` is that of the one replaced, 0: none. InvalidArgument names the member that is wrong;
  /// Conflict: another version is stored.
  Result<View> put(const View& view, Time now, std::uint64_t expected_version);
  /// NotFound if there is none; Conflict if its version is another one.
  Status remove(std::string_view id, std::optional<std::uint64_t> expected_version = {});

 private:
  std::shared_ptr<Model> model_;
};

}  // namespace resultsdb
