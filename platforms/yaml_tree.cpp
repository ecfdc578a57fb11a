#include "platforms/yaml_tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "platforms/input_error.hpp"

namespace raysim {

namespace {

// Knows the text, so as to turn yaml-cpp's marks (bytes from 0) into places (characters from 1) and to report there.
class SourceText {
 public:
  SourceText(std::string_view text, const std::string& name) : text_(text), name_(name) {
    for (std::size_t i = 0; i < text.size(); ++i)
      if (text[i] == '\n') line_starts_.push_back(i + 1);
  }

  [[nodiscard]] YamlPlace place(const YAML::Mark& mark) const {
    if (mark.line < 0) return {1, 1, 0};
    const std::size_t line = std::min<std::size_t>(static_cast<std::size_t>(mark.line), line_starts_.size() - 1);
    return place_of(line, line_starts_[line] + static_cast<std::size_t>(mark.column));
  }

  // The place of a `-` of which the mark is just behind, else that of the mark.
  [[nodiscard]] YamlPlace place_of_dash(const YAML::Mark& mark) const;

  // yaml-cpp takes the end of the text for the end of a quoted scalar. True for what is not in quotes.
  [[nodiscard]] bool is_closed_quote(const YAML::Mark& mark) const;

  // Whether the line at the mark is indented with tabs, which YAML forbids.
  [[nodiscard]] bool has_tab_indentation(const YAML::Mark& mark) const;

  [[noreturn]] void fail_at_byte(std::size_t byte, const std::string& message) const { fail(place_of(byte), message); }

  [[noreturn]] void fail(const YamlPlace& at, const std::string& message) const {
    throw InputError(name_, at.line, at.column, message);
  }

  // Only what YAML calls printable: UTF-8 without control characters. yaml-cpp itself takes some of those for its own
  // marks.
  void check_characters() const;

 private:
  [[nodiscard]] YamlPlace place_of(std::size_t byte) const {
    const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), byte);
    return place_of(static_cast<std::size_t>(next - line_starts_.begin()) - 1, byte);
  }

  // The byte that the mark stands at; at most the text's length.
  [[nodiscard]] std::size_t byte_of(const YAML::Mark& mark) const {
    return mark.pos < 0 ? 0 : std::min(static_cast<std::size_t>(mark.pos), text_.size());
  }

  [[nodiscard]] YamlPlace place_of(std::size_t line, std::size_t byte) const {
    // Places are asked for from front to back, so counting goes on from the last one: a line may be megabytes long.
    if (byte < counted_to_ || counted_to_ < line_starts_[line]) {
      counted_to_ = line_starts_[line];
      column_ = 1;
    }
    for (; counted_to_ < byte && counted_to_ < text_.size(); ++counted_to_)
      if ((static_cast<unsigned char>(text_[counted_to_]) & 0xC0U) != 0x80U) ++column_;
    return {static_cast<int>(line) + 1, column_, 0};
  }

  std::string_view text_;
  std::string name_;
  std::vector<std::size_t> line_starts_{0};
  mutable std::size_t counted_to_ = 0;  // the byte whose column is column_
  mutable int column_ = 1;
};

// Bytes of the UTF-8 character that starts `text`; 0 when it is none (RFC 3629: no surrogates, no overlong forms).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  const unsigned second = byte(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
  return length;
}

void SourceText::check_characters() const {
  for (std::size_t i = 0; i < text_.size();) {
    const std::size_t length = utf8_length(text_.substr(i));
    if (length == 0) fail_at_byte(i, "byte that is not UTF-8, expected text in UTF-8");
    const unsigned char c = static_cast<unsigned char>(text_[i]);
    const bool ends_line = c == '\n' || (c == '\r' && i + 1 < text_.size() && text_[i + 1] == '\n');
    if ((c < 0x20 && c != '\t' && !ends_line) || c == 0x7F)
      fail_at_byte(i, fmt::format("control character 0x{:02x}, expected printable text", c));
    i += length;
  }
}

constexpr std::string_view spaces = " \t\r\n";

YamlPlace SourceText::place_of_dash(const YAML::Mark& mark) const {
  const std::size_t last = text_.substr(0, byte_of(mark)).find_last_not_of(spaces);
  return last != std::string_view::npos && text_[last] == '-' ? place_of(last) : place(mark);
}

bool SourceText::is_closed_quote(const YAML::Mark& mark) const {
  std::size_t i = byte_of(mark);
  // The mark of a value is that of its anchor, if it has one.
  while (i < text_.size() && text_[i] == '&')
    i = std::min(text_.find_first_not_of(spaces, text_.find_first_of(spaces, i)), text_.size());
  if (i >= text_.size() || (text_[i] != '"' && text_[i] != '\'')) return true;
  const char quote = text_[i];
  for (++i; i < text_.size(); ++i) {
    if (quote == '"' && text_[i] == '\\') {
      ++i;
    } else if (text_[i] == quote) {
      const bool is_escaped = quote == '\'' && i + 1 < text_.size() && text_[i + 1] == quote;
      if (!is_escaped) return true;
      ++i;
    }
  }
  return false;
}

bool SourceText::has_tab_indentation(const YAML::Mark& mark) const {
  const std::size_t line = std::min(static_cast<std::size_t>(std::max(mark.line, 0)), line_starts_.size() - 1);
  const std::string_view rest = text_.substr(line_starts_[line]);
  return rest.substr(0, rest.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

// Builds the tree from the parser's events and enforces the limits while it grows.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const SourceText& source) : source_(source) {}

  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(has_document_, true))
      source_.fail(source_.place(mark), "second YAML document, expected one document in a file");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // The mark is that of whatever comes next, so nothing is placed at the key or dash before it.
    const bool has_key = !open_.empty() && open_.back().has_key;
    const YamlPlace at = has_key ? open_.back().node.entries.back().place : source_.place_of_dash(mark);
    add(empty_node(YamlNode::Kind::null, at), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = empty_node(YamlNode::Kind::scalar, source_.place(mark));
    node.is_quoted = tag == "!";
    node.text = value;
    check_tag(tag, node.place);
    if (node.is_quoted && !source_.is_closed_quote(mark))
      source_.fail(node.place, "quote that nothing closes, expected a closing quote");
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, source_.place(mark), tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::mapping, source_.place(mark), tag, anchor);
  }
  void OnMapEnd() override { close(); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const YamlPlace at = source_.place(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) source_.fail(at, "alias inside of what it names, expected an anchor that is complete");
    alias_count_ += found->second.second;
    if (alias_count_ > yaml_alias_limit)
      source_.fail(at, fmt::format("aliases for too many values, expected at most {}", yaml_alias_limit));
    if (static_cast<int>(open_.size()) + depth_of(found->second.first) > yaml_depth_limit) fail_depth(at);
    place_value(YamlNode(found->second.first), at);
  }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::size_t count_before = 0;                    // nodes made before this one
    bool has_key = false;                            // of a mapping: a key waits for its value
    std::unordered_map<std::string, int> key_lines;  // of a mapping
  };

  void check_tag(const std::string& tag, const YamlPlace& at) const {
    if (!tag.empty() && tag != "!" && tag != "?")
      source_.fail(at, fmt::format("tag {}, expected a value without a tag", in_quotes(tag)));
  }

  void count_node(const YamlPlace& at) {
    ++count_;
    if (count_ > yaml_node_limit)
      source_.fail(at, fmt::format("too many values, expected at most {}", yaml_node_limit));
  }

  [[noreturn]] void fail_depth(const YamlPlace& at) const {
    source_.fail(at, fmt::format("nested too deeply, expected at most {} levels", yaml_depth_limit));
  }

  void open(YamlNode::Kind kind, const YamlPlace& at, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(tag, at);
    if (static_cast<int>(open_.size()) >= yaml_depth_limit) fail_depth(at);
    if (waits_for_key()) fail_key(at);
    count_node(at);
    Open& top = open_.emplace_back();
    top.node = empty_node(kind, at);
    top.anchor = anchor;
    top.count_before = count_ + alias_count_ - 1;
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) keep(done.anchor, done.node, count_ + alias_count_ - done.count_before);
    const YamlPlace at = done.node.place;
    place_value(std::move(done.node), at);
  }

  void add(YamlNode node, YAML::anchor_t anchor) {
    count_node(node.place);
    if (anchor != 0) keep(anchor, node, 1);
    const YamlPlace at = node.place;
    place_value(std::move(node), at);
  }

  // Anchors inside of anchors keep a value several times, so what is kept has a limit too.
  void keep(YAML::anchor_t anchor, const YamlNode& node, std::size_t count) {
    kept_count_ += count;
    if (kept_count_ > yaml_alias_limit)
      source_.fail(node.place, fmt::format("anchors for too many values, expected at most {}", yaml_alias_limit));
    anchors_[anchor] = {node, count};
  }

  [[nodiscard]] bool waits_for_key() const {
    return !open_.empty() && open_.back().node.kind == YamlNode::Kind::mapping && !open_.back().has_key;
  }

  [[noreturn]] void fail_key(const YamlPlace& at) const {
    source_.fail(at, "key that is no word, or a bracket that nothing closes, expected a name as key");
  }

  void place_value(YamlNode node, const YamlPlace& at) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& top = open_.back();
    if (top.node.kind == YamlNode::Kind::list) {
      top.node.items.push_back(std::move(node));
    } else if (top.has_key) {
      top.node.entries.back().value = std::move(node);
      top.has_key = false;
    } else {
      add_key(top, node, at);
    }
  }

  void add_key(Open& top, YamlNode& node, const YamlPlace& at) {
    if (node.kind != YamlNode::Kind::scalar) fail_key(at);
    const auto [first, is_new] = top.key_lines.emplace(node.text, at.line);
    if (!is_new)
      source_.fail(at, fmt::format("duplicate key {} (first on line {}), expected each key once", in_quotes(node.text),
                                   first->second));
    top.node.entries.push_back({std::move(node.text), at, {}});
    top.has_key = true;
  }

  static int depth_of(const YamlNode& node) {
    int deepest = 0;
    for (const YamlNode& item : node.items) deepest = std::max(deepest, depth_of(item));
    for (const YamlEntry& entry : node.entries) deepest = std::max(deepest, depth_of(entry.value));
    const bool is_leaf = node.kind == YamlNode::Kind::null || node.kind == YamlNode::Kind::scalar;
    return is_leaf ? 0 : deepest + 1;
  }

  const SourceText& source_;
  YamlNode root_ = empty_node(YamlNode::Kind::null, {1, 1, 0});
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, std::pair<YamlNode, std::size_t>> anchors_;  // with its number of nodes
  std::size_t count_ = 0;                                                         // values in the text
  std::size_t alias_count_ = 0;                                                   // values that aliases stand for
  std::size_t kept_count_ = 0;                                                    // values in anchors_
  bool has_document_ = false;
};

}  // namespace

YamlNode empty_node(YamlNode::Kind kind, const YamlPlace& place) {
  YamlNode node;
  node.kind = kind;
  node.place = place;
  return node;
}

YamlDocument parse_yaml(std::string_view text, const std::string& source) {
  if (text.size() > yaml_size_limit)
    throw InputError(source, 1, 1, fmt::format("too large, expected at most {} MiB", yaml_size_limit >> 20));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte order mark says nothing in UTF-8
  const SourceText source_text(text, source);
  source_text.check_characters();
  TreeBuilder builder(source_text);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const YamlPlace at = source_text.place(error.mark);
    if (source_text.has_tab_indentation(error.mark))
      source_text.fail(at, "broken YAML (tab in the indentation), expected spaces");
    const bool is_flow = error.msg.find("flow") != std::string::npos;
    source_text.fail(at, fmt::format("broken YAML ({}), expected even indentation, closed quotes and brackets{}",
                                     on_one_line(error.msg, 100),
                                     is_flow ? "; in { } and [ ] an expression with brackets stands in quotes" : ""));
  }
  return {{source}, builder.take_root()};
}

std::string read_text_file(const std::string& path, std::string_view expected) {
  const auto fail = [&](const std::string& why) {
    throw InputError(on_one_line(path, 4096), 1, 1, fmt::format("{}, expected {}", why, expected));
  };
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) fail("no such file");
  // A pipe or a device might never end.
  if (status.type() != std::filesystem::file_type::regular) fail("not a regular file");
  const auto size = std::filesystem::file_size(path, error);
  if (error) fail("cannot be read (" + error.message() + ")");
  if (size > yaml_size_limit) fail(fmt::format("larger than {} MiB", yaml_size_limit >> 20));
  std::ifstream file(path, std::ios::binary);
  std::string text(size, '\0');
  if (!file || !file.read(text.data(), static_cast<std::streamsize>(size)))
    fail(fmt::format("cannot be read ({})", std::strerror(errno)));
  return text;
}

}  // namespace raysim
