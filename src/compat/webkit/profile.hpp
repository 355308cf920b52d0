// The quirks of WebKit's results service as data: everything that release 3.1.10 of the original does and
// that one may want to do otherwise. Numbers in brackets are the traps of docs/compat/webkit.md.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "resultsdb/http/webkit.hpp"

namespace resultsdb::webkit {

/// As it stands: the profile `webkit`.
struct Profile {
  static Profile named(ProfileName name);

  bool default_names_are_keys = true;    ///< `branch=main` finds no results [1]
  bool match_is_unknown = true;          ///< no `match=wildcard` for complete configurations [2]
  bool loose_search_of_old = true;       ///< `recent=False` ignores `is_simulator=False`, `version=0` [4]
  bool last_arrival_is_recent = true;    ///< the upload that came last decides what is recent [6]
  bool overwrite_commits = true;         ///< registered again with less, a commit loses what is missing [9]
  bool remember_searches = true;         ///< searches for commits are answered from memory for two days [10]
  bool digits_are_revisions = true;      ///< a reference of digits is never a hash prefix [11]
  bool suites_of_default_key = true;     ///< without `suite`, those of the default key are meant [8]
  bool spent_limit_is_unlimited = true;  ///< `tests` after the limit is used up by earlier prefixes [13]
  bool refuse_repeated_branches =
      true;  ///< `ref` with several `branch` is refused where commits cannot be ordered [16]
  bool summary_breaks_down = true;  ///< a summary around a timestamp, or of runs with several states [14]
  bool timestamp_is_first_of_second = true;    ///< a timestamp that bounds results means order 0 [17]
  bool silent_expiry = true;                   ///< what is not written, being over, is not mentioned [20]
  bool clients_add_repositories = true;        ///< also to those that the server was given [22]
  bool text_timestamp_breaks_failures = true;  ///< an upload's `timestamp` as a text of digits [23]
  bool null_details_break_links = true;        ///< [24]
  bool text_simulator_is_true = true;          ///< `"is_simulator":"False"` is true in uploads [26]
  bool refuse_form_key = true;                 ///< `api_key` in a form that registers a commit [33]
  bool identifiers_at_once = true;             ///< repositories are asked before an upload is answered [34]
  bool failures_keep_escapes = true;           ///< `$23`, `$3F` in the suite of failures are no escapes [37]
  bool refuse_head = true;                     ///< HEAD is 405 [43]
  bool archive_folders_break_down = true;      ///< folders of archives are not listed [27]
  bool ignore_archive_format = true;           ///< `format` of a file of an archive [28]
  bool archive_pages_of_all_runs = true;       ///< a page that two runs show in two ways is refused [30]
  bool list_old_branches = true;               ///< branches are listed for ever [46]
  bool repeat_keeps_missing_tests = true;      ///< a run uploaded again keeps tests that only it had before

  std::array<std::string_view, 3> default_branches = {"main", "master", "trunk"};
  std::string_view default_key = "default";
  std::uint32_t results_limit = 1000;  ///< of results and tests
  std::uint32_t commits_limit = 100;
  std::uint32_t uploads_limit = 100;  ///< of uploads, links and the commits of a summary
  std::int64_t recent_seconds = 14 * 86'400;
  std::int64_t remembered_seconds = 2 * 86'400;

  bool is_default_branch(std::string_view branch) const noexcept {
    for (const std::string_view name : default_branches) {
      if (branch == name) return true;
    }
    return false;
  }
};

}  // namespace resultsdb::webkit
