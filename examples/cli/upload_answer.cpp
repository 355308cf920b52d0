#include "upload_answer.hpp"

#include <boost/json.hpp>

#include "result_files.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::cli {

namespace bj = boost::json;

std::string description_of(const std::string& body) {
  bj::error_code error;
  const auto value = bj::parse(body, error);
  if (!error && value.is_object()) {
    if (const auto* text = value.get_object().if_contains("description");
        text != nullptr && text->is_string())
      return std::string(text->get_string());
  }
  return json::repair_utf8(body.substr(0, 500));
}

void warn_of_steps(const std::string& place, const std::string& body) {
  bj::error_code error;
  const auto value = bj::parse(body, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* processing = object ? object->if_contains("processing") : nullptr;
  if (processing == nullptr || !processing->is_object()) return;
  for (const auto& [step, state] : processing->get_object()) {
    const std::string why = description_of(bj::serialize(state));
    if (state.is_object() && state.get_object().contains("description") && !why.empty())
      warn() << place << ": " << std::string_view(step) << ": " << why << '\n';
  }
}

}  // namespace resultsdb::cli
