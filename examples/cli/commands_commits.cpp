// commits, commits import
#include <boost/json.hpp>
#include <fstream>
#include <iostream>

#include "commands.hpp"
#include "context.hpp"
#include "manifest.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::cli {

namespace po = boost::program_options;

namespace {

/// One line of a commits file. Unknown members are refused: they would be lost.
Result<Commit> parse_commit(const boost::json::object& line) {
  Commit commit;
  MemberReader reader(line);
  commit.repository = reader.text("repository", true);
  commit.hash = reader.text("hash", false);
  commit.parents = reader.texts("parents");
  commit.branch = reader.text("branch", false);
  commit.message = reader.text("message", false);
  commit.identifier = reader.text("identifier", false);
  commit.order = reader.integer("order").value_or(0);
  commit.revision = reader.integer("revision").value_or(0);
  commit.author = reader.person("author");
  commit.timestamp = reader.time("timestamp");
  if (auto error = reader.finish()) return *error;
  return commit;
}

Records commit_records(const std::vector<Commit>& commits) {
  Records records({"repository", "branch", "position", "label", "hash", "revision", "identifier", "timestamp",
                   "author", "subject"});
  for (const auto& commit : commits) {
    records.add({cell(commit.repository), cell(commit.branch), cell(commit.position.value_or(0)),
                 cell(commit.label()), cell(commit.hash),
                 commit.revision ? cell(commit.revision) : Cell{"", "null"}, cell(commit.identifier),
                 commit.timestamp ? cell(format_rfc3339(*commit.timestamp)) : Cell{"", "null"},
                 name_cell(commit.author.name), name_cell(commit.subject())});
  }
  return records;
}

int import_commits(const Options& options, const std::string& path) {
  std::vector<Commit> commits;
  need_input(for_each_line(path, [&](const boost::json::object& line, std::size_t) -> Status {
    RESULTSDB_ASSIGN(auto commit, parse_commit(line));
    RESULTSDB_TRY(validate_commit(commit));
    commits.push_back(std::move(commit));
    return {};
  }));
  auto model = open_model(options, Access::Create);
  ProgressBar progress("commits");
  constexpr std::size_t kAtOnce = 5000;
  for (std::size_t at = 0; at < commits.size(); at += kAtOnce) {
    need(model->register_commits(std::span(commits).subspan(at, std::min(kAtOnce, commits.size() - at))));
    progress.update(at, commits.size());
  }
  std::cout << commits.size() << " commits are registered\n";
  return kDone;
}

}  // namespace

int run_commits(const Arguments& arguments) {
  Options options("commits", "[import FILE]", 2);
  options.add()                                                                              //
      ("repository", po::value<std::string>(), "repository (default: all)")                  //
      ("branch", po::value<std::string>(), "branch (default: all)")                          //
      ("contains", po::value<std::string>(), "text in message, author, hash or identifier")  //
      ("limit", po::value<std::uint32_t>()->default_value(100), "commits a repository; 0: all");
  if (!options.parse(arguments)) return kDone;
  if (!options.positional().empty()) {
    if (options.positional().size() != 2 || options.positional()[0] != "import")
      throw UsageError{"commits: only 'commits import FILE' takes arguments"};
    return import_commits(options, options.positional()[1]);
  }
  const auto format = options.format();
  auto model = open_model(options, Access::Read);
  auto repositories =
      options.has("repository") ? std::vector{options.text("repository")} : need(model->repositories());
  std::vector<Commit> commits;
  for (const auto& repository : repositories) {
    CommitsQuery query{.repository = repository};
    if (options.has("branch")) query.branch = options.text("branch");
    query.text = options.text("contains");
    std::uint32_t left = options.number("limit");
    const bool all = left == 0;
    do {
      query.limit = all ? 10'000 : std::min<std::uint32_t>(left, 10'000);
      auto page = need(model->commits(query));
      if (!all) left -= static_cast<std::uint32_t>(page.items.size());
      std::move(page.items.begin(), page.items.end(), std::back_inserter(commits));
      query.page = std::move(page.next);
    } while (!query.page.empty() && (all || left > 0));
  }
  commit_records(commits).print(format, "no commits; 'resultsdb commits import FILE' registers some");
  return kDone;
}

}  // namespace resultsdb::cli
