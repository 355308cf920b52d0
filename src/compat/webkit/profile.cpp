#include "profile.hpp"

#include <string>

namespace resultsdb::webkit {

Result<ProfileName> parse_profile(std::string_view name) {
  if (name == "webkit") return ProfileName::Webkit;
  if (name == "webkit-corrected") return ProfileName::WebkitCorrected;
  return invalid_argument("there is no profile \"" + std::string(name) +
                          "\": there are webkit and webkit-corrected");
}

Profile Profile::named(ProfileName name) {
  Profile profile;
  if (name == ProfileName::Webkit) return profile;
  profile.default_names_are_keys = false;
  profile.match_is_unknown = false;
  profile.loose_search_of_old = false;
  profile.last_arrival_is_recent = false;
  profile.overwrite_commits = false;
  profile.remember_searches = false;
  profile.digits_are_revisions = false;
  profile.suites_of_default_key = false;
  profile.spent_limit_is_unlimited = false;
  profile.refuse_repeated_branches = false;
  profile.summary_breaks_down = false;
  profile.timestamp_is_first_of_second = false;
  profile.silent_expiry = false;
  profile.clients_add_repositories = false;
  profile.text_timestamp_breaks_failures = false;
  profile.null_details_break_links = false;
  profile.text_simulator_is_true = false;
  profile.refuse_form_key = false;
  profile.identifiers_at_once = false;
  profile.failures_keep_escapes = false;
  profile.refuse_head = false;
  profile.archive_folders_break_down = false;
  profile.ignore_archive_format = false;
  profile.archive_pages_of_all_runs = false;
  profile.list_old_branches = false;
  profile.repeat_keeps_missing_tests = false;
  return profile;
}

}  // namespace resultsdb::webkit
