#include "scenarios/lua_values.hpp"

#include <cmath>
#include <string>

namespace raysim {

namespace {

// Also what Lua's messages call them.
constexpr const char* list_name = "list";
constexpr const char* data_name = "data";
constexpr const char* reference_name = "reference";
constexpr const char* actor_name = "actor";
constexpr const char* generator_name = "generator";

const char* metatable_of(const Value& value) {
  if (value.as<List>() != nullptr) return list_name;
  if (value.as<Data>() != nullptr) return data_name;
  if (value.as<ActorHandle>() != nullptr) return actor_name;
  return value.as<Generator>() != nullptr ? generator_name : reference_name;
}

// A value that stays where it is until the evaluation is over.
void push_object(lua_State* lua, const Value* value) {
  *static_cast<const Value**>(lua_newuserdatauv(lua, sizeof(const Value*), 0)) = value;
  luaL_setmetatable(lua, metatable_of(*value));
}

int list_element(lua_State* lua) {
  return guarded(lua, [lua] {
    const List list = list_argument(lua, 1);
    if (lua_isinteger(lua, 2) == 0) throw ExpressionError("the number of an element of a list is a whole number");
    const auto size = static_cast<std::int64_t>(list.size());
    const std::int64_t wanted = lua_tointeger(lua, 2);
    const std::int64_t i = wanted < 0 ? wanted + size : wanted;
    if (i < 0 || i >= size)
      throw ExpressionError("no element " + std::to_string(wanted) + " in a list of " + std::to_string(size));
    push_value(lua, list[static_cast<std::size_t>(i)]);
    return 1;
  });
}

int list_length(lua_State* lua) {
  return guarded(lua, [lua] {
    lua_pushinteger(lua, static_cast<lua_Integer>(list_argument(lua, 1).size()));
    return 1;
  });
}

int joined_lists(lua_State* lua) {
  return guarded(lua, [lua] {
    if (lua_isuserdata(lua, 1) == 0 || lua_isuserdata(lua, 2) == 0)
      throw ExpressionError("'..' joins two texts or two lists");
    const List first = list_argument(lua, 1);
    const List second = list_argument(lua, 2);
    push_value(lua, first.with_all(second));
    return 1;
  });
}

int equal_values(lua_State* lua) {
  return guarded(lua, [lua] {
    lua_pushboolean(lua, value_at(lua, 1) == value_at(lua, 2) ? 1 : 0);
    return 1;
  });
}

}  // namespace

Evaluation& evaluation_of(lua_State* lua) { return **static_cast<Evaluation**>(lua_getextraspace(lua)); }
void set_evaluation(lua_State* lua, Evaluation* evaluation) {
  *static_cast<Evaluation**>(lua_getextraspace(lua)) = evaluation;
}

void open_values(lua_State* lua) {
  for (const char* name : {list_name, data_name, reference_name, actor_name, generator_name}) {
    luaL_newmetatable(lua, name);
    lua_pushcfunction(lua, equal_values);
    lua_setfield(lua, -2, "__eq");
    if (name == list_name) {
      lua_pushcfunction(lua, list_element);
      lua_setfield(lua, -2, "__index");
      lua_pushcfunction(lua, list_length);
      lua_setfield(lua, -2, "__len");
      lua_pushcfunction(lua, joined_lists);
      lua_setfield(lua, -2, "__concat");
    }
    lua_pop(lua, 1);
  }
}

void push_variable(lua_State* lua, const Value& value) {
  if (value.as<std::monostate>() != nullptr)
    lua_pushnil(lua);
  else if (const auto* truth = value.as<bool>())
    lua_pushboolean(lua, *truth ? 1 : 0);
  else if (const auto* whole = value.as<std::int64_t>())
    lua_pushinteger(lua, *whole);
  else if (const auto* number = value.as<double>())
    lua_pushnumber(lua, *number);
  else if (const auto* text = value.as<std::string>())
    lua_pushlstring(lua, text->data(), text->size());
  else
    push_object(lua, &value);
}

void push_value(lua_State* lua, Value value) {
  auto& shelf = evaluation_of(lua).shelf;
  shelf.push_back(std::move(value));
  push_variable(lua, shelf.back());
}

Value value_at(lua_State* lua, int index) {
  switch (lua_type(lua, index)) {
    case LUA_TNIL:
    case LUA_TNONE: return {};
    case LUA_TBOOLEAN: return lua_toboolean(lua, index) != 0;
    case LUA_TSTRING: {
      std::size_t length = 0;
      const char* text = lua_tolstring(lua, index, &length);
      return std::string(text, length);
    }
    case LUA_TUSERDATA: return **static_cast<const Value**>(lua_touserdata(lua, index));
    case LUA_TNUMBER: break;
    default: throw ExpressionError("a function is no value");
  }
  if (lua_isinteger(lua, index) != 0) return static_cast<std::int64_t>(lua_tointeger(lua, index));
  const double number = lua_tonumber(lua, index);
  if (!std::isfinite(number)) throw NotFinite();
  return number;
}

List list_argument(lua_State* lua, int index) {
  const Value value = value_at(lua, index);
  if (const auto* list = value.as<List>()) return *list;
  luaL_typeerror(lua, index, list_name);
  return {};
}

}  // namespace raysim
