#include "support/redis_server.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace resultsdb::testing {

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  char buffer[4096];
  while (const auto size = std::fread(buffer, 1, sizeof(buffer), pipe)) text.append(buffer, size);
  ::pclose(pipe);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

RedisServer::RedisServer(std::vector<std::string> options) : options_(std::move(options)) {
  auto pattern = (std::filesystem::temp_directory_path() / "resultsdb-redis-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  socket_ = folder_ + "/socket";
  start();
}

RedisServer::~RedisServer() {
  if (process_ != 0) stop(SIGKILL);
  std::filesystem::remove_all(folder_);
}

void RedisServer::start() {
  std::vector<std::string> words{"redis-server", "--port",    "0",
                                 "--unixsocket", socket_,     "--dir",
                                 folder_,        "--save",    "",
                                 "--appendonly", "yes",       "--appendfsync",
                                 "always",       "--logfile", folder_ + "/log"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto ready = [&] {
    const auto answer = run("PING 2>&1");
    return answer == "PONG" || answer.starts_with("NOAUTH");
  };
  while (!ready()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "redis-server does not start: is it installed?";
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void RedisServer::stop(int signal) {
  ::kill(process_, signal);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

void RedisServer::send_signal(int signal) const { ::kill(process_, signal); }

std::string RedisServer::run(const std::string& command) const {
  return output_of("redis-cli -s '" + socket_ + "' " + command);
}

}  // namespace resultsdb::testing
