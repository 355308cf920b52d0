// Tables for people: as wide as their texts, or as the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "output.hpp"

namespace resultsdb::cli {

/// Columns of a terminal that a text takes: its code points.
std::size_t display_width(std::string_view text);

/// At most `width` code points: the first and the last, with `…` between them.
std::string shorten_middle(const std::string& text, std::size_t width);

/// Of the standard output; 100 if it is no terminal.
std::size_t terminal_width();

struct TableColumn {
  std::string heading;  ///< ASCII
  std::vector<const Cell*> cells;
};

/// The lines of a table that is at most `width` wide if that can be done: by narrow forms of cells, by
/// shorter names and by shorter headings, in this order and only as far as needed. Numbers, times and commits
/// stay.
std::vector<std::string> table_lines(const std::vector<TableColumn>& columns, std::size_t width);

}  // namespace resultsdb::cli
