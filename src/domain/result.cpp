#include "resultsdb/result.hpp"

namespace resultsdb {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return "InvalidArgument";
    case ErrorCode::NotFound:
      return "NotFound";
    case ErrorCode::AlreadyExists:
      return "AlreadyExists";
    case ErrorCode::Conflict:
      return "Conflict";
    case ErrorCode::Unavailable:
      return "Unavailable";
    case ErrorCode::Corrupt:
      return "Corrupt";
    case ErrorCode::SchemaMismatch:
      return "SchemaMismatch";
    case ErrorCode::PermissionDenied:
      return "PermissionDenied";
    case ErrorCode::ResourceExhausted:
      return "ResourceExhausted";
    case ErrorCode::Internal:
      return "Internal";
  }
  return "Internal";
}

std::ostream& operator<<(std::ostream& out, const Error& error) {
  out << to_string(error.code) << ": " << error.text();
  if (!error.backend.empty()) out << " [" << error.backend << ' ' << error.native_code << ']';
  return out;
}

}  // namespace resultsdb
