#include <utility>

#include "formats/detect.hpp"
#include "formats/junit.hpp"
#include "formats/readers.hpp"
#include "formats/run_builder.hpp"
#include "formats/text.hpp"
#include "formats/xml_filter.hpp"
#include "resultsdb/formats.hpp"

namespace resultsdb::formats {
namespace {

void warn_of_repairs(const XmlReader& reader, RunBuilder& builder) {
  if (reader.repairs() & XmlFilter::InvalidUtf8) {
    builder.warn("invalid_utf8", "bytes that are no UTF-8 were replaced by U+FFFD");
  }
  if (reader.repairs() & XmlFilter::IllegalChar) {
    builder.warn("illegal_xml_char", "control characters were replaced by U+FFFD");
  }
  if (reader.repairs() & XmlFilter::Malformed) {
    builder.warn("malformed_xml", "\"]]>\" outside of a CDATA section was taken as text");
  }
  if (const auto& dropped = reader.dropped()) {
    builder.warn("limit",
                 "an element has more than 256 attributes; the rest was dropped: \"" + dropped->attribute +
                     "\" of <" + dropped->element + ">",
                 dropped->line);
  }
}

ReadOutcome refuse(const Refusal& refusal, const ReadOptions& options) {
  std::string place = options.path;
  if (refusal.line > 0) place += (place.empty() ? "line " : ":") + std::to_string(refusal.line);
  const bool limit = refusal.code == "too large";
  ReadOutcome outcome;
  outcome.refused =
      ReadError{refusal.code, make_error(limit ? ErrorCode::ResourceExhausted : ErrorCode::InvalidArgument,
                                         refusal.code + ": " + refusal.message, std::move(place))};
  return outcome;
}

Detected choose_format(const ByteSource& source, const ReadOptions& options) {
  Detected detected = detect(source.head());
  const bool empty = detected.refusal && detected.refusal->code == "empty file";
  if (options.format.empty() || empty) return detected;
  // GoogleTest writes three formats under one name.
  if (options.format == "gtest" && detected.format && *detected.format != Format::GoJson) return detected;
  const auto format = format_of_name(options.format);
  if (format) return {format, std::nullopt};
  return {std::nullopt,
          Refusal{"unknown format", "there is no reader named \"" + options.format +
                                        "\"; known are junit, gtest, gtest-json, gtest-console, go, "
                                        "and the names of JUnit dialects (docs/formats.md)"}};
}

ReadResult read_format(Format format, ByteSource& source, const ReadOptions& options) {
  switch (format) {
    case Format::Junit:
      return read_junit_file(source, options);
    case Format::GtestJson:
      return read_gtest_json(source, options);
    case Format::GtestConsole:
      return read_gtest_console(source, options);
    case Format::GoJson:
      return read_go_json(source, options);
  }
  return Refusal{"unknown format", "there is no reader"};
}

bool has_warning(const ImportedRun& run, std::string_view code) {
  for (const Warning& warning : run.warnings) {
    if (warning.code == code) return true;
  }
  return false;
}

}  // namespace

ReadResult read_junit_file(ByteSource& source, const ReadOptions& options) {
  const JunitDialect* named = find_junit(options.format);
  const JunitDialect& dialect = named != nullptr ? *named : detect_junit(source.head());
  RunBuilder builder(options, std::string(dialect.tool), dialect.repeated);
  XmlReader reader([&source](char* out, std::size_t size) { return source.read(out, size); });
  read_junit(reader, dialect, builder);
  if (builder.refusal()) return *builder.refusal();
  if (reader.refusal()) return *reader.refusal();
  warn_of_repairs(reader, builder);
  return builder.finish(options.allow_empty);
}

ReadOutcome read_results(std::istream& in, const ReadOptions& options) {
  ByteSource source(in, options.max_bytes);
  if (source.refusal()) return refuse(*source.refusal(), options);
  const Detected detected = choose_format(source, options);
  if (detected.refusal) return refuse(*detected.refusal, options);
  ReadResult result = read_format(*detected.format, source, options);
  // What ended the stream of bytes is the reason for what the reader saw.
  if (source.refusal()) return refuse(*source.refusal(), options);
  if (const auto* refusal = std::get_if<Refusal>(&result)) return refuse(*refusal, options);
  ImportedRun& run = std::get<ImportedRun>(result);
  if (source.truncated() && !has_warning(run, "truncated")) {
    run.warnings.push_back({"truncated", "the packed data ends before its end", 0});
    run.incomplete = true;
  }
  if (options.strict && has_warning(run, "truncated")) {
    return refuse(
        {"not well-formed", "the file is cut off; without the strict mode its complete part is read"},
        options);
  }
  run.digest = source.digest();
  ReadOutcome outcome;
  outcome.run = std::move(run);
  return outcome;
}

}  // namespace resultsdb::formats
