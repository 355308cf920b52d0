// The program resultsdb-server itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "http/raw_client.hpp"
#include "support/server_program.hpp"
#include "support/waiting.hpp"

namespace resultsdb::http {
namespace {

using Program = testing::ServerProgram;

TEST(Program, ServesStoresAndEndsOnSignals) {
  const auto store =
      std::filesystem::temp_directory_path() / ("resultsdb_server_" + std::to_string(::getpid()));
  const std::string url = "sqlite:" + store.string();
  const std::string body = R"({"suite":"s","started":1700000000,"results":[{"test":"t","actual":"FAIL"}]})";
  {
    Program server({"--store", url, "--listen", "127.0.0.1:0", "--clock", "1700000100"});
    RawClient client(server.port());
    EXPECT_EQ(client.exchange(post_request("/v1/runs", body))->status, 201);
    const auto answer = client.exchange(get_request("/v1/runs?suite=s"));
    EXPECT_NE(answer->body.find(R"("received":"2023-11-14T22:15:00Z")"), std::string::npos) << answer->body;
    EXPECT_NE(client.exchange(get_request("/metrics"))->body.find("resultsdb_results_ingested_total 1"),
              std::string::npos);
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait(), 0);
  }
  Program again({"--store=" + url, "--listen=127.0.0.1:0", "--threads=1"});
  RawClient client(again.port());
  EXPECT_EQ(client.exchange(post_request("/v1/runs", body))->status, 200) << "unchanged";
  const std::string junit =
      R"(<testsuite name="x"><testcase classname="c" name="n" time="0.5"/></testsuite>)";
  const auto imported = client.exchange(
      post_request("/v1/import?suite=junit&configuration=os%3Dlinux&started=1700000000", junit));
  EXPECT_EQ(imported->status, 201) << imported->body;
  EXPECT_EQ(client.exchange(post_request("/v1/import?suite=junit", "rubbish"))->status, 400);
  again.signal(SIGINT);
  EXPECT_EQ(again.wait(), 0);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(store.string() + suffix);
}

/// A mac's run of the suite "s" at a commit of 2020-10-05.
const char kUpload[] =
    R"({"suite":"s","configuration":{"platform":"mac","version":"10.14","is_simulator":false,)"
    R"("architecture":"x86_64"},"timestamp":1601900100,"commits":[{"repository_id":"tools","branch":"main",)"
    R"("hash":"abc","timestamp":1601900000}],"test_results":{"results":{"t":{}}}})";

TEST(Program, DeletesRunsThatAreOver) {
  const auto store =
      std::filesystem::temp_directory_path() / ("resultsdb_retention_" + std::to_string(::getpid()));
  const std::string url = "sqlite:" + store.string();
  const auto has_run = [](RawClient& client) {
    const std::string body = client.exchange(get_request("/v1/runs?suite=s"))->body;
    return body.find(R"("mount":"webkit")") != std::string::npos;
  };
  for (const char* ttl : {"2419200", "0"}) {
    {
      Program server({"--store", url, "--listen", "127.0.0.1:0", "--clock", "1601900200"});
      RawClient client(server.port());
      EXPECT_EQ(client.exchange(post_request("/api/upload", kUpload))->status, 200);
      EXPECT_TRUE(has_run(client));
    }
    Program server({"--store", url, "--listen", "127.0.0.1:0", "--clock", "1701900200", "--webkit-ttl", ttl});
    RawClient client(server.port());
    const bool for_ever = std::string(ttl) == "0";
    // The first round begins with the server.
    EXPECT_TRUE(for_ever || resultsdb::testing::comes_true([&] { return !has_run(client); }));
    EXPECT_EQ(has_run(client), for_ever);
  }
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(store.string() + suffix);
}

TEST(Program, SaysWhatIsWrong) {
  const auto ends = [](std::vector<std::string> arguments, int code, const std::string& text) {
    Program program(std::move(arguments));
    const std::string said = program.line();
    EXPECT_NE(said.find(text), std::string::npos) << said;
    EXPECT_EQ(program.wait(), code) << said;
  };
  ends({"--store", "memory:", "--colour"}, 2, "--colour");
  ends({"--store", "memory:", "--listen", "nowhere"}, 2, "--listen");
  ends({"--store", "memory:", "--threads", "0"}, 2, "--threads");
  ends({"--store", "memory:", "--webkit-ttl", "60"}, 2, "TTL must be at least 4 weeks");
  ends({"--store", "memory:", "--webkit-archive-ttl", "60"}, 2, "Archive TTL must be at least 2 weeks");
  ends({"--store", "memory:", "--body-folder", "/no/such/folder"}, 2, "--body-folder");
  ends({"--store", "memory:", "--webkit-profile", "WebKit"}, 2, "there are webkit and webkit-corrected");
  ends({"--store", "sqlite:/no/such/folder/x.db"}, 3, "/no/such/folder");
  ends({"--store", "pigeon:x"}, 2, "pigeon");
  ends({"--help"}, 0, "resultsdb-server");
  ends({"--version"}, 0, "resultsdb-server");
  Program first({"--store", "memory:", "--listen", "127.0.0.1:0"});
  ends({"--store", "memory:", "--listen", "127.0.0.1:" + std::to_string(first.port())}, 3, "in use");
}

}  // namespace
}  // namespace resultsdb::http
