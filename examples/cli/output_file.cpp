#include "output_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace resultsdb::cli {

namespace fs = std::filesystem;

OutputFile::OutputFile(const std::string& path) : path_(path) {
  std::error_code ignored;
  target_ = fs::weakly_canonical(path, ignored);  // a link stays one
  if (target_.empty()) target_ = path;
  written_ = target_;
  const auto type = fs::status(target_, ignored).type();
  if (type == fs::file_type::regular || type == fs::file_type::not_found)
    written_ += ".partial-" + std::to_string(::getpid());
}

OutputFile::~OutputFile() {
  stream_.close();
  std::error_code ignored;
  if (written_ != target_) fs::remove(written_, ignored);
}

Error OutputFile::error(ErrorCode code, const std::string& what, int cause) const {
  std::string message = what;
  if (cause != 0) message += " (" + std::generic_category().message(cause) + ")";
  std::error_code ignored;
  if (written_ != target_ && fs::exists(target_, ignored)) message += "; the file is as it was before";
  return make_error(code, message, path_);
}

Status OutputFile::open() {
  errno = 0;
  stream_.open(written_, std::ios::binary | std::ios::trunc);
  if (stream_) return {};
  return error(ErrorCode::InvalidArgument, "cannot write here: name a file in a folder that you may write to",
               errno);
}

Status OutputFile::finish() {
  errno = 0;
  stream_.close();
  if (!stream_)
    return error(ErrorCode::ResourceExhausted,
                 "not everything could be written: make room or name another file", errno);
  if (written_ == target_) return {};
  std::error_code code;
  const auto old = fs::status(target_, code);
  if (fs::exists(old)) fs::permissions(written_, old.permissions(), code);
  fs::rename(written_, target_, code);
  if (code)
    return error(ErrorCode::InvalidArgument, "the written file cannot take its place: name another file",
                 code.value());
  return {};
}

}  // namespace resultsdb::cli
