// Reading of a conformance case that remembers what has been read.
//
// Models: a value of a case with its place in the file; keys that may be missing; which keys nobody has looked at, so that a
// case is never called passed while part of it was not understood. Leaves out: which keys there are; runners know.
// Invariants: a value is valid as long as its document and its CaseKeys; failures are InputErrors at the value.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platforms/yaml_tree.hpp"

namespace raysim {

// The keys of a case that a runner has read.
using CaseKeys = std::set<const YamlEntry*>;

class CaseValue {
 public:
  CaseValue(const YamlDocument& document, const YamlNode& node, CaseKeys& read)
      : document_(&document), node_(&node), read_(&read) {}

  [[nodiscard]] bool exists() const { return node_ != nullptr; }
  // Not there, or `null`.
  [[nodiscard]] bool is_null() const { return node_ == nullptr || node_->kind == YamlNode::Kind::null; }
  [[nodiscard]] bool is_list() const { return is(YamlNode::Kind::list); }
  [[nodiscard]] bool is_mapping() const { return is(YamlNode::Kind::mapping); }
  [[nodiscard]] bool is_scalar() const { return is(YamlNode::Kind::scalar); }

  // The value of a key; one that does not exist when the key or this mapping is not there.
  CaseValue operator[](std::string_view key) const;
  // The value of a key that must be there.
  [[nodiscard]] CaseValue at(std::string_view key) const;
  // All entries in the order of the file, and all items; none of what does not exist.
  [[nodiscard]] std::vector<std::pair<std::string, CaseValue>> entries() const;
  [[nodiscard]] std::vector<CaseValue> items() const;

  [[nodiscard]] std::string text() const;
  [[nodiscard]] double number() const;
  [[nodiscard]] std::int64_t whole() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::vector<std::string> texts() const;  // of a list
  // The same, with a word for what does not exist.
  [[nodiscard]] std::string text_or(std::string_view otherwise) const;
  [[nodiscard]] double number_or(double otherwise) const;
  [[nodiscard]] std::int64_t whole_or(std::int64_t otherwise) const;
  [[nodiscard]] bool boolean_or(bool otherwise) const;

  // FILE:LINE
  [[nodiscard]] std::string place() const;
  [[noreturn]] void fail_expected(std::string_view expected) const;
  // The first key below that nobody has read, `expect.state_after`; empty when all have been.
  [[nodiscard]] std::string first_unread() const;

 private:
  CaseValue(const YamlDocument& document, CaseKeys& read) : document_(&document), node_(nullptr), read_(&read) {}
  [[nodiscard]] bool is(YamlNode::Kind kind) const { return node_ != nullptr && node_->kind == kind; }

  const YamlDocument* document_;
  const YamlNode* node_;  // null: does not exist
  CaseKeys* read_;
};

}  // namespace raysim
