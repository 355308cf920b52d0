#include "table.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace resultsdb::cli {

namespace {

constexpr std::size_t kGap = 2;            ///< between two columns
constexpr std::size_t kWidestColumn = 72;  ///< that later columns are lined up behind
constexpr std::size_t kGoodName = 24, kShortName = 12, kShortHeading = 6;

bool goes_on(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

class Column {
 public:
  explicit Column(const TableColumn& column) : column_(column) {
    for (const Cell* cell : column.cells) {
      wide_ = std::max(wide_, display_width(cell->shown()));
      narrow_ = std::max(narrow_, display_width(cell->narrowed()));
      is_name_ = is_name_ || cell->is_name;
    }
    heading_ = display_width(column.heading);
  }

  std::size_t width() const { return std::max(std::min(heading_, heading_limit_), content()); }
  std::size_t gain() const { return wide_ - narrow_; }
  bool is_name() const { return is_name_; }
  /// How much wider the heading is than what stands below it.
  std::size_t heading_excess() const {
    const std::size_t needed = std::max(content(), std::min(heading_, kShortHeading));
    return width() > needed ? width() - needed : 0;
  }
  void use_narrow() { use_narrow_ = true; }
  void limit_names(std::size_t limit) { name_limit_ = limit; }
  void limit_heading(std::size_t limit) { heading_limit_ = limit; }

  std::string heading() const {
    return heading_ > width() ? column_.heading.substr(0, width() - 1) + "…" : column_.heading;
  }
  std::string text(std::size_t row) const {
    const Cell& cell = *column_.cells[row];
    const std::string text = printable(use_narrow_ ? cell.narrowed() : cell.shown());
    return is_name_ ? shorten_middle(text, name_limit_) : text;
  }

 private:
  std::size_t content() const {
    const std::size_t text = use_narrow_ ? narrow_ : wide_;
    return is_name_ ? std::min(text, name_limit_) : text;
  }

  const TableColumn& column_;
  std::size_t wide_ = 0, narrow_ = 0, heading_ = 0;
  std::size_t name_limit_ = std::string::npos, heading_limit_ = std::string::npos;
  bool is_name_ = false, use_narrow_ = false;
};

class Layout {
 public:
  Layout(const std::vector<TableColumn>& columns, std::size_t width) : limit_(width) {
    for (const TableColumn& column : columns) columns_.emplace_back(column);
    use_narrow_forms();
    limit_names(kGoodName);
    limit_headings();
    if (excess() == 0) return;
    limit_names(kShortName);
    limit_headings();
    if (excess() > 0) limit_names(kGoodName);  // in vain: names that can be read are worth more
  }

  const std::vector<Column>& columns() const { return columns_; }

 private:
  /// How much too wide the table is.
  std::size_t excess() const {
    std::size_t total = 0;
    for (const Column& column : columns_) total += column.width() + (total > 0 ? kGap : 0);
    return total > limit_ ? total - limit_ : 0;
  }

  void use_narrow_forms() {
    std::vector<Column*> by_gain;
    for (Column& column : columns_) by_gain.push_back(&column);
    std::ranges::stable_sort(by_gain, std::greater<>(), &Column::gain);
    for (Column* column : by_gain)
      if (excess() > 0) column->use_narrow();
  }

  /// All names to the same limit, the widest that helps.
  void limit_names(std::size_t least) {
    if (excess() == 0) return;
    for (std::size_t limit = std::max(limit_, least); limit >= least; --limit) {
      for (Column& column : columns_)
        if (column.is_name()) column.limit_names(limit);
      if (excess() == 0) return;
    }
  }

  void limit_headings() {
    while (excess() > 0) {
      Column& column = *std::ranges::max_element(columns_, {}, &Column::heading_excess);
      if (column.heading_excess() == 0) return;
      column.limit_heading(column.width() - std::min(column.heading_excess(), excess()));
    }
  }

  std::size_t limit_;
  std::vector<Column> columns_;
};

}  // namespace

std::size_t display_width(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, goes_on));
}

std::string shorten_middle(const std::string& text, std::size_t width) {
  if (display_width(text) <= width || width == 0) return text;
  std::size_t front = 0, back = text.size();
  for (std::size_t left = width / 2; left > 0; --left) do
      ++front;
    while (goes_on(text[front]));
  for (std::size_t left = width - 1 - width / 2; left > 0; --left) do
      --back;
    while (goes_on(text[back]));
  return text.substr(0, front) + "…" + text.substr(back);
}

std::size_t terminal_width() {
  constexpr std::size_t kElsewhere = 100;
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  const char* given = std::getenv("COLUMNS");
  const std::string_view text = given == nullptr ? "" : given;
  std::size_t columns = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), columns);
  return failure == std::errc() && end == text.data() + text.size() && columns > 0 ? columns : kElsewhere;
}

std::vector<std::string> table_lines(const std::vector<TableColumn>& columns, std::size_t width) {
  if (columns.empty()) return {};
  const Layout layout(columns, width);
  std::vector<std::string> lines(columns.front().cells.size() + 1);
  for (const Column& column : layout.columns()) {
    const std::size_t behind = std::min(column.width(), kWidestColumn) + kGap;
    const bool last = &column == &layout.columns().back();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string text = i == 0 ? column.heading() : column.text(i - 1);
      const std::size_t used = display_width(text);
      lines[i] += text;
      if (!last) lines[i].append(used + kGap < behind ? behind - used : kGap, ' ');
    }
  }
  return lines;
}

}  // namespace resultsdb::cli
