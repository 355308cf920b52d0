#pragma once

#include <string>
#include <string_view>

#include "report.hpp"

namespace resultsdb::bench {

/// An upload of 60,000 results in WebKit's form, 2.2 MB; `number` tells uploads apart. As in the generated
/// corpus about 1.3 % of the tests do not pass, nearly always the same ones; 0.3 % change from one upload to
/// the next.
std::string make_upload(int number);
/// Boost.JSON's SAX parser with a handler that does nothing.
void null_parse(std::string_view body);

/// 60,000 results in WebKit's form: from the request's bytes to the stored run, against a parse that does
/// nothing. `keep`: with the document as it came.
void measure_upload(const std::string& folder, int uploads, bool keep, Report& report);

/// The time of an upload while old runs are deleted, beside that of one alone.
void measure_upload_with_retention(const std::string& folder, int uploads, Report& report);

}  // namespace resultsdb::bench
