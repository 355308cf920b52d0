// Folders in the names of tests.
#pragma once

#include <cstddef>
#include <string_view>

namespace resultsdb::domain {

/// Where the next folder of the name ends, behind its separator: `css/` of `css/grid/a.html`. npos if what is
/// left from `from` on stands in none. Separators are `/`, behind the last of them `::`, and in names without
/// both `.`, so `tests/a.py::Case::one` is in `tests/` and `a.py::`, and `fast/a.html` is not in `a.`.
inline std::size_t folder_end(std::string_view name, std::size_t from = 0) {
  for (const std::string_view separator : {std::string_view("/"), std::string_view("::")}) {
    if (const auto at = name.find(separator, from); at != name.npos) return at + separator.size();
  }
  if (name.find('/') != name.npos || name.find("::") != name.npos) return name.npos;
  const auto at = name.find('.', from);
  return at == name.npos ? at : at + 1;
}

}  // namespace resultsdb::domain
