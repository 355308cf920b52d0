// Attachments on every backend: contents kept once, nothing half, nothing left over.
#include "resultsdb/attachments.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "resultsdb/backends/memory.hpp"
#include "resultsdb/testing/faulty_storage.hpp"
#include "support/stores.hpp"

namespace resultsdb {
namespace {

using storage::DocumentBatch;
using Text = std::vector<std::string>;

Time at(std::int64_t seconds) { return from_seconds(1'600'000'000 + seconds); }

Clock clock_at(std::int64_t seconds) {
  return [time = at(seconds)] { return time; };
}

/// Bytes of no order, others for each seed.
std::string noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

/// Knows which chunks lie in the store behind it.
class Watched : public testing::FaultyStorage {
 public:
  using FaultyStorage::FaultyStorage;
  std::size_t chunks() const {
    std::lock_guard lock(mutex_);
    return chunks_.size();
  }

 protected:
  using FaultyStorage::do_apply;
  Status do_apply(const DocumentBatch& batch) override {
    std::lock_guard lock(mutex_);
    RESULTSDB_TRY(FaultyStorage::do_apply(batch));
    for (const auto& row : batch.delete_chunks) chunks_.erase({row.key, row.number});
    for (const auto& row : batch.put_chunks) chunks_.emplace(row.key, row.number);
    return {};
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::pair<std::string, std::uint32_t>> chunks_;
};

class AttachmentsTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto storage = store_.open();
    ASSERT_TRUE(storage) << storage.error();
    watched_ = std::make_shared<Watched>(*storage);
    faulty_ = std::make_shared<testing::FaultyStorage>(watched_);
    model_ = Model::create(faulty_).value();
    files_.emplace(model_, "files");
  }

  Result<Attachment> put(const std::string& name, std::string_view bytes, std::string text = "{}") {
    AttachmentWriter writer = files_->write(at(0));
    for (std::size_t i = 0; i < bytes.size(); i += 100'000)
      RESULTSDB_TRY(writer.append(bytes.substr(i, 100'000)));
    return writer.finish(
        {.name = name, .content = {}, .text = std::move(text), .attributes = {{"kind", "test"}}});
  }
  std::string get(const std::string& name) {
    const auto found = files_->get(name);
    EXPECT_TRUE(found) << found.error();
    if (!found || !*found) return "nothing";
    auto reader = files_->open((*found)->content);
    EXPECT_TRUE(reader) << reader.error();
    if (!reader || !*reader) return "no content";
    std::string bytes;
    while (bytes.size() < (*reader)->size()) {
      const auto part = (*reader)->read(bytes.size(), 70'000);
      EXPECT_TRUE(part) << part.error();
      if (!part || part->empty()) return "cut";
      bytes += *part;
    }
    return bytes;
  }
  bool remove(const std::string& name) {
    const auto removed = files_->remove(name);
    EXPECT_TRUE(removed) << removed.error();
    return removed && *removed;
  }
  Text problems() {
    std::vector<Problem> found;
    const Status status = files_->check(found);
    EXPECT_TRUE(status) << status.error();
    Text texts;
    for (const Problem& problem : found) texts.push_back(problem.what);
    return texts;
  }

  resultsdb::testing::TestStore store_{GetParam()};
  std::shared_ptr<Watched> watched_;
  std::shared_ptr<testing::FaultyStorage> faulty_;
  std::shared_ptr<Model> model_;
  std::optional<Attachments> files_;
};

TEST_P(AttachmentsTest, AllSizesComeBack) {
  for (const std::size_t size : {0u, 1u, 262'143u, 262'144u, 262'145u, 1'048'576u, 1'048'577u, 3'000'000u}) {
    const std::string bytes = noise(size, static_cast<unsigned>(size));
    const auto stored = put("a/" + std::to_string(size), bytes, R"({"size": 1.0})");
    ASSERT_TRUE(stored) << stored.error();
    EXPECT_TRUE(get("a/" + std::to_string(size)) == bytes) << size;
    EXPECT_EQ(files_->get(stored->name).value(), *stored);
  }
  EXPECT_EQ(problems(), Text());
}

TEST_P(AttachmentsTest, EqualContentsAreKeptOnceUntilTheLastNameGoes) {
  const std::string bytes = noise(2'000'000, 1);
  const auto first = put("first", bytes).value();
  const std::size_t chunks = watched_->chunks();
  EXPECT_EQ(put("second", bytes).value().content, first.content);
  EXPECT_EQ(files_->link({.name = "third", .content = first.content}).value().content, first.content);
  EXPECT_EQ(watched_->chunks(), chunks);
  EXPECT_TRUE(remove("first"));
  EXPECT_FALSE(remove("first"));
  EXPECT_TRUE(remove("third"));
  EXPECT_TRUE(get("second") == bytes);
  EXPECT_TRUE(remove("second"));
  EXPECT_EQ(watched_->chunks(), 0u);
  EXPECT_FALSE(files_->open(first.content).value());
  EXPECT_EQ(files_->link({.name = "late", .content = first.content}).error().code, ErrorCode::NotFound);
  EXPECT_EQ(problems(), Text());
}

TEST_P(AttachmentsTest, AnotherContentReplacesThatOfTheName) {
  const std::string other = noise(700'000, 2);
  ASSERT_TRUE(put("name", noise(1'500'000, 1)));
  ASSERT_TRUE(put("name", other));
  EXPECT_TRUE(get("name") == other);
  EXPECT_EQ(watched_->chunks(), 3u);
  EXPECT_EQ(files_->find({.name_prefix = "na"}).value().items.size(), 1u);
  EXPECT_EQ(files_->find({.attributes = {{"kind", "none"}}}).value().items.size(), 0u);
}

TEST_P(AttachmentsTest, AWriterThatGivesUpLeavesNothing) {
  {
    AttachmentWriter writer = files_->write(at(0));
    ASSERT_TRUE(writer.append(noise(3'000'000, 1)));
    EXPECT_GT(watched_->chunks(), 0u);
    EXPECT_EQ(files_->tidy(at(3599)).value(), 0u) << "it may still go on";
  }
  EXPECT_EQ(watched_->chunks(), 0u);
}

TEST_P(AttachmentsTest, AWriterThatWasGivenUpCannotFinish) {
  AttachmentWriter writer = files_->write(at(0));
  ASSERT_TRUE(writer.append(noise(3'000'000, 1)));
  EXPECT_EQ(files_->tidy(at(3600)).value(), 1u);
  EXPECT_EQ(watched_->chunks(), 0u);
  EXPECT_EQ(writer.finish({.name = "late"}).error().code, ErrorCode::Unavailable);
  EXPECT_EQ(get("late"), "nothing");
}

/// Every write of a call fails once, before or after its effect, and the process is gone with it: nothing is
/// half there, and tidying removes the rest.
TEST_P(AttachmentsTest, ACallCutOffAnywhereLeavesAllOrNothing) {
  const std::string old = noise(600'000, 1), fresh = noise(2'500'000, 2);
  for (const bool replace : {true, false}) {
    for (const auto when : {testing::FaultyStorage::When::Before, testing::FaultyStorage::When::After}) {
      bool done = false;
      for (int step = 1; !done; ++step) {
        ASSERT_TRUE(put("name", old));
        int writes = 0;
        bool dead = false;
        faulty_->set_hook([&](const testing::FaultyStorage::Call& call) -> Status {
          if (!dead && call.operation == "apply" && call.when == when) dead = ++writes == step;
          return dead ? Status(make_error(ErrorCode::Unavailable, "cut off")) : Status();
        });
        done = replace ? put("name", fresh).ok() : files_->remove("name").ok();
        faulty_->set_hook({});
        const std::string found = get("name");
        const bool changed = replace ? found == fresh : found == "nothing";
        EXPECT_TRUE(changed || (!done && found == old)) << step;
        EXPECT_EQ(problems(), Text()) << step;
        ASSERT_TRUE(files_->tidy(at(4000)));
        EXPECT_EQ(watched_->chunks(), found == old ? 3u : found == fresh ? 10u : 0u) << step;
        ASSERT_LT(step, 30);
      }
    }
  }
}

/// Between a look and a write the attachment goes and comes again, with the same versions as before.
TEST_P(AttachmentsTest, WhatCameAgainMeanwhileIsNotTakenForWhatWas) {
  const std::string bytes = noise(600'000, 1);
  Attachments others(*watched_, "files");
  for (const bool replace : {false, true}) {
    ASSERT_TRUE(put("name", bytes));
    bool done = false;
    faulty_->set_hook([&](const testing::FaultyStorage::Call& call) -> Status {
      if (done || call.operation != "apply" || call.when != testing::FaultyStorage::When::Before) return {};
      done = true;
      RESULTSDB_TRY(others.remove("name"));
      AttachmentWriter writer = others.write(at(0));
      RESULTSDB_TRY(writer.append(bytes));
      RESULTSDB_TRY(writer.finish({.name = "name"}));
      return {};
    });
    if (replace) {
      EXPECT_TRUE(put("name", "other"));
    } else {
      EXPECT_TRUE(remove("name"));
    }
    faulty_->set_hook({});
    EXPECT_EQ(get("name"), replace ? "other" : "nothing");
    EXPECT_EQ(problems(), Text());
    EXPECT_EQ(watched_->chunks(), replace ? 1u : 0u);
  }
}

TEST_P(AttachmentsTest, SeveralAtOnceKeepWhatHasANameAndNothingElse) {
  const Text contents = {noise(400'000, 1), noise(1'300'000, 2), "small"};
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937 random(static_cast<unsigned>(thread));
      for (int i = 0; i < 12; ++i) {
        const std::string name = "name " + std::to_string(random() % 3);
        if (random() % 3 == 0) {
          failures += !files_->remove(name).ok();
        } else {
          failures += !put(name, contents[random() % contents.size()]).ok();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(problems(), Text());
  for (int i = 0; i < 3; ++i) remove("name " + std::to_string(i));
  ASSERT_TRUE(files_->tidy(at(4000)));
  EXPECT_EQ(watched_->chunks(), 0u);
}

TEST_P(AttachmentsTest, ExportAndImportBringThemAlong) {
  const std::string bytes = noise(1'200'000, 1);
  ASSERT_TRUE(put("b", bytes, R"({"a": "\u00e9"})"));
  ASSERT_TRUE(put("a", bytes));
  ASSERT_TRUE(put("c", ""));
  std::ostringstream out;
  ASSERT_TRUE(model_->export_to(out, {}));
  const auto storage = backends::open_memory();
  const auto other = Model::create(storage).value();
  for (int round = 0; round < 2; ++round) {
    std::istringstream in(out.str());
    const auto report = other->import_from(in, clock_at(0));
    ASSERT_TRUE(report) << report.error();
    EXPECT_EQ(report->attachments, 3u);
    std::ostringstream again;
    ASSERT_TRUE(other->export_to(again, {}));
    EXPECT_TRUE(again.str() == out.str());
  }
  EXPECT_TRUE(other->check(false).value().problems.empty());

  std::string damaged = out.str();
  damaged.replace(damaged.find("\"bytes\":\"") + 20, 1,
                  damaged[damaged.find("\"bytes\":\"") + 20] == 'A' ? "B" : "A");
  std::istringstream in(damaged);
  const auto fresh = Model::create(backends::open_memory()).value();
  EXPECT_EQ(fresh->import_from(in, clock_at(0)).error().code, ErrorCode::InvalidArgument);
  std::istringstream cut(out.str().substr(0, out.str().find("\n{\"bytes\"") + 1));
  EXPECT_EQ(fresh->import_from(cut, clock_at(0)).error().code, ErrorCode::InvalidArgument);
  EXPECT_FALSE(Attachments(fresh, "files").get("a").value());
}

TEST_P(AttachmentsTest, AnImportThatTakesLongKeepsItsWriters) {
  ASSERT_TRUE(put("long", noise(4'000'000, 1)));
  std::ostringstream out;
  ASSERT_TRUE(model_->export_to(out, {}));
  // At each look at the clock, ten minutes have passed and somebody tidies.
  const auto copy = Model::create(backends::open_memory()).value();
  std::int64_t now = 0;
  const Clock clock = [&] {
    now += 600;
    EXPECT_TRUE(Attachments(copy, "files").tidy(at(now)));
    return at(now);
  };
  std::istringstream in(out.str());
  const auto report = copy->import_from(in, clock);
  ASSERT_TRUE(report) << report.error();
  EXPECT_GT(now, 2 * 3600);
  std::ostringstream again;
  ASSERT_TRUE(copy->export_to(again, {}));
  EXPECT_TRUE(again.str() == out.str());
}

TEST_P(AttachmentsTest, ExportGoesOnWithoutWhatIsDeletedMeanwhile) {
  ASSERT_TRUE(put("a", noise(1'000'000, 1)));
  ASSERT_TRUE(put("b", noise(1'000'000, 2)));
  ASSERT_TRUE(put("c", noise(1'000'000, 3)));
  for (const std::string gone : {"a", "b", "c"}) {
    SCOPED_TRACE(gone);
    // It goes while the first chunks of its content are read.
    int chunks = gone == "a" ? 2 : gone == "b" ? 6 : 10;
    faulty_->set_hook([&](const testing::FaultyStorage::Call& call) {
      const bool read = call.operation == "read_chunk" && call.when == testing::FaultyStorage::When::Before;
      if (read && --chunks == 0) {
        EXPECT_TRUE(Attachments(*watched_, "files").remove(gone).value());
      }
      return Status();
    });
    std::ostringstream out;
    const Status exported = model_->export_to(out, {});
    faulty_->set_hook({});
    ASSERT_TRUE(exported) << exported.error();
    ASSERT_LE(chunks, 0);

    const auto copy = Model::create(backends::open_memory()).value();
    std::istringstream in(out.str());
    const auto report = copy->import_from(in, clock_at(0));
    ASSERT_TRUE(report) << report.error();
    Attachments imported(copy, "files");
    for (const std::string name : {"a", "b", "c"})
      EXPECT_EQ(imported.get(name).value().has_value(), name != gone);
    EXPECT_TRUE(copy->check(false).value().problems.empty());
    ASSERT_TRUE(put(gone, noise(1'000'000, gone == "a" ? 1 : gone == "b" ? 2 : 3)));
  }
}

TEST_P(AttachmentsTest, ExportFailsWhereAPartIsMissing) {
  const auto attachment = put("name", noise(600'000, 1)).value();
  const auto content =
      watched_->get_document("attachments.files", "content/" + attachment.content).value().value();
  ASSERT_TRUE(watched_->apply(DocumentBatch{.collection = "attachments.files",
                                            .delete_chunks = {{content.text.substr(9, 32), 1, ""}}}));
  std::ostringstream out;
  EXPECT_EQ(model_->export_to(out, {}).error().code, ErrorCode::NotFound);
}

TEST_P(AttachmentsTest, CheckFindsWhatIsMissing) {
  const auto attachment = put("name", noise(600'000, 1)).value();
  ASSERT_TRUE(problems().empty());
  const auto content =
      watched_->get_document("attachments.files", "content/" + attachment.content).value().value();
  const std::string blob = content.text.substr(9, 32);
  ASSERT_TRUE(watched_->apply(DocumentBatch{.collection = "attachments.files",
                                            .put_chunks = {{blob, 1, std::string(262'144, 'x')}}}));
  EXPECT_EQ(problems().size(), 1u);
  ASSERT_TRUE(
      watched_->apply(DocumentBatch{.collection = "attachments.files", .delete_chunks = {{blob, 1, ""}}}));
  EXPECT_EQ(problems().size(), 1u);
  EXPECT_FALSE(model_->check(false).value().problems.empty());
  ASSERT_TRUE(
      watched_->apply(DocumentBatch{.collection = "attachments.files", .deletes = {{content.key, {}}}}));
  EXPECT_EQ(problems(), Text{"its content is missing"});
}

INSTANTIATE_TEST_SUITE_P(All, AttachmentsTest, ::testing::ValuesIn(resultsdb::testing::backends()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace resultsdb
