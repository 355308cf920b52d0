// A client that sends exactly the bytes it is told to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace resultsdb::http {

struct RawResponse {
  int status = 0;
  std::string head;  ///< status line and headers
  std::string body;

  /// Value of a header, empty if it is not there. Names as the server writes them.
  std::string header(std::string_view name) const;
};

/// Connects to 127.0.0.1. Waits at most 20 s for anything; failures are reported to GoogleTest.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes);
  /// No more bytes will be sent.
  void end();
  /// The next answer; empty when the server closed the connection before its header was complete.
  std::optional<RawResponse> receive(bool head_request = false);
  std::optional<RawResponse> exchange(std::string_view bytes) {
    send(bytes);
    return receive();
  }
  /// Reads until the server closes its side; how many bytes came.
  std::uint64_t skip_rest();
  /// True once the server has closed its side.
  bool is_closed();

 private:
  bool read_more();

  int socket_ = -1;
  std::string pending_;
};

std::string get_request(std::string_view target, std::string_view headers = "");
std::string post_request(std::string_view target, std::string_view body, std::string_view headers = "");

}  // namespace resultsdb::http
