// Values on Lua's stack.
//
// Models: numbers, truth and text as Lua's own, all else as userdata that points into a shelf of values which lives as long as
// the evaluation. Lists have elements from 0, from the end with a negative index, a length, `..` and equality by value. Leaves
// out: changing anything. Invariants: a value that is read back is finite and complete.
#pragma once

#include <cstdint>
#include <deque>
#include <lua.hpp>
#include <stdexcept>
#include <utility>

#include "scenarios/expression.hpp"

namespace raysim {

// What functions see of the evaluation that they are part of.
struct Evaluation {
  Scope* scope = nullptr;
  SourcePlace place;
  std::deque<Value> shelf;
};

// The present evaluation of a state.
Evaluation& evaluation_of(lua_State* lua);
void set_evaluation(lua_State* lua, Evaluation* evaluation);

// Makes the metatables that push_value needs.
void open_values(lua_State* lua);
void push_value(lua_State* lua, Value value);
// The same, of a value that stays where it is until the evaluation is over.
void push_variable(lua_State* lua, const Value& value);

struct NotFinite : ExpressionError {
  NotFinite() : ExpressionError("the result is no finite number") {}
};

// The value at an index of the stack. Throws ExpressionError.
Value value_at(lua_State* lua, int index);
// Argument `index` of a function; an error of Lua when it is no list.
List list_argument(lua_State* lua, int index);

// Runs `act`, which returns the number of results; an ExpressionError in it becomes one of Lua.
template <class Act>
int guarded(lua_State* lua, Act act) {
  try {
    return act();
  } catch (const ExpressionError& error) {
    lua_pushstring(lua, error.what());
  } catch (const std::length_error& error) {
    lua_pushstring(lua, error.what());
  }
  return lua_error(lua);
}

// Sets the functions of expressions in the table on top of the stack.
void open_functions(lua_State* lua);

}  // namespace raysim
