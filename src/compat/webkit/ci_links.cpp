#include "ci_links.hpp"

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "json_text.hpp"
#include "numbers.hpp"
#include "resultsdb/json.hpp"
#include "run_attributes.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;

constexpr char kQueues[] = "webkit-queues";

using Names = std::map<std::string, std::int64_t>;

std::string string_of(const bj::value& value) {
  return std::string(value.get_string().data(), value.get_string().size());
}

Result<Names> read_names(const bj::value& list, const char* number) {
  Names names;
  for (const bj::value& item : list.as_array()) {
    names[string_of(item.at("name"))] = item.at(number).as_int64();
  }
  return names;
}

/// Text of a member; numbers are made text.
std::optional<std::string> text_member(const bj::object& details, std::string_view name) {
  const bj::value* value = details.if_contains({name.data(), name.size()});
  if (value == nullptr) return std::nullopt;
  if (const auto* text = value->if_string()) return std::string(text->data(), text->size());
  if (const auto number = integer_of(*value)) return std::to_string(*number);
  return std::nullopt;
}

std::optional<std::string> numbered(const Names& names, const std::optional<std::string>& name,
                                    const std::string& address) {
  const auto found = name ? names.find(*name) : names.end();
  if (found == names.end()) return std::nullopt;
  return address + std::to_string(found->second);
}

RunLinks links_at(const CiMaster& master, const bj::object& details) {
  const std::string page = "https://" + master.host + "/#/";
  RunLinks links;
  links.queue = numbered(master.builders, text_member(details, "builder-name"), page + "builders/");
  links.worker = numbered(master.workers, text_member(details, "buildbot-worker"), page + "workers/");
  const auto number = text_member(details, "build-number");
  if (links.queue && number) links.build = *links.queue + "/builds/" + *number;
  return links;
}

}  // namespace

Result<std::vector<CiMaster>> load_ci_masters(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return make_error(ErrorCode::NotFound, "cannot be read", path);
  try {
    const bj::value root = bj::parse(text.str());
    std::vector<CiMaster> masters;
    for (const bj::value& item : root.at("masters").as_array()) {
      CiMaster master{.host = std::string(item.at("master").as_string()), .builders = {}, .workers = {}};
      RESULTSDB_ASSIGN(master.builders, read_names(item.at("builders"), "builderid"));
      RESULTSDB_ASSIGN(master.workers, read_names(item.at("workers"), "workerid"));
      masters.push_back(std::move(master));
    }
    return masters;
  } catch (const std::exception& error) {
    return invalid_argument(std::string("no list of CI masters: ") + error.what(), path);
  }
}

Result<RunLinks> links_of(const Service& service, const std::string& details) {
  RunLinks links;
  if (!details.starts_with('{')) return links;
  bj::parse_options options;
  options.max_depth = json::kMaxDepth;
  bj::error_code error;
  const bj::value value = bj::parse(details, error, {}, options);
  if (error) return links;
  const bj::object& object = value.get_object();
  for (const auto& member : object) {
    if (member.value().is_null() && service.profile.null_details_break_links) {
      return invalid_argument("dictionary changed size during iteration");
    }
  }
  const std::optional<std::string> link = text_member(object, "link");
  if (const auto host = text_member(object, "buildbot-master")) {
    const auto& masters = service.options.ci_masters;
    const auto master = std::find_if(masters.begin(), masters.end(),
                                     [&](const CiMaster& each) { return each.host == *host; });
    if (master != masters.end()) {
      links = links_at(*master, object);
    } else if (!link) {
      return invalid_argument("No link defined or URL factory for " + *host);
    }
  }
  if (link) links.build = link;
  return links;
}

std::optional<RunLinks> links_of(const RunInfo& run) {
  for (const auto& [name, value] : run.attributes) {
    if (name == run_attributes::kWithoutLinks) return std::nullopt;
  }
  RunLinks links;
  for (const Link& link : run.links) {
    if (link.rel == run_links::kBuild) links.build = link.href;
    if (link.rel == run_links::kQueue) links.queue = link.href;
    if (link.rel == run_links::kWorker) links.worker = link.href;
  }
  return links;
}

Status put_queue(Model& model, const RunHeader& run, const std::string& url) {
  const std::string key = timeline_id(run.suite, run.branch, run.configuration) + "/" + run.variant;
  const std::string text = json_string(url);
  RESULTSDB_ASSIGN(const std::optional<Document> known, model.get_document(kQueues, key));
  if (known && known->text == text) return {};
  DocumentChanges changes{.collection = kQueues, .puts = {}, .deletes = {}};
  changes.puts.push_back({.document = {.key = key, .text = text}});
  return model.change_documents(changes);
}

Result<std::vector<Queue>> queues_of(Model& model, const std::string& timeline) {
  const std::string prefix = timeline + "/";
  DocumentsQuery query;
  query.collection = kQueues;
  query.key_prefix = prefix;
  std::vector<Queue> queues;
  do {
    RESULTSDB_ASSIGN(ItemPage<Document> page, model.documents(query));
    for (const Document& document : page.items) {
      const bj::value url = bj::parse(document.text);
      queues.push_back({document.key.substr(prefix.size()), string_of(url)});
    }
    query.page = std::move(page.next);
  } while (!query.page.empty());
  return queues;
}

}  // namespace resultsdb::webkit
