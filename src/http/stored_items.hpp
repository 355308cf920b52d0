// Small things that are stored under an id: one of them read, put under a condition, and deleted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "native_write.hpp"

namespace resultsdb::http {

/// What a kind of them is made of. Store is made of a Model and has get(id) and remove(id, version).
template <class Store, class Item>
struct StoredItems {
  std::string name;              ///< `view`: also the parameter that errors name
  std::string path;              ///< `/v1/views`
  std::string get, put, remove;  ///< the operations
  Result<Item> (*read)(const NativeContext&, std::string_view body);
  std::string (*to_json)(const Item&);
  Result<Item> (*store)(const NativeContext&, Store&, const Item&, std::uint64_t expected_version);

  Error no_such_item() const { return make_error(ErrorCode::NotFound, "there is no such " + name, name); }
  std::optional<StoredState> state_of(const std::optional<Item>& current) const {
    if (!current) return std::nullopt;
    return StoredState{etag_of(to_json(*current)), current->version};
  }

  Result<std::string> get_one(const NativeContext& context, const std::string& id) const {
    RESULTSDB_ASSIGN(const auto found, Store(context.model).get(id));
    if (!found) return no_such_item();
    return to_json(*found);
  }

  Result<Item> put_one(const NativeContext& context, const Request& request, const std::string& id) const {
    RESULTSDB_TRY(check_write(context, request));
    RESULTSDB_ASSIGN(Item item, read(context, request.body));
    item.id = id;
    Store items(context.model);
    RESULTSDB_ASSIGN(const auto current, items.get(id));
    RESULTSDB_ASSIGN(const auto version, required_version(request, state_of(current)));
    if (!version)
      return invalid_argument("or If-None-Match: * is needed, so that nobody's change is overwritten unseen",
                              "If-Match");
    return store(context, items, item, *version);
  }

  Status remove_one(const NativeContext& context, const Request& request, const std::string& id) const {
    RESULTSDB_TRY(check_write(context, request));
    Store items(context.model);
    RESULTSDB_ASSIGN(const auto current, items.get(id));
    if (!current) return no_such_item();
    RESULTSDB_ASSIGN(const auto version, required_version(request, state_of(current)));
    return items.remove(id, version);
  }
};

template <class Store, class Item>
void add_stored_items(Router& router, const ContextPtr& context, const StoredItems<Store, Item>& items) {
  const std::string one = items.path + "/{" + items.name + "}";
  add_read(router, context,
           {one, items.get, {}, [items](const NativeContext& native, const Arguments& arguments) {
              return items.get_one(native, arguments.path(0));
            }});
  router.add({"PUT", one, items.put, [context, items](const Request& request, const PathVariables& path) {
                const auto stored = items.put_one(*context, request, path.front());
                if (!stored) return write_problem(request, stored.error());
                return stored_response(items.to_json(*stored), stored->version == 1,
                                       items.path + '/' + stored->id);
              }});
  router.add(
      {"DELETE", one, items.remove, [context, items](const Request& request, const PathVariables& path) {
         const Status removed = items.remove_one(*context, request, path.front());
         if (!removed) return write_problem(request, removed.error());
         Response response;
         response.status = 204;
         return response;
       }});
}

}  // namespace resultsdb::http
