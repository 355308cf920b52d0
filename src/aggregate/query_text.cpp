// to_text(): the canonical text of a query.
#include "aggregate/query_scanner.hpp"
#include "aggregate/query_words.hpp"
#include "resultsdb/aggregate/query_language.hpp"

namespace resultsdb::aggregate {
namespace {

using namespace ast;

class Writer {
 public:
  void write(const Expression& expression) { std::visit(*this, expression.node); }
  std::string take() { return std::move(out_); }

  void operator()(const Group& group) {
    if (group.kind == Group::Kind::Not) out_ += "not ";
    const char* separator = "";
    for (const Expression& part : group.of) {
      out_ += separator;
      separator = group.kind == Group::Kind::Or ? " or " : " and ";
      const bool parentheses = words::needs_parentheses(group.kind, part);
      if (parentheses) out_ += '(';
      write(part);
      if (parentheses) out_ += ')';
    }
  }
  void operator()(const Name& name) {
    out_ += name.part ? "name~" : "name:";
    out_ += write_value(name.text);
  }
  void operator()(const Quantified& quantified) {
    out_ += words::word_of(words::kQuantifiers, quantified.kind);
    out_ += '(';
    for (const FacetFilter& filter : quantified.where) {
      for (const std::string& value : filter.values) {
        if (filter.negated) out_ += '!';
        const bool sign = filter.facet.starts_with('-');  // would read as a negation
        out_ += sign ? write_quoted(filter.facet) : write_word(filter.facet);
        out_ += ':' + write_value(value) + ", ";
      }
    }
    for (const Expression& of : quantified.of) write(of);
    out_ += ')';
  }
  void operator()(const Newest& newest) {
    if (newest.is.kind == Selector::Kind::Word) {
      out_ += "outcome = " + write_word(newest.is.word);
    } else {
      out_ += words::state_of(newest.is.kind);
    }
  }
  void operator()(const HasVerdict& verdict) { out_ += words::word_of(words::kVerdicts, verdict.verdict); }
  void operator()(const Coverage& coverage) { out_ += words::word_of(words::kCoverages, coverage.kind); }
  void operator()(const Count& count) {
    write_measured("count(", count.of, count.last);
    write_comparison(count.comparison);
    out_ += std::to_string(count.value);
  }
  void operator()(const Rate& rate) {
    write_measured("rate(", rate.of, rate.last);
    write_comparison(rate.comparison);
    out_ += words::rate_text(rate.millionths);
  }
  void operator()(const Runs& runs) {
    out_ += "runs";
    write_comparison(runs.comparison);
    out_ += std::to_string(runs.value);
  }
  void operator()(const Sequence& sequence) {
    out_ += "seq(";
    const char* separator = "";
    for (const Sequence::Step& step : sequence.steps) {
      out_ += separator;
      separator = ", ";
      if (step.of) {
        write_selector(*step.of);
        if (step.repeat) out_ += '+';
      } else {
        out_ += '*';
      }
    }
    out_ += ')';
  }
  void operator()(const Duration& duration) {
    out_ += "duration";
    if (duration.measure != Duration::Measure::P50) {
      out_ += '.';
      out_ += words::word_of(words::kMeasures, duration.measure);
    }
    write_comparison(duration.comparison);
    out_ += words::duration_text(duration.value_us);
  }

 private:
  void write_selector(const Selector& selector) {
    if (selector.kind != Selector::Kind::Word) {
      out_ += words::word_of(words::kOutcomes, selector.kind);
    } else if (words::is_shouted(selector.word) && !selector.word.ends_with('+')) {
      out_ += write_word(selector.word);
    } else {
      out_ += write_quoted(selector.word);
    }
  }
  void write_measured(std::string_view head, const Selector& of, std::uint32_t last) {
    out_ += head;
    write_selector(of);
    if (last != 0) out_ += ", last " + std::to_string(last);
    out_ += ')';
  }
  void write_comparison(Comparison comparison) {
    out_ += ' ';
    out_ += words::word_of(words::kComparisons, comparison);
    out_ += ' ';
  }

  std::string out_;
};

}  // namespace

std::string to_text(const Query& query) {
  Writer writer;
  writer.write(query.root);
  return writer.take();
}

}  // namespace resultsdb::aggregate
