// Registration of commits, alone or inside an upload.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "resultsdb/commit.hpp"
#include "service.hpp"

namespace resultsdb::webkit {

/// Stores what a commit document says. A complete one is taken as it is, whatever its repository; one that
/// only names a commit is looked up in the store, then asked of its repository. Returns the stored commit.
Result<Commit> register_document(const Service& service, const boost::json::value& document);

/// Adds the identifier to a stored commit that lacks it, by asking its repository. The error's text is the
/// repository's, empty if there is none to ask.
Status add_identifier(const Service& service, const Commit& commit);

}  // namespace resultsdb::webkit
