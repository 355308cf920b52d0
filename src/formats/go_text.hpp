// What `go test` prints around a test's own output; shared by its JSON and by gotestsum's XML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace resultsdb::formats {

/// The message of a Go test: the line that begins "panic: ", else the first line that is no marker of the
/// tool itself, without its "file.go:N: ".
std::string go_message(std::string_view output);
/// "TIMEOUT" or "CRASH" if the output tells of a panic, else empty.
std::string_view go_panic(std::string_view output);
/// The tests that a time-out found running.
std::vector<std::string> go_running_tests(std::string_view output);

}  // namespace resultsdb::formats
