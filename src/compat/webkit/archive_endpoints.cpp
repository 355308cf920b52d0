// POST and GET /api/upload/archive.
#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "archives.hpp"
#include "json_text.hpp"
#include "upload_codec.hpp"
#include "zip.hpp"

namespace resultsdb::webkit {
namespace {

constexpr std::uint64_t kMegabyte = 1 << 20;

Result<PlatformConfiguration> read_configuration(const Service& service, const Form& form) {
  for (const auto& [name, value] : form.fields) {
    if (name != "configuration") continue;
    boost::json::error_code error;
    const boost::json::value json = boost::json::parse(value, error);
    if (error)
      return invalid_argument("Invalid configuration, error: Expecting value: line 1 column 1 (char 0)");
    auto configuration = PlatformConfiguration::from_json(json, service.profile);
    if (!configuration)
      return invalid_argument("Invalid configuration, error: " + configuration.error().message);
    return configuration;
  }
  return PlatformConfiguration();
}

std::string field(const Form& form, std::string_view wanted) {
  for (const auto& [name, value] : form.fields)
    if (name == wanted) return value;
  return {};
}

/// A JSON string of the field, or nothing: as upload_of_form() has them.
std::string field_json(const Form& form, std::string_view wanted) {
  const std::string value = field(form, wanted);
  return value.empty() ? value : json_string(value);
}

/// The checks of an archive, in the order in which their errors are reported.
Result<CheckedUpload> check_archive(const Service& service, const http::Request& request, const Form& form,
                                    const FormPart& file) {
  if (form.fields.empty()) return invalid_argument("Expected meta-data to be json");
  CheckedUpload upload;
  RESULTSDB_ASSIGN(upload.configuration, read_configuration(service, form));
  upload.suite = field(form, "suite");
  if (upload.suite.empty()) return invalid_argument("No test suite specified");
  RESULTSDB_ASSIGN(upload.commits, register_commits(service, field_json(form, "commits")));
  if (upload.commits.empty()) return invalid_argument("No commits provided");
  const Body body(request);
  RESULTSDB_ASSIGN(const bool zip, is_zip(file.size, [&](std::uint64_t from, std::span<char> out) {
                     return body.read(file.from + from, out);
                   }));
  if (!zip) return invalid_argument("Archive is not a zipfile");
  RESULTSDB_ASSIGN(upload.started, start_of(service, field_json(form, "timestamp")));
  if (!upload.configuration.complete()) return invalid_argument("Cannot register a partial configuration");
  if (file.size > service.options.max_archive_bytes) {
    return invalid_argument("Archive larger than " +
                            std::to_string(service.options.max_archive_bytes / kMegabyte) + " MB");
  }
  upload.uuid = uuid_of(upload.commits);
  return upload;
}

Result<std::string> take(const Service& service, const http::Request& request, const Form& form) {
  const auto file = std::find_if(form.files.begin(), form.files.end(),
                                 [](const FormPart& part) { return part.name == "file"; });
  if (file == form.files.end()) return invalid_argument("No archive provided");
  RESULTSDB_ASSIGN(const CheckedUpload upload, check_archive(service, request, form, *file));
  RESULTSDB_TRY(put_archive(service, upload, Body(request), *file));
  return std::string(R"({"status":"ok"})");
}

struct Download {
  FoundArchive archive;
  AttachmentReader reader;
};

Result<Download> find_download(const Service& service, const http::Request& request) {
  static const Accepts kAccepts = archive_parameters({});
  RESULTSDB_ASSIGN(const Query query, Query::parse(service.profile, request, kAccepts));
  RESULTSDB_ASSIGN(const std::vector<FoundArchive> found, find_archives(service, query));
  const Error none = make_error(ErrorCode::NotFound, "No archives matching the specified criteria");
  if (found.empty()) return none;
  std::set<std::string_view> contents;
  for (const FoundArchive& archive : found) contents.insert(archive.content);
  if (contents.size() > 1) return invalid_argument("Multiple archives matching the specified criteria");
  RESULTSDB_ASSIGN(auto reader, archives_of(service.model).open(found.front().content));
  if (!reader) return none;  // deleted meanwhile
  return Download{found.front(), std::move(*reader)};
}

/// `mac_10-14-0_(18A391)_Release@160166800001.zip`
std::string file_name(const FoundArchive& archive) {
  std::string name = archive.configuration.text();
  for (char& c : name) {
    if (c == '.') c = '-';
    if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '/') c = '_';
  }
  return name + '@' + std::to_string(archive.uuid) + ".zip";
}

}  // namespace

http::Response post_archive(const Service& service, const http::Request& request) {
  if (auto refusal = refuse_write(service, request)) return std::move(*refusal);
  if (request.has_query) return error_response(400, "Queries not supported on this endpoint");
  const Result<Form> form = read_form(request);
  if (!form) return error_response(form.error());
  return respond(take(service, request, *form));
}

http::Response get_archive(const Service& service, const http::Request& request) {
  auto download = find_download(service, request);
  if (!download) return error_response(download.error());
  http::Response response;
  response.set_header("Content-Type", "application/zip");
  response.set_header("Content-Disposition", "attachment; filename=\"" + file_name(download->archive) + '"');
  response.set_header("Cache-Control", "no-cache");
  const auto reader = std::make_shared<AttachmentReader>(std::move(download->reader));
  response.stream = http::BodyStream{
      .size = reader->size(), .next = [reader, at = std::uint64_t{0}]() mutable -> Result<std::string> {
        RESULTSDB_ASSIGN(const std::string_view bytes, reader->read(at, SIZE_MAX));
        at += bytes.size();
        return std::string(bytes);
      }};
  return response;
}

}  // namespace resultsdb::webkit
