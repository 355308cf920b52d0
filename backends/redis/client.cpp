#include "client.hpp"

#include <algorithm>
#include <charconv>
#include <thread>

namespace resultsdb::backends::redis {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxRedirections = 16;

/// Where an error reply sends us: `MOVED 3999 host:port`, `ASK …`. An empty host is the one we asked.
struct Redirection {
  bool ask = false;
  std::uint16_t slot = 0;
  Address address;
};

std::optional<Redirection> parse_redirection(const std::string& text, const Address& asked) {
  Redirection to;
  to.ask = text.starts_with("ASK ");
  if (!to.ask && !text.starts_with("MOVED ")) return std::nullopt;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data() + text.find(' ') + 1, end, to.slot);
  const auto colon = text.rfind(':');
  if (number.ec != std::errc() || number.ptr == end || colon == std::string::npos || to.slot >= 16384)
    return std::nullopt;
  const char* const host = number.ptr + 1;
  if (host > text.data() + colon) return std::nullopt;
  to.address.host.assign(host, text.data() + colon);
  if (to.address.host.empty() || to.address.host == "?") to.address.host = asked.host;
  std::from_chars(text.data() + colon + 1, end, to.address.port);
  return to;
}

bool settles_soon(const Reply& reply) {
  return reply.text.starts_with("TRYAGAIN") || reply.text.starts_with("CLUSTERDOWN");
}

/// ASKING holds for one command, or for the whole of a transaction.
Result<std::vector<Reply>> run_asking(Connection& connection, std::span<const Command> commands) {
  const bool transaction = commands.front().front() == "MULTI";
  std::vector<Command> asking;
  for (const auto& command : commands) {
    if (asking.empty() || !transaction) asking.push_back({"ASKING"});
    asking.push_back(command);
  }
  RESULTSDB_ASSIGN(auto replies, connection.run(asking));
  std::vector<Reply> answers;
  for (std::size_t i = 0; i < asking.size(); ++i)
    if (asking[i].front() != "ASKING") answers.push_back(std::move(replies[i]));
  return answers;
}

const Reply* first_error(const std::vector<Reply>& replies) {
  const auto found =
      std::find_if(replies.begin(), replies.end(), [](const Reply& reply) { return reply.is_error(); });
  return found == replies.end() ? nullptr : &*found;
}

/// Pauses that grow, up to a limit in all.
class Patience {
 public:
  explicit Patience(std::chrono::milliseconds limit) : end_(Clock::now() + limit) {}
  /// False when it is over.
  bool wait() {
    if (Clock::now() >= end_) return false;
    std::this_thread::sleep_for(pause_);
    pause_ = std::min(pause_ * 2, std::chrono::milliseconds(200));
    return true;
  }

 private:
  Clock::time_point end_;
  std::chrono::milliseconds pause_{5};
};

}  // namespace

std::uint16_t slot_of(std::string_view key) {
  if (const auto open = key.find('{'); open != std::string_view::npos) {
    const auto close = key.find('}', open);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  std::uint16_t crc = 0;  // CRC-16/XMODEM
  for (const unsigned char byte : key) {
    crc = static_cast<std::uint16_t>(crc ^ (byte << 8));
    for (int bit = 0; bit < 8; ++bit)
      crc = static_cast<std::uint16_t>(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
  }
  return crc % 16384;
}

// --- connections

Pool::Lease::~Lease() {
  if (connection_) pool_->give_back(std::move(connection_), !discarded_);
}

Result<Pool::Lease> Pool::take() {
  {
    std::unique_lock lock(mutex_);
    if (!one_is_free_.wait_for(lock, login_.connect_timeout, [&] { return taken_ < limit_; }))
      return redis_error(
          ErrorCode::Unavailable,
          "all " + std::to_string(limit_) + " connections are busy; raise ?pool=", address_.text());
    ++taken_;
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->usable()) return Lease(*this, std::move(connection));
      ++lost_;
    }
  }
  auto opened = Connection::open(address_, login_);
  if (opened) return Lease(*this, std::move(opened).value());
  release();
  return std::move(opened).error();
}

void Pool::give_back(std::unique_ptr<Connection> connection, bool keep) {
  if (keep && connection->usable()) {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  release();
}

void Pool::release() {
  {
    std::lock_guard lock(mutex_);
    --taken_;
  }
  one_is_free_.notify_one();
}

// --- nodes

Result<std::unique_ptr<Client>> Client::open(std::vector<Address> seeds, Login login, int pool_size,
                                             std::vector<std::string_view> scripts) {
  std::unique_ptr<Client> client(new Client(std::move(seeds), std::move(login), pool_size));
  std::optional<Error> error;
  for (const auto& seed : client->seeds_) {
    auto lease = client->pool(seed).take();
    if (!lease) {
      error = std::move(lease).error();
      continue;
    }
    client->cluster_ = (*lease)->is_cluster();
    std::vector<Command> commands;
    for (const auto script : scripts) commands.push_back({"SCRIPT", "LOAD", std::string(script)});
    RESULTSDB_ASSIGN(const auto replies, (*lease)->run(commands));
    if (const auto* failed = first_error(replies)) return to_error(*failed);
    for (std::size_t i = 0; i < scripts.size(); ++i) client->hashes_[scripts[i]] = replies[i].text;
    error.reset();
    break;
  }
  if (error) return std::move(*error);
  if (client->cluster_) RESULTSDB_TRY(client->load_slots());
  return client;
}

Pool& Client::pool(const Address& address) {
  std::lock_guard lock(mutex_);
  auto& pool = pools_[address];
  if (!pool) pool = std::make_unique<Pool>(address, login_, pool_size_, disturbances_);
  return *pool;
}

Address Client::node_of(std::uint16_t slot) {
  std::lock_guard lock(mutex_);
  return cluster_ && !masters_.empty() ? masters_[slots_[slot]] : seeds_.front();
}

Status Client::load_slots() {
  std::vector<Address> known;
  {
    std::lock_guard lock(mutex_);
    known = masters_;
  }
  known.insert(known.end(), seeds_.begin(), seeds_.end());
  for (const auto& address : known)
    if (read_slots(address)) return {};
  return redis_error(ErrorCode::Unavailable, "no node of the Redis cluster answers", location());
}

bool Client::read_slots(const Address& address) {
  auto lease = pool(address).take();
  if (!lease) return false;
  const Command command{"CLUSTER", "SLOTS"};
  const auto replies = (*lease)->run({&command, 1});
  if (!replies || replies->front().items.empty()) return false;
  std::vector<Address> masters;
  std::array<std::uint16_t, 16384> slots{};
  for (const auto& range : replies->front().items) {
    if (range.items.size() < 3 || range.items[2].items.size() < 2) return false;
    const auto& node = range.items[2].items;
    Address master{.host = node[0].text, .port = static_cast<int>(node[1].integer)};
    if (master.host.empty() || master.host == "?") master.host = address.host;
    auto found = std::find(masters.begin(), masters.end(), master);
    if (found == masters.end()) found = masters.insert(masters.end(), master);
    const auto index = static_cast<std::uint16_t>(found - masters.begin());
    for (auto slot = range.items[0].integer; slot <= range.items[1].integer; ++slot)
      if (slot >= 0 && slot < 16384) slots[static_cast<std::size_t>(slot)] = index;
  }
  std::lock_guard lock(mutex_);
  masters_ = std::move(masters);
  slots_ = slots;
  return true;
}

// --- commands

/// Follows redirections, waits while a cluster settles. Replies may be errors of other kinds.
Result<std::vector<Reply>> Client::run_raw(std::string_view key, Access access,
                                           std::span<const Command> commands) {
  const auto slot = slot_of(key);
  Patience patience(login_.connect_timeout);
  std::optional<Address> asked;
  bool repeated = false;
  for (int redirections = 0; redirections < kMaxRedirections;) {
    const auto address = asked ? *asked : node_of(slot);
    std::optional<Error> unsent;
    auto replies = [&]() -> Result<std::vector<Reply>> {  // the connection goes back before slots are read
      auto lease = pool(address).take();
      if (!lease) return unsent.emplace(std::move(lease).error());
      auto answers = asked ? run_asking(**lease, commands) : (*lease)->run(commands);
      const auto* error = answers ? first_error(*answers) : nullptr;
      if (error && error->text.starts_with("READONLY"))
        lease->discard();  // the next one may reach the new master
      return answers;
    }();
    if (unsent) {
      // In a cluster, a replica may be about to take this node's place.
      ++disturbances_;
      if (!cluster_ || !patience.wait()) return *std::move(unsent);
      asked.reset();
      (void)load_slots();
      continue;
    }
    if (!replies) {
      ++disturbances_;
      if (access == Access::Once || repeated) return std::move(replies).error();
      repeated = true;
      asked.reset();
      if (cluster_) (void)load_slots();
      continue;
    }
    const auto* error = first_error(*replies);
    if (!error) return replies;
    ++disturbances_;
    const auto redirection = parse_redirection(error->text, address);
    if (redirection) {
      ++redirections;
      asked = redirection->address;
      if (redirection->ask) continue;
      RESULTSDB_TRY(load_slots());
      // The map of the node we asked may be older than its answer: go where it says, once.
      if (node_of(slot) == *asked) asked.reset();
      continue;
    }
    if (!settles_soon(*error) || !patience.wait()) return replies;
    asked.reset();
    (void)load_slots();
  }
  return redis_error(ErrorCode::Unavailable, "the Redis cluster sends requests in circles; repeat later",
                     location());
}

Result<std::vector<Reply>> Client::run(std::string_view key, Access access,
                                       std::span<const Command> commands) {
  if (commands.empty()) return std::vector<Reply>();
  RESULTSDB_ASSIGN(auto replies, run_raw(key, access, commands));
  if (const auto* error = first_error(replies)) return to_error(*error);
  return replies;
}

Result<Reply> Client::run(std::string_view key, Access access, const Command& command) {
  RESULTSDB_ASSIGN(auto replies, run(key, access, std::span(&command, 1)));
  return std::move(replies.front());
}

Result<std::vector<Reply>> Client::snapshot(std::string_view key, std::span<const Command> commands) {
  if (commands.size() < 2) return run(key, Access::Repeatable, commands);
  std::vector<Command> transaction{{"MULTI"}};
  transaction.insert(transaction.end(), commands.begin(), commands.end());
  transaction.push_back({"EXEC"});
  RESULTSDB_ASSIGN(auto replies, run(key, Access::Repeatable, transaction));
  auto answers = std::move(replies.back().items);
  if (const auto* error = first_error(answers)) return to_error(*error);
  return answers;
}

Result<std::vector<Reply>> Client::eval(Access access, std::string_view script,
                                        std::span<const std::string> keys, std::vector<std::string> arguments,
                                        std::span<const Command> after) {
  Command command{"EVALSHA", hashes_.at(script), std::to_string(keys.size())};
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), std::make_move_iterator(arguments.begin()),
                 std::make_move_iterator(arguments.end()));
  std::vector<Command> commands{std::move(command)};
  commands.insert(commands.end(), after.begin(), after.end());
  RESULTSDB_ASSIGN(auto replies, run_raw(keys.front(), access, commands));
  if (replies.front().text.starts_with("NOSCRIPT") && replies.front().is_error()) {
    commands.front()[0] = "EVAL";
    commands.front()[1] = script;
    RESULTSDB_ASSIGN(replies, run_raw(keys.front(), access, commands));
  }
  if (const auto* error = first_error(replies)) return to_error(*error);
  return replies;
}

Result<std::vector<Reply>> Client::scatter(std::span<const std::pair<std::string, Command>> commands) {
  std::vector<Reply> replies(commands.size());
  std::map<Address, std::vector<std::size_t>> by_node;
  for (std::size_t i = 0; i < commands.size(); ++i) by_node[node_of(slot_of(commands[i].first))].push_back(i);
  for (const auto& [node, members] : by_node) {
    std::vector<Command> together;
    for (const auto i : members) together.push_back(commands[i].second);
    std::optional<std::vector<Reply>> answers;
    if (auto lease = pool(node).take())
      if (auto done = (*lease)->run(together)) answers = std::move(done).value();
    for (std::size_t k = 0; k < members.size(); ++k) {
      const auto i = members[k];
      if (answers && !(*answers)[k].is_error()) {
        replies[i] = std::move((*answers)[k]);
      } else {  // the node is away, or this slot is: one by one they find their way
        RESULTSDB_ASSIGN(replies[i], run(commands[i].first, Access::Repeatable, commands[i].second));
      }
    }
  }
  return replies;
}

}  // namespace resultsdb::backends::redis
