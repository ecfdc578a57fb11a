// The ranking step of the hybrid policy alone, with its draw forced.
#include <algorithm>
#include <map>

#include "conformance/runners.hpp"
#include "models/scheduling/hybrid.hpp"

namespace raysim {

namespace {

// 64 random bits of which RandomStream::scaled() makes `index` among `count`.
std::uint64_t bits_for(std::uint64_t index, std::uint64_t count) {
  const auto scaled = (static_cast<unsigned __int128>(index) << 64) / count;
  return static_cast<std::uint64_t>(scaled) + (index == 0 ? 0 : 1);
}

// One without a score has that of its place among the nodes, and no priority when it has none there.
PreferredNode preferred_of(const CaseValue& input, const std::vector<ScoredNode>& nodes, NodeId node) {
  if (input["preferred_node"].is_null()) return {};
  if (const CaseValue score = input["preferred_score"]; score.exists())
    return {node, static_cast<float>(score.number())};
  for (const ScoredNode& scored : nodes)
    if (scored.node == node) return {node, scored.score};
  return {};
}

}  // namespace

void run_hybrid_pick(const CaseValue& the_case, Checks& checks) {
  if (const std::string policy = the_case["policy"].text_or("hybrid"); policy != "hybrid")
    throw SkipCase("only the hybrid policy has a ranking step");
  const CaseValue input = the_case.at("input");
  const std::vector<std::string> names = input.at("node_order").texts();
  const auto id_of = [&](const std::string& name) {
    return NodeId{static_cast<std::uint32_t>(std::find(names.begin(), names.end(), name) - names.begin())};
  };
  std::vector<ScoredNode> nodes;
  for (const CaseValue& pair : input.at("scores").items()) {
    const std::vector<CaseValue> both = pair.items();
    if (both.size() != 2) pair.fail_expected("[node, score]");
    nodes.push_back({id_of(both[0].text()), static_cast<float>(both[1].number())});
  }
  std::sort(nodes.begin(), nodes.end(), [](const ScoredNode& a, const ScoredNode& b) { return a.node < b.node; });
  const PreferredNode preferred = preferred_of(input, nodes, id_of(input["preferred_node"].text_or("")));
  const auto candidates = static_cast<std::size_t>(std::max<std::int64_t>(1, input.at("num_candidates").whole()));
  std::uint64_t bits = 0;
  if (input["uniform_draw"].exists()) {
    const std::vector<CaseValue> range = input.at("uniform_range").items();
    if (range.size() != 2) input.at("uniform_range").fail_expected("[from, to)");
    bits = bits_for(static_cast<std::uint64_t>(input["uniform_draw"].whole() - range[0].whole()),
                    static_cast<std::uint64_t>(range[1].whole() - range[0].whole()));
  }
  const NodeId picked = pick_hybrid(nodes, preferred, candidates, bits);
  checks.equal("node", the_case.at("expect").at("node").text_or("nil"),
               picked == no_node ? "nil" : names.at(picked.index));
}

}  // namespace raysim
