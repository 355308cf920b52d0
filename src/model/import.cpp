// Reads what export.cpp wrote.
#include <algorithm>
#include <boost/json.hpp>
#include <istream>
#include <utility>

#include "model/model_implementation.hpp"
#include "resultsdb/attachments.hpp"
#include "resultsdb/base64url.hpp"

namespace resultsdb {
namespace {

namespace bj = boost::json;

constexpr std::size_t kBatchCommits = 5'000;
constexpr std::size_t kBatchDocuments = 1'000, kBatchDocumentBytes = 16u << 20;

std::string_view view(const bj::string& text) { return {text.data(), text.size()}; }

// The readers below throw std::exception for what is of another type; read_line() turns that into an Error.
std::string text_of(const bj::object& object, const char* name, std::string_view otherwise = {}) {
  const bj::value* value = object.if_contains(name);
  return std::string(value ? view(value->as_string()) : otherwise);
}

std::int64_t number_of(const bj::object& object, const char* name, std::int64_t otherwise = 0) {
  const bj::value* value = object.if_contains(name);
  return value ? value->to_number<std::int64_t>() : otherwise;
}

std::optional<Time> time_of(const bj::object& object, const char* name) {
  const bj::value* value = object.if_contains(name);
  return value ? std::optional(from_micros(value->to_number<std::int64_t>())) : std::nullopt;
}

std::vector<std::string> texts_of(const bj::value& value) {
  std::vector<std::string> texts;
  for (const bj::value& text : value.as_array()) texts.emplace_back(view(text.as_string()));
  return texts;
}

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

Commit read_commit(const bj::object& object) {
  Commit commit;
  commit.repository = text_of(object, "repository");
  commit.branch = text_of(object, "branch");
  commit.hash = text_of(object, "hash");
  commit.revision = number_of(object, "revision");
  commit.identifier = text_of(object, "identifier");
  commit.timestamp = time_of(object, "timestamp");
  commit.order = number_of(object, "order");
  commit.author.name = text_of(object, "author");
  if (const bj::value* emails = object.if_contains("emails")) commit.author.emails = texts_of(*emails);
  commit.message = text_of(object, "message");
  if (const bj::value* parents = object.if_contains("parents")) commit.parents = texts_of(*parents);
  commit.position = object.at("position").to_number<Position>();
  return commit;
}

Attributes pairs_of(const bj::object& object, const char* name) {
  Attributes pairs;
  const bj::value* list = object.if_contains(name);
  if (list == nullptr) return pairs;
  for (const bj::value& item : list->as_array()) {
    const std::vector<std::string> pair = texts_of(item);
    pairs.emplace_back(pair.at(0), pair.at(1));
  }
  return pairs;
}

storage::Document read_document(const bj::object& object) {
  storage::Document document;
  document.collection = text_of(object, "collection");
  document.key = text_of(object, "key");
  document.text = text_of(object, "text");
  document.attributes = pairs_of(object, "attributes");
  document.unique = pairs_of(object, "unique");
  return document;
}

RunHeader read_header(const bj::object& object) {
  RunHeader header;
  header.suite = text_of(object, "suite");
  header.branch = text_of(object, "branch");
  for (const auto& facet : object.at("configuration").as_object())
    header.configuration.set(std::string(facet.key()), std::string(view(facet.value().as_string())));
  header.order_key = parse_order_key(text_of(object, "order", "commit")).value();
  header.id = text_of(object, "id");
  header.position = object.at("position").to_number<Position>();
  header.started = time_of(object, "started").value();
  header.finished = time_of(object, "finished");
  header.variant = text_of(object, "variant");
  header.state = parse_run_state(text_of(object, "state", "final")).value();
  if (const bj::value* attempt = object.if_contains("attempt")) header.attempt = attempt->to_number<int>();
  for (const bj::value& item : object.at("commits").as_array()) {
    const bj::object& commit = item.as_object();
    header.commits.push_back(
        {text_of(commit, "repository"), text_of(commit, "id"), commit.at("position").to_number<Position>()});
  }
  header.attributes = pairs_of(object, "attributes");
  for (const bj::value& item : object.at("links").as_array()) {
    const std::vector<std::string> link = texts_of(item);
    header.links.push_back({link.at(0), link.at(1), link.at(2)});
  }
  header.digest = bytes_of(text_of(object, "digest"));
  return header;
}

void read_result(const bj::object& object, ResultTable& results) {
  const std::string test = text_of(object, "test"), expected = text_of(object, "expected", "PASS"),
                    actual = text_of(object, "actual", "PASS"), attributes = text_of(object, "attributes"),
                    detail = text_of(object, "detail");
  TestResult result{
      .test = test, .expected = expected, .actual = actual, .attributes = attributes, .detail = detail};
  if (object.contains("duration")) result.duration = Duration(number_of(object, "duration"));
  result.tries = object.contains("tries") ? object.at("tries").to_number<std::uint32_t>() : 0;
  result.passes = object.contains("passes") ? object.at("passes").to_number<std::uint32_t>() : 0;
  results.add(result);
}

/// Takes the lines of attachments: the bytes of a content follow the first one that has it.
class ImportedAttachments {
 public:
  ImportedAttachments(storage::Storage& storage, const Clock& clock) : storage_(storage), clock_(clock) {}

  Status begin(const bj::object& object) {
    RESULTSDB_TRY(end());
    Attachment attachment{.name = text_of(object, "name"),
                          .content = text_of(object, "content"),
                          .text = text_of(object, "text"),
                          .attributes = pairs_of(object, "attributes")};
    Attachments set(storage_, text_of(object, "set"));
    RESULTSDB_ASSIGN(const auto known, set.get(attachment.name));
    if (known && *known == attachment) return {};
    RESULTSDB_ASSIGN(const auto content, set.open(attachment.content));
    if (content) {
      RESULTSDB_TRY(set.link(attachment));
      return {};
    }
    size_ = object.at("size").to_number<std::uint64_t>();
    attachment_ = std::move(attachment);
    writer_.emplace(set.write(clock_()));
    return size_ == 0 ? finish() : Status();
  }

  Status add(const std::string& text) {
    if (!writer_) return {};  // the content is there
    const auto bytes = base64url_decode(text);
    if (!bytes) return invalid_argument("the bytes of an attachment are not base64");
    writer_->renew(clock_());  // however long the whole import takes
    RESULTSDB_TRY(writer_->append(*bytes));
    return writer_->size() < size_ ? Status() : finish();
  }

  /// The rest of the bytes does not follow.
  void drop() { writer_.reset(); }

  Status end() {
    if (!writer_) return {};
    drop();
    return invalid_argument("bytes of the attachment `" + attachment_.name + "` are missing");
  }

 private:
  Status finish() {
    if (writer_->content() != attachment_.content) {
      writer_.reset();
      return invalid_argument("the bytes of the attachment `" + attachment_.name +
                              "` are not those of its content");
    }
    const auto stored = writer_->finish(attachment_);
    writer_.reset();
    return stored ? Status() : Status(stored.error());
  }

  storage::Storage& storage_;
  const Clock& clock_;
  Attachment attachment_;
  std::uint64_t size_ = 0;
  std::optional<AttachmentWriter> writer_;
};

class Importing {
 public:
  Importing(ModelCore& model, const Clock& clock)
      : model_(model), received_(clock()), attachments_(model.storage(), clock) {}

  Status read_line(std::string_view line) {
    Status status;
    try {
      status = read_object(bj::parse({line.data(), line.size()}).as_object());
    } catch (const boost::system::system_error& error) {  // its what() names lines of Boost
      status = invalid_argument("this is no line of an export: " + error.code().message());
    } catch (const std::exception& error) {
      status = invalid_argument(std::string("this is no line of an export: ") + error.what());
    }
    return status;
  }

  /// Nothing follows.
  Status end() {
    RESULTSDB_TRY(attachments_.end());
    return flush();
  }
  /// Stores the commits and documents that are not stored yet.
  Status flush() {
    RESULTSDB_TRY(flush_commits());
    return flush_documents();
  }

  ImportReport report;

 private:
  Status read_object(const bj::object& object) {
    if (const bj::value* commit = object.if_contains("commit")) {
      commits_.push_back(read_commit(commit->as_object()));
      return commits_.size() < kBatchCommits ? Status() : flush();
    }
    if (const bj::value* document = object.if_contains("document"))
      return add(read_document(document->as_object()));
    if (const bj::value* run = object.if_contains("run")) return read_run(run->as_object());
    if (const bj::value* attachment = object.if_contains("attachment")) {
      ++report.attachments;
      return attachments_.begin(attachment->as_object());
    }
    if (object.contains("bytes")) return attachments_.add(text_of(object, "bytes"));
    if (object.contains("deleted")) {  // while it was exported
      attachments_.drop();
      return {};
    }
    if (text_of(object, "format") == "resultsdb" && number_of(object, "version") == 1) return {};
    return invalid_argument("no commit, document, attachment or run, or an export of a newer version");
  }

  Status flush_commits() {
    if (commits_.empty()) return {};
    RESULTSDB_TRY(model_.register_commits(commits_, /*prescribed=*/true, /*overwrite=*/true));
    report.commits += commits_.size();
    commits_.clear();
    return {};
  }

  /// Documents of one collection are stored together, so that they may exchange their unique pairs.
  Status add(storage::Document document) {
    ++report.documents;
    if (document.collection != documents_.collection || documents_.puts.size() >= kBatchDocuments ||
        document_bytes_ >= kBatchDocumentBytes)
      RESULTSDB_TRY(flush_documents());
    documents_.collection = document.collection;
    RESULTSDB_ASSIGN(const auto stored, model_.storage().get_document(document.collection, document.key));
    if (stored && stored->text == document.text && stored->attributes == document.attributes &&
        stored->unique == document.unique)
      return {};
    document_bytes_ += document.text.size();
    documents_.puts.push_back({.document = std::move(document), .expected_version = {}});
    return {};
  }

  Status flush_documents() {
    if (documents_.puts.empty()) return {};
    RESULTSDB_TRY(model_.storage().apply(documents_));
    documents_.puts.clear();
    document_bytes_ = 0;
    return {};
  }

  Status read_run(const bj::object& object) {
    RESULTSDB_TRY(flush());
    const RunHeader header = read_header(object);
    ResultTable results;
    for (const bj::value& result : object.at("results").as_array()) read_result(result.as_object(), results);
    if (const bj::value* lost = object.if_contains("lost"))
      for (const std::string& test : texts_of(*lost)) results.add_lost(test);
    engine::PutOptions options{.ingest = {.received = time_of(object, "received").value_or(received_)}};
    options.lease_until = time_of(object, "lease_until");
    RESULTSDB_ASSIGN(const Ingested stored, model_.put(header, results, options));
    ++(stored.stored == Ingested::Stored::Unchanged ? report.runs_unchanged : report.runs_added);
    return {};
  }

  ModelCore& model_;
  const Time received_;
  ImportedAttachments attachments_;
  std::vector<Commit> commits_;
  storage::DocumentBatch documents_;
  std::size_t document_bytes_ = 0;
};

}  // namespace

Result<ImportReport> Model::import_from(std::istream& in, const Clock& clock,
                                        const ProgressCallback& progress) {
  Importing importing(*implementation_, clock);
  std::string line;
  std::uint64_t number = 0;
  while (std::getline(in, line)) {
    ++number;
    if (progress && !progress({"import", number, 0})) return make_error(ErrorCode::Unavailable, "stopped");
    if (line.empty()) continue;
    if (Status status = importing.read_line(line); !status) {
      Error error = std::move(status).error();
      error.context = "line " + std::to_string(number) + (error.context.empty() ? "" : ", " + error.context);
      return error;
    }
  }
  RESULTSDB_TRY(importing.end());
  return importing.report;
}

}  // namespace resultsdb
