// The functions that expressions may call: pure ones over numbers and lists, the time, and random draws.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "scenarios/expression_source.hpp"
#include "scenarios/lua_values.hpp"

namespace raysim {

namespace {

using Function = int (*)(lua_State* lua);

template <double (*of)(double)>
int real_function(lua_State* lua) {
  lua_pushnumber(lua, of(luaL_checknumber(lua, 1)));
  return 1;
}

// To a whole number: floor, ceil and round.
template <double (*of)(double)>
int rounding(lua_State* lua) {
  return guarded(lua, [lua] {
    if (lua_isinteger(lua, 1) != 0) {
      lua_pushvalue(lua, 1);
      return 1;
    }
    const double number = of(luaL_checknumber(lua, 1));
    if (!(std::abs(number) < 0x1p63)) throw ExpressionError("a number too large for a whole number");
    lua_pushinteger(lua, static_cast<lua_Integer>(number));
    return 1;
  });
}

int logarithm(lua_State* lua) {
  const double number = std::log(luaL_checknumber(lua, 1));
  lua_pushnumber(lua, lua_isnoneornil(lua, 2) ? number : number / std::log(luaL_checknumber(lua, 2)));
  return 1;
}

int absolute(lua_State* lua) {
  const bool is_positive = luaL_checknumber(lua, 1) >= 0;
  lua_settop(lua, 1);
  if (!is_positive) lua_arith(lua, LUA_OPUNM);
  return 1;
}

double as_number(const Value& value, const char* what) {
  if (const auto* whole = value.as<std::int64_t>()) return static_cast<double>(*whole);
  if (const auto* number = value.as<double>()) return *number;
  throw ExpressionError(fmt::format("{} of {}, which is no number", what, kind_of(value)));
}

bool is_less(const Value& a, const Value& b, const char* what) {
  const auto* x = a.as<std::string>();
  const auto* y = b.as<std::string>();
  if (x != nullptr && y != nullptr) return *x < *y;
  const auto* i = a.as<std::int64_t>();
  const auto* j = b.as<std::int64_t>();
  if (i != nullptr && j != nullptr) return *i < *j;
  return as_number(a, what) < as_number(b, what);
}

// The arguments of a function, or the elements of its only argument when that is a list.
List elements(lua_State* lua) {
  if (lua_gettop(lua) == 1 && lua_isuserdata(lua, 1) != 0) return list_argument(lua, 1);
  std::vector<Value> items;
  for (int i = 1; i <= lua_gettop(lua); ++i) items.push_back(value_at(lua, i));
  return List(std::move(items));
}

template <bool is_min>
int extreme(lua_State* lua) {
  return guarded(lua, [lua] {
    const char* what = is_min ? "min" : "max";
    const List list = elements(lua);
    if (list.size() == 0) throw ExpressionError(fmt::format("{} of an empty list", what));
    Value found = list[0];
    is_less(found, found, what);  // is it a number at all?
    for (std::size_t i = 1; i < list.size(); ++i)
      if (Value value = list[i]; is_min ? is_less(value, found, what) : is_less(found, value, what))
        found = std::move(value);
    push_value(lua, std::move(found));
    return 1;
  });
}

int sum(lua_State* lua) {
  return guarded(lua, [lua] {
    std::int64_t whole = 0;
    double real = 0;
    bool is_whole = true;
    const List list = list_argument(lua, 1);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Value value = list[i];
      if (const auto* number = value.as<std::int64_t>())
        is_whole = is_whole && !__builtin_add_overflow(whole, *number, &whole);
      else
        is_whole = false;
      real += as_number(value, "sum");
    }
    if (is_whole)
      lua_pushinteger(lua, whole);
    else
      lua_pushnumber(lua, real);
    return 1;
  });
}

int length(lua_State* lua) {
  if (lua_type(lua, 1) == LUA_TSTRING || lua_isuserdata(lua, 1) != 0)
    lua_pushinteger(lua, luaL_len(lua, 1));
  else
    luaL_typeerror(lua, 1, "list or text");
  return 1;
}

int make_list(lua_State* lua) {
  return guarded(lua, [lua] {
    std::vector<Value> items;
    for (int i = 1; i <= lua_gettop(lua); ++i) items.push_back(value_at(lua, i));
    push_value(lua, List(std::move(items)));
    return 1;
  });
}

// Argument 2 is called with each element of the list that is argument 1: true and an element of the new list, or nothing.
int each(lua_State* lua) {
  return guarded(lua, [lua] {
    const List list = list_argument(lua, 1);
    std::vector<Value> items;
    for (std::size_t i = 0; i < list.size(); ++i) {
      lua_pushvalue(lua, 2);
      push_value(lua, list[i]);
      lua_call(lua, 1, 2);
      if (lua_toboolean(lua, -2) != 0) items.push_back(value_at(lua, -1));
      lua_pop(lua, 2);
    }
    push_value(lua, List(std::move(items)));
    return 1;
  });
}

// The list with another element at one place.
int replace(lua_State* lua) {
  return guarded(lua, [lua] {
    std::vector<Value> items = list_argument(lua, 1).values();
    const std::int64_t wanted = luaL_checkinteger(lua, 2);
    luaL_checkany(lua, 3);
    const auto size = static_cast<std::int64_t>(items.size());
    const std::int64_t i = wanted < 0 ? wanted + size : wanted;
    if (i < 0 || i >= size) throw ExpressionError(fmt::format("no element {} in a list of {}", wanted, size));
    items[static_cast<std::size_t>(i)] = value_at(lua, 3);
    push_value(lua, List(std::move(items)));
    return 1;
  });
}

int range(lua_State* lua) {
  return guarded(lua, [lua] {
    const bool has_two = !lua_isnoneornil(lua, 2);
    const std::int64_t first = has_two ? luaL_checkinteger(lua, 1) : 0;
    const std::int64_t end = luaL_checkinteger(lua, has_two ? 2 : 1);
    if (end > first && static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(first) > List::most_elements)
      throw ExpressionError(fmt::format("a range of more than {} numbers", List::most_elements));
    std::vector<Value> items;
    items.reserve(static_cast<std::size_t>(std::max<std::int64_t>(0, end - first)));
    for (std::int64_t i = first; i < end; ++i) items.emplace_back(i);
    push_value(lua, List(std::move(items)));
    return 1;
  });
}

int sorted(lua_State* lua) {
  return guarded(lua, [lua] {
    std::vector<Value> items = list_argument(lua, 1).values();
    if (items.size() == 1) is_less(items[0], items[0], "sorted");
    std::stable_sort(items.begin(), items.end(),
                     [](const Value& a, const Value& b) { return is_less(a, b, "sorted"); });
    push_value(lua, List(std::move(items)));
    return 1;
  });
}

int join(lua_State* lua) {
  return guarded(lua, [lua] {
    const List list = list_argument(lua, 1);
    const std::string between = luaL_optstring(lua, 2, ", ");
    std::string text;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (text.size() > List::most_elements) throw ExpressionError("text too long");
      text += (i > 0 ? between : "") + to_text(list[i]);
    }
    push_value(lua, std::move(text));
    return 1;
  });
}

// Where an element of the list that is argument 1 equals argument 2.
std::optional<std::size_t> found_in_list(lua_State* lua) {
  luaL_checkany(lua, 2);
  const List list = list_argument(lua, 1);
  const Value wanted = value_at(lua, 2);
  for (std::size_t i = 0; i < list.size(); ++i)
    if (list[i] == wanted) return i;
  return std::nullopt;
}

int contains(lua_State* lua) {
  return guarded(lua, [lua] {
    lua_pushboolean(lua, found_in_list(lua) ? 1 : 0);
    return 1;
  });
}

int index_of(lua_State* lua) {
  return guarded(lua, [lua] {
    const auto found = found_in_list(lua);
    if (found)
      lua_pushinteger(lua, static_cast<lua_Integer>(*found));
    else
      lua_pushnil(lua);
    return 1;
  });
}

int append(lua_State* lua) {
  return guarded(lua, [lua] {
    luaL_checkany(lua, 2);
    const List list = list_argument(lua, 1);
    push_value(lua, list.with(value_at(lua, 2)));
    return 1;
  });
}

// A bound of a part: from the end when negative, never outside.
std::size_t bound(std::int64_t wanted, std::size_t size) {
  const auto length = static_cast<std::int64_t>(size);
  return static_cast<std::size_t>(std::clamp<std::int64_t>(wanted < 0 ? wanted + length : wanted, 0, length));
}

int slice(lua_State* lua) {
  return guarded(lua, [lua] {
    const List list = list_argument(lua, 1);
    const std::size_t from = bound(luaL_optinteger(lua, 2, 0), list.size());
    const std::size_t to = bound(luaL_optinteger(lua, 3, static_cast<lua_Integer>(list.size())), list.size());
    const std::int64_t step = luaL_optinteger(lua, 4, 1);
    if (step < 1) throw ExpressionError("slice in steps of less than 1");
    if (step == 1) {
      push_value(lua, list.part(from, to > from ? to - from : 0));
      return 1;
    }
    std::vector<Value> items;
    for (std::size_t i = from; i < to; i += std::min(static_cast<std::size_t>(step), to)) items.push_back(list[i]);
    push_value(lua, List(std::move(items)));
    return 1;
  });
}

int now(lua_State* lua) {
  lua_pushnumber(lua, evaluation_of(lua).scope->now());
  return 1;
}

// The stream that the argument at `index` names; without one that of the expression.
RandomStream& stream_of(lua_State* lua, int index) {
  const Evaluation& evaluation = evaluation_of(lua);
  if (lua_isnoneornil(lua, index)) return evaluation.scope->stream(evaluation.place);
  return evaluation.scope->stream(luaL_checkstring(lua, index));
}

int random_number(lua_State* lua) {
  lua_pushnumber(lua, stream_of(lua, 1).uniform());
  return 1;
}

int uniform(lua_State* lua) {
  const double least = luaL_checknumber(lua, 1);
  const double end = luaL_checknumber(lua, 2);
  lua_pushnumber(lua, least + (end - least) * stream_of(lua, 3).uniform());
  return 1;
}

int normal(lua_State* lua) {
  const double mean = luaL_checknumber(lua, 1);
  const double deviation = luaL_checknumber(lua, 2);
  lua_pushnumber(lua, mean + deviation * stream_of(lua, 3).normal());
  return 1;
}

int exponential(lua_State* lua) {
  const double mean = luaL_checknumber(lua, 1);
  lua_pushnumber(lua, -mean * std::log(1.0 - stream_of(lua, 2).uniform()));
  return 1;
}

int choice(lua_State* lua) {
  return guarded(lua, [lua] {
    const List list = list_argument(lua, 1);
    if (list.size() == 0) throw ExpressionError("choice of an empty list");
    push_value(lua, list[stream_of(lua, 2).below(list.size())]);
    return 1;
  });
}

struct NamedFunction {
  std::string_view name;
  Function function;
};

constexpr std::array<NamedFunction, 27> functions{{{"abs", absolute},
                                                   {"append", append},
                                                   {"ceil", rounding<std::ceil>},
                                                   {"choice", choice},
                                                   {"contains", contains},
                                                   {"exp", real_function<std::exp>},
                                                   {"exponential", exponential},
                                                   {"floor", rounding<std::floor>},
                                                   {"index_of", index_of},
                                                   {"join", join},
                                                   {"len", length},
                                                   {"log", logarithm},
                                                   {"max", extreme<false>},
                                                   {"min", extreme<true>},
                                                   {"normal", normal},
                                                   {"now", now},
                                                   {"random", random_number},
                                                   {"range", range},
                                                   {"replace", replace},
                                                   {"round", rounding<std::round>},
                                                   {"slice", slice},
                                                   {"sorted", sorted},
                                                   {"sqrt", real_function<std::sqrt>},
                                                   {"sum", sum},
                                                   {"uniform", uniform},
                                                   {"cos", real_function<std::cos>},
                                                   {"sin", real_function<std::sin>}}};

constexpr auto names = [] {
  std::array<std::string_view, functions.size()> result{};
  for (std::size_t i = 0; i < functions.size(); ++i) result[i] = functions[i].name;
  return result;
}();

}  // namespace

std::span<const std::string_view> expression_functions() { return names; }

bool depends_on_the_moment(std::string_view function) {
  constexpr std::array<std::string_view, 6> of_the_moment{"now",    "random",      "uniform",
                                                          "normal", "exponential", "choice"};
  return std::find(of_the_moment.begin(), of_the_moment.end(), function) != of_the_moment.end();
}

void open_functions(lua_State* lua) {
  for (const NamedFunction& function : functions) {
    lua_pushlstring(lua, function.name.data(), function.name.size());
    lua_pushcfunction(lua, function.function);
    lua_rawset(lua, -3);
  }
  for (const auto& [name, function] : {NamedFunction{list_maker, make_list}, NamedFunction{loop_maker, each}}) {
    lua_pushlstring(lua, name.data(), name.size());
    lua_pushcfunction(lua, function);
    lua_rawset(lua, -3);
  }
}

}  // namespace raysim
