// What a server of WebKit's protocol says of an upload.
#pragma once

#include <string>

namespace resultsdb::cli {

/// `description` of an answer, else the answer itself, cut.
std::string description_of(const std::string& body);

/// Prints what the steps of the processing say of errors, if they say anything.
void warn_of_steps(const std::string& place, const std::string& body);

}  // namespace resultsdb::cli
