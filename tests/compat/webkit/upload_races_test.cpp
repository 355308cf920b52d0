// Two servers on one store: at each point of what one of them does, the other one does something else.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string>

#include "compat/webkit/endpoint_fixture.hpp"
#include "compat/webkit/upload_store.hpp"
#include "resultsdb/testing/faulty_storage.hpp"

namespace resultsdb::webkit {
namespace {

using testing::kNow;

/// One process.
class Server {
 public:
  Server(std::shared_ptr<storage::Storage> storage, const Options& options)
      : model_(Model::create(std::move(storage)).value()), options_(options) {
    mount(router_, model_, options_);
  }

  http::Response send(const std::string& method, std::string target, std::string body = {}) const {
    return testing::dispatch(router_, method, std::move(target), std::move(body));
  }
  /// Of the one run that this is about.
  int upload(const std::string& actual, const std::string& test = "t") const {
    return send("POST", "/api/upload",
                R"({"suite":"s","configuration":{"platform":"mac","version":"10.14","is_simulator":false,)"
                R"("architecture":"x86_64"},"timestamp":1601990000,"commits":[{"repository_id":"tools",)"
                R"("branch":"main","hash":"abc","identifier":"1@main","timestamp":1601900000}],)"
                R"("test_results":{"results":{")" +
                    test + R"(":{"actual":")" + actual + R"("}}}})")
        .status;
  }
  bool work() const {
    const auto worked = process_queued_upload(model_, options_);
    EXPECT_TRUE(worked) << worked.error();
    return worked && *worked;
  }
  void work_all() const {
    while (work()) continue;
  }
  std::uint64_t purge(std::optional<Time> received_before = {}) const {
    const auto gone = model_->purge(
        {.suite = "s", .range = {.from_position = 0, .to_position = {}}, .received_before = received_before});
    EXPECT_TRUE(gone) << gone.error();
    return gone ? *gone : 0;
  }
  /// The outcome of the test, and that in the upload which is kept; empty: there is none.
  std::string stored() const { return actual(send("GET", "/api/results/s/t").body); }
  std::string kept() const { return actual(send("GET", "/api/upload?suite=s").body); }

  /// Uploads that are kept, with runs or without.
  std::size_t count_kept() const {
    std::size_t count = 0;
    const auto collections = model_->storage().list_collections().value();
    for (const std::string& collection : collections) {
      if (!collection.starts_with("run-documents-")) continue;
      count += model_->documents({.collection = collection})->items.size();
    }
    return count;
  }

  Model& model() const { return *model_; }

 private:
  static std::string actual(const std::string& body) {
    constexpr std::string_view kMember = "\"actual\":\"";
    const std::size_t at = body.find(kMember);
    if (at == body.npos) return {};
    const std::size_t begin = at + kMember.size();
    return body.substr(begin, body.find('"', begin) - begin);
  }

  std::shared_ptr<Model> model_;
  Options options_;
  http::Router router_;
};

class UploadRaces : public ::testing::Test {
 protected:
  void SetUp() override { options_.clock = clock_.clock(); }

  /// `one` and `other` are servers on one store, which is new each time.
  void at_each_point(const std::function<void(const Server& one)>& prepare,
                     const std::function<void(const Server& one)>& action,
                     const std::function<void(const Server& other)>& meanwhile,
                     const std::function<void(const Server& one)>& check) {
    for (std::uint64_t point = 1;; ++point) {
      SCOPED_TRACE("before operation " + std::to_string(point));
      const auto storage = std::make_shared<resultsdb::testing::FaultyStorage>(backends::open_memory());
      const Server one(storage, options_), other(storage->inner(), options_);
      prepare(one);
      const std::uint64_t before = storage->calls();
      bool done = false;
      storage->set_hook([&](const resultsdb::testing::FaultyStorage::Call& call) {
        if (!done && call.number == before + point &&
            call.when == resultsdb::testing::FaultyStorage::When::Before) {
          done = true;
          meanwhile(other);
        }
        return Status();
      });
      action(one);
      storage->set_hook({});
      if (!done) {
        EXPECT_GT(point, 3u) << "nothing was done";
        return;
      }
      check(one);
      if (HasFailure()) return;
    }
  }

  resultsdb::testing::ManualClock clock_{from_seconds(kNow)};
  Options options_;
};

TEST_F(UploadRaces, OfTwoQueuedUploadsOfARunTheLaterCountsWhoeverIsDoneFirst) {
  options_.async_processing = true;
  at_each_point([](const Server& one) { EXPECT_EQ(one.upload("FAIL"), 200); },
                [](const Server& one) { one.work(); },
                [](const Server& other) {
                  EXPECT_EQ(other.upload("CRASH"), 200);
                  other.work_all();
                },
                [](const Server& one) {
                  one.work_all();
                  EXPECT_EQ(one.stored(), "CRASH");
                  EXPECT_EQ(one.kept(), "CRASH");
                });
}

TEST_F(UploadRaces, ResultsAndWhatIsKeptAreOfOneUpload) {
  for (const bool repeated : {false, true}) {
    at_each_point(
        [&](const Server& one) {
          if (repeated) {
            EXPECT_EQ(one.upload("TIMEOUT"), 200);
          }
        },
        [](const Server& one) { EXPECT_EQ(one.upload("FAIL"), 200); },
        [](const Server& other) { EXPECT_EQ(other.upload("CRASH"), 200); },
        [](const Server& one) {
          EXPECT_NE(one.stored(), "");
          EXPECT_EQ(one.stored(), one.kept());
        });
  }
}

TEST_F(UploadRaces, WhatIsUploadedWhileItsRunIsDeletedIsStoredAndKept) {
  at_each_point([](const Server& one) { EXPECT_EQ(one.upload("FAIL"), 200); },
                [](const Server& one) { one.purge(); },
                [](const Server& other) { EXPECT_EQ(other.upload("CRASH"), 200); },
                [](const Server& one) { EXPECT_EQ(one.stored(), one.kept()); });
  at_each_point([](const Server& one) { EXPECT_EQ(one.upload("FAIL"), 200); },
                [](const Server& one) { EXPECT_EQ(one.upload("CRASH"), 200); },
                [](const Server& other) { other.purge(); },
                [](const Server& one) {
                  EXPECT_EQ(one.stored(), one.kept());
                  EXPECT_EQ(one.stored().empty(), one.count_kept() == 0) << "nothing is kept without a run";
                });
}

TEST_F(UploadRaces, WhatCameInLaterThanThePurgeIsAboutStays) {
  for (const bool queued : {false, true}) {
    options_.async_processing = queued;
    at_each_point(
        [&](const Server& one) {
          clock_.set(from_seconds(kNow));
          EXPECT_EQ(one.upload("FAIL"), 200);
          if (queued) one.work_all();
          clock_.advance(std::chrono::seconds(60));
        },
        [](const Server& one) { one.purge(from_seconds(kNow + 30)); },
        [](const Server& other) { EXPECT_EQ(other.upload("CRASH"), 200); },
        [&](const Server& one) {
          if (queued) one.work_all();
          EXPECT_EQ(one.stored(), "CRASH");
          EXPECT_EQ(one.kept(), "CRASH");
        });
  }
}

TEST_F(UploadRaces, AnUploadThatWaitsOutlivesAPurgeOfWhatCameBefore) {
  options_.async_processing = true;
  const Server server(backends::open_memory(), options_);
  ASSERT_EQ(server.upload("FAIL"), 200);
  server.work_all();
  clock_.advance(std::chrono::seconds(60));
  ASSERT_EQ(server.upload("CRASH"), 200);
  EXPECT_EQ(server.purge(from_seconds(kNow + 30)), 1u);
  EXPECT_EQ(server.stored(), "");
  server.work_all();
  EXPECT_EQ(server.stored(), "CRASH");
  EXPECT_EQ(server.kept(), "CRASH");
}

TEST_F(UploadRaces, WhoeverDeletesAQueuedUploadHasItDeleted) {
  options_.async_processing = true;
  at_each_point([](const Server& one) { EXPECT_EQ(one.upload("FAIL"), 200); },
                [](const Server& one) { EXPECT_TRUE(one.work()); },
                [](const Server& other) { other.purge(); },
                [](const Server& one) {
                  EXPECT_EQ(one.stored(), "");
                  EXPECT_TRUE(one.model().runs({.suite = "s"}).value().empty());
                  EXPECT_FALSE(one.work());
                });
}

TEST_F(UploadRaces, ARefusedUploadLeavesWhatWasKept) {
  const Server server(backends::open_memory(), options_);
  const std::string too_long(5'000, 'x');
  EXPECT_EQ(server.upload("FAIL", too_long), 400);
  EXPECT_EQ(server.upload("FAIL"), 200);
  EXPECT_EQ(server.upload("CRASH", too_long), 400);
  EXPECT_EQ(server.stored(), "FAIL");
  EXPECT_EQ(server.kept(), "FAIL");
  EXPECT_EQ(server.send("POST", "/api/upload/process?suite=s").status, 200);
}

TEST(KeptUploads, AreRefusedBeforeTheStoreWouldRefuseThem) {
  CheckedUpload upload;
  upload.commits.emplace_back();
  std::string body(80u << 20, '\0');  // six bits of each byte say something
  std::mt19937 random(1);
  for (char& byte : body) byte = static_cast<char>('0' + random() % 64);
  EXPECT_EQ(pack_upload(upload, body).error().code, ErrorCode::InvalidArgument);
  body.resize(20u << 20);
  EXPECT_TRUE(pack_upload(upload, body));
}

}  // namespace
}  // namespace resultsdb::webkit
