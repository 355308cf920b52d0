// A blocking HTTP/1.1 client for answers with a Content-Length, on a connection that stays.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace resultsdb::bench {

class LoopbackClient {
 public:
  explicit LoopbackClient(std::uint16_t port);
  ~LoopbackClient();
  LoopbackClient(const LoopbackClient&) = delete;
  LoopbackClient& operator=(const LoopbackClient&) = delete;

  struct Answer {
    int status = 0;
    std::string body;
    double first_byte = 0;  ///< seconds since the request was begun
  };
  /// Ends the program if the server says nothing.
  Answer get(std::string_view target);
  Answer post(std::string_view target, std::string_view body);

 private:
  Answer exchange(std::string_view head, std::string_view body);
  void send(std::string_view bytes);

  int socket_;
};

}  // namespace resultsdb::bench
