#include "http_post.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

extern "C" char** environ;  // NOLINT: POSIX wants it declared by hand

namespace resultsdb::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
/// Gone from the folder as soon as it is made.
using TemporaryFile = std::unique_ptr<std::FILE, CloseFile>;

std::string content_of(std::FILE* file) {
  std::string text;
  std::array<char, 1 << 16> buffer{};
  std::rewind(file);
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file))
    text.append(buffer.data(), size);
  return text;
}

/// curl's exit code, with its output and error output in files. Unavailable if it cannot be started.
Result<int> run_curl(const std::vector<std::string>& arguments, std::FILE* in, std::FILE* out,
                     std::FILE* err) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ::fileno(in), 0);
  ::posix_spawn_file_actions_adddup2(&actions, ::fileno(out), 1);
  ::posix_spawn_file_actions_adddup2(&actions, ::fileno(err), 2);
  pid_t pid = 0;
  const int code = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code != 0)
    return make_error(
        ErrorCode::InvalidArgument,
        "the program curl, which sends the uploads, cannot be started: " + std::string(std::strerror(code)));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return make_error(ErrorCode::Unavailable, std::strerror(errno), "curl");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<HttpAnswer> post_json(const std::string& url, const std::string& document) {
  const TemporaryFile in(std::tmpfile()), out(std::tmpfile()), err(std::tmpfile());
  if (!in || !out || !err || std::fwrite(document.data(), 1, document.size(), in.get()) != document.size() ||
      std::fflush(in.get()) != 0)
    return make_error(ErrorCode::ResourceExhausted, std::strerror(errno), "temporary file");
  std::rewind(in.get());
  // --disable: a user's .curlrc may ask for other output. The status stands behind the body.
  RESULTSDB_ASSIGN(const int code, run_curl({"curl",
                                             "--disable",
                                             "--silent",
                                             "--show-error",
                                             "--globoff",
                                             "--proto",
                                             "=http,https",
                                             "--connect-timeout",
                                             "10",
                                             "--max-time",
                                             "300",
                                             "--header",
                                             "Content-Type: application/json",
                                             "--header",
                                             "Expect:",
                                             "--write-out",
                                             "%{http_code}",
                                             "--data-binary",
                                             "@-",
                                             "--url",
                                             url},
                                            in.get(), out.get(), err.get()));
  std::string answer = content_of(out.get());
  constexpr int kBadUrl = 3, kUnsupportedProtocol = 1;
  if (code != 0) {
    std::string why = content_of(err.get());
    while (why.ends_with('\n')) why.pop_back();
    const bool is_url = code == kBadUrl || code == kUnsupportedProtocol;
    return make_error(is_url ? ErrorCode::InvalidArgument : ErrorCode::Unavailable, why, url);
  }
  constexpr std::size_t kStatusDigits = 3;
  if (answer.size() < kStatusDigits) return make_error(ErrorCode::Unavailable, "no status", url);
  HttpAnswer result;
  result.status = std::atoi(answer.c_str() + answer.size() - kStatusDigits);
  answer.resize(answer.size() - kStatusDigits);
  result.body = std::move(answer);
  return result;
}

}  // namespace resultsdb::cli
