#include "engine/track_changes.hpp"

#include <utility>

namespace resultsdb::engine {
namespace {

using storage::TestId;

// Added changes are copied with each version until joining them to the others costs about as much as was
// copied since: near the square root of all. Below the least, nothing is worth sharing.
constexpr std::size_t kLeastAdded = 512;
constexpr std::size_t kSquareOfAdded = 256;

}  // namespace

void TrackChanges::Table::push(TestId test, std::span<const TrackChange> some) {
  if (tests.empty() || tests.back() != test) {
    tests.push_back(test);
    begins.push_back(begins.back());
  }
  changes.insert(changes.end(), some.begin(), some.end());
  begins.back() += static_cast<std::uint32_t>(some.size());
}

std::span<const TrackChange> TrackChanges::Table::find(TestId test) const {
  const auto found = std::lower_bound(tests.begin(), tests.end(), test);
  if (found == tests.end() || *found != test) return {};
  return changes_of(static_cast<std::size_t>(found - tests.begin()));
}

std::size_t TrackChanges::Table::bytes() const {
  return tests.capacity() * sizeof tests[0] + begins.capacity() * sizeof begins[0] +
         changes.capacity() * sizeof changes[0];
}

TrackChanges::TrackChanges(std::span<const OfTest> changes) : added_(std::make_shared<const Table>()) {
  auto table = std::make_shared<Table>();
  table->changes.reserve(changes.size());
  for (const OfTest& each : changes) table->push(each.test, {&each.change, 1});
  old_ = std::move(table);
}

TrackChanges::Table TrackChanges::joined(const Table& old, const Table& added) {
  Table all;
  all.tests.reserve(old.tests.size() + added.tests.size());
  all.begins.reserve(all.tests.capacity() + 1);
  all.changes.reserve(old.changes.size() + added.changes.size());
  for (Cursor at(old, added); !at.done(); at.next()) {
    if (at.takes_old()) all.push(at.test(), old.changes_of(at.old_at_));
    if (at.takes_added()) all.push(added.tests[at.added_at_], added.changes_of(at.added_at_));
  }
  return all;
}

TrackChanges TrackChanges::extended(std::span<const OfTest> added) const {
  if (added.empty()) return *this;
  const TrackChanges fresh(added);
  auto few = std::make_shared<const Table>(joined(*added_, *fresh.old_));
  const std::size_t count = few->changes.size();
  if (count <= kLeastAdded || count * count <= kSquareOfAdded * old_->changes.size()) return {old_, few};
  return {std::make_shared<const Table>(joined(*old_, *few)), std::make_shared<const Table>()};
}

}  // namespace resultsdb::engine
