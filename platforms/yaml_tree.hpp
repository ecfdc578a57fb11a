// A YAML document as a tree of values that know their place in the file.
//
// Models: mappings, lists, scalars (plain or quoted) and nothing, with anchors and aliases resolved. Leaves out: tags,
// merge keys, several documents in a file, keys that are not scalars. Built from yaml-cpp's events rather than its
// nodes, because those hide duplicate keys and share aliased nodes, so that the cost of walking them has no bound.
// Invariants: no duplicate keys; at most 64 levels, 4,000,000 values, 100,000 more through aliases, and 64 MiB; text is
// UTF-8 without control characters; every failure is an InputError.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace raysim {

// Where something stands: line and column from 1, in YamlDocument::sources[source]. Both are 0 for values of `--set`.
struct YamlPlace {
  int line = 0;
  int column = 0;
  std::uint32_t source = 0;
};

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, list, mapping };
  Kind kind = Kind::null;
  bool is_quoted = false;  // of a scalar: written in quotes or as a block, hence text whatever it looks like
  YamlPlace place;
  std::string text;                // scalar
  std::vector<YamlNode> items;     // list
  std::vector<YamlEntry> entries;  // mapping, in the order of the file
};

struct YamlEntry {
  std::string key;
  YamlPlace place;  // of the key
  YamlNode value;
};

struct YamlDocument {
  std::vector<std::string> sources;  // the file first, then one `--set KEY=VALUE` for each override
  YamlNode root;
};

// A value without text, items or entries yet.
YamlNode empty_node(YamlNode::Kind kind, const YamlPlace& place);

inline constexpr int yaml_depth_limit = 64;
inline constexpr std::size_t yaml_node_limit = 4'000'000;
inline constexpr std::size_t yaml_alias_limit = 100'000;
inline constexpr std::size_t yaml_size_limit = std::size_t{64} << 20;

// `source` names the text in messages. An empty document has a null root.
YamlDocument parse_yaml(std::string_view text, const std::string& source);

// The text of a regular file of at most yaml_size_limit. `expected` ends the message when it cannot be read: "a
// scenario file".
std::string read_text_file(const std::string& path, std::string_view expected);

// Changes one value: `override` is `KEY=VALUE` with a path of keys and list indices joined by dots, and YAML as value.
// A key that is missing is added (whether it may stand there is the loader's to say), except under the paths of
// `fixed`: these mappings hold names that the user chose, so that a new one is a typing mistake. The first `skip` bytes
// of the override are no part of the path in this document; messages show them.
void apply_override(YamlDocument& document, std::string_view override, const std::vector<std::string_view>& fixed,
                    std::size_t skip = 0);

// A value as YAML on one line; parsed again, it is the same but for its places.
std::string one_line(const YamlNode& node);

// The name under which messages speak of an override: `--set KEY=VALUE` on one line.
std::string override_name(std::string_view override);

}  // namespace raysim
