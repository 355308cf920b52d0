// The program resultsdb-server as a child of the test. Needs RESULTSDB_BINARY_DIR.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace resultsdb::testing {

/// A running server whose standard output and error are read through one pipe; killed at the end of the test
/// at the latest.
class ServerProgram {
 public:
  explicit ServerProgram(std::vector<std::string> arguments) {
    int pipe_ends[2];
    EXPECT_EQ(::pipe(pipe_ends), 0);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(pipe_ends[1], 1);
      ::dup2(pipe_ends[1], 2);
      ::close(pipe_ends[0]);
      arguments.insert(arguments.begin(), std::string(RESULTSDB_BINARY_DIR) + "/bin/resultsdb-server");
      std::vector<char*> list;
      for (std::string& argument : arguments) list.push_back(argument.data());
      list.push_back(nullptr);
      ::execv(list[0], list.data());
      ::_exit(127);
    }
    ::close(pipe_ends[1]);
    output_ = ::fdopen(pipe_ends[0], "r");
  }
  ~ServerProgram() {
    if (process_ > 0) ::kill(process_, SIGKILL), wait();
    std::fclose(output_);
  }
  ServerProgram(const ServerProgram&) = delete;
  ServerProgram& operator=(const ServerProgram&) = delete;

  /// The next line of its output.
  std::string line() {
    char text[1024] = "";
    return std::fgets(text, sizeof text, output_) ? text : "";
  }
  void signal(int number) { ::kill(process_, number); }
  /// Its exit code, or 128 plus the signal that ended it.
  int wait() {
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  /// Port of "listening on http://127.0.0.1:PORT", which is the next line.
  std::uint16_t port() {
    const std::string ready = line();
    EXPECT_EQ(ready.rfind("listening on http://127.0.0.1:", 0), 0u) << ready;
    const auto colon = ready.rfind(':');
    return colon == std::string::npos ? 0 : static_cast<std::uint16_t>(std::atoi(ready.c_str() + colon + 1));
  }

 private:
  pid_t process_ = -1;
  std::FILE* output_ = nullptr;
};

}  // namespace resultsdb::testing
