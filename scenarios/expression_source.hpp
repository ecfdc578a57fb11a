// The text of an expression: which names it uses, and what Lua makes of it.
//
// Models: Lua's words and operators, with three spellings of our own: `[a, b]` is a list, `[x * x for x in list if x > 0]` one made
// of another, and `self.name` a name. Leaves out: grammar beyond brackets, which is Lua's own to check. Invariants: what is returned
// holds nothing but an expression: no statement, no comment, no function, no field; evaluating it ends.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace raysim {

// What is wrong with an expression; `offset` counts bytes from its start.
struct ExpressionSourceError : std::runtime_error {
  ExpressionSourceError(std::size_t at, std::string wrong_text, std::string expected_text);
  std::size_t offset;
  std::string wrong;
  std::string expected;
};

struct NameUse {
  std::string name;  // "self.total" for a field
  std::size_t offset = 0;
  bool is_call = false;
};

struct ExpressionSource {
  std::string lua;
  std::vector<NameUse> names;  // in order; a name as often as it stands there
};

// Throws ExpressionSourceError.
ExpressionSource scan_expression(std::string_view text);

// The name that a variable has in the Lua text, and back.
std::string lua_name(std::string_view name);
std::string name_of_lua(std::string_view lua);

// Why a text cannot be the name of a variable; empty when it can.
std::string variable_name_fault(std::string_view text);

// The names of the functions in the Lua text that make a list of elements, or of a function over the elements of another list.
inline constexpr std::string_view list_maker = "__list";
inline constexpr std::string_view loop_maker = "__each";

}  // namespace raysim
