// Reading of expressions, computed quantities and texts with expressions; parts of the scenario loader (load.hpp).
//
// Models: which names a body knows at each place; names become slots here and expressions are compiled. Leaves out: steps.
// Invariants: an expression reads only names that stand before it in its body; what can be known while reading is checked while reading.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "platforms/yaml_reader.hpp"
#include "scenarios/program.hpp"

namespace raysim {

SourcePlace place_of(const YamlReader& value);

// Fails at the value, or at its key, when `name` cannot be a variable.
void check_variable_name(const YamlReader& value, std::string_view name, bool at_key);

// The names of one body while it is read.
class NameTable {
 public:
  // `state`: names of the parts of an actor's state, read as `self.NAME`; null outside of actors.
  explicit NameTable(const std::vector<std::string>* state = nullptr) : state_(state) {}

  [[nodiscard]] bool knows(std::string_view name) const { return known_.contains(name); }
  // The slot of a name, new or not, which is known from here on.
  Slot add(const std::string& name);
  // Until it is added again.
  void forget(const std::string& name) { known_.erase(name); }
  [[nodiscard]] std::vector<std::string_view> known() const { return {known_.begin(), known_.end()}; }
  [[nodiscard]] Slot slot_of(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>* state() const { return state_; }
  // By slot.
  [[nodiscard]] std::vector<std::string> take_names() { return std::move(names_); }

 private:
  std::vector<std::string> names_;
  std::set<std::string, std::less<>> known_;
  const std::vector<std::string>* state_;
};

class ExpressionReader {
 public:
  ExpressionReader(LuaEngine& engine, NameTable& names) : engine_(engine), names_(names) {}

  // A number, true or false, an expression, or a list of these.
  [[nodiscard]] Expression value(const YamlReader& value) const;
  // The same after the star of `*EXPRESSION`.
  [[nodiscard]] Expression after_star(const YamlReader& value) const;
  // A whole number within bounds, or an expression that gives one.
  [[nodiscard]] Expression whole(const YamlReader& value, std::int64_t least, std::int64_t most) const;
  // A quantity, a list of quantities, a distribution, or `(EXPRESSION) UNIT`. Seconds or bytes.
  [[nodiscard]] Amount durations(const YamlReader& value) const;
  [[nodiscard]] Amount sizes(const YamlReader& value) const;
  // The same without lists and distributions.
  [[nodiscard]] Amount duration(const YamlReader& value) const;
  [[nodiscard]] Amount size(const YamlReader& value) const;
  // `NUMBER per UNIT` or `(EXPRESSION) per UNIT`: the seconds between two.
  [[nodiscard]] Amount period_of_rate(const YamlReader& value) const;
  // Text in which `{EXPRESSION}` stands for a value, `{{` for a brace.
  [[nodiscard]] Text text(const YamlReader& value) const;
  // A name to be set: of the body, or of the state.
  [[nodiscard]] Variable target(const YamlReader& value) const;
  [[nodiscard]] Variable target_at_key(const YamlReader& value) const;
  // A name that the body does not know yet, for as long as a loop runs.
  [[nodiscard]] Slot loop_name(const YamlReader& value) const;

  [[nodiscard]] NameTable& names() const { return names_; }

 private:
  // `text` begins `offset` bytes after the start of the value.
  [[nodiscard]] Expression compile(const YamlReader& value, std::string_view text, int offset) const;
  [[nodiscard]] Variable variable(const YamlReader& value, std::string_view name, std::size_t offset) const;
  [[nodiscard]] Variable new_name(const YamlReader& value, const std::string& name, bool at_key) const;
  [[nodiscard]] std::optional<Amount> computed(const YamlReader& value, double (*unit_of)(std::string_view)) const;

  LuaEngine& engine_;
  NameTable& names_;
};

}  // namespace raysim
