#include "resultsdb/http/server.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <optional>
#include <utility>
#include <variant>

#include "resultsdb/http/compression.hpp"
#include "text.hpp"

namespace resultsdb::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds kLinger{2};             ///< for a refused client to read why
constexpr std::size_t kLeastProgress = 1 << 10;        ///< bytes of a body that start the time limit anew
constexpr std::size_t kFilePiece = 64 << 10;           ///< of a body that goes to a file
constexpr std::chrono::milliseconds kAcceptPause{50};  ///< when the process has no descriptors left

auto to(error_code& ec) { return asio::redirect_error(asio::use_awaitable, ec); }

Response plain_response(int status, std::string_view why = {}) {
  Response response;
  response.status = status;
  response.set_header("Content-Type", "text/plain; charset=utf-8");
  response.body = std::string(why.empty() ? reason_phrase(status) : why) + '\n';
  if (status == 503) response.set_header("Retry-After", "1");
  return response;
}

/// Status for what the parser refused; empty: there is nobody to answer.
std::optional<int> status_for(const error_code& ec) {
  if (ec == beast::http::error::body_limit) return 413;
  if (ec == beast::http::error::header_limit || ec == beast::http::error::buffer_overflow) return 431;
  if (ec == beast::http::error::end_of_stream || ec == beast::http::error::partial_message)
    return std::nullopt;
  if (ec.category() == beast::http::make_error_code(beast::http::error::bad_method).category()) return 400;
  return std::nullopt;
}

bool may_compress(const Response& response) {
  if (response.header("Content-Encoding")) return false;
  const std::string_view type = response.header("Content-Type").value_or("");
  return type.starts_with("text/") || type.find("json") != type.npos || type.find("xml") != type.npos ||
         type.find("javascript") != type.npos;
}

void compress(const Request& request, std::size_t from, Response& response) {
  if (response.stream || response.body.size() < from || !may_compress(response)) return;
  response.set_header("Vary", "Accept-Encoding");
  const Coding coding = choose_coding(request.header("Accept-Encoding"));
  auto packed = pack(coding, response.body);
  if (!packed) return;
  response.body = std::move(*packed);
  response.set_header("Content-Encoding", std::string(to_string(coding)));
  // Other bytes: the strong validator holds for the meaning only.
  if (auto tag = response.header("ETag"); tag && !tag->starts_with("W/")) {
    response.set_header("ETag", "W/" + std::string(*tag));
  }
}

/// A handler's text must not end its header line early.
std::string header_text(std::string_view text) {
  std::string safe(text);
  for (char& c : safe) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return safe;
}

using WireResponse = beast::http::response<beast::http::string_body>;

WireResponse to_wire(Response response, unsigned version, bool keep_alive) {
  WireResponse wire;
  wire.version(version);
  wire.result(static_cast<unsigned>(response.status));
  wire.reason(reason_phrase(response.status).data());
  for (const auto& [name, value] : response.headers) wire.insert(header_text(name), header_text(value));
  const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
  if (bodiless) {
    wire.erase(beast::http::field::content_length);
  } else if (wire.find(beast::http::field::content_length) == wire.end() || !response.body.empty()) {
    // (A HEAD answer names the length of the body that it leaves out.)
    wire.set(beast::http::field::content_length, std::to_string(response.body.size()));
    wire.body() = std::move(response.body);
  }
  wire.keep_alive(keep_alive);
  return wire;
}

using HeaderParser = beast::http::request_parser<beast::http::empty_body>;
using Parser = beast::http::request_parser<beast::http::string_body>;
using FileParser = beast::http::request_parser<beast::http::buffer_body>;

/// The target's path and query: the absolute form of proxies is cut down to them. Empty: neither.
std::string origin_form(std::string_view target) {
  if (const auto scheme = target.find("://"); scheme != target.npos && !target.starts_with('/')) {
    const auto slash = target.find('/', scheme + 3);
    return slash == target.npos ? "/" : std::string(target.substr(slash));
  }
  return target.starts_with('/') ? std::string(target) : std::string();
}

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

Request to_request(const beast::http::request_header<>& message, const tcp::endpoint& remote) {
  Request request;
  request.method = std::string(view(message.method_string()));
  for (const auto& field : message) {
    request.headers.emplace_back(std::string(view(field.name_string())), std::string(view(field.value())));
  }
  set_target(request, origin_form(view(message.target())));
  auto address = remote.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  request.remote_address = address.to_string();
  request.remote_is_loopback = address.is_loopback();
  return request;
}

/// Status for a header that we cannot follow; 0: go on.
int status_for(const HeaderParser& parser, std::string_view expect) {
  const auto& header = parser.get();
  if (header.count(beast::http::field::transfer_encoding) && !parser.chunked()) return 501;
  if (origin_form(view(header.target())).empty()) return 400;
  return expect.empty() || expect == "100-continue" ? 0 : 417;
}

struct Connection {
  explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}
  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  bool idle = true;  ///< no byte of a request has come: may be closed at once
};

}  // namespace

/// All of it lives on one thread, that of run(); only handlers (and packing) are on the pool.
class Server::Implementation {
 public:
  Implementation(const ServerOptions& options, Handler handler)
      : options_(options),
        handler_(std::move(handler)),
        acceptor_(io_),
        drain_timer_(io_),
        pool_(static_cast<std::size_t>(std::max(1, options.threads))) {}

  Status bind();
  void run();
  void stop();
  std::uint16_t port() const { return endpoint_.port(); }
  std::string address() const;
  Statistics statistics() const;

 private:
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(std::list<Connection>::iterator connection);
  /// False: the connection is at its end.
  asio::awaitable<bool> serve_one(Connection& connection);
  bool goes_to_file(const HeaderParser& parser) const;
  std::uint64_t body_limit(const HeaderParser& parser) const;
  /// The body of a request whose header was read, to memory or to a file. A status is an answer to send.
  asio::awaitable<std::variant<Request, Response, error_code>> read_request(Connection& connection,
                                                                            HeaderParser& header);
  template <class BodyParser>
  asio::awaitable<error_code> read_some(Connection& connection, BodyParser& parser, std::size_t& progress);
  asio::awaitable<Status> read_to_file(Connection& connection, FileParser& parser, BodyFile& file,
                                       error_code& ec);
  asio::awaitable<void> refuse(Connection& connection, Response response);
  asio::awaitable<Response> answer(Request request);
  asio::awaitable<bool> write(Connection& connection, Response response, unsigned version, bool keep_alive);
  asio::awaitable<bool> write_stream(Connection& connection, BodyStream stream);
  Response handle(Request request) const;
  void close_all(bool idle_only);

  const ServerOptions options_;
  const Handler handler_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer drain_timer_;
  asio::thread_pool pool_;
  tcp::endpoint endpoint_;
  std::list<Connection> connections_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> requests_{0}, refused_{0}, open_{0};
  std::atomic<std::uint64_t> unfinished_{0};  ///< requests that wait for a thread or have one
};

Status Server::Implementation::bind() {
  error_code ec;
  tcp::resolver resolver(io_);
  const auto found =
      resolver.resolve(options_.host, std::to_string(options_.port), tcp::resolver::passive, ec);
  if (ec || found.empty()) {
    return invalid_argument("cannot listen on \"" + options_.host + "\": " + ec.message());
  }
  endpoint_ = found.begin()->endpoint();
  acceptor_.open(endpoint_.protocol(), ec);
  if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint_, ec);
  if (!ec) acceptor_.listen(tcp::acceptor::max_listen_connections, ec);
  if (!ec) endpoint_ = acceptor_.local_endpoint(ec);
  if (ec) {
    return make_error(ErrorCode::Unavailable, "cannot listen on " + options_.host + ':' +
                                                  std::to_string(options_.port) + ": " + ec.message());
  }
  return {};
}

std::string Server::Implementation::address() const {
  const std::string host = endpoint_.address().to_string();
  return "http://" + (endpoint_.address().is_v6() ? '[' + host + ']' : host) + ':' + std::to_string(port());
}

Server::Statistics Server::Implementation::statistics() const {
  const auto threads = static_cast<std::uint64_t>(std::max(1, options_.threads));
  const std::uint64_t unfinished = unfinished_;
  return {.requests = requests_,
          .refused = refused_,
          .open_connections = open_,
          .queued = unfinished > threads ? unfinished - threads : 0};
}

void Server::Implementation::run() {
  asio::co_spawn(io_, accept(), asio::detached);
  io_.run();
  pool_.join();
}

void Server::Implementation::stop() {
  asio::post(io_, [this] {
    if (std::exchange(stopping_, true)) return;
    error_code ignored;
    acceptor_.close(ignored);
    close_all(true);
    if (connections_.empty()) return;
    drain_timer_.expires_after(options_.drain_timeout);
    drain_timer_.async_wait([this](error_code ec) {
      if (!ec) close_all(false);
    });
  });
}

void Server::Implementation::close_all(bool idle_only) {
  for (Connection& connection : connections_) {
    if (connection.idle || !idle_only) connection.stream.close();
  }
}

asio::awaitable<void> Server::Implementation::accept() {
  while (!stopping_) {
    error_code ec;
    tcp::socket socket = co_await acceptor_.async_accept(to(ec));
    if (stopping_) break;
    if (ec) {  // no descriptor left, or the client is gone already
      asio::steady_timer pause(io_, kAcceptPause);
      co_await pause.async_wait(to(ec));
      continue;
    }
    if (connections_.size() >= options_.max_connections) {
      ++refused_;
      static constexpr std::string_view kFull =
          "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: "
          "close\r\n\r\n";
      socket.non_blocking(true, ec);
      socket.write_some(asio::buffer(kFull), ec);
      continue;
    }
    socket.set_option(tcp::no_delay(true), ec);
    ++open_;
    const auto connection = connections_.emplace(connections_.end(), std::move(socket));
    asio::co_spawn(io_, serve(connection), [this, connection](std::exception_ptr) {
      connections_.erase(connection);
      --open_;
      if (stopping_ && connections_.empty()) drain_timer_.cancel();
    });
  }
}

asio::awaitable<void> Server::Implementation::serve(std::list<Connection>::iterator connection) {
  while (co_await serve_one(*connection)) {
  }
  error_code ignored;
  connection->stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
}

asio::awaitable<bool> Server::Implementation::serve_one(Connection& connection) {
  auto& [stream, buffer, idle] = connection;
  error_code ec;
  if (buffer.size() == 0) {  // else the next request came with the last one
    if (stopping_) co_return false;
    idle = true;
    stream.expires_after(options_.idle_timeout);
    constexpr std::size_t kFirstPiece = 4 << 10;
    const std::size_t size = co_await stream.async_read_some(buffer.prepare(kFirstPiece), to(ec));
    if (ec) co_return false;
    buffer.commit(size);
  }
  idle = false;
  HeaderParser parser;
  parser.header_limit(static_cast<std::uint32_t>(options_.max_header_bytes));
  parser.body_limit(boost::none);               // until it is known where the body goes
  stream.expires_after(options_.read_timeout);  // for the whole header, however slowly it drips
  co_await beast::http::async_read_header(stream, buffer, parser, to(ec));
  if (ec) {
    if (const auto status = status_for(ec)) {
      co_await refuse(connection, plain_response(*status, ec.message()));
    }
    co_return false;
  }
  const std::string expect = to_lower(view(parser.get()[beast::http::field::expect]));
  if (const int status = status_for(parser, expect); status != 0) {
    co_await refuse(connection, plain_response(status));
    co_return false;
  }
  if (const auto size = parser.content_length(); size && *size > body_limit(parser)) {
    co_await refuse(connection, plain_response(413));
    co_return false;
  }
  if (!expect.empty()) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!parser.is_done()) co_await asio::async_write(stream, asio::buffer(kContinue), to(ec));
    if (ec) co_return false;
  }
  const unsigned version = parser.get().version();
  const bool keep_alive = parser.get().keep_alive();
  auto read = co_await read_request(connection, parser);
  if (auto* refusal = std::get_if<Response>(&read)) co_await refuse(connection, std::move(*refusal));
  auto* request = std::get_if<Request>(&read);
  if (request == nullptr) co_return false;
  stream.expires_never();
  Response response = co_await answer(std::move(*request));
  co_return co_await write(connection, std::move(response), version, keep_alive && !stopping_);
}

bool Server::Implementation::goes_to_file(const HeaderParser& parser) const {
  const std::string target = origin_form(view(parser.get().target()));
  return options_.to_file && options_.to_file(view(parser.get().method_string()),
                                              std::string_view(target).substr(0, target.find('?')));
}

std::uint64_t Server::Implementation::body_limit(const HeaderParser& parser) const {
  return goes_to_file(parser) ? options_.max_file_bytes : options_.max_body_bytes;
}

asio::awaitable<std::variant<Request, Response, error_code>> Server::Implementation::read_request(
    Connection& connection, HeaderParser& header) {
  error_code ec;
  const auto remote = connection.stream.socket().remote_endpoint(ec);
  if (ec) co_return ec;
  const std::uint64_t limit = body_limit(header);
  Request request = to_request(header.get(), remote);
  if (goes_to_file(header)) {
    auto file = BodyFile::create(options_.file_folder);
    if (!file) co_return plain_response(503, file.error().message);
    FileParser parser(std::move(header));
    parser.body_limit(limit);
    const Status stored = co_await read_to_file(connection, parser, **file, ec);
    if (!stored) co_return plain_response(503, stored.error().message);
    request.body_file = std::move(*file);
  } else {
    Parser parser(std::move(header));
    parser.body_limit(limit);
    std::size_t progress = kLeastProgress;
    while (!parser.is_done() && !ec) ec = co_await read_some(connection, parser, progress);
    request.body = std::move(parser.get().body());
  }
  if (!ec) co_return request;
  if (const auto status = status_for(ec)) co_return plain_response(*status, ec.message());
  co_return ec;
}

/// `progress` counts since the time limit began: a client that drips bytes does not hold the connection.
template <class BodyParser>
asio::awaitable<error_code> Server::Implementation::read_some(Connection& connection, BodyParser& parser,
                                                              std::size_t& progress) {
  if (progress >= kLeastProgress) {
    connection.stream.expires_after(options_.read_timeout);
    progress = 0;
  }
  error_code ec;
  progress += co_await beast::http::async_read_some(connection.stream, connection.buffer, parser, to(ec));
  co_return ec;
}

asio::awaitable<Status> Server::Implementation::read_to_file(Connection& connection, FileParser& parser,
                                                             BodyFile& file, error_code& ec) {
  std::string piece(kFilePiece, '\0');
  std::size_t progress = kLeastProgress;
  while (!parser.is_done() && !ec) {
    auto& body = parser.get().body();
    body.data = piece.data();
    body.size = piece.size();
    ec = co_await read_some(connection, parser, progress);
    if (ec == beast::http::error::need_buffer) ec = {};  // the piece is full
    const Status stored = file.append(std::string_view(piece).substr(0, piece.size() - body.size));
    if (!stored) co_return stored;
  }
  co_return Status();
}

/// Answers and closes: what follows on this connection cannot be understood any more.
asio::awaitable<void> Server::Implementation::refuse(Connection& connection, Response response) {
  ++refused_;
  constexpr unsigned kVersion = 11;
  co_await write(connection, std::move(response), kVersion, false);
  error_code ec;
  connection.stream.socket().shutdown(tcp::socket::shutdown_send, ec);
  // Closing with unread input would reset the connection before the client has read the answer.
  connection.stream.expires_after(std::min<std::chrono::milliseconds>(kLinger, options_.read_timeout));
  char waste[4096];
  while (!ec) co_await connection.stream.async_read_some(asio::buffer(waste), to(ec));
}

asio::awaitable<Response> Server::Implementation::answer(Request request) {
  ++requests_;
  if (unfinished_ >= static_cast<std::uint64_t>(std::max(1, options_.threads)) + options_.queue) {
    ++refused_;
    co_return plain_response(503, "too many requests at once: try again");
  }
  ++unfinished_;
  auto job = [this, request = std::move(request)]() mutable -> asio::awaitable<Response> {
    co_return handle(std::move(request));
  };
  Response response = co_await asio::co_spawn(pool_, std::move(job), asio::use_awaitable);
  --unfinished_;
  co_return response;
}

Response Server::Implementation::handle(Request request) const {
  try {
    if (request.body_file && request.header("Content-Encoding")) return plain_response(415);
    if (const auto coding = request.header("Content-Encoding"); coding && !request.body.empty()) {
      auto body = unpack(std::string(*coding), std::move(request.body), options_.max_body_bytes);
      if (!body) {
        const ErrorCode code = body.error().code;
        const int status = code == ErrorCode::ResourceExhausted ? 413
                           : code == ErrorCode::NotFound        ? 415
                                                                : 400;
        return plain_response(status, body.error().message);
      }
      request.body = std::move(*body);
    }
    Response response = handler_(request);
    if (request.method != "HEAD") {
      compress(request, options_.compress_from, response);
    } else if (!response.body.empty()) {  // would be taken for the next answer
      response.set_header("Content-Length", std::to_string(response.body.size()));
      response.body.clear();
    }
    if (response.stream) {
      response.set_header("Content-Length", std::to_string(response.stream->size));
      response.body.clear();
      if (request.method == "HEAD") response.stream.reset();
    }
    return response;
  } catch (const std::bad_alloc&) {
    return plain_response(503, "out of memory");
  } catch (const std::exception&) {
    return plain_response(500);
  }
}

asio::awaitable<bool> Server::Implementation::write(Connection& connection, Response response,
                                                    unsigned version, bool keep_alive) {
  auto body = std::exchange(response.stream, std::nullopt);
  WireResponse wire = to_wire(std::move(response), version, keep_alive);
  beast::http::response_serializer<beast::http::string_body> serializer(wire);
  error_code ec;
  while (!serializer.is_done()) {
    connection.stream.expires_after(options_.read_timeout);
    co_await beast::http::async_write_some(connection.stream, serializer, to(ec));
    if (ec) co_return false;
  }
  if (body && !co_await write_stream(connection, std::move(*body))) co_return false;
  co_return keep_alive;
}

asio::awaitable<bool> Server::Implementation::write_stream(Connection& connection, BodyStream stream) {
  const auto next = [&stream]() -> asio::awaitable<std::string> {  // empty: it cannot go on
    try {
      auto piece = stream.next();
      co_return piece ? std::move(*piece) : std::string();
    } catch (const std::exception&) {
      co_return std::string();
    }
  };
  for (std::uint64_t left = stream.size; left > 0;) {
    connection.stream.expires_never();
    const std::string piece = co_await asio::co_spawn(pool_, next, asio::use_awaitable);
    if (piece.empty() || piece.size() > left) co_return false;
    left -= piece.size();
    error_code ec;
    connection.stream.expires_after(options_.read_timeout);
    co_await asio::async_write(connection.stream, asio::buffer(piece), to(ec));
    if (ec) co_return false;
  }
  co_return true;
}

Server::Server(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::listen(const ServerOptions& options, Handler handler) {
  auto implementation = std::make_unique<Implementation>(options, std::move(handler));
  RESULTSDB_TRY(implementation->bind());
  return std::unique_ptr<Server>(new Server(std::move(implementation)));
}

std::uint16_t Server::port() const { return implementation_->port(); }
std::string Server::address() const { return implementation_->address(); }
void Server::run() { implementation_->run(); }
void Server::stop() { implementation_->stop(); }
Server::Statistics Server::statistics() const { return implementation_->statistics(); }

}  // namespace resultsdb::http
