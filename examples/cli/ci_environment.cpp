#include "ci_environment.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <vector>

namespace resultsdb::cli {

namespace {

using Names = std::vector<const char*>;

/// One CI system as data: which variables say what; of several names the first that is set counts.
struct System {
  const char* name;
  const char* sign;        ///< this variable is set …
  const char* sign_value;  ///< … to this (null: to anything)
  Names commit, branch, change, base, url, pipeline, job, attempt, shard, shards;
  int attempt_offset = 0;  ///< added to the attempt (retry counts begin at 0)
};

const std::vector<System>& systems() {
  static const std::vector<System> all = {
      {"github-actions",
       "GITHUB_ACTIONS",
       "true",
       {"GITHUB_SHA"},
       {"GITHUB_HEAD_REF", "GITHUB_REF_NAME"},
       {},
       {"GITHUB_BASE_REF"},
       {},
       {"GITHUB_RUN_ID"},
       {"GITHUB_JOB"},
       {"GITHUB_RUN_ATTEMPT"},
       {},
       {}},
      {"gitlab-ci",
       "GITLAB_CI",
       nullptr,
       {"CI_COMMIT_SHA"},
       {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME"},
       {"CI_MERGE_REQUEST_IID"},
       {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME"},
       {"CI_JOB_URL"},
       {"CI_PIPELINE_ID"},
       {"CI_JOB_NAME"},
       {},
       {"CI_NODE_INDEX"},
       {"CI_NODE_TOTAL"}},
      {"buildkite",
       "BUILDKITE",
       nullptr,
       {"BUILDKITE_COMMIT"},
       {"BUILDKITE_BRANCH"},
       {"BUILDKITE_PULL_REQUEST"},
       {"BUILDKITE_PULL_REQUEST_BASE_BRANCH"},
       {"BUILDKITE_BUILD_URL"},
       {"BUILDKITE_BUILD_NUMBER"},
       {"BUILDKITE_JOB_ID"},
       {"BUILDKITE_RETRY_COUNT"},
       {"BUILDKITE_PARALLEL_JOB"},
       {"BUILDKITE_PARALLEL_JOB_COUNT"},
       1},
      {"circleci",
       "CIRCLECI",
       nullptr,
       {"CIRCLE_SHA1"},
       {"CIRCLE_BRANCH", "CIRCLE_TAG"},
       {"CIRCLE_PR_NUMBER", "CIRCLE_PULL_REQUEST"},
       {},
       {"CIRCLE_BUILD_URL"},
       {"CIRCLE_WORKFLOW_ID"},
       {"CIRCLE_JOB"},
       {},
       {"CIRCLE_NODE_INDEX"},
       {"CIRCLE_NODE_TOTAL"}},
      {"azure-pipelines",
       "TF_BUILD",
       nullptr,
       {"BUILD_SOURCEVERSION"},
       {"SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"},
       {"SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID"},
       {},
       {},
       {"BUILD_BUILDID"},
       {"SYSTEM_JOBNAME"},
       {"SYSTEM_JOBATTEMPT"},
       {},
       {}},
      {"travis",
       "TRAVIS",
       nullptr,
       {"TRAVIS_PULL_REQUEST_SHA", "TRAVIS_COMMIT"},
       {"TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH"},
       {"TRAVIS_PULL_REQUEST"},
       {},
       {"TRAVIS_JOB_WEB_URL"},
       {"TRAVIS_BUILD_NUMBER"},
       {"TRAVIS_JOB_NUMBER"},
       {},
       {},
       {}},
      {"bitbucket",
       "BITBUCKET_BUILD_NUMBER",
       nullptr,
       {"BITBUCKET_COMMIT"},
       {"BITBUCKET_BRANCH"},
       {"BITBUCKET_PR_ID"},
       {"BITBUCKET_PR_DESTINATION_BRANCH"},
       {},
       {"BITBUCKET_BUILD_NUMBER"},
       {},
       {},
       {"BITBUCKET_PARALLEL_STEP"},
       {}},
      {"drone",
       "DRONE",
       nullptr,
       {"DRONE_COMMIT_SHA"},
       {"DRONE_SOURCE_BRANCH", "DRONE_BRANCH"},
       {"DRONE_PULL_REQUEST"},
       {},
       {"DRONE_BUILD_LINK"},
       {},
       {},
       {},
       {},
       {}},
      {"semaphore",
       "SEMAPHORE",
       nullptr,
       {"SEMAPHORE_GIT_PR_SHA", "SEMAPHORE_GIT_SHA"},
       {"SEMAPHORE_GIT_PR_BRANCH", "SEMAPHORE_GIT_BRANCH"},
       {"SEMAPHORE_GIT_PR_NUMBER"},
       {},
       {},
       {},
       {"SEMAPHORE_JOB_ID"},
       {},
       {},
       {}},
      {"bamboo",
       "bamboo_buildNumber",
       nullptr,
       {"bamboo_planRepository_revision"},
       {"bamboo_planRepository_branchName"},
       {"bamboo_repository_pr_key"},
       {},
       {"bamboo_resultsUrl"},
       {"bamboo_buildNumber"},
       {},
       {},
       {},
       {}},
      {"codebuild",
       "CODEBUILD_BUILD_ID",
       nullptr,
       {"CODEBUILD_RESOLVED_SOURCE_VERSION"},
       {"CODEBUILD_WEBHOOK_HEAD_REF"},
       {},
       {},
       {},
       {"CODEBUILD_BUILD_ID"},
       {},
       {},
       {},
       {}},
      {"jenkins",
       "JENKINS_URL",
       nullptr,
       {"GIT_COMMIT"},
       {"CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"},
       {"CHANGE_ID"},
       {"CHANGE_TARGET"},
       {"BUILD_URL"},
       {"BUILD_NUMBER"},
       {"JOB_NAME"},
       {},
       {},
       {}},
      {"buildbot",
       "BUILDBOT_BUILDERNAME",
       nullptr,
       {"BUILDBOT_GOT_REVISION"},
       {"BUILDBOT_BRANCH"},
       {},
       {},
       {"BUILDBOT_URL"},
       {"BUILDBOT_BUILDNUMBER"},
       {"BUILDBOT_BUILDERNAME"},
       {},
       {},
       {}},
  };
  return all;
}

std::string first_of(const Names& names, const Environment& get) {
  for (const char* name : names)
    if (auto value = get(name); !value.empty()) return value;
  return {};
}

/// The number of a change out of `26`, `pr/26`, `https://host/pull/26`, `refs/pull/26/merge`; empty for
/// `false`.
std::string change_number(const std::string& text) {
  std::string digits;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      digits += text[at];
    } else if (at == text.size() || text[at] == '/') {
      if (!digits.empty() && (at == text.size() || text.substr(at) == "/merge" || text.substr(at) == "/head"))
        return digits;
      digits.clear();
    } else {
      digits.clear();
    }
  }
  return {};
}

std::string without_prefix(std::string text) {
  for (const char* prefix : {"refs/heads/", "origin/"})
    if (text.starts_with(prefix)) return text.substr(std::char_traits<char>::length(prefix));
  return text;
}

std::string without_credentials(std::string url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const auto host = scheme + 3;
  const auto end = std::min(url.find('/', host), url.size());
  if (const auto at = url.substr(host, end - host).rfind('@'); at != std::string::npos)
    url.erase(host, at + 1);
  return url;
}

/// The number in `PREFIX26` or `PREFIX26/merge`.
std::string change_after(const std::string& text, const std::string& prefix) {
  return text.starts_with(prefix) ? change_number(text) : std::string();
}

/// On a pull request GITHUB_SHA is a merge commit; the event file names what was merged.
void refine_github(CiEnvironment& ci, const Environment& get) {
  if (const auto server = get("GITHUB_SERVER_URL"); !server.empty())
    ci.url = without_credentials(server + '/' + get("GITHUB_REPOSITORY") + "/actions/runs/" +
                                 get("GITHUB_RUN_ID"));
  const auto change = change_after(get("GITHUB_REF"), "refs/pull/");
  if (change.empty()) return;
  ci.attributes.emplace_back("change", change);
  ci.attributes.emplace_back("merge", ci.commit);
  ci.branch = "change/" + change;
  std::ifstream file(get("GITHUB_EVENT_PATH"), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  boost::system::error_code error;
  const auto event = boost::json::parse(text, error);
  for (const char* side : {"head", "base"}) {
    const auto* sha =
        error ? nullptr : event.find_pointer("/pull_request/" + std::string(side) + "/sha", error);
    if (sha && sha->is_string()) ci.attributes.emplace_back(side, sha->get_string().c_str());
  }
}

void refine_gitlab(CiEnvironment& ci, const Environment& get) {
  if (get("CI_MERGE_REQUEST_EVENT_TYPE") != "merged_result") return;
  ci.attributes.emplace_back("merge", ci.commit);
  ci.attributes.emplace_back("head", get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"));
  ci.branch = "change/" + get("CI_MERGE_REQUEST_IID");
}

/// The source is `pr/26` on a pull request, else a branch, a tag or a hash.
void refine_codebuild(CiEnvironment& ci, const Environment& get) {
  const auto change = change_after(get("CODEBUILD_SOURCE_VERSION"), "pr/");
  if (!change.empty()) ci.attributes.emplace_back("change", change);
}

/// On a pull request Azure Pipelines builds the merge commit too.
void refine_azure(CiEnvironment& ci, const Environment& get) {
  const auto head = get("SYSTEM_PULLREQUEST_SOURCECOMMITID");
  const auto change = std::find_if(ci.attributes.begin(), ci.attributes.end(),
                                   [](const auto& attribute) { return attribute.first == "change"; });
  if (head.empty() || change == ci.attributes.end()) return;
  ci.branch = "change/" + change->second;
  ci.attributes.emplace_back("merge", ci.commit);
  ci.attributes.emplace_back("head", head);
}

/// Addresses that have to be put together; without their first part there is none.
void refine_urls(CiEnvironment& ci, const Environment& get) {
  const auto join = [&](const char* origin, const std::string& rest) {
    if (const auto begin = get(origin); !begin.empty()) ci.url = begin + rest;
  };
  if (ci.system == "azure-pipelines")
    join("SYSTEM_COLLECTIONURI",
         get("SYSTEM_TEAMPROJECT") + "/_build/results?buildId=" + get("BUILD_BUILDID"));
  if (ci.system == "bitbucket")
    join("BITBUCKET_GIT_HTTP_ORIGIN", "/addon/pipelines/home#!/results/" + get("BITBUCKET_BUILD_NUMBER"));
  if (ci.system == "semaphore") join("SEMAPHORE_ORGANIZATION_URL", "/jobs/" + get("SEMAPHORE_JOB_ID"));
  if (ci.system == "buildkite" && !ci.url.empty()) ci.url += '#' + get("BUILDKITE_JOB_ID");
  ci.url = without_credentials(ci.url);
}

}  // namespace

CiEnvironment read_ci_environment(const Environment& get) {
  CiEnvironment ci;
  for (const auto& system : systems()) {
    const auto sign = get(system.sign);
    if (sign.empty() || (system.sign_value && sign != system.sign_value)) continue;
    ci.system = system.name;
    ci.commit = first_of(system.commit, get);
    ci.branch = without_prefix(first_of(system.branch, get));
    ci.url = first_of(system.url, get);
    const auto attempt = change_number(first_of(system.attempt, get));
    if (!attempt.empty() && attempt.size() < 7)
      ci.attempt = std::max(1, std::stoi(attempt) + system.attempt_offset);
    const auto note = [&](const char* key, const std::string& value) {
      if (!value.empty()) ci.attributes.emplace_back(key, value);
    };
    note("ci", system.name);
    note("change", change_number(first_of(system.change, get)));
    note("base_branch", first_of(system.base, get));
    note("pipeline", first_of(system.pipeline, get));
    note("job", first_of(system.job, get));
    note("shard", first_of(system.shard, get));
    note("shards", first_of(system.shards, get));
    if (ci.system == "github-actions") refine_github(ci, get);
    if (ci.system == "gitlab-ci") refine_gitlab(ci, get);
    if (ci.system == "azure-pipelines") refine_azure(ci, get);
    if (ci.system == "codebuild") refine_codebuild(ci, get);
    refine_urls(ci, get);
    break;
  }
  return ci;
}

}  // namespace resultsdb::cli
