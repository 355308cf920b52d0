#include "configuration.hpp"

#include <boost/json.hpp>
#include <tuple>
#include <vector>

#include "json_text.hpp"
#include "numbers.hpp"

namespace resultsdb::webkit {
namespace {

namespace bj = boost::json;
using Text = std::optional<std::string>;

Error bad_configuration(std::string_view what) {
  return invalid_argument(std::string(what), "configuration");
}

std::string_view text_of(const bj::string& string) { return {string.data(), string.size()}; }

Result<std::int64_t> combine(const std::vector<std::int64_t>& parts) {
  constexpr std::int64_t kLargestPart = 999'999'999;
  if (parts.empty() || parts.size() > 3) return bad_configuration("a version has one to three parts");
  std::int64_t version = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t part = i < parts.size() ? parts[i] : 0;
    if (part > kLargestPart || part < -kLargestPart) return bad_configuration("the version is too large");
    version = version * 1000 + part;
  }
  return version;
}

Result<std::int64_t> version_of_list(const bj::array& list) {
  std::vector<std::int64_t> parts;
  for (const bj::value& item : list) {
    const std::optional<std::int64_t> part =
        item.is_string() ? parse_integer(text_of(item.get_string())) : integer_of(item);
    if (!part) return bad_configuration("a part of the version is no integer");
    parts.push_back(*part);
  }
  return combine(parts);
}

Result<std::int64_t> version_of(const bj::value& value) {
  if (const auto* text = value.if_string()) return parse_version(text_of(*text));
  if (const auto* list = value.if_array()) return version_of_list(*list);
  if (const auto number = integer_of(value)) return *number;
  return bad_configuration("a version is an integer, a text or a list");
}

Result<Text> text_member(const bj::object& object, std::string_view name) {
  const bj::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || value->is_null()) return Text();
  if (const auto* text = value->if_string()) return Text(text_of(*text));
  if (value->is_bool()) return Text(value->get_bool() ? "True" : "False");
  if (value->is_number()) return Text(canonical_number(bj::serialize(*value)));
  return bad_configuration(std::string(name) + " is no text");
}

bool is_true(const bj::value& value, const Profile& profile) {
  if (const auto* text = value.if_string()) {
    return profile.text_simulator_is_true ? !text->empty() : parse_boolean(text_of(*text));
  }
  if (const auto* list = value.if_array()) return !list->empty();
  if (const auto* object = value.if_object()) return !object->empty();
  return value.is_bool() ? value.get_bool() : value.is_number() && value.to_number<double>() != 0;
}

Text text_facet(const Configuration& configuration, std::string_view name) {
  const auto value = configuration.get(name);
  return value ? Text(*value) : Text();
}

template <class T>
bool equal_if_set(const std::optional<T>& stored, const std::optional<T>& wanted) {
  return !wanted || stored == wanted;
}
template <class T>
bool equal_if_both(const std::optional<T>& a, const std::optional<T>& b) {
  return !a || !b || a == b;
}

}  // namespace

Result<std::int64_t> parse_version(std::string_view text) {
  std::vector<std::int64_t> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('.', start), text.size());
    const std::optional<std::int64_t> part = parse_integer(text.substr(start, end - start));
    if (!part) return bad_configuration("the version '" + std::string(text) + "' is no list of integers");
    parts.push_back(*part);
    start = end + 1;
  }
  return combine(parts);
}

std::string version_text(std::int64_t version) {
  return std::to_string(version / 1'000'000 % 1000) + "." + std::to_string(version / 1000 % 1000) + "." +
         std::to_string(version % 1000);
}

Result<PlatformConfiguration> PlatformConfiguration::from_json(const bj::value& value,
                                                               const Profile& profile) {
  if (const auto* text = value.if_string()) {
    bj::error_code error;
    const bj::value inner = bj::parse(*text, error);
    if (error || !inner.is_object()) return bad_configuration("neither an object nor the text of one");
    return from_json(inner, profile);
  }
  if (!value.is_object()) return bad_configuration("no object");
  const bj::object& object = value.get_object();
  PlatformConfiguration configuration;
  struct Member {
    std::string_view name;
    Text PlatformConfiguration::* member;
  };
  for (const Member& m : {Member{"platform", &PlatformConfiguration::platform},
                          {"architecture", &PlatformConfiguration::architecture},
                          {"version_name", &PlatformConfiguration::version_name},
                          {"model", &PlatformConfiguration::model},
                          {"style", &PlatformConfiguration::style},
                          {"flavor", &PlatformConfiguration::flavor}}) {
    RESULTSDB_ASSIGN(configuration.*m.member, text_member(object, m.name));
  }
  RESULTSDB_ASSIGN(const Text sdk, text_member(object, "sdk"));
  if (sdk) configuration.set_sdk(*sdk);
  if (const bj::value* version = object.if_contains("version"); version && !version->is_null()) {
    RESULTSDB_ASSIGN(configuration.version, version_of(*version));
  }
  if (const bj::value* simulator = object.if_contains("is_simulator"); simulator && !simulator->is_null()) {
    configuration.is_simulator = is_true(*simulator, profile);
  }
  return configuration;
}

PlatformConfiguration PlatformConfiguration::from_facets(const Configuration& facets, std::string_view sdk) {
  PlatformConfiguration configuration;
  configuration.platform = text_facet(facets, "platform");
  configuration.architecture = text_facet(facets, "architecture");
  configuration.version_name = text_facet(facets, "version_name");
  configuration.model = text_facet(facets, "model");
  configuration.style = text_facet(facets, "style");
  configuration.flavor = text_facet(facets, "flavor");
  // Runs that other mounts wrote may hold any text here: what is no version is no version of this protocol.
  if (const auto version = facets.get("version")) configuration.version = parse_integer(*version);
  if (const auto simulator = facets.get("is_simulator")) configuration.is_simulator = *simulator == "true";
  configuration.set_sdk(sdk);
  return configuration;
}

void PlatformConfiguration::set_sdk(std::string_view text) {
  sdk = text.empty() || text == "?" ? Text() : Text(text);
}

Configuration PlatformConfiguration::facets() const {
  Configuration facets;
  const auto set = [&](const char* name, const Text& value) {
    if (value) facets.set(name, *value);
  };
  set("platform", platform);
  set("architecture", architecture);
  set("version_name", version_name);
  set("model", model);
  set("style", style);
  set("flavor", flavor);
  if (version) facets.set("version", std::to_string(*version));
  if (is_simulator) facets.set("is_simulator", *is_simulator ? "true" : "false");
  return facets;
}

std::string PlatformConfiguration::json(bool with_sdk, std::string_view suite) const {
  JsonObject object;
  const auto set = [&](const char* name, const Text& value) {
    if (value) object.set_string(name, *value);
  };
  set("platform", platform);
  set("architecture", architecture);
  set("version_name", version_name);
  set("model", model);
  set("style", style);
  set("flavor", flavor);
  if (with_sdk) set("sdk", sdk);
  if (!suite.empty()) object.set_string("suite", suite);
  if (version) object.set_integer("version", *version);
  if (is_simulator) object.set("is_simulator", *is_simulator ? "true" : "false");
  return object.text();
}

std::string PlatformConfiguration::text() const {
  std::string out;
  const auto add = [&](const std::string& part) {
    if (part.empty()) return;
    if (!out.empty()) out += ' ';
    out += part;
  };
  add(platform.value_or(""));
  add(version ? version_text(*version) : version_name.value_or(""));
  if (sdk) add("(" + *sdk + ")");
  if (is_simulator.value_or(false)) add("Simulator");
  add(style.value_or(""));
  add(flavor.value_or(""));
  if (model) add("running on " + *model);
  if (architecture) add("using " + *architecture);
  return out;
}

std::string PlatformConfiguration::query() const {
  std::string out;
  const auto add = [&](const char* name, const Text& value) {
    if (!value) return;
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(*value);
  };
  add("platform", platform);
  add("is_simulator", is_simulator ? Text(*is_simulator ? "True" : "False") : Text());
  add("version", version ? Text(version_text(*version)) : Text());
  add("architecture", architecture);
  add("version_name", version_name);
  add("model", model);
  add("style", style);
  add("flavor", flavor);
  add("sdk", sdk);
  return out;
}

bool PlatformConfiguration::has_members_of(const PlatformConfiguration& query) const {
  return equal_if_set(platform, query.platform) && equal_if_set(is_simulator, query.is_simulator) &&
         equal_if_set(version, query.version) && equal_if_set(architecture, query.architecture) &&
         equal_if_set(version_name, query.version_name) && equal_if_set(model, query.model) &&
         equal_if_set(style, query.style) && equal_if_set(flavor, query.flavor);
}

bool PlatformConfiguration::fits(const PlatformConfiguration& other) const {
  return equal_if_both(platform, other.platform) && equal_if_both(is_simulator, other.is_simulator) &&
         equal_if_both(version, other.version) && equal_if_both(architecture, other.architecture) &&
         equal_if_both(version_name, other.version_name) && equal_if_both(model, other.model) &&
         equal_if_both(style, other.style) && equal_if_both(flavor, other.flavor);
}

PlatformConfiguration PlatformConfiguration::group() const {
  PlatformConfiguration group = *this;
  if (version.value_or(0) != 0) group.version_name.reset();
  return group;
}

std::strong_ordering PlatformConfiguration::operator<=>(const PlatformConfiguration& other) const {
  const auto key = [](const PlatformConfiguration& c) {
    return std::tie(c.version, c.platform, c.version_name, c.is_simulator, c.model, c.architecture, c.style,
                    c.flavor, c.sdk);
  };
  return key(*this) <=> key(other);
}

}  // namespace resultsdb::webkit
