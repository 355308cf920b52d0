#include "output.hpp"

#include <algorithm>
#include <iostream>
#include <map>

#include "resultsdb/json.hpp"
#include "resultsdb/outcome.hpp"
#include "resultsdb/time.hpp"
#include "table.hpp"

namespace resultsdb::cli {

namespace {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte_at = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const auto byte = byte_at(i);
    // U+0080 to U+009F: terminals take U+009B for an escape sequence.
    const bool of_two = byte == 0xC2 && i + 1 < text.size() && (byte_at(i + 1) & 0xE0) == 0x80;
    out += of_two || byte < 0x20 || byte == 0x7F ? ' ' : text[i];
    i += of_two ? 1 : 0;
  }
  return out;
}

Cell cell(std::string_view text) { return {std::string(text), json::quote(text)}; }

Cell name_cell(std::string_view name) {
  Cell named = cell(name);
  named.is_name = true;
  return named;
}

Cell cell(std::int64_t number) {
  auto text = std::to_string(number);
  return {text, text};
}

Cell cell(std::optional<double> number) {
  if (!number) return {"", "null"};
  std::string text;
  json::append_number(text, *number);
  return {text, text};
}

Cell cell(const Configuration& configuration) {
  Cell named{configuration.key(), configuration.json()};
  named.is_name = true;
  return named;
}

Cell cell(const std::vector<RunCommit>& commits) {
  Cell result{"", "["};
  for (const auto& commit : commits) {
    const auto name = commit.repository + '@' + commit.id;
    if (!result.text.empty()) {
      result.text += ' ';
      result.json += ',';
      result.shortened += ' ';
      result.narrow += ' ';
    }
    result.text += name;
    result.shortened += commit.repository + '@' + commit.id.substr(0, 12);
    result.narrow += commit.id.substr(0, 12);
    result.json += json::quote(name);
  }
  result.json += ']';
  return result;
}

Cell cell_counts(const RunCounts& counts, bool only_unexpected) {
  std::map<std::string, std::int64_t> by_actual;
  for (const auto& count : counts.outcomes) {
    if (only_unexpected && !is_unexpected(count.outcome.expected, count.outcome.actual)) continue;
    by_actual[count.outcome.actual] += count.results;
  }
  Cell result{"", "{"};
  for (const auto& [actual, results] : by_actual) {
    if (!result.text.empty()) {
      result.text += ' ';
      result.json += ',';
    }
    result.text += actual + ':' + std::to_string(results);
    result.json += json::quote(actual) + ':' + std::to_string(results);
  }
  result.json += '}';
  return result;
}

std::string Records::json_items() const {
  std::string out;
  for (const auto& row : rows_) {
    out += out.empty() ? "{" : ",\n{";
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) out += ',';
      out += json::quote(columns_[i]) + ':' + row[i].json;
    }
    out += '}';
  }
  return out;
}

void Records::print(Format format, const char* when_empty) const {
  switch (format) {
    case Format::Json:
      std::cout << '[' << json_items() << "]\n";
      break;
    case Format::Csv:
      print_csv();
      break;
    case Format::Table:
      print_table(when_empty);
      break;
  }
}

std::size_t Records::column(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::find(columns_, name) - columns_.begin());
}

void Records::hide(std::initializer_list<const char*> columns) {
  for (const char* name : columns) hidden_.push_back(column(name));
}

void Records::hide_if_equal(std::initializer_list<const char*> columns) {
  for (const char* name : columns) {
    const std::size_t i = column(name);
    if (std::ranges::all_of(rows_, [&](const auto& row) { return row[i].text == rows_.front()[i].text; }))
      hidden_.push_back(i);
  }
}

void Records::hide_if_nothing(std::initializer_list<const char*> columns) {
  for (const char* name : columns) {
    const std::size_t i = column(name);
    const auto nothing = [i](const auto& row) {
      return row[i].text == "none" || row[i].text.starts_with("0/");
    };
    if (std::ranges::all_of(rows_, nothing)) hidden_.push_back(i);
  }
}

void Records::print_csv() const {
  const auto line = [](const auto& fields, auto&& text) {
    for (std::size_t i = 0; i < fields.size(); ++i)
      std::cout << (i > 0 ? "," : "") << csv_field(text(fields[i]));
    std::cout << '\n';
  };
  line(columns_, [](const std::string& name) { return name; });
  for (const auto& row : rows_) line(row, [](const Cell& value) { return value.text; });
}

void Records::print_table(const char* when_empty) const {
  if (rows_.empty()) {
    std::cout << when_empty << '\n';
    return;
  }
  std::vector<TableColumn> shown;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (std::ranges::find(hidden_, i) != hidden_.end()) continue;
    // The cells of a table name their units themselves.
    const std::string& name = columns_[i];
    auto& column = shown.emplace_back(name.ends_with("_us") ? name.substr(0, name.size() - 3) : name);
    for (const auto& row : rows_) column.cells.push_back(&row[i]);
  }
  for (const std::string& line : table_lines(shown, terminal_width())) std::cout << line << '\n';
}

std::vector<Cell> run_cells(const RunInfo& run) {
  return {cell(run.id),
          name_cell(run.suite),
          name_cell(run.branch),
          cell(run.configuration),
          cell(std::int64_t{run.attempt}),
          cell(to_string(run.state)),
          cell(run.position),
          cell(format_rfc3339(run.started)),
          cell(run.commits)};
}

}  // namespace resultsdb::cli
