#pragma once

#include <memory>

#include "resultsdb/registry.hpp"
#include "resultsdb/storage/storage.hpp"

namespace resultsdb::backends {

/// An empty store in this process's memory; gone with the last owner.
std::shared_ptr<storage::Storage> open_memory();

/// `memory:` (no options).
void register_memory(BackendRegistry& registry);

}  // namespace resultsdb::backends
