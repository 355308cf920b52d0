// Attachments are documents of one collection, with the bytes in chunks beside them:
//   content/DIGEST  which blob holds the bytes, and how many there are
//   link/NAME       an attachment; its attribute `content` is the digest
//   pending/BLOB    a blob that no content names: being written, or being deleted
//   held/BLOB       a blob that a content names
// Every step is one batch. Whoever adds or removes a name of a content puts the document of its blob again,
// so that of two who do it at once one has to look again. The content's own document would not do: a content
// that goes and comes again begins at the same version, but with another blob.
#include "resultsdb/attachments.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <random>
#include <utility>

#include "domain/hex.hpp"
#include "domain/sha256.hpp"

namespace resultsdb {
namespace {

using storage::DocumentBatch;
using storage::Storage;

constexpr std::size_t kChunk = 256 << 10;
constexpr std::size_t kChunksAtOnce = 4;      // of a batch while writing
constexpr std::uint32_t kDeletedAtOnce = 64;  // chunks
constexpr int kRounds = 100;                  // of writers that all want the same content
constexpr std::string_view kSet = "attachments.", kContent = "content/", kLink = "link/",
                           kPending = "pending/", kHeld = "held/";
constexpr char kContentAttribute[] = "content";
constexpr std::uint32_t kPage = 100;

std::string key(std::string_view kind, std::string_view name) { return std::string(kind).append(name); }

/// Another one with every call, in every process.
std::string new_blob() {
  std::random_device random;
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes += static_cast<char>(random());
  return domain::hex(bytes);
}

std::uint32_t chunks_of(std::uint64_t size, std::uint64_t chunk_bytes) {
  return static_cast<std::uint32_t>((size + chunk_bytes - 1) / chunk_bytes);
}

bool is_conflict(const Status& status) { return !status && status.error().code == ErrorCode::Conflict; }

Error corrupt(const Document& document) {
  return make_error(ErrorCode::Corrupt, "this is not what was written",
                    document.collection + '/' + document.key);
}

struct Content {
  std::string blob;
  std::uint64_t size = 0, chunk_bytes = kChunk;
  bool held = true;  ///< has a document of that kind; those of the first versions have not

  std::uint32_t chunks() const { return chunks_of(size, chunk_bytes); }
  std::string text() const {
    return R"({"blob":")" + blob + R"(","size":)" + std::to_string(size) + R"(,"chunk":)" +
           std::to_string(chunk_bytes) + (held ? R"(,"held":true})" : "}");
  }
  static Result<Content> read(const Document& document) {
    try {
      const auto object = boost::json::parse(document.text).as_object();
      Content content{.blob = std::string(object.at("blob").as_string()),
                      .size = object.at("size").to_number<std::uint64_t>(),
                      .chunk_bytes = object.at("chunk").to_number<std::uint64_t>(),
                      .held = object.contains("held")};
      if (content.chunk_bytes > 0) return content;
    } catch (const std::exception&) {
    }
    return corrupt(document);
  }
};

/// A blob that no content names.
struct Pending {
  std::uint32_t chunks = 0;  ///< it has at most these
  std::int64_t since =
      0;  ///< when its writer began or renewed its lease, in microseconds; 0: it is of no use any more

  std::string text() const {
    return R"({"chunks":)" + std::to_string(chunks) + R"(,"since":)" + std::to_string(since) + "}";
  }
  static Result<Pending> read(const Document& document) {
    try {
      const auto object = boost::json::parse(document.text).as_object();
      return Pending{.chunks = object.at("chunks").to_number<std::uint32_t>(),
                     .since = object.at("since").to_number<std::int64_t>()};
    } catch (const std::exception&) {
    }
    return corrupt(document);
  }
};

void put(DocumentBatch& batch, std::string name, std::string text, std::optional<std::uint64_t> expected) {
  batch.puts.push_back(
      {.document = {.key = std::move(name), .text = std::move(text)}, .expected_version = expected});
}

Attachment attachment_of(Document document) {
  Attachment attachment{
      .name = document.key.substr(kLink.size()), .content = {}, .text = std::move(document.text)};
  for (auto& [name, value] : document.attributes) {
    if (name == kContentAttribute) {
      attachment.content = std::move(value);
    } else {
      attachment.attributes.emplace_back(std::move(name), std::move(value));
    }
  }
  return attachment;
}

/// What all calls on one collection share.
class Set {
 public:
  Set(Storage& storage, const std::string& collection) : storage_(storage), collection_(collection) {}

  DocumentBatch batch() const { return {.collection = collection_}; }
  Status apply(const DocumentBatch& batch) { return storage_.apply(batch); }
  Result<std::optional<Document>> get(std::string_view kind, std::string_view name) {
    return storage_.get_document(collection_, key(kind, name));
  }

  /// The document that whoever changes the names of a content puts again. Conflict if the content went
  /// meanwhile.
  Result<Document> guard(const Document& content) {
    RESULTSDB_ASSIGN(const Content bytes, Content::read(content));
    if (!bytes.held) return content;
    RESULTSDB_ASSIGN(auto held, get(kHeld, bytes.blob));
    if (!held) return make_error(ErrorCode::Conflict, "the content was deleted meanwhile", content.key);
    return std::move(*held);
  }

  /// To `batch`: the content gets a name.
  Status hold(DocumentBatch& batch, const Document& content) {
    RESULTSDB_ASSIGN(const Document guard, this->guard(content));
    put(batch, guard.key, guard.text, guard.version);
    return {};
  }

  /// To `batch`: a name goes that the content has. A content without another one goes too.
  Status release(DocumentBatch& batch, const std::string& digest, const std::string& name) {
    RESULTSDB_ASSIGN(const auto content, get(kContent, digest));
    if (!content) return {};
    RESULTSDB_ASSIGN(const Document guard, this->guard(*content));
    RESULTSDB_ASSIGN(const auto links, storage_.find_documents({.collection = collection_,
                                                                .key_prefix = std::string(kLink),
                                                                .attributes = {{kContentAttribute, digest}}},
                                                               {.limit = 2}));
    const bool others = std::any_of(links.rows.begin(), links.rows.end(),
                                    [&](const Document& link) { return link.key != key(kLink, name); });
    if (others) {
      put(batch, guard.key, guard.text, guard.version);
      return {};
    }
    RESULTSDB_ASSIGN(const Content bytes, Content::read(*content));
    batch.deletes.push_back({.key = guard.key, .expected_version = guard.version});
    if (bytes.held) batch.deletes.push_back({.key = content->key, .expected_version = {}});
    put(batch, key(kPending, bytes.blob), Pending{.chunks = bytes.chunks()}.text(), 0);
    released.push_back(bytes.blob);
    return {};
  }

  /// To `batch`: the name and what it replaces.
  Status add_link(DocumentBatch& batch, const Attachment& what) {
    RESULTSDB_ASSIGN(const auto before, get(kLink, what.name));
    if (before) {
      const std::string old = attachment_of(*before).content;
      if (old != what.content) RESULTSDB_TRY(release(batch, old, what.name));
    }
    Document link{.key = key(kLink, what.name), .text = what.text, .attributes = what.attributes};
    link.attributes.emplace_back(kContentAttribute, what.content);
    batch.puts.push_back({.document = std::move(link), .expected_version = before ? before->version : 0});
    return {};
  }

  /// Deletes a pending blob. Somebody else who does the same is left to it.
  Status discard(const std::string& blob) {
    RESULTSDB_ASSIGN(const auto document, get(kPending, blob));
    return document ? discard(*document) : Status();
  }
  Status discard(const Document& document) {
    RESULTSDB_ASSIGN(Pending pending, Pending::read(document));
    const std::string blob = document.key.substr(kPending.size());
    std::uint64_t version = document.version;
    do {
      DocumentBatch batch = this->batch();
      for (std::uint32_t i = 0; i < kDeletedAtOnce && pending.chunks > 0; ++i)
        batch.delete_chunks.push_back({.key = blob, .number = --pending.chunks, .bytes = {}});
      pending.since = 0;
      if (pending.chunks > 0) {
        put(batch, document.key, pending.text(), version);
      } else {
        batch.deletes.push_back({.key = document.key, .expected_version = version});
      }
      const Status status = apply(batch);
      if (is_conflict(status)) return {};
      RESULTSDB_TRY(status);
      ++version;
    } while (pending.chunks > 0);
    return {};
  }

  /// Applies what `fill` puts into a batch, again after Conflict, then deletes the blobs that were released.
  template <class Fill>
  Status change(Fill fill) {
    Status status;
    for (int round = 0; round < kRounds; ++round) {
      DocumentBatch batch = this->batch();
      released.clear();
      status = fill(batch);
      if (status && batch.puts.empty() && batch.deletes.empty()) return {};
      if (status) status = apply(batch);
      if (is_conflict(status)) continue;
      RESULTSDB_TRY(status);
      for (const std::string& blob : released) RESULTSDB_TRY(discard(blob));
      return {};
    }
    return status;
  }

  /// All documents of one kind.
  template <class Each>
  Status for_each(std::string_view kind, Each each) {
    storage::Paging paging{.limit = kPage};
    do {
      RESULTSDB_ASSIGN(auto page, storage_.find_documents(
                                      {.collection = collection_, .key_prefix = std::string(kind)}, paging));
      for (const Document& document : page.rows) RESULTSDB_TRY(each(document));
      paging.token = std::move(page.next);
    } while (!paging.token.empty());
    return {};
  }

  std::vector<std::string> released;  ///< blobs that a change made pending

 private:
  Storage& storage_;
  const std::string& collection_;
};

Status check_attributes(const Attachment& what) {
  for (const auto& [name, value] : what.attributes)
    if (name == kContentAttribute) return invalid_argument("the name `content` is taken", "attributes");
  return {};
}

}  // namespace

// --- reading

Result<std::string_view> AttachmentReader::read(std::uint64_t from, std::size_t most) {
  if (from >= size_) return std::string_view();
  const auto number = static_cast<std::uint32_t>(from / chunk_bytes_);
  if (number_ != number) {
    number_.reset();
    RESULTSDB_ASSIGN(auto bytes, storage_->read_chunk(collection_, blob_, number));
    if (!bytes)
      return make_error(ErrorCode::NotFound, "the content was deleted, or a part of it is missing", blob_);
    const std::uint64_t begin = number * chunk_bytes_;
    if (bytes->size() != std::min(chunk_bytes_, size_ - begin))
      return make_error(ErrorCode::Corrupt, "a part of the content has another size than was written", blob_);
    chunk_ = std::move(*bytes);
    number_ = number;
  }
  return std::string_view(chunk_).substr(static_cast<std::size_t>(from - number * chunk_bytes_), most);
}

// --- writing

class AttachmentWriter::Implementation {
 public:
  Implementation(std::shared_ptr<Model> model, Storage& storage, std::string collection, Time now)
      : model_(std::move(model)),
        storage_(storage),
        collection_(std::move(collection)),
        since_(to_micros(now)) {}
  ~Implementation() {
    if (pending_version_ > 0) static_cast<void>(Set(storage_, collection_).discard(blob_));
  }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  void renew(Time now) noexcept { since_ = to_micros(now); }
  std::uint64_t size() const noexcept { return size_; }
  std::string content() const { return domain::hex(domain::Sha256(sha_).finish()); }

  Status append(std::string_view bytes) {
    sha_.update(bytes);
    size_ += bytes.size();
    if (size_ / kChunk >= UINT32_MAX) return invalid_argument("the attachment is too large");
    while (!bytes.empty()) {
      const std::size_t part = std::min(bytes.size(), kChunk * kChunksAtOnce - held_.size());
      held_ += bytes.substr(0, part);
      bytes.remove_prefix(part);
      if (held_.size() == kChunk * kChunksAtOnce) RESULTSDB_TRY(flush());
    }
    return {};
  }

  Result<Attachment> finish(Attachment what) {
    RESULTSDB_TRY(check_attributes(what));
    what.content = content();
    const Content content{.blob = blob_, .size = size_};
    Set set(storage_, collection_);
    bool stored = false;
    RESULTSDB_TRY(set.change([&](DocumentBatch& batch) -> Status {
      RESULTSDB_ASSIGN(const auto known, set.get(kContent, what.content));
      stored = !known;
      if (known) {
        RESULTSDB_TRY(set.hold(batch, *known));
      } else {
        RESULTSDB_TRY(check_pending(set));
        put(batch, key(kContent, what.content), content.text(), 0);
        put(batch, key(kHeld, blob_), "{}", 0);
        if (pending_version_ > 0)
          batch.deletes.push_back({.key = key(kPending, blob_), .expected_version = pending_version_});
        put_held(batch);
      }
      return set.add_link(batch, what);
    }));
    if (stored) pending_version_ = 0;  // the blob is the content's; else the destructor deletes it
    return what;
  }

 private:
  void put_held(DocumentBatch& batch) const {
    std::uint32_t number = chunks_;
    for (std::size_t at = 0; at < held_.size(); at += kChunk)
      batch.put_chunks.push_back({.key = blob_, .number = number++, .bytes = held_.substr(at, kChunk)});
  }

  Status flush() {
    Set set(storage_, collection_);
    DocumentBatch batch = set.batch();
    put_held(batch);
    chunks_ += static_cast<std::uint32_t>(batch.put_chunks.size());
    put(batch, key(kPending, blob_), Pending{.chunks = chunks_, .since = since_}.text(), pending_version_);
    const Status status = set.apply(batch);
    if (is_conflict(status)) return given_up();
    RESULTSDB_TRY(status);
    ++pending_version_;
    held_.clear();
    return {};
  }

  Status check_pending(Set& set) const {
    if (pending_version_ == 0) return {};
    RESULTSDB_ASSIGN(const auto pending, set.get(kPending, blob_));
    return pending && pending->version == pending_version_ ? Status() : given_up();
  }

  static Status given_up() {
    return make_error(ErrorCode::Unavailable,
                      "writing the attachment took so long that it was given up; repeat it");
  }

  const std::shared_ptr<Model> model_;
  Storage& storage_;
  const std::string collection_;
  std::int64_t since_;
  const std::string blob_ = new_blob();
  domain::Sha256 sha_;
  std::uint64_t size_ = 0;
  std::string held_;  // at most kChunksAtOnce chunks
  std::uint32_t chunks_ = 0;
  std::uint64_t pending_version_ = 0;  // 0: nothing is stored
};

AttachmentWriter::AttachmentWriter(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
AttachmentWriter::AttachmentWriter(AttachmentWriter&&) noexcept = default;
AttachmentWriter::~AttachmentWriter() = default;
Status AttachmentWriter::append(std::string_view bytes) { return implementation_->append(bytes); }
void AttachmentWriter::renew(Time now) noexcept { implementation_->renew(now); }
std::uint64_t AttachmentWriter::size() const noexcept { return implementation_->size(); }
std::string AttachmentWriter::content() const { return implementation_->content(); }
Result<Attachment> AttachmentWriter::finish(Attachment what) {
  return implementation_->finish(std::move(what));
}

// --- the set

Attachments::Attachments(std::shared_ptr<Model> model, std::string_view set)
    : model_(std::move(model)), storage_(model_->storage()), collection_(key(kSet, set)) {}
Attachments::Attachments(Storage& storage, std::string_view set)
    : storage_(storage), collection_(key(kSet, set)) {}

std::optional<std::string_view> attachment_set_of(std::string_view collection) {
  if (!collection.starts_with(kSet)) return std::nullopt;
  return collection.substr(kSet.size());
}

AttachmentWriter Attachments::write(Time now) {
  return AttachmentWriter(
      std::make_unique<AttachmentWriter::Implementation>(model_, storage_, collection_, now));
}

Result<Attachment> Attachments::link(Attachment what) {
  RESULTSDB_TRY(check_attributes(what));
  Set set(storage_, collection_);
  RESULTSDB_TRY(set.change([&](DocumentBatch& batch) -> Status {
    RESULTSDB_ASSIGN(const auto content, set.get(kContent, what.content));
    if (!content) return make_error(ErrorCode::NotFound, "there is no such content", what.content);
    RESULTSDB_TRY(set.hold(batch, *content));
    return set.add_link(batch, what);
  }));
  return what;
}

Result<std::optional<Attachment>> Attachments::get(std::string_view name) {
  RESULTSDB_ASSIGN(auto link, Set(storage_, collection_).get(kLink, name));
  if (!link) return std::optional<Attachment>();
  return std::optional(attachment_of(std::move(*link)));
}

Result<ItemPage<Attachment>> Attachments::find(const AttachmentsQuery& query) {
  storage::DocumentQuery links{.collection = collection_,
                               .key_prefix = key(kLink, query.name_prefix),
                               .attributes = query.attributes,
                               .unique = {},
                               .descending = query.descending};
  if (!query.content.empty()) links.attributes.emplace_back(kContentAttribute, query.content);
  RESULTSDB_ASSIGN(auto page, storage_.find_documents(links, {.limit = query.limit, .token = query.page}));
  ItemPage<Attachment> found;
  for (Document& link : page.rows) found.items.push_back(attachment_of(std::move(link)));
  found.next = std::move(page.next);
  return found;
}

Result<std::optional<AttachmentReader>> Attachments::open(std::string_view content) {
  RESULTSDB_ASSIGN(const auto document, Set(storage_, collection_).get(kContent, content));
  if (!document) return std::optional<AttachmentReader>();
  RESULTSDB_ASSIGN(Content bytes, Content::read(*document));
  AttachmentReader reader;
  reader.model_ = model_;
  reader.storage_ = &storage_;
  reader.collection_ = collection_;
  reader.blob_ = std::move(bytes.blob);
  reader.size_ = bytes.size;
  reader.chunk_bytes_ = bytes.chunk_bytes;
  return std::optional(std::move(reader));
}

Result<bool> Attachments::remove(std::string_view name) {
  Set set(storage_, collection_);
  bool there = false;
  RESULTSDB_TRY(set.change([&](DocumentBatch& batch) -> Status {
    RESULTSDB_ASSIGN(const auto link, set.get(kLink, name));
    there = link.has_value();
    if (!link) return {};
    batch.deletes.push_back({.key = link->key, .expected_version = link->version});
    const Attachment attachment = attachment_of(*link);
    return set.release(batch, attachment.content, attachment.name);
  }));
  return there;
}

Result<std::uint64_t> Attachments::tidy(Time now) {
  const std::int64_t given_up = to_micros(now - kWriterLease);
  Set set(storage_, collection_);
  std::uint64_t removed = 0;
  RESULTSDB_TRY(set.for_each(kPending, [&](const Document& document) -> Status {
    RESULTSDB_ASSIGN(const Pending pending, Pending::read(document));
    if (pending.since > given_up) return {};
    ++removed;
    return set.discard(document);
  }));
  return removed;
}

Status Attachments::check(std::vector<Problem>& problems) {
  Set set(storage_, collection_);
  const auto report = [&](const Document& document, std::string what) {
    problems.push_back({"document_chunk", collection_ + '/' + document.key, std::move(what)});
  };
  const auto check_content = [&](const Document& document) -> Status {
    const std::string digest = document.key.substr(kContent.size());
    RESULTSDB_ASSIGN(auto reader, open(digest));
    if (!reader) return {};  // deleted meanwhile
    domain::Sha256 sha;
    for (std::uint64_t at = 0; at < reader->size();) {
      RESULTSDB_ASSIGN(const std::string_view bytes, reader->read(at, SIZE_MAX));
      sha.update(bytes);
      at += bytes.size();
    }
    if (domain::hex(sha.finish()) != digest) report(document, "the bytes are not those of this digest");
    RESULTSDB_ASSIGN(const auto links, find({.content = digest, .limit = 1}));
    if (!links.items.empty()) return {};
    RESULTSDB_ASSIGN(const auto now, storage_.get_document(collection_, document.key));
    if (now && now->text == document.text) report(document, "nothing names this content");
    return {};
  };
  RESULTSDB_TRY(set.for_each(kContent, [&](const Document& document) -> Status {
    const Status status = check_content(document);
    if (status) return {};
    const bool damaged =
        status.error().code == ErrorCode::Corrupt || status.error().code == ErrorCode::NotFound;
    if (!damaged) return status;
    RESULTSDB_ASSIGN(const auto still_there, storage_.get_document(collection_, document.key));
    if (still_there) report(document, status.error().message);
    return {};
  }));
  return set.for_each(kLink, [&](const Document& document) -> Status {
    const Attachment attachment = attachment_of(document);
    RESULTSDB_ASSIGN(const auto content, set.get(kContent, attachment.content));
    if (content) return {};
    RESULTSDB_ASSIGN(const auto still_there, get(attachment.name));
    if (still_there && still_there->content == attachment.content) report(document, "its content is missing");
    return {};
  });
}

}  // namespace resultsdb
