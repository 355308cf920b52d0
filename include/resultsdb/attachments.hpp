// Files of any size in a store, kept once however many names they have.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/document.hpp"
#include "resultsdb/model.hpp"
#include "resultsdb/query.hpp"
#include "resultsdb/result.hpp"
#include "resultsdb/time.hpp"

namespace resultsdb {

/// A name for some content.
struct Attachment {
  std::string name;
  std::string content;      ///< SHA-256 of the bytes, as 64 lower-case hexadecimal digits; given by the store
  std::string text = "{}";  ///< JSON: what is known of it
  Attributes attributes;    ///< find() can ask for them; the name `content` is taken
  bool operator==(const Attachment&) const = default;
};

struct AttachmentsQuery {
  std::string name_prefix;
  Attributes attributes;    ///< all of them
  std::string content;      ///< empty: any
  bool descending = false;  ///< by name
  std::uint32_t limit = 1000;
  std::string page;
};

/// The bytes of one content, a piece at a time. Not for several threads at once.
class AttachmentReader {
 public:
  std::uint64_t size() const noexcept { return size_; }
  /// The bytes from there on: at least one and at most `most`, none only at the end. NotFound: it was deleted
  /// meanwhile.
  Result<std::string_view> read(std::uint64_t from, std::size_t most);

 private:
  friend class Attachments;
  AttachmentReader() = default;

  std::shared_ptr<Model> model_;  // keeps the store open; null: the caller does
  storage::Storage* storage_ = nullptr;
  std::string collection_, blob_;
  std::uint64_t size_ = 0, chunk_bytes_ = 0;
  std::optional<std::uint32_t> number_;  // of the chunk that is held
  std::string chunk_;
};

/// Takes bytes as they come, about a megabyte of which it holds; nobody sees them before finish(). What a
/// writer wrote that ends without it is removed at once or, if that fails, by Attachments::tidy().
class AttachmentWriter {
 public:
  AttachmentWriter(AttachmentWriter&&) noexcept;
  AttachmentWriter& operator=(AttachmentWriter&&) = delete;
  ~AttachmentWriter();

  /// After an error, only the destructor may follow.
  Status append(std::string_view bytes);
  /// The bytes that follow come now: Attachments::kWriterLease counts from here on.
  void renew(Time now) noexcept;
  std::uint64_t size() const noexcept;
  std::string content() const;  ///< what Attachment::content will be
  /// Gives the name to what was appended, all or nothing; an attachment of that name is replaced. `content`
  /// of `what` is ignored. Nothing may follow.
  Result<Attachment> finish(Attachment what);

 private:
  friend class Attachments;
  class Implementation;
  explicit AttachmentWriter(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

/// One set of attachments of a store. Safe for concurrent calls, by several processes too. Equal contents are
/// stored once; a content whose last name goes is deleted.
class Attachments {
 public:
  /// After which a writer that has not finished is given up by tidy().
  static constexpr std::chrono::hours kWriterLease{1};

  /// `set` tells sets of one store apart.
  Attachments(std::shared_ptr<Model> model, std::string_view set);
  /// The storage must outlive the object and what it gives out.
  Attachments(storage::Storage& storage, std::string_view set);

  AttachmentWriter write(Time now);
  /// A further name for a content that is there; NotFound if it is not.
  Result<Attachment> link(Attachment what);

  Result<std::optional<Attachment>> get(std::string_view name);
  Result<ItemPage<Attachment>> find(const AttachmentsQuery& query);
  Result<std::optional<AttachmentReader>> open(std::string_view content);

  /// False: there is none.
  Result<bool> remove(std::string_view name);
  /// Deletes what unfinished writers and interrupted calls of remove() left. Returns how many of them.
  Result<std::uint64_t> tidy(Time now);
  /// Reads everything: contents that are not what their digest says, or are missing, or have no name.
  Status check(std::vector<Problem>& problems);

 private:
  std::shared_ptr<Model> model_;
  storage::Storage& storage_;
  std::string collection_;
};

/// Sets of attachments are kept in collections of documents: the set of a collection, or nothing.
std::optional<std::string_view> attachment_set_of(std::string_view collection);

}  // namespace resultsdb
