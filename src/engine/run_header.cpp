#include "engine/run_header.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "domain/check.hpp"
#include "engine/bytes.hpp"
#include "resultsdb/json.hpp"
#include "resultsdb/limits.hpp"

namespace resultsdb::engine {
namespace {

void append_texts(std::string& out, std::initializer_list<std::string_view> texts) {
  char separator = '[';
  for (const std::string_view text : texts) {
    out += separator;
    json::append_string(out, text);
    separator = ',';
  }
}

template <class List, class Append>
void append_list(std::string& out, std::string_view name, const List& list, Append append) {
  if (list.empty()) return;
  out += ",\"";
  out += name;
  out += "\":[";
  bool first = true;
  for (const auto& item : list) {
    if (!first) out += ',';
    first = false;
    append(item);
    out += ']';
  }
  out += ']';
}

std::string text_at(const boost::json::array& array, std::size_t index) {
  return std::string(std::string_view(array.at(index).as_string()));
}

// Throws std::exception for anything that encode_header() does not write.
HeaderText parse_header(std::string_view text) {
  const boost::json::value value = boost::json::parse(boost::json::string_view(text.data(), text.size()));
  const boost::json::object& object = value.as_object();
  HeaderText header;
  header.attempt = object.at("attempt").to_number<int>();
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (name == "finished") {
      header.finished = from_micros(member.value().to_number<std::int64_t>());
    } else if (name == "common") {
      header.common_attributes = std::string_view(member.value().as_string());
    } else if (name == "commits") {
      for (const auto& item : member.value().as_array()) {
        const auto& commit = item.as_array();
        header.commits.push_back(
            {text_at(commit, 0), text_at(commit, 1), commit.at(2).to_number<Position>()});
      }
    } else if (name == "attributes") {
      for (const auto& item : member.value().as_array())
        header.attributes.emplace_back(text_at(item.as_array(), 0), text_at(item.as_array(), 1));
    } else if (name == "links") {
      for (const auto& item : member.value().as_array()) {
        const auto& link = item.as_array();
        header.links.push_back({text_at(link, 0), text_at(link, 1), text_at(link, 2)});
      }
    }
  }
  return header;
}

Status validate_public_id(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '-';
  };
  if (id.size() > limits::kPublicIdBytes || !std::all_of(id.begin(), id.end(), allowed))
    return invalid_argument("a run's id is 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', ':' and '-'",
                            "id");
  return {};
}

}  // namespace

std::string encode_header(const HeaderText& header) {
  std::string out = "{\"attempt\":" + std::to_string(header.attempt);
  if (header.finished) out += ",\"finished\":" + std::to_string(to_micros(*header.finished));
  append_list(out, "commits", header.commits, [&](const RunCommit& commit) {
    append_texts(out, {commit.repository, commit.id});
    out += ',' + std::to_string(commit.position);
  });
  append_list(out, "attributes", header.attributes,
              [&](const auto& pair) { append_texts(out, {pair.first, pair.second}); });
  append_list(out, "links", header.links,
              [&](const Link& link) { append_texts(out, {link.rel, link.label, link.href}); });
  if (!header.common_attributes.empty()) {
    out += ",\"common\":";
    json::append_string(out, header.common_attributes);
  }
  return out + '}';
}

Result<HeaderText> decode_header(std::string_view text) {
  try {
    return parse_header(text);
  } catch (const std::exception& error) {
    return make_error(ErrorCode::Corrupt, std::string("the header of a run cannot be read: ") + error.what(),
                      "run.header");
  }
}

storage::Bytes encode_counters(const Counters& counters) {
  ByteWriter out;
  for (const auto& [outcome, count] : counters) {
    out.varint(outcome);
    out.varint(count);
  }
  return seal(std::move(out).take());
}

Result<Counters> decode_counters(std::string_view bytes) {
  RESULTSDB_ASSIGN(const std::string_view content, open_sealed(bytes, "run.counters"));
  ByteReader in(content);
  Counters counters;
  while (in.remaining() > 0) {
    const std::uint32_t outcome = in.varint32();
    counters.emplace_back(outcome, in.varint32());
  }
  if (!in.at_end()) return make_error(ErrorCode::Corrupt, "the counters are damaged", "run.counters");
  return counters;
}

RunCounts to_run_counts(const Counters& counters, std::uint32_t covered, std::uint32_t lost,
                        const OutcomeTable& outcomes) {
  std::map<Outcome, std::uint32_t> sums;
  std::uint32_t counted = 0;
  for (const auto& [outcome, count] : counters) {
    sums[outcomes.at(outcome).outcome()] += count;
    counted += count;
  }
  if (counted < covered) sums[Outcome{}] += covered - counted;
  RunCounts counts{.covered = covered, .lost = lost};
  for (const auto& [outcome, count] : sums) counts.outcomes.push_back({outcome, count});
  return counts;
}

Position position_of(const RunHeader& header) {
  if (header.position) return *header.position;
  if (header.commits.empty()) return 100 * to_seconds(header.started);
  return std::max_element(header.commits.begin(), header.commits.end(),
                          [](const auto& a, const auto& b) { return a.position < b.position; })
      ->position;
}

Status validate_header(const RunHeader& header) {
  RESULTSDB_TRY(domain::check_name("suite", header.suite, domain::Presence::Required));
  RESULTSDB_TRY(domain::check_name("branch", header.branch));
  RESULTSDB_TRY(domain::check_name("variant", header.variant));
  RESULTSDB_TRY(header.configuration.validate());
  RESULTSDB_TRY(validate_public_id(header.id));
  RESULTSDB_TRY(domain::check_time("started", header.started));
  if (header.finished) RESULTSDB_TRY(domain::check_time("finished", *header.finished));
  RESULTSDB_TRY(domain::check_position("position", position_of(header)));
  if (header.attempt < 1) return invalid_argument("must be at least 1", "attempt");
  if (header.digest.size() > 64) return invalid_argument("must have at most 64 bytes", "digest");
  if (header.attributes.size() > limits::kAttributes)
    return invalid_argument("a run has at most " + std::to_string(limits::kAttributes) + " attributes",
                            "attributes");
  for (const auto& [name, value] : header.attributes) {
    RESULTSDB_TRY(domain::check_name("attributes", name, domain::Presence::Required));
    RESULTSDB_TRY(domain::check_text("attributes." + name, value, limits::kDetailBytes));
  }
  for (const Link& link : header.links)
    for (const std::string* text : {&link.rel, &link.label, &link.href})
      RESULTSDB_TRY(domain::check_text("links", *text, limits::kDetailBytes));
  for (const RunCommit& commit : header.commits) {
    RESULTSDB_TRY(domain::check_name("commits.repository", commit.repository, domain::Presence::Required));
    RESULTSDB_TRY(domain::check_name("commits.id", commit.id, domain::Presence::Required));
    RESULTSDB_TRY(domain::check_position("commits.position", commit.position));
  }
  return {};
}

}  // namespace resultsdb::engine
