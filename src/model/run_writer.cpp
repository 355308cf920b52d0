#include "resultsdb/run_writer.hpp"

#include <unordered_set>
#include <utility>
#include <vector>

#include "domain/check.hpp"
#include "model/model_implementation.hpp"

namespace resultsdb {

class RunWriter::Implementation {
 public:
  Implementation(std::shared_ptr<ModelCore> model, RunHeader header)
      : model_(std::move(model)), header_(std::move(header)), digest_(std::exchange(header_.digest, {})) {}

  const std::string& id() const { return header_.id; }

  Status plan(std::string_view test) {
    RESULTSDB_TRY(domain::check_name("test", test, domain::Presence::Required));
    if (planned_names_.emplace(test).second) planned_.emplace_back(test);
    return {};
  }

  Status add(const TestResult& result) {
    if (finished_) return invalid_argument("the run has ended", "run " + header_.id);
    RESULTSDB_TRY(engine::validate_result(result));
    if (!names_.emplace(result.test).second)
      return make_error(ErrorCode::AlreadyExists, "the test has a result in this run",
                        std::string(result.test));
    results_.add(result);
    return {};
  }

  Status checkpoint(Time now) {
    if (finished_) return invalid_argument("the run has ended", "run " + header_.id);
    header_.state = RunState::Running;
    engine::PutOptions options{
        .ingest = {.received = now}, .lease_until = now + model_->options().lease, .refuse_finished = true};
    return store(header_, results_, std::move(options));
  }

  Status finish(Time now, RunState state) {
    if (finished_) return invalid_argument("the run has ended", "run " + header_.id);
    if (state == RunState::Running) return invalid_argument("a run ends as something else", "state");
    RunHeader header = header_;
    header.state = state;
    header.digest = digest_;
    if (!header.finished) header.finished = now;
    ResultTable results = results_;
    for (const std::string& test : planned_)
      if (!names_.contains(test)) results.add_lost(test);
    RESULTSDB_TRY(store(header, results, {.ingest = {.received = now}}));
    finished_ = true;
    return {};
  }

 private:
  Status store(const RunHeader& header, const ResultTable& results, engine::PutOptions options) {
    RESULTSDB_ASSIGN(const Ingested stored, model_->put(header, results, std::move(options), earlier_));
    header_.id = stored.run->id;
    earlier_ = {.digest = stored.run->digest, .results = results.size()};
    return {};
  }

  const std::shared_ptr<ModelCore> model_;
  RunHeader header_;
  const std::string digest_;  // as given; checkpoints have their own
  ResultTable results_;
  std::unordered_set<std::string> names_, planned_names_;
  std::vector<std::string> planned_;
  std::optional<ModelCore::Checkpoint> earlier_;
  bool finished_ = false;
};

RunWriter::RunWriter(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
RunWriter::RunWriter(RunWriter&&) noexcept = default;
RunWriter& RunWriter::operator=(RunWriter&&) noexcept = default;
RunWriter::~RunWriter() = default;

const std::string& RunWriter::id() const { return implementation_->id(); }
Status RunWriter::plan(std::string_view test) { return implementation_->plan(test); }
Status RunWriter::add(const TestResult& result) { return implementation_->add(result); }
Status RunWriter::checkpoint(Time now) { return implementation_->checkpoint(now); }
Status RunWriter::finish(Time now, RunState state) { return implementation_->finish(now, state); }

Result<RunWriter> Model::start_run(RunHeader header, Time now) {
  auto writer = std::make_unique<RunWriter::Implementation>(implementation_, std::move(header));
  RESULTSDB_TRY(writer->checkpoint(now));
  return RunWriter(std::move(writer));
}

}  // namespace resultsdb
