// The readers, one function for each format. Each reads the file to its end and leaves tests, warnings and
// refusal in the run builder that it makes.
#pragma once

#include <optional>
#include <variant>

#include "formats/byte_source.hpp"
#include "resultsdb/formats.hpp"

namespace resultsdb::formats {

using ReadResult = std::variant<ImportedRun, Refusal>;

ReadResult read_junit_file(ByteSource& source, const ReadOptions& options);
ReadResult read_gtest_json(ByteSource& source, const ReadOptions& options);
ReadResult read_gtest_console(ByteSource& source, const ReadOptions& options);
ReadResult read_go_json(ByteSource& source, const ReadOptions& options);

}  // namespace resultsdb::formats
