// The servers of one store: a single one or a cluster. Finds the node, follows redirections, keeps
// connections.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"

namespace resultsdb::backends::redis {

/// The cluster slot of a key: of what stands between its first braces, else of all of it.
std::uint16_t slot_of(std::string_view key);

/// Connections to one node: at most `limit`, taken in turn.
class Pool {
 public:
  /// `lost` counts the connections that were found closed.
  Pool(Address address, const Login& login, int limit, std::atomic<std::uint64_t>& lost)
      : address_(address), login_(login), limit_(limit), lost_(lost) {}

  /// Owns a connection for as long as it lives.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection* operator->() const { return connection_.get(); }
    Connection& operator*() const { return *connection_; }
    /// Closes the connection at the end instead of keeping it.
    void discard() { discarded_ = true; }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
    bool discarded_ = false;
  };
  /// Waits for a free one up to the connect time-out; Unavailable.
  Result<Lease> take();
  const Address& address() const { return address_; }

 private:
  void give_back(std::unique_ptr<Connection> connection, bool keep);
  void release();

  const Address address_;
  const Login login_;
  const int limit_;
  std::atomic<std::uint64_t>& lost_;
  std::mutex mutex_;
  std::condition_variable one_is_free_;
  std::vector<std::unique_ptr<Connection>> idle_;
  int taken_ = 0;
};

enum class Access {
  Repeatable,  ///< done twice is as good as once: repeated when the connection is lost
  Once,        ///< not repeated when it may have been done
};

/// Safe for concurrent use.
class Client {
 public:
  /// Connects to the first node that answers, and loads the scripts.
  static Result<std::unique_ptr<Client>> open(std::vector<Address> seeds, Login login, int pool_size,
                                              std::vector<std::string_view> scripts);

  /// One reply each, none of them an error. All commands are about this one key: while a cluster moves a
  /// slot, its keys are in two places.
  Result<std::vector<Reply>> run(std::string_view key, Access access, std::span<const Command> commands);
  Result<Reply> run(std::string_view key, Access access, const Command& command);
  /// Commands that read keys of one slot, done at one moment.
  Result<std::vector<Reply>> snapshot(std::string_view key, std::span<const Command> commands);
  /// Runs a script that was given to open(), and on the same connection what comes `after`.
  Result<std::vector<Reply>> eval(Access access, std::string_view script, std::span<const std::string> keys,
                                  std::vector<std::string> arguments, std::span<const Command> after = {});
  /// Each command on the node of its key, without an order among them.
  Result<std::vector<Reply>> scatter(std::span<const std::pair<std::string, Command>> commands);

  bool is_cluster() const { return cluster_; }
  /// Grows when a connection or a node failed or a request was redirected: what was last known of the servers
  /// may be gone.
  std::uint64_t disturbances() const { return disturbances_; }
  std::string location() const { return seeds_.front().text(); }

 private:
  Client(std::vector<Address> seeds, Login login, int pool_size)
      : seeds_(std::move(seeds)), login_(std::move(login)), pool_size_(pool_size) {}
  Result<std::vector<Reply>> run_raw(std::string_view key, Access access, std::span<const Command> commands);
  Pool& pool(const Address& address);
  Address node_of(std::uint16_t slot);
  Status load_slots();
  bool read_slots(const Address& address);

  const std::vector<Address> seeds_;
  const Login login_;
  const int pool_size_;
  bool cluster_ = false;
  std::map<std::string_view, std::string> hashes_;  // of the scripts

  std::atomic<std::uint64_t> disturbances_{0};
  std::mutex mutex_;
  std::map<Address, std::unique_ptr<Pool>> pools_;
  std::vector<Address> masters_;
  std::array<std::uint16_t, 16384> slots_{};  // index into masters_
};

}  // namespace resultsdb::backends::redis
