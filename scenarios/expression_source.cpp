#include "scenarios/expression_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "platforms/input_error.hpp"
#include "scenarios/expression.hpp"

namespace raysim {

namespace {

constexpr std::string_view self_prefix = "__self_";
constexpr std::string_view name_prefix = "__name_";  // of a variable that is called as a function is
constexpr std::string_view form = "an expression such as (n + 1) * 2";

// Lua's words: those of expressions, and those that begin or end something else.
constexpr std::array<std::string_view, 6> operands_and_operators{"and", "or", "not", "nil", "true", "false"};
constexpr std::array<std::string_view, 16> statements{"break",    "do",    "else",  "elseif", "end",   "for",
                                                      "function", "goto",  "if",    "in",     "local", "repeat",
                                                      "then",     "until", "while", "return"};

// What people write who think of another language.
struct Spelling {
  std::string_view wrong;
  std::string_view right;
};
constexpr std::array<Spelling, 11> operators_elsewhere{Spelling{"!=", "~="},
                                                       Spelling{"**", "^"},
                                                       Spelling{"&&", "and"},
                                                       Spelling{"||", "or"},
                                                       Spelling{"...", "a name"},
                                                       Spelling{"::", "a name"},
                                                       Spelling{"--", "-"},
                                                       Spelling{"+=", "the step 'let'"},
                                                       Spelling{"-=", "the step 'let'"},
                                                       Spelling{"*=", "the step 'let'"},
                                                       Spelling{"/=", "the step 'let'"}};
constexpr std::array<Spelling, 6> words_elsewhere{Spelling{"True", "true"}, Spelling{"False", "false"},
                                                  Spelling{"None", "nil"},  Spelling{"null", "nil"},
                                                  Spelling{"is", "=="},     Spelling{"elif", "and, or"}};
constexpr std::array<Spelling, 6> signs_elsewhere{Spelling{"!", "'not'"},
                                                  Spelling{"=", "'=='"},
                                                  Spelling{"{", "[a, b] for a list"},
                                                  Spelling{":", "slice(list, from, to) for a part of a list"},
                                                  Spelling{";", "a single expression"},
                                                  Spelling{"?", "'condition and a or b'"}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c); }

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  ExpressionSource scan() {
    for (skip_space(); at_ < text_.size(); skip_space()) {
      const char c = text_[at_];
      if (is_digit(c) || (c == '.' && is_digit(peek(1))))
        number();
      else if (is_word(c))
        word();
      else if (c == '"' || c == '\'')
        quoted();
      else
        sign();
    }
    if (!open_.empty())
      fail(open_.back().offset, "bracket that nothing closes",
           "a closing bracket; in { } or [ ] an expression with a comma stands in quotes");
    if (!has_operand_) fail(0, text_.empty() ? "empty expression" : "expression that ends early", std::string(form));
    return std::move(result_);
  }

 private:
  enum class Kind : std::uint8_t { group, call, index, list };
  struct Bracket {
    Kind kind;
    std::size_t offset;
    std::size_t lua;    // where what is inside of it begins in the Lua text
    std::size_t names;  // before it
    bool has_comma = false;
    // Of `[ELEMENT for NAME in LIST if CONDITION]`, as Lua; `lua` moves on to the part that is being read.
    std::string name;
    std::string element;
    std::string list;
    std::size_t element_names = 0;  // names before the end of ELEMENT and of LIST
    std::size_t list_names = 0;
  };

  [[noreturn]] static void fail(std::size_t offset, std::string wrong, std::string expected) {
    throw ExpressionSourceError(offset, std::move(wrong), std::move(expected));
  }

  [[nodiscard]] char peek(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      take(1, " ");
  }

  void take(std::size_t length, std::string_view lua) {
    at_ += length;
    result_.lua += lua;
  }

  // What can stand before an operator.
  void operand(std::size_t length, std::string_view lua) {
    if (has_operand_) fail(at_, in_quotes(text_.substr(at_, length)) + " after a value", "an operator between the two");
    take(length, lua);
    has_operand_ = true;
  }

  void number() {
    std::size_t length = 0;
    while (is_word(peek(length)) || (peek(length) == '.' && peek(length + 1) != '.') ||
           ((peek(length) == '+' || peek(length) == '-') && length > 0 &&
            (peek(length - 1) == 'e' || peek(length - 1) == 'E')))
      ++length;
    operand(length, text_.substr(at_, length));
  }

  std::string_view word_at(std::size_t from) const {
    std::size_t to = from;
    while (to < text_.size() && is_word(text_[to])) ++to;
    return text_.substr(from, to - from);
  }

  void word() {
    const std::string_view name = word_at(at_);
    if (contains(operands_and_operators, name)) {
      if (name == "nil" || name == "true" || name == "false") return operand(name.size(), name);
      return take_operator(name);
    }
    for (const Spelling& other : words_elsewhere)
      if (name == other.wrong) fail(at_, in_quotes(name) + " in an expression", in_quotes(other.right));
    if (name == "for" && is_inside_list() && open_.back().name.empty()) return begin_loop();
    if (name == "if" && is_inside_list() && !open_.back().name.empty() && open_.back().list.empty())
      return begin_condition();
    if (name == "in") fail(at_, "'in' in an expression", "contains(list, value)");
    if (contains(statements, name))
      fail(at_, in_quotes(name) + " in an expression", "no statement; a choice is 'condition and a or b'");
    if (name == "self" && peek(4) == '.' && peek(5) != '.') return field();
    std::size_t after = at_ + name.size();
    while (after < text_.size() && text_[after] == ' ') ++after;
    const bool is_call = after < text_.size() && text_[after] == '(';
    if (name.starts_with("__")) fail(at_, in_quotes(name), "a name that does not begin with two underscores");
    result_.names.push_back({std::string(name), at_, is_call});
    operand(name.size(), is_call ? std::string(name) : lua_name(name));
    is_function_ = is_call;
  }

  [[nodiscard]] bool is_inside_list() const {
    return has_operand_ && !open_.empty() && open_.back().kind == Kind::list;
  }

  // Takes what has been read since the bracket or its last part.
  std::string take_part() {
    std::string part = result_.lua.substr(open_.back().lua);
    result_.lua.resize(open_.back().lua);
    has_operand_ = false;
    return part;
  }

  // `for NAME in` behind the element of a list.
  void begin_loop() {
    Bracket& list = open_.back();
    if (list.has_comma) fail(at_, "'for' behind several elements", "one element, as in [x * x for x in list]");
    list.element = take_part();
    list.element_names = result_.names.size();
    at_ += 3;
    skip_space();
    list.name = word_at(at_);
    const std::string fault = variable_name_fault(list.name);
    if (!fault.empty())
      fail(at_, fmt::format("{} is {}", in_quotes(list.name), fault), "a name, as in [x * x for x in list]");
    at_ += list.name.size();
    skip_space();
    if (word_at(at_) != "in") fail(at_, "no 'in' behind 'for'", "it, as in [x * x for x in list]");
    at_ += 2;
    result_.lua.resize(list.lua);
  }

  void begin_condition() {
    Bracket& list = open_.back();
    list.list = take_part();
    list.list_names = result_.names.size();
    at_ += 2;
  }

  // The name of the loop belongs to it, in the element and the condition.
  void close_loop() {
    Bracket& list = open_.back();
    std::string condition = take_part();
    if (list.list.empty()) {
      list.list = std::exchange(condition, "true");
      list.list_names = result_.names.size();
    }
    auto& names = result_.names;
    const auto is_own = [&](const NameUse& use) {
      const auto number = static_cast<std::size_t>(&use - names.data());
      return !use.is_call && use.name == list.name && number >= list.names &&
             (number < list.element_names || number >= list.list_names);
    };
    std::vector<NameUse> others;
    for (const NameUse& use : names)
      if (!is_own(use)) others.push_back(use);
    names = std::move(others);
    result_.lua.resize(list.lua - list_maker.size() - 1);
    result_.lua += fmt::format("{}({},function({}) if {} then return true,{} end end)", loop_maker, list.list,
                               lua_name(list.name), condition, list.element);
  }

  void field() {
    const std::string_view name = word_at(at_ + 5);
    if (name.empty() || is_digit(name.front()))
      fail(at_, "'self.' without a name", "the name of a part of the state, as in self.total");
    const std::string whole = "self." + std::string(name);
    result_.names.push_back({whole, at_, false});
    operand(whole.size(), lua_name(whole));
  }

  void quoted() {
    const char quote = text_[at_];
    std::size_t length = 1;
    while (peek(length) != quote) {
      if (at_ + length >= text_.size() || peek(length) == '\n')
        fail(at_, "quote that nothing closes", "a closing quote");
      length += peek(length) == '\\' ? 2 : 1;
    }
    operand(length + 1, text_.substr(at_, length + 1));
  }

  void sign() {
    const std::string_view rest = text_.substr(at_);
    for (const Spelling& other : operators_elsewhere)
      if (rest.starts_with(other.wrong))
        fail(at_, in_quotes(other.wrong) + " in an expression", in_quotes(other.right));
    for (const std::string_view two : {"==", "~=", "<=", ">=", "//", "..", "<<", ">>"})
      if (rest.starts_with(two)) return take_operator(two);
    const char c = rest.front();
    if (c == '(' || c == '[') return open_bracket(c);
    if (c == ')' || c == ']') return close_bracket(c);
    for (const Spelling& other : signs_elsewhere)
      if (rest.starts_with(other.wrong))
        fail(at_, in_quotes(other.wrong) + " in an expression", std::string(other.right));
    if (c == '.')
      fail(at_, "'.' in an expression", "a field of 'self' only, as in self.total; '..' joins texts and lists");
    if (c == ',') {
      if (open_.empty() || open_.back().kind == Kind::group || open_.back().kind == Kind::index)
        fail(at_, "',' between expressions", "a single expression");
      open_.back().has_comma = true;
    }
    if (std::string_view("+-*/%^#<>&|~,").find(c) == std::string_view::npos)
      fail(at_, in_quotes(rest.substr(0, 1)) + " in an expression", std::string(form));
    take_operator(rest.substr(0, 1));
  }

  void take_operator(std::string_view sign) {
    take(sign.size(), sign);
    has_operand_ = false;
  }

  void open_bracket(char c) {
    const bool is_call = c == '(' && std::exchange(is_function_, false);
    if (c == '(' && has_operand_ && !is_call) fail(at_, "'(' after a value", "an operator between the two");
    const Kind kind = c == '(' ? (is_call ? Kind::call : Kind::group) : has_operand_ ? Kind::index : Kind::list;
    const std::size_t offset = at_;
    take(1, kind == Kind::list ? std::string(list_maker) + "(" : std::string(1, c));
    open_.push_back({kind, offset, result_.lua.size(), result_.names.size(), false, {}, {}, {}, 0, 0});
    has_operand_ = false;
  }

  void close_bracket(char c) {
    if (open_.empty() || (c == ')') != (open_.back().kind == Kind::group || open_.back().kind == Kind::call))
      fail(at_, in_quotes(std::string(1, c)) + " that nothing opens", std::string(form));
    const Kind kind = open_.back().kind;
    if (!open_.back().name.empty()) {
      if (!has_operand_) fail(at_, "']' too early", "a list to go through, as in [x * x for x in list]");
      close_loop();
      ++at_;
    } else {
      take(1, kind == Kind::index ? "]" : ")");
    }
    open_.pop_back();
    has_operand_ = true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool has_operand_ = false;  // what was read last can stand before an operator
  bool is_function_ = false;  // and is called next
  std::vector<Bracket> open_;
  ExpressionSource result_;
};

}  // namespace

ExpressionSourceError::ExpressionSourceError(std::size_t at, std::string wrong_text, std::string expected_text)
    : std::runtime_error(wrong_text + ", expected " + expected_text),
      offset(at),
      wrong(std::move(wrong_text)),
      expected(std::move(expected_text)) {}

ExpressionSource scan_expression(std::string_view text) { return Scanner(text).scan(); }

std::string lua_name(std::string_view name) {
  const auto functions = expression_functions();
  const bool is_taken = std::find(functions.begin(), functions.end(), name) != functions.end();
  if (is_taken) return std::string(name_prefix) + std::string(name);
  return name.starts_with("self.") ? std::string(self_prefix) + std::string(name.substr(5)) : std::string(name);
}

std::string name_of_lua(std::string_view lua) {
  if (lua.starts_with(name_prefix)) return std::string(lua.substr(name_prefix.size()));
  return lua.starts_with(self_prefix) ? "self." + std::string(lua.substr(self_prefix.size())) : std::string(lua);
}

std::string variable_name_fault(std::string_view text) {
  if (text.empty() || is_digit(text.front()) || !std::all_of(text.begin(), text.end(), is_word) || text.size() > 100)
    return "no name";
  if (text.starts_with("__")) return "begins with two underscores";
  if (text == "self" || contains(operands_and_operators, text) || contains(statements, text))
    return "a word of the language";
  for (const Spelling& other : words_elsewhere)
    if (text == other.wrong) return "a word of the language";
  return {};
}

}  // namespace raysim
