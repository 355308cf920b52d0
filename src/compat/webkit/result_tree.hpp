// From the nested `results` of an upload to a table: the flattening of names and the attributes of leaves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resultsdb/run.hpp"
#include "states.hpp"

namespace resultsdb::webkit {

/// Takes the events below `results`. A node without objects among its members is a test; members that are no
/// objects are its attributes. Names and attributes are built in buffers that are used again, so that a test
/// costs no allocation.
class ResultTree {
 public:
  ResultTree(ResultTable& results, SuiteStatistics& statistics)
      : results_(results), statistics_(statistics) {}

  void begin_object() {
    if (!nodes_.empty()) nodes_.back().has_children = true;
    forget_attributes();  // those of a node that turns out to be an inner one are dropped
    nodes_.push_back({.name_size = name_end_});
  }
  /// True when this was the end of `results` itself.
  bool end_object() {
    const Node node = nodes_.back();
    nodes_.pop_back();
    if (nodes_.empty()) return true;
    if (!node.has_children) emit(node.name_size);
    forget_attributes();
    return false;
  }
  void key(std::string_view part) {
    const std::size_t size = nodes_.back().name_size;
    key_offset_ = size + (nodes_.size() > 1 ? 1 : 0);
    name_end_ = key_offset_ + part.size();
    if (name_.size() < name_end_) name_.resize(2 * name_end_);
    if (key_offset_ > size) name_[size] = '/';
    part.copy(name_.data() + key_offset_, part.size());
  }
  void string(std::string_view text);
  void integer(std::string_view digits, std::int64_t value);
  void real(std::string_view digits);
  void boolean(bool value) { other(value ? "true" : "false", "bool"); }
  void null() { other("null", "NoneType"); }
  void array(std::string_view canonical) { other(canonical, "list"); }

  /// Empty, or what is wrong with the tree; events after the first problem have no effect.
  const std::string& error() const noexcept { return error_; }

 private:
  struct Node {
    std::size_t name_size = 0;
    bool has_children = false;
  };
  struct Attribute {
    std::string key, json;
  };

  /// Who has the attribute, or nothing if it is none (an error, or a member that the server itself writes).
  bool accepts_attribute(std::string_view python_type);
  std::string_view attribute_key() const {
    return std::string_view(name_).substr(key_offset_, name_end_ - key_offset_);
  }
  bool takes_state(std::string_view text);
  void other(std::string_view json, std::string_view python_type);
  void refuse_state(std::string_view python_type);
  void store(std::string_view json);
  void number(std::string_view json, double value);
  void forget_attributes() {
    duration_.reset();
    if (has_attributes_) forget_others();
  }
  void forget_others();
  void emit(std::size_t name_size);
  std::string_view attributes_text();

  ResultTable& results_;
  SuiteStatistics& statistics_;
  std::vector<Node> nodes_;
  std::string name_;  ///< begins with the innermost node's name and the last key behind it; never shrinks
  std::size_t key_offset_ = 0, name_end_ = 0;
  std::string error_;

  // Of the innermost node.
  std::optional<Duration> duration_;
  bool has_attributes_ = false;  ///< something below is set
  std::optional<StateSet> actual_, expected_;
  std::string state_error_;
  std::optional<double> tries_, passes_;
  std::vector<Attribute> attributes_;  ///< the first attribute_count_ count
  std::size_t attribute_count_ = 0;
  std::string text_;
};

}  // namespace resultsdb::webkit
