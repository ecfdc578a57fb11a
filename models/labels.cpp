#include "models/labels.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace raysim {

LabelConstraint::LabelConstraint(std::string label, Op operation, std::vector<std::string> of)
    : key(std::move(label)), op(operation), values(std::move(of)) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

bool LabelConstraint::holds(const Labels& labels) const {
  const auto label = labels.find(key);
  const bool here = label != labels.end();
  switch (op) {
    case Op::in: return here && std::binary_search(values.begin(), values.end(), label->second);
    case Op::not_in: return !here || !std::binary_search(values.begin(), values.end(), label->second);
    case Op::exists: return here;
    case Op::does_not_exist: return !here;
  }
  return false;
}

LabelSelector::LabelSelector(std::vector<LabelConstraint> constraints) {
  for (LabelConstraint& constraint : constraints) add(std::move(constraint));
}

void LabelSelector::add(LabelConstraint constraint) {
  if (std::find(constraints_.begin(), constraints_.end(), constraint) == constraints_.end())
    constraints_.push_back(std::move(constraint));
}

bool LabelSelector::matches(const Labels& labels) const {
  return std::all_of(constraints_.begin(), constraints_.end(),
                     [&](const LabelConstraint& constraint) { return constraint.holds(labels); });
}

std::span<const std::string> LabelSelector::pinned_nodes() const {
  for (const LabelConstraint& constraint : constraints_)
    if (constraint.key == node_id_label && constraint.op == LabelConstraint::Op::in) return constraint.values;
  return {};
}

LabelError::LabelError(const std::string& wrong_text, std::string expected_text)
    : std::runtime_error(wrong_text), expected(std::move(expected_text)) {}

namespace {

constexpr std::size_t longest_value = 63;

constexpr bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string checked_value(std::string_view value) {
  const bool is_bare = !value.empty() && is_letter_or_digit(value.front()) && is_letter_or_digit(value.back()) &&
                       value.size() <= longest_value && std::all_of(value.begin(), value.end(), [](char c) {
                         return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
                       });
  if (is_bare) return std::string(value);
  throw LabelError(value.empty() ? "empty label value" : fmt::format("'{}' is no label value", value),
                   "up to 63 letters, digits, '-', '_' and '.', with a letter or digit first and last");
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

LabelConstraint parse_label_constraint(std::string_view key, std::string_view text) {
  const bool negated = text.starts_with('!');
  const auto op = negated ? LabelConstraint::Op::not_in : LabelConstraint::Op::in;
  std::string_view rest = text.substr(negated ? 1 : 0);
  std::vector<std::string> values;
  if (!rest.starts_with("in(")) {
    values.push_back(checked_value(rest));
    return {std::string(key), op, std::move(values)};
  }
  if (!rest.ends_with(')')) throw LabelError(fmt::format("'{}' has no ')' at its end", text), "in(VALUE,...)");
  rest = rest.substr(3, rest.size() - 4);
  while (true) {
    const std::size_t comma = rest.find(',');
    values.push_back(checked_value(trimmed(rest.substr(0, comma))));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  return {std::string(key), op, std::move(values)};
}

std::string to_string(const LabelConstraint& constraint) {
  using Op = LabelConstraint::Op;
  if (constraint.op == Op::exists) return "exists";
  if (constraint.op == Op::does_not_exist) return "does not exist";
  const char* mark = constraint.op == Op::not_in ? "!" : "";
  if (constraint.values.size() == 1) return mark + constraint.values.front();
  return fmt::format("{}in({})", mark, fmt::join(constraint.values, ","));
}

std::string to_string(const LabelSelector& selector) {
  std::string out = "{";
  for (const LabelConstraint& constraint : selector.constraints()) {
    if (out.size() > 1) out += ", ";
    out += constraint.key + ": " + to_string(constraint);
  }
  return out + "}";
}

}  // namespace raysim
