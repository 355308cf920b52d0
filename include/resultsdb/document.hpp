// Documents: for what only one protocol or tool needs. Nobody else looks inside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resultsdb/run.hpp"

namespace resultsdb {

struct Document {
  std::string collection;
  std::string key;
  std::uint64_t version = 0;  ///< given by the store: 1 for a new key, then 2, 3, … with each put
  std::string text;           ///< JSON, kept byte for byte
  Attributes attributes;      ///< find_documents can ask for them; pairs are unique
  Attributes unique;          ///< secondary keys: a (name, value) belongs to one document of the collection
  bool operator==(const Document&) const = default;
};

/// The collection for what belongs to a run and goes with it: Model::purge() deletes its documents whose keys
/// are the run's public id, a slash and more. Runs are spread over some collections.
std::string run_documents(std::string_view run);

/// Changes of one collection, all or nothing.
struct DocumentChanges {
  struct Put {
    Document document;  ///< collection and version ignored
    /// Empty: whatever is there; 0: the key must be free; n: the stored version must be n. Else Conflict.
    std::optional<std::uint64_t> expected_version;
  };
  std::string collection;
  std::vector<Put> puts;  ///< AlreadyExists if a unique pair belongs to another document afterwards
  std::vector<std::string> deletes;  ///< keys; one that is not there is no error
};

}  // namespace resultsdb
