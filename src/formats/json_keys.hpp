// The member names at the top of a JSON document, from its beginning alone.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace resultsdb::formats {

struct JsonKeys {
  std::set<std::string, std::less<>>
      keys;  ///< of the outermost object, or of the objects in the outermost array
  bool too_deep = false;

  bool has(std::string_view key) const { return keys.contains(key); }
};

/// Whatever can be read before the end of `head` or its first mistake.
JsonKeys read_json_keys(std::string_view head);

}  // namespace resultsdb::formats
