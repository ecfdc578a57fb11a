// Expressions of a scenario: numbers, names and Lua 5.4 expressions over them, compiled once.
//
// Models: arithmetic, comparisons, `and or not`, text and lists, pure functions, the simulated time, random draws. Leaves out:
// statements, functions of one's own, fields (but those of `self`), every library of Lua.
// Invariants: evaluating changes nothing but random streams, always ends, and gives a finite value or an ExpressionError; the
// engine outlives the expressions that it has made.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "models/errors.hpp"
#include "scenarios/value.hpp"
#include "sim/random.hpp"

namespace raysim {

// Where in the scenario's file something was said, for messages at run time. line and column count from 1; 0 = on the
// command line.
struct SourcePlace {
  int line = 0;
  int column = 0;
};

// What is wrong with a value, as part of a sentence: "division by zero".
struct ExpressionError : std::runtime_error {
  using std::runtime_error::runtime_error;
  SourcePlace place;                  // of the innermost expression, where known
  ErrorType type = ErrorType::plain;  // as the program sees it
};

// What an expression sees when it is evaluated: the names of its body by slot, the state of its actor, and the moment.
class Scope {
 public:
  std::vector<Value> names;
  std::vector<Value>* state = nullptr;  // of the actor whose method this is

  // In seconds.
  [[nodiscard]] virtual double now() const = 0;
  // The random stream of that name, or of that place in the file, in this run of this body.
  virtual RandomStream& stream(std::string_view name) = 0;
  virtual RandomStream& stream(const SourcePlace& place) = 0;

 protected:
  ~Scope() = default;
};

// A name as an expression reads it.
struct Variable {
  bool of_state = false;
  std::uint32_t slot = 0;
  [[nodiscard]] Value& in(Scope& scope) const { return (of_state ? *scope.state : scope.names)[slot]; }
};

class LuaEngine;

class Expression {
 public:
  Expression() = default;  // nothing
  explicit Expression(Value constant) : constant_(std::move(constant)) {}
  explicit Expression(Variable variable) : kind_(Kind::variable), variable_(variable) {}
  // A list of the values of expressions.
  explicit Expression(std::vector<Expression> items) : kind_(Kind::list), items_(std::move(items)) {}
  // Compiled Lua, a function of `variables`. `divides`: what is not finite is so because of a division.
  Expression(LuaEngine& engine, int function, std::vector<Variable> variables, bool divides)
      : kind_(Kind::compiled),
        divides_(divides),
        engine_(&engine),
        function_(function),
        arguments_(std::move(variables)) {}

  Expression& at(SourcePlace place) {
    place_ = place;
    return *this;
  }
  [[nodiscard]] SourcePlace place() const { return place_; }
  // Null when it depends on anything.
  [[nodiscard]] const Value* constant() const { return kind_ == Kind::constant ? &constant_ : nullptr; }
  // Null when it is more than a name.
  [[nodiscard]] const Variable* name() const { return kind_ == Kind::variable ? &variable_ : nullptr; }
  // Throws ExpressionError.
  [[nodiscard]] Value evaluate(Scope& scope) const;

 private:
  enum class Kind : std::uint8_t { constant, variable, list, compiled };
  [[nodiscard]] Value evaluate_list(Scope& scope) const;

  Kind kind_ = Kind::constant;
  bool divides_ = false;
  Variable variable_;
  SourcePlace place_;
  Value constant_;
  LuaEngine* engine_ = nullptr;
  int function_ = 0;
  std::vector<Variable> arguments_;
  std::vector<Expression> items_;
};

// A value as a number within bounds; throws ExpressionError otherwise: "count is 'x', expected ...".
std::int64_t whole_value(const Value& value, std::string_view what, std::int64_t least, std::int64_t most);
double number_value(const Value& value, std::string_view what, double least, double most);

// A Lua state of a program.
class LuaEngine {
 public:
  LuaEngine();
  ~LuaEngine();
  LuaEngine(const LuaEngine&) = delete;
  LuaEngine& operator=(const LuaEngine&) = delete;

  // `text` is an expression over `names`. Throws ExpressionError where Lua finds no expression in it.
  int compile(const std::string& text, const std::vector<std::string>& names);
  // Throws ExpressionError.
  Value call(int function, std::span<const Variable> arguments, Scope& scope, SourcePlace place);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The functions that expressions may call.
std::span<const std::string_view> expression_functions();
// Whether a function gives something else each time: a draw, or the time.
bool depends_on_the_moment(std::string_view function);

}  // namespace raysim
