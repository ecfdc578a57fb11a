// Steps of the distributed store.
#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "platforms/input_error.hpp"
#include "scenarios/interpreter.hpp"

namespace raysim {

namespace {

List texts(const std::vector<std::string>& all) {
  std::vector<Value> values;
  values.reserve(all.size());
  for (const std::string& text : all) values.emplace_back(text);
  return List(std::move(values));
}

// Of each piece, the names of the nodes that have it.
List nodes_of(const ShardedObject& object, const ClusterSpec& cluster) {
  std::vector<Value> pieces;
  for (const StoredPiece& piece : object.pieces) {
    std::vector<std::string> names;
    for (const std::uint32_t node : piece.nodes) names.push_back(cluster.nodes[node].name);
    pieces.emplace_back(texts(names));
  }
  return List(std::move(pieces));
}

Value finding(StoreStep::Finding what, const StoreOutcome& outcome, const ClusterSpec& cluster) {
  using Finding = StoreStep::Finding;
  switch (what) {
    case Finding::seconds: return outcome.time.in_seconds();
    case Finding::moved: return outcome.moved.count;
    case Finding::rebuilt: return outcome.rebuilt;
    case Finding::objects: return texts(outcome.objects);
    case Finding::size: return outcome.stat->size.count;
    case Finding::pieces: return static_cast<std::int64_t>(outcome.stat->pieces.size());
    case Finding::missing: return outcome.missing;
    case Finding::readable: return outcome.readable;
    case Finding::nodes: return nodes_of(*outcome.stat, cluster);
  }
  return {};
}

[[noreturn]] void fail(const StoreOutcome& outcome, const std::string& object) {
  if (!outcome.unknown) throw ExpressionError(outcome.error);
  const std::vector<std::string_view> known(outcome.objects.begin(), outcome.objects.end());
  throw ExpressionError(outcome.error + ", expected " +
                        (known.empty() ? "one that was created" : "one of " + listed(known)) +
                        suggestion(object, known));
}

}  // namespace

Body run_store(Frame& frame, const Step& step, const StoreStep& store) {
  StoreCommand command;
  command.verb = store.verb;
  command.object = frame.text(store.object);
  command.size = frame.bytes(store.size, step.place);
  command.offset = frame.bytes(store.offset, step.place);
  command.node = store.node;
  const std::string object = command.object;
  StoreOutcomeRef outcome;
  Body running = frame.context.store(std::move(command), outcome);
  co_await running;
  if (!outcome->error.empty()) fail(*outcome, object);
  for (const auto& [what, name] : store.found) frame.store({name, false}, finding(what, *outcome, frame.self.cluster));
}

}  // namespace raysim
