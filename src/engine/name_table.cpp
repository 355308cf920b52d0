#include <algorithm>
#include <cstring>

#include "engine/name_dictionary.hpp"

namespace resultsdb::engine {
namespace {
constexpr std::size_t kBlockBytes = 1u << 20;
}

std::size_t NameTable::slot_of(std::string_view name) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_content(name).low & mask;
  while (slots_[slot] != kNoTest && names_[slots_[slot]] != name) slot = (slot + 1) & mask;
  return slot;
}

storage::TestId NameTable::find(std::string_view name) const {
  return slots_.empty() ? kNoTest : slots_[slot_of(name)];
}

void NameTable::add(storage::TestId id, std::string_view name) {
  if (id >= kTestsPerSuite || knows(id)) return;
  if (2 * (size_ + 1) > slots_.size()) grow();
  if (id >= names_.size()) {
    names_.resize(id + 1);
    hashes_.resize(id + 1);
  }
  const std::size_t slot = slot_of(name);
  names_[id] = keep(name);
  hashes_[id] = hash_content(name);
  slots_[slot] = id;
  ++size_;
}

void NameTable::grow() {
  slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), kNoTest);
  const std::size_t mask = slots_.size() - 1;
  for (storage::TestId id = 0; id < names_.size(); ++id) {
    if (!knows(id)) continue;
    std::size_t slot = hashes_[id].low & mask;
    while (slots_[slot] != kNoTest) slot = (slot + 1) & mask;
    slots_[slot] = id;
  }
}

std::string_view NameTable::keep(std::string_view text) {
  if (blocks_.empty() || text.size() > block_free_) {
    const std::size_t bytes = std::max(kBlockBytes, text.size());
    blocks_.push_back(std::make_unique<char[]>(bytes));
    block_free_ = bytes;
  }
  // Texts fill a block from its end, so that one number tells where the next one goes.
  char* place = blocks_.back().get() + (block_free_ - text.size());
  std::memcpy(place, text.data(), text.size());
  block_free_ -= text.size();
  return {place, text.size()};
}

}  // namespace resultsdb::engine
