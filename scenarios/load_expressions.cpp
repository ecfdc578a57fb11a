#include "scenarios/load_expressions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "platforms/quantity.hpp"
#include "scenarios/expression_source.hpp"
#include "scenarios/load_options.hpp"

namespace raysim {

namespace {

constexpr std::size_t most_variables = 150;  // in one expression; Lua has 200 places

// An expression without names, while it is read.
class NoScope final : public Scope {
 public:
  [[nodiscard]] double now() const override { return 0; }
  RandomStream& stream(std::string_view) override { return stream_; }
  RandomStream& stream(const SourcePlace&) override { return stream_; }

 private:
  RandomStream stream_{0, ""};
};

// `[x * x for x in list]` is a list of one to YAML.
bool is_loop(std::string_view item) {
  const std::size_t loop = item.find(" for ");
  return loop != std::string_view::npos && item.find(" in ", loop) != std::string_view::npos && item.front() != '[' &&
         item.front() != '"' && item.front() != '\'';
}

Value number_in(const YamlReader& value) {
  const std::string text = value.scalar();
  std::int64_t whole = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, whole);
  if (parsed.ec == std::errc() && parsed.ptr == end) return whole;
  if (parsed.ec == std::errc::result_out_of_range && text.find_first_of(".eE") == std::string::npos)
    value.fail_expected("a whole number of at most 64 bits");
  return value.number(std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max());
}

}  // namespace

SourcePlace place_of(const YamlReader& value) { return {value.place().line, value.place().column}; }

void check_variable_name(const YamlReader& value, std::string_view name, bool at_key) {
  const std::string fault = variable_name_fault(name);
  if (fault.empty()) return;
  const std::string expected = "a name (a letter, then letters, digits and _)";
  if (at_key) value.fail_at_key(fmt::format("{} is {}", in_quotes(name), fault), expected);
  value.fail(value.found() + (fault == "no name" ? "" : ", " + fault), expected);
}

Slot NameTable::add(const std::string& name) {
  known_.insert(name);
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<Slot>(found - names_.begin());
  names_.push_back(name);
  return static_cast<Slot>(names_.size() - 1);
}

Slot NameTable::slot_of(std::string_view name) const {
  return static_cast<Slot>(std::find(names_.begin(), names_.end(), name) - names_.begin());
}

Variable ExpressionReader::variable(const YamlReader& value, std::string_view name, std::size_t offset) const {
  if (name.starts_with("self.")) {
    const std::vector<std::string>* state = names_.state();
    if (state == nullptr) value.fail_inside(offset, in_quotes(name) + " outside of an actor", "a name of this body");
    const std::string_view field = name.substr(5);
    const auto found = std::find(state->begin(), state->end(), field);
    if (found != state->end()) return {true, static_cast<Slot>(found - state->begin())};
    const std::vector<std::string_view> known(state->begin(), state->end());
    value.fail_inside(offset, "no part of the state has the name " + in_quotes(field),
                      (known.empty() ? "one under 'state'" : "one of " + listed(known)) + suggestion(field, known));
  }
  if (name == "self" && names_.state() != nullptr) return {false, names_.add("self")};
  if (names_.knows(name)) return {false, names_.slot_of(name)};
  const auto functions = expression_functions();
  if (std::find(functions.begin(), functions.end(), name) != functions.end())
    value.fail_inside(offset, in_quotes(name) + " is a function", fmt::format("{}(...)", name));
  const std::vector<std::string_view> known = names_.known();
  const std::string expected =
      known.empty() ? "an earlier step with 'as: " + on_one_line(name, 60) + "'" : "one of " + listed(known);
  value.fail_inside(offset, fmt::format("no earlier step of this body sets the name {}", in_quotes(name)),
                    expected + suggestion(name, known));
}

Expression ExpressionReader::compile(const YamlReader& value, std::string_view text, int offset) const {
  const auto place_in = [&](std::size_t at) {
    return static_cast<std::size_t>(std::max(0, offset + static_cast<int>(at)));
  };
  const auto fail = [&](std::size_t at, const std::string& wrong, const std::string& expected) {
    value.fail_inside(place_in(at), wrong, expected);
  };
  ExpressionSource source;
  try {
    source = scan_expression(text);
  } catch (const ExpressionSourceError& error) {
    fail(error.offset, error.wrong, error.expected);
  }
  std::vector<std::string> names;
  std::vector<Variable> variables;
  bool is_fixed = true;
  for (const NameUse& use : source.names) {
    if (use.is_call) {
      const auto functions = expression_functions();
      if (std::find(functions.begin(), functions.end(), use.name) == functions.end())
        fail(use.offset, "unknown function " + in_quotes(use.name),
             "one of " + listed(functions) + suggestion(use.name, functions));
      is_fixed = is_fixed && !depends_on_the_moment(use.name);
      continue;
    }
    is_fixed = false;
    const Variable read = variable(value, use.name, place_in(use.offset));
    if (source.names.size() == 1 && text.size() == use.name.size()) return Expression(read).at(place_of(value));
    if (std::find(names.begin(), names.end(), use.name) != names.end()) continue;
    names.push_back(use.name);
    variables.push_back(read);
  }
  if (names.size() > most_variables)
    fail(0, "too many names in an expression", fmt::format("at most {}", most_variables));
  try {
    const bool divides = text.find('/') != std::string_view::npos;
    Expression result(engine_, engine_.compile(source.lua, names), std::move(variables), divides);
    result.at(place_of(value));
    if (!is_fixed) return result;
    NoScope nothing;
    return Expression(result.evaluate(nothing)).at(place_of(value));
  } catch (const ExpressionError& error) {
    fail(0, in_quotes(text) + ": " + error.what(), "an expression such as (n + 1) * 2");
  }
  return {};
}

Expression ExpressionReader::value(const YamlReader& value) const {
  if (value.is_list()) {
    const std::vector<YamlReader> readers = value.list("a list of expressions");
    if (readers.size() == 1 && readers[0].is_scalar() && is_loop(readers[0].scalar()))
      return compile(readers[0], "[" + readers[0].scalar() + "]", -1);
    std::vector<Expression> items;
    for (const YamlReader& item : readers) items.push_back(this->value(item));
    const auto is_constant = [](const Expression& item) { return item.constant() != nullptr; };
    if (!std::all_of(items.begin(), items.end(), is_constant)) return Expression(std::move(items)).at(place_of(value));
    std::vector<Value> values;
    for (const Expression& item : items) values.push_back(*item.constant());
    return Expression(Value(List(std::move(values)))).at(place_of(value));
  }
  if (!value.is_scalar()) value.fail_expected("a number, a name, an expression or a list of these");
  if (value.is_number()) return Expression(number_in(value)).at(place_of(value));
  try {
    if (value.starts_with_digit()) {
      const std::string text = value.scalar();
      text.ends_with('B') ? static_cast<void>(parse_bytes(text)) : static_cast<void>(parse_duration(text));
      value.fail(value.found() + ", a quantity", "a number without a unit, or an expression");
    }
  } catch (const QuantityError&) {
    // then it is an expression that begins with a number
  }
  return compile(value, value.scalar(), 0);
}

Expression ExpressionReader::after_star(const YamlReader& value) const {
  const std::string text = value.scalar();
  return compile(value, std::string_view(text).substr(1), 1);
}

Expression ExpressionReader::whole(const YamlReader& value, std::int64_t least, std::int64_t most) const {
  if (!value.is_scalar() || value.is_number()) return Expression(Value(value.whole(least, most))).at(place_of(value));
  Expression result = this->value(value);
  try {
    if (const Value* constant = result.constant()) whole_value(*constant, "it", least, most);
  } catch (const ExpressionError&) {
    value.fail_expected(most == std::numeric_limits<std::int64_t>::max()
                            ? fmt::format("a whole number of at least {}", least)
                            : fmt::format("a whole number from {} to {}", least, most));
  }
  return result;
}

std::optional<Amount> ExpressionReader::computed(const YamlReader& value, double (*unit_of)(std::string_view)) const {
  if (!value.is_scalar()) return std::nullopt;
  const std::string text = value.scalar();
  const std::size_t end = text.rfind(')');
  if (!text.starts_with('(') || end == std::string::npos) return std::nullopt;
  std::string_view unit = std::string_view(text).substr(end + 1);
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  Amount result;
  try {
    result.unit = unit_of(unit);
  } catch (const QuantityError& error) {
    value.fail(fmt::format("{}: {}", value.found(), error.wrong), error.expected);
  }
  result.computed = compile(value, std::string_view(text).substr(1, end - 1), 1);
  return result;
}

Amount ExpressionReader::durations(const YamlReader& value) const {
  if (auto result = computed(value, parse_duration_unit)) return *result;
  return {read_durations(value), {}, 1};
}
Amount ExpressionReader::sizes(const YamlReader& value) const {
  if (auto result = computed(value, parse_bytes_unit)) return *result;
  return {read_sizes(value), {}, 1};
}
Amount ExpressionReader::duration(const YamlReader& value) const {
  if (auto result = computed(value, parse_duration_unit)) return *result;
  return Amount::constant(static_cast<double>(value.duration().ns) / 1e9);
}
Amount ExpressionReader::size(const YamlReader& value) const {
  if (auto result = computed(value, parse_bytes_unit)) return *result;
  return Amount::constant(static_cast<double>(value.bytes().count));
}

Amount ExpressionReader::period_of_rate(const YamlReader& value) const {
  const auto fail = [&] { value.fail_expected("a rate such as '100 per s' or '(n) per min'"); };
  if (!value.is_scalar()) fail();
  const std::string text = value.scalar();
  const std::size_t per = text.rfind(" per ");
  if (per == std::string::npos) fail();
  double unit = 0;
  try {
    unit = parse_duration_unit(std::string_view(text).substr(per + 5));
  } catch (const QuantityError& error) {
    value.fail(fmt::format("{}: {}", value.found(), error.wrong), error.expected);
  }
  const std::string_view rate = std::string_view(text).substr(0, per);
  if (rate.starts_with('(') && rate.ends_with(')')) {
    Amount result;
    result.unit = unit;
    result.computed = compile(value, fmt::format("1 / {}", rate), 0);
    return result;
  }
  double number = 0;
  const auto parsed = std::from_chars(rate.data(), rate.data() + rate.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != rate.data() + rate.size() || !(number > 0) || number > 1e12) fail();
  return Amount::constant(unit / number);
}

Text ExpressionReader::text(const YamlReader& value) const {
  const std::string text = value.text("text, with {EXPRESSION} for a value");
  Text result;
  result.place = place_of(value);
  std::string plain;
  const auto flush = [&] {
    if (!plain.empty()) result.parts.emplace_back(std::exchange(plain, {}));
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] == '{' || text[i] == '}') && i + 1 < text.size() && text[i + 1] == text[i]) {
      plain += text[i++];
      continue;
    }
    if (text[i] == '}') value.fail_inside(i, "'}' that nothing opens", "'}}' for a brace");
    if (text[i] != '{') {
      plain += text[i];
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (end == std::string::npos) value.fail_inside(i, "'{' that nothing closes", "{EXPRESSION}, or '{{' for a brace");
    flush();
    result.parts.emplace_back(
        compile(value, std::string_view(text).substr(i + 1, end - i - 1), static_cast<int>(i) + 1));
    i = end;
  }
  flush();
  return result;
}

Variable ExpressionReader::new_name(const YamlReader& value, const std::string& name, bool at_key) const {
  if (name.starts_with("self.")) return variable(value, name, 0);
  check_variable_name(value, name, at_key);
  return {false, names_.add(name)};
}

Variable ExpressionReader::target(const YamlReader& value) const {
  if (!value.is_scalar()) value.fail_expected("a name (a letter, then letters, digits and _)");
  return new_name(value, value.scalar(), false);
}

Variable ExpressionReader::target_at_key(const YamlReader& value) const {
  return new_name(value, std::string(value.key()), true);
}

Slot ExpressionReader::loop_name(const YamlReader& value) const {
  const std::string name = value.is_scalar() ? value.scalar() : std::string();
  if (names_.knows(name))
    value.fail(fmt::format("{} is set already", in_quotes(name)), "a name that is not yet in use");
  if (name.starts_with("self.")) value.fail_expected("a name of this body");
  return target(value).slot;
}

}  // namespace raysim
