#include "scenarios/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "scenarios/expression_source.hpp"
#include "scenarios/lua_values.hpp"

namespace raysim {

namespace {

constexpr std::size_t most_memory = std::size_t{256} << 20;  // of texts and numbers in one evaluation

struct Allocation {
  std::size_t used = 0;
};

void* allocate(void* account, void* block, std::size_t old_size, std::size_t new_size) {
  auto& used = static_cast<Allocation*>(account)->used;
  const std::size_t before = block == nullptr ? 0 : old_size;  // else it says what kind of thing it is for
  if (new_size == 0) {
    std::free(block);
    used -= before;
    return nullptr;
  }
  if (new_size > before && used + (new_size - before) > most_memory) return nullptr;
  void* result = std::realloc(block, new_size);
  if (result != nullptr) used = used - before + new_size;
  return result;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// Lua's message without the place in Lua's text, in words of the scenario.
std::string in_our_words(std::string_view message) {
  constexpr std::string_view place = "expression:1: ";
  if (message.starts_with(place)) message.remove_prefix(place.size());
  for (const std::string_view zero : {"divide by zero", "'n//0'", "'n%"})
    if (message.find(zero) != std::string_view::npos) return "division by zero";
  // "attempt to compare nil with number", "attempt to index a nil value (local 'x')"
  constexpr std::string_view nil_value = "a nil value (local '";
  if (const std::size_t at = message.find(nil_value); at != std::string_view::npos) {
    const std::string_view name = message.substr(at + nil_value.size());
    return fmt::format("'{}' has no value", name_of_lua(name.substr(0, name.find('\''))));
  }
  for (const std::string_view detail : {" (field '", " (constant '", " (global '"})
    message = message.substr(0, message.find(detail));
  std::string text(message);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> words{
      {{"attempt to ", "cannot "},
       {"a nil value", "nothing"},
       {"string value", "text"},
       {"boolean value", "truth value"},
       {"number value", "number"},
       {"list value", "list"},
       {"reference value", "reference"},
       {"data value", "data"},
       {"two nil values", "nothing with nothing"},
       {" nil", " nothing"},
       {"local '__self_", "'self."},
       {"local '__name_", "'"},
       {"to '__each'", "to 'for'"},
       {"local '", "'"}}};
  for (const auto& [from, to] : words) replace_all(text, from, to);
  return text;
}

}  // namespace

struct LuaEngine::State {
  Allocation memory;
  lua_State* lua = lua_newstate(allocate, &memory);
  Evaluation evaluation;
  int functions = LUA_NOREF;  // the table that expressions find functions in

  State() {
    if (lua == nullptr) throw std::bad_alloc();
    set_evaluation(lua, &evaluation);
    open_values(lua);
    lua_newtable(lua);
    open_functions(lua);
    functions = luaL_ref(lua, LUA_REGISTRYINDEX);
  }
  ~State() { lua_close(lua); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void load(const std::string& text) const {
    if (luaL_loadbufferx(lua, text.data(), text.size(), "=expression", "t") == LUA_OK) return;
    const std::string message = lua_tostring(lua, -1);
    lua_settop(lua, 0);
    throw ExpressionError(in_our_words(message));
  }
};

LuaEngine::LuaEngine() : state_(std::make_unique<State>()) {}
LuaEngine::~LuaEngine() = default;

int LuaEngine::compile(const std::string& text, const std::vector<std::string>& names) {
  std::string head;
  for (const std::string& name : names) head += (head.empty() ? "local " : ",") + lua_name(name);
  if (!head.empty()) head += " = ... ";
  lua_State* lua = state_->lua;
  state_->load(head + "return " + text);  // for its messages
  lua_settop(lua, 0);
  state_->load(head + "return (" + text + ")");  // no tail calls, which have no name in messages
  lua_rawgeti(lua, LUA_REGISTRYINDEX, state_->functions);
  if (lua_setupvalue(lua, -2, 1) == nullptr) lua_settop(lua, 1);  // an expression without functions has none
  return luaL_ref(lua, LUA_REGISTRYINDEX);
}

Value LuaEngine::call(int function, std::span<const Variable> arguments, Scope& scope, SourcePlace place) {
  lua_State* lua = state_->lua;
  Evaluation& evaluation = state_->evaluation;
  evaluation.scope = &scope;
  evaluation.place = place;
  struct Cleaning {
    lua_State* lua;
    Evaluation& evaluation;
    ~Cleaning() {
      lua_settop(lua, 0);
      evaluation.shelf.clear();
    }
  } cleaning{lua, evaluation};
  lua_checkstack(lua, static_cast<int>(arguments.size()) + LUA_MINSTACK);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, function);
  for (const Variable& variable : arguments) push_variable(lua, variable.in(scope));
  const int status = lua_pcall(lua, static_cast<int>(arguments.size()), 1, 0);
  if (status == LUA_ERRMEM) throw ExpressionError("out of memory");
  if (status != LUA_OK) throw ExpressionError(in_our_words(lua_tostring(lua, -1)));
  return value_at(lua, -1);
}

Value Expression::evaluate_list(Scope& scope) const {
  std::vector<Value> items;
  items.reserve(items_.size());
  for (const Expression& item : items_) items.push_back(item.evaluate(scope));
  return List(std::move(items));
}

Value Expression::evaluate(Scope& scope) const {
  try {
    switch (kind_) {
      case Kind::constant: return constant_;
      case Kind::variable: return variable_.in(scope);
      case Kind::list: return evaluate_list(scope);
      case Kind::compiled: return engine_->call(function_, arguments_, scope, place_);
    }
  } catch (const NotFinite& error) {
    ExpressionError located(divides_ ? "division by zero" : error.what());
    located.place = place_;
    throw located;
  } catch (ExpressionError& error) {
    if (error.place.line == 0) error.place = place_;
    throw;
  } catch (const std::length_error& error) {
    ExpressionError located(error.what());
    located.place = place_;
    throw located;
  }
  return {};
}

std::int64_t whole_value(const Value& value, std::string_view what, std::int64_t least, std::int64_t most) {
  std::optional<std::int64_t> whole;
  if (const auto* number = value.as<std::int64_t>()) whole = *number;
  if (const auto* number = value.as<double>();
      number != nullptr && *number == std::floor(*number) && std::abs(*number) < 0x1p53)
    whole = static_cast<std::int64_t>(*number);
  if (whole && *whole >= least && *whole <= most) return *whole;
  const std::string range = most == std::numeric_limits<std::int64_t>::max()
                                ? fmt::format("of at least {}", least)
                                : fmt::format("from {} to {}", least, most);
  throw ExpressionError(fmt::format("{} is {}, expected a whole number {}", what, kind_of(value), range));
}

double number_value(const Value& value, std::string_view what, double least, double most) {
  const auto* whole = value.as<std::int64_t>();
  const auto* real = value.as<double>();
  const double number = whole != nullptr ? static_cast<double>(*whole) : real != nullptr ? *real : 0;
  if ((whole != nullptr || real != nullptr) && number >= least && number <= most) return number;
  throw ExpressionError(fmt::format("{} is {}, expected a number from {} to {}", what, kind_of(value), least, most));
}

}  // namespace raysim
