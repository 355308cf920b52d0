// The whole store as JSON lines by natural keys; import.cpp reads them.
#include <algorithm>
#include <array>
#include <ostream>
#include <set>
#include <utility>

#include "domain/hex.hpp"
#include "engine/run_reader.hpp"
#include "model/model_implementation.hpp"
#include "resultsdb/attachments.hpp"
#include "resultsdb/base64url.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb {
namespace {

constexpr std::uint32_t kPageDocuments = 100;  // they may be large

/// Members of one JSON object, those that say nothing left out.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  ~ObjectWriter() { out_ += '}'; }

  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    json::append_string(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value, std::string_view usual = {}) {
    if (value != usual) json::append_string(member(name), value);
  }
  void number(std::string_view name, std::int64_t value, std::int64_t usual = 0) {
    if (value != usual) json::append_number(member(name), value);
  }
  void time(std::string_view name, const std::optional<Time>& value) {
    if (value) json::append_number(member(name), to_micros(*value));
  }

 private:
  std::string& out_;
  bool first_ = true;
};

template <class List, class Append>
void append_list(std::string& out, const List& list, Append append) {
  char separator = '[';
  for (const auto& item : list) {
    out += separator;
    append(item);
    separator = ',';
  }
  if (list.empty()) out += '[';
  out += ']';
}

void append_texts(std::string& out, const std::vector<std::string>& texts) {
  append_list(out, texts, [&](const std::string& text) { json::append_string(out, text); });
}

void append_commit(std::string& out, const Commit& commit) {
  ObjectWriter object(out);
  object.text("repository", commit.repository);
  object.text("branch", commit.branch);
  object.text("hash", commit.hash);
  object.number("revision", commit.revision);
  object.text("identifier", commit.identifier);
  object.time("timestamp", commit.timestamp);
  object.number("order", commit.order);
  object.text("author", commit.author.name);
  if (!commit.author.emails.empty()) append_texts(object.member("emails"), commit.author.emails);
  object.text("message", commit.message);
  if (!commit.parents.empty()) append_texts(object.member("parents"), commit.parents);
  json::append_number(object.member("position"), *commit.position);
}

void append_pairs(std::string& out, const Attributes& pairs) {
  append_list(out, pairs, [&](const auto& pair) { append_texts(out, {pair.first, pair.second}); });
}

/// The text is a string of its own: spaces and line ends in it come back as they were.
void append_document(std::string& out, const storage::Document& document) {
  ObjectWriter object(out);
  object.text("collection", document.collection);
  object.text("key", document.key);
  object.text("text", document.text);
  if (!document.attributes.empty()) append_pairs(object.member("attributes"), document.attributes);
  if (!document.unique.empty()) append_pairs(object.member("unique"), document.unique);
}

void append_result(std::string& out, const RunResults::Row& row) {
  ObjectWriter object(out);
  object.text("test", row.test);
  object.text("expected", row.outcome.expected, "PASS");
  object.text("actual", row.outcome.actual, "PASS");
  if (row.duration) json::append_number(object.member("duration"), std::int64_t{row.duration->count()});
  object.number("tries", row.tries);
  object.number("passes", row.passes);
  object.text("attributes", row.attributes);
  object.text("detail", row.detail);
}

void append_header(ObjectWriter& object, const RunInfo& run, bool with_received) {
  object.text("suite", run.suite);
  object.text("branch", run.branch);
  object.member("configuration") += run.configuration.json();
  object.text("order", to_string(run.order_key), to_string(OrderKey::Commit));
  object.text("id", run.id);
  json::append_number(object.member("position"), run.position);
  object.time("started", run.started);
  object.time("finished", run.finished);
  object.time("lease_until", run.lease_until);
  object.text("variant", run.variant);
  object.text("state", to_string(run.state), to_string(RunState::Final));
  object.number("attempt", run.attempt, 1);
  std::string& out = object.member("commits");
  append_list(out, run.commits, [&](const RunCommit& commit) {
    ObjectWriter member(out);
    member.text("repository", commit.repository);
    member.text("id", commit.id);
    json::append_number(member.member("position"), commit.position);
  });
  append_pairs(object.member("attributes"), run.attributes);
  object.member("links");
  append_list(out, run.links,
              [&](const Link& link) { append_texts(out, {link.rel, link.label, link.href}); });
  object.text("digest", domain::hex(run.digest));
  if (with_received) object.time("received", run.received);
}

void append_run(std::string& out, const RunResults& results, bool with_received) {
  ObjectWriter object(out);
  append_header(object, *results.run, with_received);
  append_list(object.member("results"), results.rows, [&](const auto& row) { append_result(out, row); });
  if (!results.lost.empty()) append_texts(object.member("lost"), results.lost);
}

Status check_output(const std::ostream& out) {
  if (out) return {};
  return make_error(ErrorCode::ResourceExhausted,
                    "not everything could be written: make room where the output goes", "export");
}

Status write_line(std::ostream& out, std::string line) {
  line += '\n';
  out.write(line.data(), static_cast<std::streamsize>(line.size()));
  return check_output(out);
}

Status export_commits(storage::Storage& storage, std::ostream& out) {
  RESULTSDB_ASSIGN(auto repositories, storage.find_repositories());
  std::sort(repositories.begin(), repositories.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const storage::RepositoryRow& repository : repositories) {
    storage::Paging paging{.limit = limits::kPageRows};
    do {
      RESULTSDB_ASSIGN(auto page,
                       storage.find_commits({.repository = repository.name, .ascending = true}, paging));
      for (const Commit& commit : page.rows) {
        std::string line = "{\"commit\":";
        append_commit(line, commit);
        RESULTSDB_TRY(write_line(out, line + "}"));
      }
      paging.token = std::move(page.next);
    } while (!paging.token.empty());
  }
  return {};
}

/// The bytes of a content, in lines that follow the first attachment with it.
Status export_bytes(AttachmentReader& reader, std::ostream& out) {
  for (std::uint64_t at = 0; at < reader.size();) {
    RESULTSDB_ASSIGN(const std::string_view bytes, reader.read(at, SIZE_MAX));
    at += bytes.size();
    RESULTSDB_TRY(write_line(out, R"({"bytes":")" + base64url_encode(bytes) + R"("})"));
  }
  return {};
}

std::string attachment_line(std::string_view set, const Attachment& attachment, std::uint64_t size) {
  std::string line = "{\"attachment\":";
  {
    ObjectWriter object(line);
    object.text("set", set);
    object.text("name", attachment.name);
    object.text("content", attachment.content);
    json::append_number(object.member("size"), static_cast<std::int64_t>(size));
    object.text("text", attachment.text);
    if (!attachment.attributes.empty()) append_pairs(object.member("attributes"), attachment.attributes);
  }
  return line + "}";
}

/// Nothing is read from an attachment whose content went while it was written: the line that follows it says
/// so. `written` are the contents whose bytes were written.
Status export_attachment(Attachments& attachments, std::string_view set, const Attachment& attachment,
                         std::set<std::string>& written, std::ostream& out) {
  Status status;
  for (int attempt = 0; attempt < 2; ++attempt) {  // a part that is missing twice was not deleted just now
    RESULTSDB_ASSIGN(auto reader, attachments.open(attachment.content));
    if (!reader) return {};
    RESULTSDB_TRY(write_line(out, attachment_line(set, attachment, reader->size())));
    if (written.contains(attachment.content)) return {};
    status = export_bytes(*reader, out);
    if (status) written.insert(attachment.content);
    if (status || status.error().code != ErrorCode::NotFound) return status;
    std::string line = "{\"deleted\":";
    json::append_string(line, attachment.name);
    RESULTSDB_TRY(write_line(out, line + "}"));
  }
  return status;
}

Status export_attachments(storage::Storage& storage, std::string_view set, std::ostream& out) {
  Attachments attachments(storage, set);
  std::set<std::string> written;
  AttachmentsQuery query{.limit = kPageDocuments};
  do {
    RESULTSDB_ASSIGN(auto page, attachments.find(query));
    for (const Attachment& attachment : page.items)
      RESULTSDB_TRY(export_attachment(attachments, set, attachment, written, out));
    query.page = std::move(page.next);
  } while (!query.page.empty());
  return {};
}

Status export_documents(storage::Storage& storage, std::ostream& out) {
  RESULTSDB_ASSIGN(const auto collections, storage.list_collections());
  for (const std::string& collection : collections) {
    if (const auto set = attachment_set_of(collection)) {
      RESULTSDB_TRY(export_attachments(storage, *set, out));
      continue;
    }
    storage::Paging paging{.limit = kPageDocuments};
    do {
      RESULTSDB_ASSIGN(auto page, storage.find_documents({.collection = collection}, paging));
      for (const storage::Document& document : page.rows) {
        std::string line = "{\"document\":";
        append_document(line, document);
        RESULTSDB_TRY(write_line(out, line + "}"));
      }
      paging.token = std::move(page.next);
    } while (!paging.token.empty());
  }
  return {};
}

}  // namespace

Status Model::export_to(std::ostream& out, const ExportOptions& options, const ProgressCallback& progress) {
  RESULTSDB_TRY(write_line(out, R"({"format":"resultsdb","version":1})"));
  if (options.suite.empty()) {
    RESULTSDB_TRY(export_commits(implementation_->storage(), out));
    RESULTSDB_TRY(export_documents(implementation_->storage(), out));
  }
  RESULTSDB_ASSIGN(const auto suites, implementation_->suite_names(options.suite));
  std::uint64_t done = 0;
  for (const std::string& suite : suites) {
    RESULTSDB_ASSIGN(const auto timelines, this->timelines(suite));
    for (const TimelineInfo& timeline : timelines) {
      RunsQuery query{.suite = suite, .selection = {.timelines = {timeline.id}}, .ascending = true};
      RESULTSDB_ASSIGN(const auto runs, this->runs(query));
      for (const RunInfoPtr& run : runs) {
        if (progress && !progress({"export", done++, 0}))
          return make_error(ErrorCode::Unavailable, "stopped");
        RESULTSDB_ASSIGN(const auto results,
                         engine::read_results(*implementation_->suite(suite),
                                              {.run = run->id, .details = true}, Time::min()));
        if (!results) continue;  // deleted meanwhile
        std::string line = "{\"run\":";
        append_run(line, *results, options.with_received);
        RESULTSDB_TRY(write_line(out, line + "}"));
      }
    }
  }
  return check_output(out.flush());
}

}  // namespace resultsdb
