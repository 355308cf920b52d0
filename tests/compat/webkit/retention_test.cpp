// Archives whose time is over go; one that cannot be deleted keeps no other one.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "compat/webkit/archives.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/http/webkit.hpp"
#include "resultsdb/testing/faulty_storage.hpp"
#include "resultsdb/testing/manual_clock.hpp"

namespace resultsdb::webkit {
namespace {

/// Some names of attachments cannot be deleted.
class Stubborn : public testing::FaultyStorage {
 public:
  using FaultyStorage::FaultyStorage;
  std::set<std::string> stuck;
  ErrorCode why = ErrorCode::Corrupt;

 protected:
  using FaultyStorage::do_apply;
  Status do_apply(const storage::DocumentBatch& batch) override {
    for (const auto& item : batch.deletes)
      if (stuck.contains(item.key)) return make_error(why, "this stays", item.key);
    return FaultyStorage::do_apply(batch);
  }
};

class RetentionOfArchives : public ::testing::Test {
 protected:
  static constexpr int kArchives = 120;

  void SetUp() override {
    options_.clock = clock_.clock();
    for (int i = 0; i < kArchives; ++i) {
      AttachmentWriter writer = archives_.write(clock_.now());
      ASSERT_TRUE(writer.append("bytes " + std::to_string(i)));
      ASSERT_TRUE(writer.finish({.name = name(i)}));
    }
  }
  static std::string name(int i) {
    return ArchivePlace{.timeline = "t", .uuid = Position{100} * i, .start = i, .sdk = ""}.name();
  }
  /// A round to its last step or first error.
  Status round() {
    for (;;) {
      const auto step = retention_.step(clock_.now());
      if (!step) return step.error();
      if (step->done) return {};
    }
  }
  std::size_t left() { return archives_.find({}).value().items.size(); }

  testing::ManualClock clock_{from_seconds(1'602'000'000)};
  Options options_;
  std::shared_ptr<Stubborn> storage_ = std::make_shared<Stubborn>(backends::open_memory());
  std::shared_ptr<Model> model_ = Model::create(storage_).value();
  Attachments archives_ = archives_of(model_);
  ArchiveRetention retention_ = ArchiveRetention::create(model_, options_).value();
};

TEST_F(RetentionOfArchives, OneThatCannotBeDeletedKeepsNoOtherOne) {
  storage_->stuck = {"link/" + name(3), "link/" + name(70)};
  const Status status = round();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().text().find(name(3)), std::string::npos) << "the first one: " << status.error();
  EXPECT_EQ(left(), 2u);
  EXPECT_TRUE(round()) << "the next round begins an hour later";
  clock_.advance(std::chrono::hours(1));
  EXPECT_FALSE(round());
  storage_->stuck.clear();
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(round());
  EXPECT_EQ(left(), 0u);
}

TEST_F(RetentionOfArchives, WhatMayBeRepeatedIsRepeatedSoon) {
  storage_->stuck = {"link/" + name(70)};
  storage_->why = ErrorCode::Unavailable;
  EXPECT_FALSE(round());
  storage_->stuck.clear();
  EXPECT_TRUE(round());
  EXPECT_EQ(left(), 0u);
}

}  // namespace
}  // namespace resultsdb::webkit
