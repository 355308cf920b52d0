// From a store's URL to an open Storage. Backends are registered by an explicit call; there is no global
// registry.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/result.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb {

/// `scheme:REST[?name=value&…]`, percent-decoded. `path` is REST without options (for `//authority/…` forms
/// the whole of it, with the slashes).
struct StoreUrl {
  std::string scheme;
  std::string path;
  std::map<std::string, std::string> options;

  static Result<StoreUrl> parse(std::string_view text);
  /// For messages: a password in `user:password@` is replaced by `***`.
  std::string redacted() const;
};

struct OpenOptions {
  bool read_only = false;
  bool create = true;  ///< make the store if it is not there; false: NotFound
};

class BackendRegistry {
 public:
  /// Opens a store; unknown options are InvalidArgument.
  using Factory = std::function<Result<std::shared_ptr<storage::Storage>>(const StoreUrl& url,
                                                                          const OpenOptions& options)>;

  void add(std::string scheme, Factory factory);
  std::vector<std::string> schemes() const;
  /// InvalidArgument for an unknown scheme (the message lists the known ones).
  Result<std::shared_ptr<storage::Storage>> open(std::string_view url, const OpenOptions& options = {}) const;

 private:
  std::map<std::string, Factory, std::less<>> factories_;
};

}  // namespace resultsdb
