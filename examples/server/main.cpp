// resultsdb-server: the native API, the page and WebKit's protocol on one store.
#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>
#include <vector>

#include "background.hpp"
#include "options.hpp"
#include "resultsdb/backends/memory.hpp"
#include "resultsdb/backends/sqlite.hpp"
#include "resultsdb/http/api_keys.hpp"
#include "resultsdb/http/metrics.hpp"
#include "resultsdb/http/native.hpp"
#include "resultsdb/http/router.hpp"
#include "resultsdb/http/server.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/retention.hpp"
#ifdef RESULTSDB_WITH_POSTGRES
#include "resultsdb/backends/postgres.hpp"
#endif
#ifdef RESULTSDB_WITH_REDIS
#include "resultsdb/backends/redis.hpp"
#endif
#ifdef RESULTSDB_SERVER_WEBKIT
#include "resultsdb/http/webkit.hpp"
#endif

namespace {

using namespace resultsdb;

constexpr int kWrongUse = 2, kUnavailable = 3;
constexpr long kTryEveryMs = 250;
constexpr std::chrono::seconds kWordEvery{5};

int fail(const std::string& what, const Error& error, int code) {
  std::cerr << "resultsdb-server: " << what << ": " << error.text() << '\n';
  return code;
}

Result<std::shared_ptr<Model>> open_model(const ServerArguments& arguments) {
  BackendRegistry registry;
  backends::register_memory(registry);
  backends::register_sqlite(registry);
#ifdef RESULTSDB_WITH_POSTGRES
  backends::register_postgres(registry);
#endif
#ifdef RESULTSDB_WITH_REDIS
  backends::register_redis(registry);
#endif
  ModelOptions options;
  if (!arguments.repositories.empty()) {
    RESULTSDB_ASSIGN(options.repositories, load_static_repositories(arguments.repositories));
  }
  for (const std::string& clone : arguments.git_clones) {
    const std::size_t equals = clone.find('=');
    const std::size_t path = equals == std::string::npos ? 0 : equals + 1;
    RESULTSDB_ASSIGN(auto repository,
                     open_git_repository(clone.substr(path), clone.substr(0, path ? equals : 0)));
    options.repositories.push_back(std::move(repository));
  }
  RESULTSDB_ASSIGN(auto storage, registry.open(arguments.store));
  RESULTSDB_TRY(storage->ping());
  return Model::create(std::move(storage), std::move(options));
}

/// Blocks SIGTERM and SIGINT in this thread and those it starts; a thread of its own waits for them.
class SignalWaiter {
 public:
  SignalWaiter() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }
  /// True if a signal came within that time.
  bool comes_within(long milliseconds) const {
    const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    return sigtimedwait(&signals_, nullptr, &time) > 0;
  }
  void start(http::Server& server) {
    thread_ = std::thread([this, &server] {
      int signal = 0;
      sigwait(&signals_, &signal);
      server.stop();
    });
  }
  ~SignalWaiter() {
    if (!thread_.joinable()) return;
    pthread_kill(thread_.native_handle(), SIGTERM);  // run() ended without a signal
    thread_.join();
  }

 private:
  sigset_t signals_{};
  std::thread thread_;
};

/// Tries until the store is there or --wait-for-store is over, and says so every few seconds. Null if a
/// signal came in the meantime. What waiting cannot mend fails at once.
Result<std::shared_ptr<Model>> wait_for_model(const ServerArguments& arguments, const SignalWaiter& signals) {
  using std::chrono::steady_clock;
  const auto begin = steady_clock::now(), end = begin + std::chrono::seconds(arguments.wait_for_store);
  auto next_word = begin;
  while (true) {
    auto model = open_model(arguments);
    const auto now = steady_clock::now();
    if (model || model.error().code != ErrorCode::Unavailable || now >= end) return model;
    if (now >= next_word) {
      const auto waited = std::chrono::floor<std::chrono::seconds>(now - begin).count();
      std::cerr << "resultsdb-server: waiting for the store (" << waited << " of " << arguments.wait_for_store
                << " s): " << model.error().text() << std::endl;
      next_word = now + kWordEvery;
    }
    if (signals.comes_within(kTryEveryMs)) return std::shared_ptr<Model>();
  }
}

/// The exit code for a store that cannot be opened.
int code_of(const Error& error) {
  return error.code == ErrorCode::InvalidArgument ? kWrongUse : kUnavailable;
}

using KeysPtr = std::shared_ptr<const http::ApiKeys>;

/// Null if none are asked for.
Result<KeysPtr> read_keys(const ServerArguments& arguments) {
  if (arguments.api_key_file.empty()) return KeysPtr();
  RESULTSDB_ASSIGN(http::ApiKeys keys, http::ApiKeys::read_file(arguments.api_key_file));
  return std::make_shared<const http::ApiKeys>(std::move(keys));
}

#ifdef RESULTSDB_SERVER_WEBKIT
Result<webkit::Options> webkit_options(const ServerArguments& arguments, const Clock& clock,
                                       const KeysPtr& keys) {
  webkit::Options options;
  options.clock = clock;
  options.api_keys = keys;
  options.allow_anonymous_writes = arguments.allow_anonymous_writes;
  options.default_ttl_seconds = arguments.webkit_ttl;
  options.archive_ttl_seconds = arguments.webkit_archive_ttl;
  options.profile = arguments.webkit_profile;
  options.ews = arguments.webkit_ews;
  options.async_processing = arguments.async_processing;
  if (!arguments.ci.empty()) {
    RESULTSDB_ASSIGN(options.ci_masters, webkit::load_ci_masters(arguments.ci));
  }
  return options;
}
#endif

/// Mounts everything on the router; the threads that work beside it.
Result<std::unique_ptr<Workers>> mount(http::Router& router, const std::shared_ptr<Model>& model,
                                       const ServerArguments& arguments, const Clock& clock,
                                       const KeysPtr& keys, const std::shared_ptr<http::Metrics>& metrics) {
  http::NativeOptions native;
  native.version = RESULTSDB_VERSION;
  native.clock = clock;
  native.api_keys = keys;
  native.allow_anonymous_writes = arguments.allow_anonymous_writes;
  native.metrics = metrics;
  http::mount_native(router, model, native);
#ifdef RESULTSDB_SERVER_WEBKIT
  RESULTSDB_ASSIGN(webkit::Options webkit, webkit_options(arguments, clock, keys));
  auto workers =
      std::make_unique<Workers>([model, webkit] { return webkit::process_queued_upload(model, webkit); });
  webkit.queued = [queue = workers.get()] { queue->wake(); };
  webkit::mount(router, model, webkit);
  if (webkit::needs_workers(webkit)) workers->start(arguments.workers);
  return workers;
#else
  return std::unique_ptr<Workers>();
#endif
}

/// What deletes what is over.
Result<std::vector<Chore>> chores([[maybe_unused]] const std::shared_ptr<Model>& model,
                                  [[maybe_unused]] const ServerArguments& arguments) {
  std::vector<Chore> chores;
#ifdef RESULTSDB_SERVER_WEBKIT
  RESULTSDB_ASSIGN(const webkit::Options options, webkit_options(arguments, {}, {}));
  RESULTSDB_ASSIGN(const auto rule, webkit::retention_rule(options));
  if (rule) {
    chores.push_back(
        [runs = std::make_shared<Retention>(model, *rule)](Time now) { return runs->step(now); });
  }
  RESULTSDB_ASSIGN(auto archives, webkit::ArchiveRetention::create(model, options));
  chores.push_back([archives = std::make_shared<webkit::ArchiveRetention>(std::move(archives))](Time now) {
    return archives->step(now);
  });
#endif
  return chores;
}

int serve(const ServerArguments& arguments) {
  SignalWaiter signals;
  Clock clock = system_clock();
  if (arguments.clock) clock = [now = from_seconds(*arguments.clock)] { return now; };
  const auto keys = read_keys(arguments);
  if (!keys) return fail("cannot read the API keys", keys.error(), kWrongUse);
  auto model = wait_for_model(arguments, signals);
  if (!model) return fail("cannot open the store", model.error(), code_of(model.error()));
  if (!*model) return 0;
  auto to_do = chores(*model, arguments);
  if (!to_do) return fail("cannot serve WebKit's protocol", to_do.error(), kWrongUse);

  http::Router router;
  const auto metrics = std::make_shared<http::Metrics>();
  const auto workers = mount(router, *model, arguments, clock, *keys, metrics);
  if (!workers) return fail("cannot read the CI masters", workers.error(), kWrongUse);
  http::ServerOptions options;
  options.host = arguments.host;
  options.port = arguments.port;
  options.threads = arguments.threads;
#ifdef RESULTSDB_SERVER_WEBKIT
  options.to_file = webkit::takes_large_body;
  options.file_folder = arguments.body_folder;
  if (const auto file = http::BodyFile::create(options.file_folder); !file)
    return fail("cannot use --body-folder", file.error(), kWrongUse);
#endif
  auto server = http::Server::listen(options, http::counted(router, metrics));
  if (!server) return fail("cannot serve", server.error(), kUnavailable);
  metrics->watch([&server] { return (*server)->statistics(); });
  const Tidier tidier(*model, clock, std::move(*to_do));
  signals.start(**server);
  std::cout << "listening on " << (*server)->address() << std::endl;
  (*server)->run();
  metrics->watch({});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = parse_arguments(argc, argv);
  if (const auto* farewell = std::get_if<Farewell>(&parsed)) {
    (farewell->wrong_use ? std::cerr : std::cout) << farewell->text;
    return farewell->wrong_use ? kWrongUse : 0;
  }
  return serve(std::get<ServerArguments>(parsed));
}
