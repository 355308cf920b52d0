#include "resultsdb/http/server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "http/raw_client.hpp"
#include "resultsdb/http/compression.hpp"

namespace resultsdb::http {
namespace {

using std::chrono::milliseconds;

/// Opened once by a test; handlers wait behind it.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void await_waiting(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

/// A server that echoes, on a thread of its own.
class RunningServer {
 public:
  explicit RunningServer(ServerOptions options = {}) {
    options.port = 0;
    auto server = Server::listen(options, [this](const Request& request) { return answer(request); });
    if (!server) throw std::runtime_error(server.error().text());
    server_ = std::move(*server);
    thread_ = std::thread([this] { server_->run(); });
  }
  ~RunningServer() { finish(); }
  void finish() {
    gate.open();
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  /// Waits for run() to return; stop() must have been called.
  void join() { thread_.join(); }
  Server& operator*() { return *server_; }
  Server* operator->() { return server_.get(); }
  std::uint16_t port() const { return server_->port(); }

  Gate gate;
  std::atomic<int> handled{0};

 private:
  Response answer(const Request& request) {
    if (request.path == "/wait") gate.pass();
    if (request.path == "/throw") throw std::runtime_error("from a handler");
    ++handled;
    Response response;
    response.set_header("Content-Type", "text/plain");
    response.set_header("ETag", "\"tag\"");
    if (request.path == "/inject") response.set_header("X-Text", "a\r\nX-Evil: b");
    response.body = request.path == "/large" ? std::string(4 << 20, 'x')
                                             : request.method + ' ' + request.target + ' ' + request.body;
    return response;
  }

  std::unique_ptr<Server> server_;
  std::thread thread_;
};

TEST(Server, KeepsConnectionsAndAnswersPipelinesInOrder) {
  RunningServer server;
  RawClient client(server.port());
  client.send(get_request("/1") + post_request("/2?q=1", "body") +
              get_request("/3", "Connection: close\r\n"));
  EXPECT_EQ(client.receive()->body, "GET /1 ");
  EXPECT_EQ(client.receive()->body, "POST /2?q=1 body");
  const auto last = client.receive();
  EXPECT_EQ(last->body, "GET /3 ");
  EXPECT_EQ(last->header("Connection"), "close");
  EXPECT_TRUE(client.is_closed());
}

TEST(Server, TakesBytesOneByOneAndChunks) {
  RunningServer server;
  RawClient client(server.port());
  for (const char byte : post_request("/slow", "abc")) client.send({&byte, 1});
  EXPECT_EQ(client.receive()->body, "POST /slow abc");
  client.send(
      "POST /chunks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive()->body, "POST /chunks abcde");
  EXPECT_EQ(client.exchange(get_request("http://host/absolute?x"))->body, "GET /absolute?x ");
}

TEST(Server, RefusesWhatIsNoRequest) {
  RunningServer server;
  for (const std::string& bytes :
       {std::string("rubbish\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("GET  / HTTP/1.1\r\n\r\n"), std::string("GET / HTTP/1.1\r\nno colon\r\n\r\n"),
        std::string("GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        std::string("\0\0\0\0\r\n\r\n", 8), std::string("\x16\x03\x01\x02\r\n\r\n")}) {
    RawClient client(server.port());
    const auto response = client.exchange(bytes);
    ASSERT_TRUE(response) << bytes;
    EXPECT_EQ(response->status, 400) << bytes;
    EXPECT_TRUE(client.is_closed());
  }
  RawClient smuggler(server.port());
  EXPECT_EQ(
      smuggler.exchange("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")->status,
      501);
  EXPECT_EQ(server.handled, 0);
  RawClient client(server.port());
  EXPECT_EQ(client.exchange(get_request("/still"))->status, 200);
}

TEST(Server, LimitsHeadersAndBodies) {
  ServerOptions options;
  options.max_header_bytes = 1000;
  options.max_body_bytes = 1000;
  RunningServer server(options);
  const auto status = [&](const std::string& bytes) {
    RawClient client(server.port());
    const auto response = client.exchange(bytes);
    return response ? response->status : 0;
  };
  EXPECT_EQ(status(get_request("/", "X: " + std::string(2000, 'x') + "\r\n")), 431);
  EXPECT_EQ(status(get_request("/" + std::string(2000, 'x'))), 431);
  EXPECT_EQ(status(post_request("/", std::string(1000, 'x'))), 200);
  EXPECT_EQ(status(post_request("/", std::string(1001, 'x'))), 413);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n600\r\n" + std::string(0x600, 'x')),
            413);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n"), 413);
  for (const Coding coding : {Coding::Gzip, Coding::Zstd}) {
    const std::string header = "Content-Encoding: " + std::string(to_string(coding)) + "\r\n";
    EXPECT_EQ(status(post_request("/", pack(coding, std::string(1000, 'x')).value(), header)), 200);
    EXPECT_EQ(status(post_request("/", pack(coding, std::string(1001, 'x')).value(), header)), 413);
    EXPECT_EQ(status(post_request("/", "rubbish", header)), 400);
  }
  EXPECT_EQ(status(post_request("/", "x", "Content-Encoding: br\r\n")), 415);
}

TEST(Server, ContinuesOnRequest) {
  RunningServer server;
  RawClient client(server.port());
  client.send("POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 100);
  EXPECT_EQ(client.exchange("abc")->body, "POST /c abc");
  EXPECT_EQ(client.exchange(post_request("/c", "abc", "Expect: a-miracle\r\n"))->status, 417);
}

TEST(Server, CompressesWhatTheClientAccepts) {
  RunningServer server;
  RawClient client(server.port());
  const std::string text(4 << 20, 'x');
  for (const Coding coding : {Coding::Gzip, Coding::Zstd}) {
    const auto response =
        client.exchange(get_request("/large", "Accept-Encoding: " + std::string(to_string(coding)) + "\r\n"));
    EXPECT_EQ(response->header("Content-Encoding"), to_string(coding));
    EXPECT_EQ(response->header("Vary"), "Accept-Encoding");
    EXPECT_EQ(response->header("ETag"), "W/\"tag\"");
    EXPECT_EQ(unpack(to_string(coding), response->body, text.size()).value(), text);
  }
  const auto plain = client.exchange(get_request("/large", "Accept-Encoding: gzip;q=0\r\n"));
  EXPECT_EQ(plain->header("Content-Encoding"), "");
  EXPECT_EQ(plain->body.size(), text.size());
  EXPECT_EQ(client.exchange(get_request("/small", "Accept-Encoding: gzip\r\n"))->body, "GET /small ");
}

TEST(Server, HeadHasALengthAndNoBody) {
  RunningServer server;
  RawClient client(server.port());
  client.send("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n" + get_request("/next"));
  EXPECT_EQ(client.receive(true)->header("Content-Length"), std::to_string(std::string("HEAD /x ").size()));
  EXPECT_EQ(client.receive()->body, "GET /next ");
}

TEST(Server, HandlersCannotBreakIt) {
  RunningServer server;
  RawClient client(server.port());
  EXPECT_EQ(client.exchange(get_request("/throw"))->status, 500);
  const auto injected = client.exchange(get_request("/inject"));
  EXPECT_EQ(injected->header("X-Evil"), "");
  EXPECT_EQ(injected->header("X-Text"), "a  X-Evil: b");
}

TEST(Server, ClosesSilentAndDrippingClients) {
  ServerOptions options;
  options.read_timeout = milliseconds(150);
  options.idle_timeout = milliseconds(150);
  RunningServer server(options);
  RawClient silent(server.port()), half_header(server.port()), half_body(server.port()),
      dripping(server.port());
  half_header.send("GET / HTTP/1.1\r\nHo");
  half_body.send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc");
  dripping.send("POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
  std::atomic<bool> closed{false};
  std::thread drip([&] {
    while (!closed) {
      dripping.send("x");
      std::this_thread::sleep_for(milliseconds(5));  // the pace of a slow client
    }
  });
  EXPECT_TRUE(silent.is_closed());
  EXPECT_TRUE(half_header.is_closed());
  EXPECT_TRUE(half_body.is_closed());
  closed = true;
  drip.join();
  EXPECT_FALSE(dripping.receive());
  EXPECT_EQ(server.handled, 0);
}

TEST(Server, HalfSentUploadsAreForgotten) {
  RunningServer server;
  const std::string whole = post_request("/upload", std::string(5000, 'x'));
  for (const std::size_t size : {std::size_t{1}, std::size_t{20}, whole.size() - 4000, whole.size() - 1}) {
    RawClient client(server.port());
    client.send(whole.substr(0, size));
    client.end();
    EXPECT_FALSE(client.receive()) << size;
  }
  EXPECT_EQ(server.handled, 0);
  RawClient client(server.port());
  EXPECT_EQ(client.exchange(whole)->status, 200);
}

TEST(Server, AFullQueueAnswers503) {
  ServerOptions options;
  options.threads = 1;
  options.queue = 1;
  RunningServer server(options);
  RawClient working(server.port()), waiting(server.port()), refused(server.port());
  working.send(get_request("/wait"));
  server.gate.await_waiting(1);
  waiting.send(get_request("/queued"));
  while (server->statistics().queued < 1) std::this_thread::yield();
  const auto response = refused.exchange(get_request("/late"));
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->header("Retry-After"), "1");
  server.gate.open();
  EXPECT_EQ(working.receive()->status, 200);
  EXPECT_EQ(waiting.receive()->status, 200);
  EXPECT_EQ(refused.exchange(get_request("/again"))->status, 200) << "the connection is kept";
}

TEST(Server, LimitsConnections) {
  ServerOptions options;
  options.max_connections = 2;
  RunningServer server(options);
  RawClient first(server.port());
  EXPECT_EQ(first.exchange(get_request("/"))->status, 200);
  {
    RawClient second(server.port());
    EXPECT_EQ(second.exchange(get_request("/"))->status, 200);
    RawClient third(server.port());
    EXPECT_EQ(third.receive()->status, 503);
  }
  while (server->statistics().open_connections > 1) std::this_thread::yield();
  RawClient fourth(server.port());
  EXPECT_EQ(fourth.exchange(get_request("/"))->status, 200);
}

TEST(Server, DrainsWhatIsUnderWay) {
  RunningServer server;
  RawClient idle(server.port()), working(server.port());
  EXPECT_EQ(idle.exchange(get_request("/"))->status, 200);
  working.send(get_request("/wait"));
  server.gate.await_waiting(1);
  server->stop();
  EXPECT_TRUE(idle.is_closed());
  server.gate.open();
  const auto response = working.receive();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->header("Connection"), "close");
  server.join();
}

TEST(Server, DoesNotWaitForeverForTheLastClient) {
  ServerOptions options;
  options.drain_timeout = milliseconds(100);
  RunningServer server(options);
  RawClient half(server.port());
  half.send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc");
  while (server->statistics().open_connections < 1) std::this_thread::yield();
  server->stop();
  server.join();
  EXPECT_TRUE(half.is_closed());
}

TEST(Server, ManyClientsAtOnce) {
  ServerOptions options;
  options.threads = 4;
  RunningServer server(options);
  std::vector<std::thread> clients;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 16; ++c) {
    clients.emplace_back([&, c] {
      RawClient client(server.port());
      for (int i = 0; i < 50; ++i) {
        const std::string target = '/' + std::to_string(c) + '/' + std::to_string(i);
        const auto response = client.exchange(post_request(target, target));
        if (!response || response->body != "POST " + target + ' ' + target) ++wrong;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(server.handled, 800);
}

TEST(Server, SaysWhyItCannotListen) {
  RunningServer server;
  ServerOptions options;
  options.port = server.port();
  const auto taken = Server::listen(options, [](const Request&) { return Response{}; });
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::Unavailable);
  options.host = "no such host";
  const auto nowhere = Server::listen(options, [](const Request&) { return Response{}; });
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace resultsdb::http
