// Bodies that go to a file, and answers that are made while they are sent.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "http/raw_client.hpp"
#include "resultsdb/http/server.hpp"

namespace resultsdb::http {
namespace {

constexpr std::uint64_t kPiece = 64 << 10;

/// `size` bytes; with `says`, claims to have more or fewer.
BodyStream stream_of(std::shared_ptr<const BodyFile> file, std::uint64_t says) {
  return {.size = says, .next = [file, at = std::uint64_t{0}]() mutable -> Result<std::string> {
            std::string piece(kPiece, '\0');
            RESULTSDB_ASSIGN(const std::size_t size, file->read(at, piece));
            piece.resize(size);
            at += size;
            return piece;
          }};
}

Response answer(const Request& request) {
  Response response;
  response.set_header("Content-Type", "text/plain");
  if (!request.body_file) {
    response.body = "in memory: " + std::to_string(request.body.size());
  } else if (request.path == "/file/echo") {
    response.stream = stream_of(request.body_file, request.body_file->size());
  } else if (request.path == "/file/short") {
    response.stream = stream_of(request.body_file, request.body_file->size() + 1);
  } else if (request.path == "/file/long") {
    response.stream = stream_of(request.body_file, request.body_file->size() - 1);
  } else if (request.path == "/file/throws") {
    response.stream = {.size = 5, .next = []() -> Result<std::string> { throw std::runtime_error("x"); }};
  } else {
    response.body = "in a file: " + std::to_string(request.body_file->size());
  }
  return response;
}

class Streams : public ::testing::Test {
 protected:
  Streams() {
    ServerOptions options;
    options.port = 0;
    options.max_body_bytes = 1000;
    options.max_file_bytes = 80u << 20;
    options.to_file = [](std::string_view, std::string_view path) { return path.starts_with("/file"); };
    server_ = std::move(Server::listen(options, answer).value());
    thread_ = std::thread([this] { server_->run(); });
  }
  ~Streams() override {
    server_->stop();
    thread_.join();
  }

  static std::string bytes(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 977);
    return text;
  }

  std::unique_ptr<Server> server_;
  std::thread thread_;
};

TEST_F(Streams, LargeBodiesGoToAFileAndComeBack) {
  RawClient client(server_->port());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{kPiece}, std::size_t{kPiece + 1},
                                 std::size_t{3'000'001}}) {
    const std::string body = bytes(size);
    const auto reply = client.exchange(post_request("/file/echo?x=1", body, "Accept-Encoding: gzip\r\n"));
    ASSERT_TRUE(reply) << size;
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->header("Content-Length"), std::to_string(size));
    EXPECT_TRUE(reply->body == body) << size;
  }
  EXPECT_EQ(client.exchange(post_request("/", "abc"))->body, "in memory: 3");
}

TEST_F(Streams, ChunkedBodiesToo) {
  RawClient client(server_->port());
  client.send("POST /file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 100; ++i) client.send("2710\r\n" + bytes(10'000) + "\r\n");
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.receive()->body, "in a file: 1000000");
}

TEST_F(Streams, EachHasItsLimit) {
  EXPECT_EQ(RawClient(server_->port()).exchange(post_request("/", bytes(1001)))->status, 413);
  const std::string head = "POST /file HTTP/1.1\r\nHost: x\r\n";
  EXPECT_EQ(RawClient(server_->port()).exchange(head + "Content-Length: 83886081\r\n\r\n")->status, 413);
  RawClient chunked(server_->port());
  chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(chunked.exchange("3e9\r\n" + bytes(1001) + "\r\n0\r\n\r\n")->status, 413);
  EXPECT_EQ(
      RawClient(server_->port()).exchange(post_request("/file", "abc", "Content-Encoding: gzip\r\n"))->status,
      415);
}

TEST_F(Streams, AnAnswerThatBreaksOffIsNotTakenForTheWhole) {
  using Case = std::pair<const char*, std::uint64_t>;
  for (const auto& [path, bytes] : {Case("/file/short", 4), Case("/file/long", 0), Case("/file/throws", 0)}) {
    RawClient client(server_->port());
    client.send(post_request(path, "abcd"));
    const auto reply = client.receive(/*head_request=*/true);
    ASSERT_TRUE(reply) << path;
    EXPECT_NE(reply->header("Content-Length"), std::to_string(bytes)) << path;
    EXPECT_EQ(client.skip_rest(), bytes) << path;
  }
}

// Sanitizers keep memory that was given back.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
std::size_t peak_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6));
  }
  return 0;
}

TEST_F(Streams, MemoryDoesNotGrowWithTheBody) {
  constexpr std::size_t kMegabytes = 64;
  RawClient client(server_->port());
  const std::string piece = bytes(1 << 20);
  const std::size_t before = peak_kilobytes();
  client.send("POST /file/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
              std::to_string(kMegabytes << 20) + "\r\n\r\n");
  for (std::size_t i = 0; i < kMegabytes; ++i) client.send(piece);
  EXPECT_EQ(client.receive(/*head_request=*/true)->status, 200);
  EXPECT_EQ(client.skip_rest(), kMegabytes << 20);
  const std::size_t grown = (peak_kilobytes() - before) >> 10;
  RecordProperty("grown_megabytes", static_cast<int>(grown));
  std::printf("a body of %zu MB there and back: memory grew by %zu MB\n", kMegabytes, grown);
  EXPECT_LT(grown, 8u);
}
#endif

}  // namespace
}  // namespace resultsdb::http
