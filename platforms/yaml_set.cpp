// Overrides of single values from the command line: `--set KEY=VALUE`.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "platforms/input_error.hpp"
#include "platforms/yaml_tree.hpp"

namespace raysim {

namespace {

constexpr std::size_t shown_limit = 80;

class Override {
 public:
  Override(YamlDocument& document, std::string_view text, const std::vector<std::string_view>& fixed, std::size_t skip)
      : document_(document), name_(override_name(text)), fixed_(fixed) {
    text.remove_prefix(std::min(skip, text.size()));
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) fail("no '='", "KEY=VALUE, such as --set seed=7");
    path_ = text.substr(0, equals);
    value_text_ = text.substr(equals + 1);
    if (path_.empty() || path_.front() == '.' || path_.back() == '.' || path_.find("..") != std::string_view::npos)
      fail(fmt::format("empty key in {}", in_quotes(path_)), "keys joined by single dots");
  }

  void apply() {
    YamlNode value = parsed_value();
    document_.sources.push_back(name_);
    move_to_override(value);
    YamlNode* node = &document_.root;
    if (node->kind == YamlNode::Kind::null) *node = empty_node(YamlNode::Kind::mapping, place());
    while (rest_start_ <= path_.size()) node = &step_into(*node);
    *node = std::move(value);
  }

 private:
  // Its places are of no use: messages name the whole override.
  [[nodiscard]] YamlNode parsed_value() const {
    try {
      return parse_yaml(value_text_, name_).root;
    } catch (const InputError& error) {
      throw InputError(name_, 0, 0, error.message());
    }
  }

  [[noreturn]] void fail(const std::string& wrong, const std::string& expected) const {
    throw InputError(name_, 0, 0, fmt::format("{}, expected {}", wrong, expected));
  }

  [[nodiscard]] YamlPlace place() const { return {0, 0, static_cast<std::uint32_t>(document_.sources.size() - 1)}; }

  void move_to_override(YamlNode& node) const {
    node.place = place();
    for (YamlNode& item : node.items) move_to_override(item);
    for (YamlEntry& entry : node.entries) {
      entry.place = place();
      move_to_override(entry.value);
    }
  }

  [[nodiscard]] std::string_view rest() const { return path_.substr(rest_start_); }
  // The path walked so far, without the last dot.
  [[nodiscard]] std::string_view walked() const { return path_.substr(0, rest_start_ == 0 ? 0 : rest_start_ - 1); }
  void take(std::size_t length) { rest_start_ += length + 1; }

  YamlNode& step_into(YamlNode& node) {
    if (node.kind == YamlNode::Kind::mapping) return step_into_mapping(node);
    if (node.kind == YamlNode::Kind::list) return step_into_list(node);
    fail(fmt::format("{} is a single value", in_quotes(walked())),
         fmt::format("no key {} below it", in_quotes(rest())));
  }

  YamlNode& step_into_mapping(YamlNode& node) {
    // Names may hold dots themselves, so the longest key that the path goes on with is meant.
    YamlEntry* best = nullptr;
    for (YamlEntry& entry : node.entries) {
      const bool fits =
          rest().starts_with(entry.key) && (rest().size() == entry.key.size() || rest()[entry.key.size()] == '.');
      if (fits && (best == nullptr || entry.key.size() > best->key.size())) best = &entry;
    }
    if (best != nullptr) {
      take(best->key.size());
      return adapt(best->value);
    }
    const std::string key(rest().substr(0, rest().find('.')));
    if (std::find(fixed_.begin(), fixed_.end(), walked()) != fixed_.end()) fail_unknown(key, node);
    node.entries.push_back({key, place(), {}});
    take(key.size());
    return adapt(node.entries.back().value);
  }

  // What a path leads through must be a mapping: `ray:` with nothing below it, or a key just made, becomes one.
  YamlNode& adapt(YamlNode& node) {
    if (rest_start_ <= path_.size() && node.kind == YamlNode::Kind::null)
      node = empty_node(YamlNode::Kind::mapping, place());
    return node;
  }

  [[noreturn]] void fail_unknown(const std::string& key, const YamlNode& mapping) const {
    std::vector<std::string_view> keys;
    for (const YamlEntry& entry : mapping.entries) keys.push_back(entry.key);
    fail(fmt::format("unknown name {} in {}", in_quotes(key), in_quotes(walked())),
         fmt::format("one of {}{}", listed(keys), suggestion(key, keys)));
  }

  YamlNode& step_into_list(YamlNode& node) {
    const std::string_view text = rest().substr(0, rest().find('.'));
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (error != std::errc() || end != text.data() + text.size() || index >= node.items.size()) {
      const std::string range = node.items.empty() ? "no index, for the list is empty"
                                                   : fmt::format("an index from 0 to {}", node.items.size() - 1);
      fail(fmt::format("no element {} in the list {}", in_quotes(text), in_quotes(walked())), range);
    }
    take(text.size());
    return adapt(node.items[index]);
  }

  YamlDocument& document_;
  std::string name_;
  const std::vector<std::string_view>& fixed_;
  std::string_view path_;
  std::string_view value_text_;
  std::size_t rest_start_ = 0;  // past the end of path_ when all of it is walked
};

// Text that YAML could take for something else, in a flow or on its own, is put in quotes.
std::string scalar_on_one_line(const YamlNode& node) {
  const bool is_plain = !node.is_quoted && node.text.find_first_of(",[]{}:#&*!|>%@`\"'\\\n\t") == std::string::npos;
  if (is_plain) return node.text;
  std::string quoted = "\"";
  for (const char c : node.text) {
    if (c == '\n')
      quoted += "\\n";
    else if (c == '\t')
      quoted += "\\t";
    else
      quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  }
  return quoted + '"';
}

}  // namespace

std::string one_line(const YamlNode& node) {
  std::string text;
  switch (node.kind) {
    case YamlNode::Kind::null: return "null";
    case YamlNode::Kind::scalar: return scalar_on_one_line(node);
    case YamlNode::Kind::list:
      for (const YamlNode& item : node.items) text += (text.empty() ? "" : ", ") + one_line(item);
      return "[" + text + "]";
    case YamlNode::Kind::mapping: break;
  }
  for (const YamlEntry& entry : node.entries) {
    YamlNode key = empty_node(YamlNode::Kind::scalar, {});
    key.text = entry.key;
    text += (text.empty() ? "" : ", ") + scalar_on_one_line(key) + ": " + one_line(entry.value);
  }
  return "{" + text + "}";
}

std::string override_name(std::string_view override) { return "--set " + on_one_line(override, shown_limit); }

void apply_override(YamlDocument& document, std::string_view override, const std::vector<std::string_view>& fixed,
                    std::size_t skip) {
  Override(document, override, fixed, skip).apply();
}

}  // namespace raysim
