#include "resultsdb/http/body_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace resultsdb::http {
namespace {

Error file_error(ErrorCode code, int number) {
  return make_error(code, "a temporary file: " + std::generic_category().message(number));
}

}  // namespace

Result<std::shared_ptr<BodyFile>> BodyFile::create(const std::string& folder) {
  std::error_code ec;
  const auto place =
      folder.empty() ? std::filesystem::temp_directory_path(ec) : std::filesystem::path(folder);
  if (ec) return file_error(ErrorCode::Unavailable, ec.value());
  std::string name = (place / "resultsdb-body-XXXXXX").string();
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) return file_error(ErrorCode::Unavailable, errno);
  ::unlink(name.c_str());
  return std::shared_ptr<BodyFile>(new BodyFile(descriptor));
}

BodyFile::~BodyFile() { ::close(descriptor_); }

Status BodyFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error(ErrorCode::ResourceExhausted, errno);
    size_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::size_t> BodyFile::read(std::uint64_t from, std::span<char> out) const {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const auto got =
        ::pread(descriptor_, out.data() + filled, out.size() - filled, static_cast<off_t>(from + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(ErrorCode::Unavailable, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

}  // namespace resultsdb::http
