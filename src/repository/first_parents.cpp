#include "repository/first_parents.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "domain/check.hpp"
#include "repository/git.hpp"
#include "resultsdb/storage/checksum.hpp"

namespace resultsdb::repository {
namespace {

constexpr std::string_view kMagic = "resultsdb-identifiers 1\n";

/// `width` bytes of 2 * `width` hex digits; empty if they are none.
std::string to_bytes(std::string_view hex) {
  std::string bytes;
  if ((hex.size() != 40 && hex.size() != 64) || !domain::all_lower_hex(hex)) return bytes;
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  }
  return bytes;
}

void put(std::string& out, std::uint64_t number, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(number >> 8 * i));
}

std::uint64_t get(std::string_view& in, std::size_t size) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number |= std::uint64_t{static_cast<unsigned char>(in[i])} << 8 * i;
  in.remove_prefix(size);
  return number;
}

std::optional<std::string> read_whole(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file || size > (std::uintmax_t{1} << 32)) return std::nullopt;
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size));
  return file ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace

std::size_t FirstParents::Hash::operator()(std::string_view bytes) const noexcept {
  std::size_t head = 0;  // a hash is as good as random
  std::memcpy(&head, bytes.data(), std::min(bytes.size(), sizeof head));
  return head;
}

void FirstParents::clear() {
  by_hash_.clear();
  width_ = 0;
  hashes_.clear();
  timestamps_.clear();
  parents_.clear();
  depths_.clear();
}

FirstParents::Node FirstParents::find(std::string_view hash) const {
  const std::string key = to_bytes(hash);
  const auto found = key.empty() ? by_hash_.end() : by_hash_.find(std::string_view(key));
  return found == by_hash_.end() ? kNone : *found;
}

std::string FirstParents::hash(Node node) const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes(node)) {
    hex.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    hex.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return hex;
}

std::vector<std::string> FirstParents::heads(std::size_t limit) const {
  std::vector<bool> is_parent(size());
  for (const Node node : parents_) {
    if (node != kNone) is_parent[node] = true;
  }
  std::vector<Node> nodes;
  for (Node node = 0; node < size(); ++node) {
    if (!is_parent[node]) nodes.push_back(node);
  }
  std::stable_sort(nodes.begin(), nodes.end(), [&](Node a, Node b) { return depths_[a] > depths_[b]; });
  nodes.resize(std::min(nodes.size(), limit));
  std::vector<std::string> hashes;
  for (const Node node : nodes) hashes.push_back(hash(node));
  return hashes;
}

void FirstParents::append(std::string_view bytes, std::int64_t timestamp, Node parent) {
  width_ = bytes.size();
  hashes_ += bytes;
  timestamps_.push_back(timestamp);
  depths_.push_back(static_cast<std::uint32_t>(depth(parent) + 1));
  parents_.push_back(parent);
  by_hash_.insert(static_cast<Node>(parents_.size() - 1));
}

Status FirstParents::add_lines(std::string_view lines) {
  std::vector<std::string_view> list;
  while (!lines.empty()) list.push_back(take(lines, '\n'));
  for (; !list.empty(); list.pop_back()) {
    std::string_view rest = list.back();
    const std::int64_t timestamp = to_number(take(rest, ' '));
    const std::string_view hash = take(rest, ' ');
    const std::string_view parent = take(rest, ' ');
    const std::string key = to_bytes(hash);
    const Node above = find(parent);
    if (key.empty() || (width_ != 0 && key.size() != width_) || (!parent.empty() && above == kNone)) {
      return make_error(ErrorCode::Corrupt, "not a commit after its parent: " + std::string(list.back()),
                        "git rev-list");
    }
    if (find(hash) == kNone) append(key, timestamp, above);
  }
  return {};
}

bool FirstParents::load(const std::string& path) {
  clear();
  const std::optional<std::string> text = read_whole(path);
  if (!text || text->size() < kMagic.size() + 9 || !text->starts_with(kMagic)) return false;
  std::string_view rest = *text;
  std::string_view end = rest.substr(rest.size() - 4);
  rest.remove_suffix(4);
  if (get(end, 4) != storage::crc32c(rest)) return false;
  rest.remove_prefix(kMagic.size());
  const std::uint64_t width = get(rest, 1);
  const std::uint64_t count = get(rest, 4);
  if ((width != 20 && width != 32) || rest.size() != count * (width + 12)) return false;
  by_hash_.reserve(count);
  hashes_.reserve(count * width);
  while (!rest.empty()) {
    const std::string_view bytes = rest.substr(0, width);
    rest.remove_prefix(width);
    const auto timestamp = static_cast<std::int64_t>(get(rest, 8));
    const auto parent = static_cast<Node>(get(rest, 4));
    if (parent != kNone && parent >= size()) {
      clear();
      return false;
    }
    append(bytes, timestamp, parent);
  }
  return true;
}

bool FirstParents::save(const std::string& path) const {
  std::string text(kMagic);
  put(text, width_, 1);
  put(text, size(), 4);
  for (Node node = 0; node < size(); ++node) {
    text += bytes(node);
    put(text, static_cast<std::uint64_t>(timestamps_[node]), 8);
    put(text, parents_[node], 4);
  }
  put(text, storage::crc32c(text), 4);
  const std::string temporary = path + ".new." + std::to_string(::getpid());
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, path, error);
  if (file && !error) return true;
  std::filesystem::remove(temporary, error);
  return false;
}

}  // namespace resultsdb::repository
