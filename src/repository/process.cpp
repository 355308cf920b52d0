#include "repository/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

extern "C" char** environ;  // NOLINT: POSIX wants it declared by hand

namespace resultsdb::repository {
namespace {

Error unavailable(const std::string& program, const char* what, int code) {
  Error error = make_error(ErrorCode::Unavailable, std::string(what) + ": " + std::strerror(code), program);
  error.native_code = code;
  return error;
}

class Pipe {
 public:
  Pipe() : status_(::pipe2(ends_, O_CLOEXEC) == 0 ? 0 : errno) {}
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int status() const { return status_; }
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_end(int end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
  int status_;
};

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

std::vector<char*> inherited_environment(const std::vector<std::string>& unset) {
  std::vector<char*> kept;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    if (std::find(unset.begin(), unset.end(), name) == unset.end()) kept.push_back(*entry);
  }
  kept.push_back(nullptr);
  return kept;
}

/// Reads both pipes until the other side has closed them. False if there was more than `max_bytes`.
bool collect(Pipe& out, Pipe& err, std::size_t max_bytes, ProcessOutput& output) {
  std::array<pollfd, 2> polls = {{{out.read_end(), POLLIN, 0}, {err.read_end(), POLLIN, 0}}};
  const std::array<std::string*, 2> texts = {&output.out, &output.err};
  std::array<char, 1 << 16> buffer;
  while (polls[0].fd >= 0 || polls[1].fd >= 0) {
    if (::poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR) return true;
    for (std::size_t i = 0; i < polls.size(); ++i) {
      if (polls[i].fd < 0 || polls[i].revents == 0) continue;
      const ssize_t size = ::read(polls[i].fd, buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) {
        polls[i].fd = -1;  // poll leaves negative ones out
        continue;
      }
      texts[i]->append(buffer.data(), static_cast<std::size_t>(size));
      if (texts[i]->size() > max_bytes) return false;
    }
  }
  return true;
}

}  // namespace

Result<ProcessOutput> run_process(const std::vector<std::string>& argv, const std::vector<std::string>& unset,
                                  std::size_t max_bytes) {
  Pipe out, err;
  if (const int code = std::max(out.status(), err.status()); code != 0) {
    return unavailable(argv.front(), "no pipe to it", code);
  }
  FileActions actions;
  ::posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(actions.get(), out.write_end(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(actions.get(), err.write_end(), STDERR_FILENO);

  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment = inherited_environment(unset);
  pid_t pid = 0;
  if (const int code =
          ::posix_spawnp(&pid, arguments[0], actions.get(), nullptr, arguments.data(), environment.data());
      code != 0) {
    return unavailable(argv.front(), "cannot be started", code);
  }
  out.close_end(1);
  err.close_end(1);

  ProcessOutput output;
  const bool complete = collect(out, err, max_bytes, output);
  if (!complete) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return unavailable(argv.front(), "its end cannot be waited for", errno);
  }
  if (!complete) {
    return make_error(ErrorCode::ResourceExhausted, "says more than " + std::to_string(max_bytes) + " bytes",
                      argv.front());
  }
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

}  // namespace resultsdb::repository
