// The composition root: what a Model is made of.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/prepared_run.hpp"
#include "engine/suite.hpp"
#include "engine/timeline_writer.hpp"
#include "resultsdb/model.hpp"

namespace resultsdb {

/// Shared by a Model and its RunWriters. Safe for concurrent use.
class ModelCore {
 public:
  /// What a RunWriter knows of an earlier checkpoint of its run: the digest that was stored, and how many
  /// results it had.
  struct Checkpoint {
    std::string digest;
    std::size_t results = 0;
  };

  ModelCore(std::shared_ptr<storage::Storage> storage, ModelOptions options)
      : storage_(std::move(storage)), options_(std::move(options)) {}

  storage::Storage& storage() { return *storage_; }
  const ModelOptions& options() const { return options_; }
  engine::SuitePtr suite(std::string_view name);
  std::shared_ptr<Repository> repository(std::string_view key) const;

  /// Names of the suites that a query asks: all of the store's if `name` is empty.
  Result<std::vector<std::string>> suite_names(std::string_view name);

  /// Stores a run; the way of everything that writes runs.
  Result<Ingested> put(const RunHeader& header, const ResultTable& results, engine::PutOptions options,
                       const std::optional<Checkpoint>& earlier = {});

  /// See Model::register_commits().
  Result<std::vector<Commit>> register_commits(std::span<const Commit> commits, bool prescribed,
                                               bool overwrite = false);

 private:
  const std::shared_ptr<storage::Storage> storage_;
  const ModelOptions options_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, engine::SuitePtr, std::less<>> suites_;
};

class Model::Implementation : public ModelCore {
 public:
  using ModelCore::ModelCore;
};

}  // namespace resultsdb
