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

/// Where the documents lie that belong to a run and go with it: Model::purge() deletes those of this
/// collection whose keys begin so. What is put there while the run is being deleted stays.
struct RunDocuments {
  std::string collection;  ///< runs are spread over some
  std::string key_prefix;  ///< no other run has it, not even one of the same id in another suite
};
RunDocuments run_documents(std::string_view suite, std::string_view run);
/// The name of an attribute: when such a document came in, in microseconds since 1970, if that may be after
/// its run did. A purge of what was received before some time leaves those that came in later.
inline constexpr char kDocumentReceived[] = "received";

/// Changes of one collection, all or nothing.
struct DocumentChanges {
  struct Put {
    Document document;  ///< collection and version ignored
    /// Empty: whatever is there; 0: the key must be free; n: the stored version must be n. Else Conflict.
    std::optional<std::uint64_t> expected_version;
  };
  struct Delete {
    std::string key;  ///< one that is not there is no error, unless a version is expected
    std::optional<std::uint64_t> expected_version;  ///< as of a Put
  };
  std::string collection;
  std::vector<Put> puts;  ///< AlreadyExists if a unique pair belongs to another document afterwards
  std::vector<Delete> deletes;
};

}  // namespace resultsdb
