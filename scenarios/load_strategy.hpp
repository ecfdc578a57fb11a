// Reading of where a task may run, and whether it can run anywhere; parts of the scenario loader (load.hpp).
//
// Models: scheduling strategies, label selectors with fallbacks, and the check of a demand against the cluster. Leaves out: groups.
// Invariants: nodes that are named exist; a task that passes the check has a node that could hold it.
#pragma once

#include <string_view>
#include <vector>

#include "models/scheduling/strategy.hpp"
#include "scenarios/load_options.hpp"

namespace raysim {

// DEFAULT, SPREAD, or a mapping that names one strategy with its parameters. With `read`, the strategy of a call, whose node may be
// a text with expressions: that is `node` then, and the node of the result has no meaning.
SchedulingStrategy read_strategy(const YamlReader& value, const ScenarioContext& context, const ExpressionReader* read,
                                 std::optional<Text>& node);
// {label: text}, with Ray's texts: `v`, `!v`, `in(a,b)`, `!in(a,b)`.
LabelSelector read_label_selector(const YamlReader& value);
// A list of {label_selector: ...}.
std::vector<LabelSelector> read_fallback_strategy(const YamlReader& value);

// Fails at the key of `place` when no node can ever hold the demand of a task or actor with these options. `who`: "task 'map'".
void check_demand(const TaskOptionsSpec& options, std::string_view who, const YamlReader& place,
                  const ScenarioContext& context);

}  // namespace raysim
