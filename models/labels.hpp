// Labels of nodes, and what a task may ask of them.
//
// Models: key-value labels; constraints (in, not in, exists, does not exist) and selectors, all of whose constraints must hold; their
// text forms `v`, `!v`, `in(a,b)`, `!in(a,b)`. Leaves out: the labels that Ray gives a node by itself, but for its id.
// Mirrors src/ray/common/scheduling/label_selector.cc (2.60).
// Invariants: a selector holds no constraint twice; values are sorted, each once; an empty selector holds everywhere.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace raysim {

using Labels = std::map<std::string, std::string>;

// The label by which Ray names a node; a selector on it pins node ids.
inline constexpr std::string_view node_id_label = "ray.io/node-id";

struct LabelConstraint {
  enum class Op : std::uint8_t { in, not_in, exists, does_not_exist };

  LabelConstraint() = default;
  LabelConstraint(std::string label, Op operation, std::vector<std::string> of = {});

  std::string key;
  Op op = Op::in;
  std::vector<std::string> values;

  // A node without the key passes `not_in` and `does_not_exist` only.
  [[nodiscard]] bool holds(const Labels& labels) const;
  auto operator<=>(const LabelConstraint&) const = default;
};

class LabelSelector {
 public:
  LabelSelector() = default;
  explicit LabelSelector(std::vector<LabelConstraint> constraints);

  // One that is here already is not stored again.
  void add(LabelConstraint constraint);
  [[nodiscard]] std::span<const LabelConstraint> constraints() const { return constraints_; }
  [[nodiscard]] bool empty() const { return constraints_.empty(); }
  [[nodiscard]] bool matches(const Labels& labels) const;
  // The values that the label of node ids must be one of, sorted; empty: it pins none.
  [[nodiscard]] std::span<const std::string> pinned_nodes() const;
  auto operator<=>(const LabelSelector&) const = default;

 private:
  std::vector<LabelConstraint> constraints_;  // in the order they were added
};

// Says what is wrong with the text of a constraint; the reader adds the place.
struct LabelError : std::runtime_error {
  LabelError(const std::string& wrong_text, std::string expected_text);
  std::string expected;
};

// `key` with what the text asks of it. Throws LabelError.
LabelConstraint parse_label_constraint(std::string_view key, std::string_view text);

// As text: `!in(a,b)`; for `exists` and `does_not_exist`, which have no text in Ray, their names.
std::string to_string(const LabelConstraint& constraint);
// "{zone: in(a,b), spot: !true}"
std::string to_string(const LabelSelector& selector);

}  // namespace raysim
