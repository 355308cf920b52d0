// to_json(): the JSON form of a query.
#include "aggregate/query_words.hpp"
#include "resultsdb/aggregate/query_language.hpp"
#include "resultsdb/json.hpp"

namespace resultsdb::aggregate {
namespace {

using namespace ast;

class Writer {
 public:
  void write(const Expression& expression) { std::visit(*this, expression.node); }
  std::string take() { return std::move(out_); }

  void operator()(const Group& group) {
    if (group.kind == Group::Kind::Not) return write_member("not", group.of.front());
    out_ += group.kind == Group::Kind::Or ? R"({"or":[)" : R"({"and":[)";
    write_list(group.of, [&](const Expression& part) { write(part); });
    out_ += "]}";
  }
  void operator()(const Name& name) { write_member(name.part ? "name_contains" : "name", name.text); }
  void operator()(const Quantified& quantified) {
    open(words::word_of(words::kQuantifiers, quantified.kind));
    out_ += '{';
    if (!quantified.where.empty()) write_where(quantified.where);
    out_ += R"("of":)";
    for (const Expression& of : quantified.of) write(of);
    out_ += "}}";
  }
  void operator()(const Newest& newest) {
    if (newest.is.kind == Selector::Kind::Word) return write_member("outcome", newest.is.word);
    json::append_string(out_, words::state_of(newest.is.kind));
  }
  void operator()(const HasVerdict& verdict) {
    json::append_string(out_, words::word_of(words::kVerdicts, verdict.verdict));
  }
  void operator()(const Coverage& coverage) {
    json::append_string(out_, words::word_of(words::kCoverages, coverage.kind));
  }
  void operator()(const Count& count) {
    write_measured("count", count.of, count.last, count.comparison);
    out_ += R"("value":)" + std::to_string(count.value) + "}}";
  }
  void operator()(const Rate& rate) {
    write_measured("rate", rate.of, rate.last, rate.comparison);
    out_ += R"("value":)" + words::rate_text(rate.millionths) + "}}";
  }
  void operator()(const Runs& runs) {
    out_ += R"({"runs":{)";
    write_comparison(runs.comparison);
    out_ += R"("value":)" + std::to_string(runs.value) + "}}";
  }
  void operator()(const Sequence& sequence) {
    out_ += R"({"seq":[)";
    write_list(sequence.steps, [&](const Sequence::Step& step) {
      if (!step.of) {
        out_ += R"("*")";
        return;
      }
      if (step.repeat) out_ += R"({"repeat":)";
      write_selector(*step.of);
      if (step.repeat) out_ += '}';
    });
    out_ += "]}";
  }
  void operator()(const Duration& duration) {
    out_ += R"({"duration":{"of":)";
    json::append_string(out_, words::word_of(words::kMeasures, duration.measure));
    out_ += ',';
    write_comparison(duration.comparison);
    out_ += R"("value_us":)" + std::to_string(duration.value_us) + "}}";
  }

 private:
  template <class Items, class Write>
  void write_list(const Items& items, Write write_item) {
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ',';
      first = false;
      write_item(item);
    }
  }
  void open(std::string_view member) {
    out_ += '{';
    json::append_string(out_, member);
    out_ += ':';
  }
  void write_member(std::string_view member, std::string_view text) {
    open(member);
    json::append_string(out_, text);
    out_ += '}';
  }
  void write_member(std::string_view member, const Expression& expression) {
    open(member);
    write(expression);
    out_ += '}';
  }
  void write_where(const std::vector<FacetFilter>& where) {
    std::vector<std::string> texts;
    for (const FacetFilter& filter : where)
      for (const std::string& value : filter.values)
        texts.push_back((filter.negated ? "!" : "") + filter.facet + ':' + value);
    out_ += R"("where":[)";
    write_list(texts, [&](const std::string& text) { json::append_string(out_, text); });
    out_ += "],";
  }
  void write_selector(const Selector& selector) {
    if (selector.kind == Selector::Kind::Word) return write_member("outcome", selector.word);
    json::append_string(out_, words::word_of(words::kOutcomes, selector.kind));
  }
  void write_comparison(Comparison comparison) {
    out_ += R"("op":)";
    json::append_string(out_, words::word_of(words::kComparisons, comparison));
    out_ += ',';
  }
  void write_measured(std::string_view member, const Selector& of, std::uint32_t last,
                      Comparison comparison) {
    open(member);
    out_ += R"({"of":)";
    write_selector(of);
    out_ += ',';
    if (last != 0) out_ += R"("last":)" + std::to_string(last) + ',';
    write_comparison(comparison);
  }

  std::string out_;
};

}  // namespace

std::string to_json(const Query& query) {
  if (query == Query{}) return "{}";
  Writer writer;
  writer.write(query.root);
  return writer.take();
}

}  // namespace resultsdb::aggregate
