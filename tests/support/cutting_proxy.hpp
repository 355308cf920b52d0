// A proxy on loopback that cuts a client off its server at a chosen message.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace resultsdb::testing {

class CuttingProxy {
 public:
  explicit CuttingProxy(std::uint16_t server_port);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  std::uint16_t port() const { return port_; }

  enum class When {
    BeforeTheServer,  ///< the message does not arrive
    AfterTheServer,   ///< it arrives and is answered, the answer is lost
  };
  /// The client's message number `message` from now on (0: the next) is where its connection ends; `at_cut`
  /// is called before that. Once.
  void cut_at(int message, When when, std::function<void()> at_cut = {});
  /// Whether that happened; nothing is cut afterwards.
  bool finish();

 private:
  void accept_clients();
  void serve(int client);
  /// What becomes of the client's next message.
  enum class Fate { Pass, CutBefore, CutAfter };
  Fate next_message();
  void at_cut();

  const std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wake_[2] = {-1, -1};  // readable when all is over
  std::mutex mutex_;        // of what follows
  int remaining_ = -1;      // messages until the cut; -1: none
  When when_ = When::BeforeTheServer;
  bool was_cut_ = false;
  std::function<void()> at_cut_;
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};

}  // namespace resultsdb::testing
