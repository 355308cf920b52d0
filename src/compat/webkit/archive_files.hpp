// An archive as the folder of files that its pages show.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/attachments.hpp"
#include "zip.hpp"

namespace resultsdb::webkit {

class ArchiveFiles {
 public:
  static Result<std::shared_ptr<const ArchiveFiles>> open(AttachmentReader reader);

  /// Null: there is no such file.
  const ZipMember* find(std::string_view path) const;
  std::size_t count() const { return zip_->members().size(); }
  bool contains(std::string_view path) const { return find(path) != nullptr; }
  Result<std::unique_ptr<ZipReader>> read(const ZipMember& member) const { return zip_->read(member); }
  /// Files and folders right in the folder (empty, or with `/` at its end), by name; folders end with `/`.
  std::vector<std::string> list(std::string_view folder) const;

 private:
  void add_members();

  std::shared_ptr<const Zip> zip_;
  std::map<std::string, const ZipMember*, std::less<>> files_;  // by path within the archive's own folder
};

/// `text/html`, …: by the extension, or of what `format` names.
std::string_view archive_type(std::string_view path, std::string_view format);

/// Which run a served page is of.
struct PageLinks {
  std::string_view path;       ///< of the page
  std::string_view run_query;  ///< what asks for the files beside it, not escaped
  std::string_view own_query;  ///< with which the page was asked for, as received
};
/// Makes links in an archived page lead to files of the same run. InvalidArgument: there are so many that the
/// page would not end.
Result<std::string> link_page(std::string_view html, const ArchiveFiles& files, const PageLinks& links);

}  // namespace resultsdb::webkit
