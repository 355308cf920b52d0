// A repository that is a list of commits in memory.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "resultsdb/repository.hpp"

namespace resultsdb::repository {

/// What a static repository answers to one reference: a commit by its index, or an error.
using Answer = std::variant<std::size_t, Error>;

struct LookUp {
  std::optional<Answer> fast, full;
};

/// The content of a file of static repositories, checked: every index is one of `commits`.
struct StaticContent {
  std::string key;
  std::string default_branch = "main";
  std::vector<std::string> representations;
  std::vector<Commit> commits;
  std::vector<std::string> links;  ///< by commit; empty where there is none
  std::map<std::string, std::vector<std::size_t>, std::less<>> branches;
  std::map<ResolveRequest::By, std::map<std::string, LookUp, std::less<>>> look_ups;
};

class StaticRepository final : public Repository {
 public:
  explicit StaticRepository(StaticContent content) : content_(std::move(content)) {}

  std::string key() const override { return content_.key; }
  std::string default_branch() const override { return content_.default_branch; }
  std::vector<std::string> representations() const override { return content_.representations; }
  Result<std::optional<Commit>> resolve(const ResolveRequest& request) override;
  std::optional<std::string> link(const Commit& commit) const override;

 private:
  const LookUp* find_look_up(const ResolveRequest& request) const;
  Result<std::optional<Commit>> search(const ResolveRequest& request) const;
  Result<std::optional<Commit>> search_hash(const std::string& prefix) const;
  template <class Matches>
  const Commit* find_commit(Matches matches) const;

  const StaticContent content_;
};

}  // namespace resultsdb::repository
