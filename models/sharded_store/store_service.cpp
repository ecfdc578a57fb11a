#include "models/sharded_store/store_service.hpp"

#include <algorithm>
#include <utility>

#include "models/object_store/object_manager.hpp"

namespace raysim {

namespace {

using Verb = StoreCommand::Verb;

bool about_object(Verb verb) { return verb <= Verb::remove; }

// Whether one has to be over before the other one begins.
bool conflict(const StoreCommand& a, const StoreCommand& b) {
  const auto takes_part = [](Verb verb) { return about_object(verb) || verb == Verb::repair; };
  const auto changes = [](Verb verb) { return about_object(verb) && verb != Verb::read; };
  if (!takes_part(a.verb) || !takes_part(b.verb)) return false;
  if (a.verb == Verb::repair && b.verb == Verb::repair) return true;
  const bool same = a.verb == Verb::repair || b.verb == Verb::repair || a.object == b.object;
  return same && (changes(a.verb) || changes(b.verb));
}

}  // namespace

ShardedStore empty_store(const ShardedStoreSettings& settings, const ClusterSpec& cluster) {
  std::vector<Bytes> capacities;
  for (const NodeSpec& node : cluster.nodes) capacities.push_back(object_store_capacity(node));
  return {settings, std::move(capacities)};
}

// --- a node's server

StoreServer::StoreServer(Engine& engine, MachineId place, Address<StoreService> table)
    : engine_(engine),
      station_(engine.add_station(engine.add_process(place), CpuPriority::normal)),
      address_(station_.bind(*this)),
      table_(table) {}

void StoreServer::on(const SendPieces& send) { station_.send(send.to, MovePieces{send.command}, send.bytes); }

void StoreServer::on(const MovePieces& moved) { engine_.post(table_, PiecesArrived{moved.command}); }

// --- the table

StoreService::StoreService(Runtime& runtime, const ShardedStoreSettings& settings)
    : runtime_(runtime),
      station_(make_station(runtime, runtime.cluster.head())),
      address_(station_.bind(*this)),
      store_(empty_store(settings, runtime.cluster)),
      servers_(runtime.cluster.nodes.size()) {
  for (std::uint32_t i = 0; i < servers_.size(); ++i) {
    store_.fail(i);
    const Duration joins = runtime.cluster.nodes[i].joins_at;
    joins > Duration{} ? station_.after<StoreService>(joins, NodeHasJoined{{i}}, true) : join({i});
  }
}

void StoreService::on(const NodeHasJoined& joined) {
  if (!store_.nodes()[joined.node.index].alive) join(joined.node);
}

void StoreService::on(const RunStoreCommand& run) {
  waiting_.push_back({run, runtime_.engine.now()});
  begin_those_that_can();
}

// Whether a command conflicts with one that runs, or with one of the first so many that wait.
bool StoreService::must_wait(const StoreCommand& command, std::size_t before) const {
  const auto conflicts = [&](const Pending& other) { return conflict(command, *other.run.command); };
  return std::any_of(running_.begin(), running_.end(), [&](const auto& other) { return conflicts(other.second); }) ||
         std::any_of(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(before), conflicts);
}

void StoreService::begin_those_that_can() {
  for (std::size_t i = 0; i < waiting_.size();) {
    if (must_wait(*waiting_[i].run.command, i)) {
      ++i;
      continue;
    }
    Pending next = std::move(waiting_[i]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    begin(std::move(next));
    i = 0;  // it may have ended others
  }
}

StorePlan StoreService::plan_of(const StoreCommand& command, std::uint32_t client, StoreOutcome& outcome) {
  switch (command.verb) {
    case Verb::create: return store_.create(command.object, command.size, client);
    case Verb::read: return store_.read(command.object, client);
    case Verb::write: return store_.write(command.object, command.offset, command.size, client);
    case Verb::remove: store_.remove(command.object); break;
    case Verb::fail: fail(command.node); break;
    case Verb::join: join(command.node); break;
    case Verb::repair: return store_.repair();
    case Verb::stat: {
      const ShardedObject& object = store_.object(command.object);
      outcome.missing = store_.missing(object);
      outcome.readable = store_.readable(object);
      outcome.stat = object;
      break;
    }
    case Verb::list:
      for (const auto& [name, object] : store_.objects()) outcome.objects.push_back(name);
      break;
  }
  return {};
}

void StoreService::begin(Pending pending) {
  const StoreCommand& command = *pending.run.command;
  StoreOutcome& outcome = pending.outcome;
  try {
    pending.plan = plan_of(command, pending.run.client.index, outcome);
  } catch (const StoreError& error) {
    outcome.error = error.what();
    outcome.unknown = (about_object(command.verb) || command.verb == Verb::stat) && command.verb != Verb::create &&
                      !store_.objects().contains(command.object);
    if (outcome.unknown)
      for (const auto& [name, object] : store_.objects()) outcome.objects.push_back(name);
    return answer(pending);
  }
  outcome.pieces = pending.plan.pieces;
  outcome.rebuilt = pending.plan.degraded;
  const std::uint32_t number = next_++;
  running_.emplace(number, std::move(pending));
  next_phase(number);
}

void StoreService::next_phase(std::uint32_t number) {
  Pending& pending = running_.at(number);
  while (pending.phase < pending.plan.phases.size()) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, Bytes> connections;
    for (const PieceMove& move : pending.plan.phases[pending.phase])
      if (move.from != move.to) connections[{move.from, move.to}] += move.bytes;
    ++pending.phase;
    for (const auto& [ends, bytes] : connections) {
      runtime_.engine.post(servers_[ends.first]->address(),
                           SendPieces{servers_[ends.second]->address(), number, bytes});
      pending.outcome.moved += bytes;
    }
    pending.outcome.connections += connections.size();
    pending.open = connections.size();
    if (pending.open > 0) return;
  }
  answer(pending);
  running_.erase(number);
}

void StoreService::on(const PiecesArrived& arrived) {
  const auto found = running_.find(arrived.command);
  if (found == running_.end() || --found->second.open > 0) return;  // not there: it was ended
  next_phase(arrived.command);
  begin_those_that_can();
}

void StoreService::answer(Pending& pending) {
  const RunStoreCommand& run = pending.run;
  StoreOutcome& outcome = pending.outcome;
  outcome.time = runtime_.engine.now() - pending.came;
  runtime_.record.on_store_command({std::string(store_verb_names[static_cast<std::size_t>(run.command->verb)]),
                                    run.command->object, run.client.index, pending.came, outcome.time, outcome.moved,
                                    outcome.connections, outcome.pieces, outcome.rebuilt, !outcome.error.empty()});
  runtime_.engine.post(run.from, StoreAnswer{std::make_shared<const StoreOutcome>(outcome), run.wait, run.context});
}

template <class Message>
void deliver(StoreService& to, Message message) {
  to.on(message);
}
template void deliver(StoreService&, RunStoreCommand);
template void deliver(StoreService&, PiecesArrived);
template void deliver(StoreService&, NodeHasJoined);

// --- nodes that are lost

void StoreService::fail(NodeId node) {
  store_.fail(node.index);
  runtime_.engine.kill(servers_[node.index]->process());
  servers_[node.index].reset();
  const auto touches = [&](const PieceMove& move) {
    return move.from != move.to && (move.from == node.index || move.to == node.index);
  };
  std::vector<std::uint32_t> ended;
  for (const auto& [number, pending] : running_)
    for (std::size_t phase = pending.phase - std::min<std::size_t>(pending.phase, 1);
         phase < pending.plan.phases.size(); ++phase)
      if (std::any_of(pending.plan.phases[phase].begin(), pending.plan.phases[phase].end(), touches)) {
        ended.push_back(number);
        break;
      }
  for (const std::uint32_t number : ended) abort(number, node);
}

void StoreService::abort(std::uint32_t number, NodeId lost) {
  Pending& pending = running_.at(number);
  const StoreCommand& command = *pending.run.command;
  if (command.verb == Verb::create) store_.remove(command.object);
  if (command.verb == Verb::repair) store_.take_back(pending.plan);
  pending.outcome.error =
      "node '" + runtime_.cluster.nodes[lost.index].name + "' was lost while pieces were on their way";
  answer(pending);
  running_.erase(number);
}

void StoreService::join(NodeId node) {
  const NodeSpec& joins = runtime_.cluster.nodes[node.index];
  if (Time{} + joins.joins_at > runtime_.engine.now()) throw StoreError("the node joins the cluster later");
  store_.join(node.index);
  servers_[node.index] = std::make_unique<StoreServer>(runtime_.engine, joins.machine, address_);
}

}  // namespace raysim
