// Strict, typed reading of a YAML tree: every value is what the loader expects, or the user is told where it is not.
//
// Models: whole numbers, numbers, truth values, text, names, quantities, lists, and mappings with known keys. Leaves
// out: conversions (the text '5' is no number, 1 is not true). Both loaders read through this.
// Invariants: never returns a value outside of what was asked for; every failure is an InputError at the offending
// token; a YamlReader is valid as long as its document.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platforms/input_error.hpp"
#include "platforms/yaml_tree.hpp"
#include "sim/time.hpp"

namespace raysim {

struct KeySpec {
  std::string_view name;
  bool is_required = false;
};

// The keys of one kind of mapping. Loaders read by these tables and a test holds the JSON Schemas to them.
struct MappingSpec {
  std::string_view definition;  // its name under `$defs` of the schema
  std::string_view what;        // in messages: "a node"
  std::span<const KeySpec> keys;
};

class YamlReader;

// A mapping that was found to have known keys only and all required ones.
class YamlMapping {
 public:
  [[nodiscard]] std::optional<YamlReader> find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const;
  // The value of a required key.
  [[nodiscard]] YamlReader at(std::string_view key) const;
  // Reports at the key itself.
  [[noreturn]] void fail_at_key(std::string_view key, const std::string& wrong, const std::string& expected) const;
  // Reports at the mapping.
  [[noreturn]] void fail(const std::string& wrong, const std::string& expected) const;

 private:
  friend class YamlReader;
  YamlMapping(const YamlDocument& document, const YamlNode& node) : document_(&document), node_(&node) {}
  const YamlDocument* document_;
  const YamlNode* node_;
};

class YamlReader {
 public:
  explicit YamlReader(const YamlDocument& document) : YamlReader(document, document.root, nullptr) {}

  [[nodiscard]] bool is_null() const { return node_->kind == YamlNode::Kind::null; }
  [[nodiscard]] bool is_scalar() const { return node_->kind == YamlNode::Kind::scalar; }
  [[nodiscard]] bool is_list() const { return node_->kind == YamlNode::Kind::list; }
  [[nodiscard]] bool is_mapping() const { return node_->kind == YamlNode::Kind::mapping; }
  // A scalar that starts with a digit: a number or a quantity, never a name.
  [[nodiscard]] bool starts_with_digit() const;
  // A scalar without quotes that is a number.
  [[nodiscard]] bool is_number() const;
  [[nodiscard]] YamlPlace place() const { return node_->place; }
  // The file of that place, or the `--set` that it came from.
  [[nodiscard]] const std::string& source() const { return document_->sources[node_->place.source]; }
  // The key under which the value stands; empty in a list and at the top.
  [[nodiscard]] std::string_view key() const {
    return entry_ != nullptr ? std::string_view(entry_->key) : std::string_view();
  }

  [[nodiscard]] std::int64_t whole(std::int64_t min, std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
  // The version of the file's form; any other than `known` fails.
  void version(std::int64_t known) const;
  [[nodiscard]] double number(double min, double max) const;
  [[nodiscard]] bool boolean() const;
  // Any text; a plain scalar that is a number, a truth value or empty is not text.
  [[nodiscard]] std::string text(const std::string& what = "text") const;
  // A letter or underscore, then letters, digits and `_ - . : /`; at most 100 of them.
  [[nodiscard]] std::string name(const std::string& what = "a name") const;
  [[nodiscard]] std::string one_of(std::span<const std::string_view> names) const;
  [[nodiscard]] Duration duration() const;
  [[nodiscard]] Bytes bytes() const;
  [[nodiscard]] Bandwidth bandwidth() const;
  // Any scalar, as it was written.
  [[nodiscard]] std::string scalar() const;
  // Any value, as YAML on one line that reads as the same.
  [[nodiscard]] std::string one_line() const;

  [[nodiscard]] std::vector<YamlReader> list(const std::string& what) const;
  [[nodiscard]] YamlMapping mapping(const MappingSpec& spec) const;
  // The values of a mapping whose keys the user chose; each is a name (see above). `what` for messages: "tasks by
  // name".
  [[nodiscard]] std::vector<YamlReader> named_values(const std::string& what) const;

  // "'cpus' is 'abc'": how a message starts.
  [[nodiscard]] std::string found() const;
  [[noreturn]] void fail(const std::string& wrong, const std::string& expected) const;
  // Reports `offset` bytes after the start of the scalar, where that can be told.
  [[noreturn]] void fail_inside(std::size_t offset, const std::string& wrong, const std::string& expected) const;
  // `found(), expected ...`
  [[noreturn]] void fail_expected(const std::string& expected) const;
  // Reports at the key instead of the value.
  [[noreturn]] void fail_at_key(const std::string& wrong, const std::string& expected) const;
  // A name that nothing has: `unknown KIND 'name', expected one of ..., did you mean 'x'?`
  [[noreturn]] void fail_unknown(std::string_view kind, std::string_view name,
                                 std::span<const std::string_view> known) const;

 private:
  friend class YamlMapping;
  YamlReader(const YamlDocument& document, const YamlNode& node, const YamlEntry* entry)
      : document_(&document), node_(&node), entry_(entry) {}
  [[noreturn]] void fail_at(const YamlPlace& where, const std::string& wrong, const std::string& expected) const;
  [[nodiscard]] bool is_plain() const { return is_scalar() && !node_->is_quoted; }
  template <class Parse>
  auto quantity(Parse parse) const;

  const YamlDocument* document_;
  const YamlNode* node_;
  const YamlEntry* entry_;  // nullptr in a list and at the top
};

// Whether a text may be a name (see YamlReader::name).
bool is_name(std::string_view text);

}  // namespace raysim
