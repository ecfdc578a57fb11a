// Actors that keep references, and tasks that look at them: what the tests of borrowing share.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "tests/analytic/zero_cost.hpp"

namespace keepers {

using namespace zero_cost;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

inline constexpr FunctionId class_keeper{0};
inline constexpr FunctionId keep{1};
inline constexpr FunctionId drop{2};
inline constexpr FunctionId hand_out{3};
inline constexpr FunctionId lend{4};
inline constexpr FunctionId look{5};
inline constexpr FunctionId make{6};
inline constexpr FunctionId die{7};
inline constexpr FunctionId look_inside{8};

inline constexpr std::int64_t mb = 1'000'000;
// A value with references inside.
inline Payload list_of(std::vector<ObjectRef> refs) {
  return {std::make_shared<const int>(0), Bytes{100}, std::make_shared<const std::vector<ObjectRef>>(std::move(refs))};
}
inline std::vector<ObjectRef> inside(const Payload& value) { return {value.inner().begin(), value.inner().end()}; }

struct Keeper {
  std::vector<HeldRef> kept;
};
inline Keeper& self(TaskContext& context) { return *static_cast<Keeper*>(context.actor_state().get()); }

inline Body make_keeper(TaskContext& context) {
  context.actor_state() = std::make_shared<Keeper>();
  co_return;
}
inline Body keep_it(TaskContext& context) {
  for (const ObjectRef ref : inside(context.arguments().front().value)) self(context).kept.push_back(context.hold(ref));
  co_return;
}
inline Body drop_it(TaskContext& context) {
  self(context).kept.clear();
  co_return;
}
// All that it keeps.
inline Payload list_of_kept(TaskContext& context) {
  std::vector<ObjectRef> refs;
  for (const HeldRef& held : self(context).kept) refs.push_back(held.ref());
  return list_of(std::move(refs));
}
inline Body hand_it_out(TaskContext& context) {
  context.set_return(0, list_of_kept(context));
  co_return;
}
inline ActorCall to(const ActorHandle& actor, FunctionId method, std::vector<Argument> args = {}) {
  return {actor, method, std::move(args), std::nullopt, default_group, std::nullopt};
}
// Has another actor keep what it keeps.
inline Body lend_it(TaskContext& context) {
  const auto& other = *static_cast<const ActorHandle*>(context.arguments().front().value.data.get());
  context.call(to(other, keep, {list_of_kept(context)}));
  const auto pause = context.pause();
  co_await pause;
}
// Has a reference while it runs.
inline Body look_at_it(TaskContext& context) {
  const std::vector<ObjectRef> refs = inside(context.arguments().front().value);
  const HeldRefs held = context.hold(refs);
  Body getting = context.get(refs, std::nullopt);
  co_await getting;
}
// The same, one value deeper: it is read out of an object.
inline Body look_inside_it(TaskContext& context) {
  const ObjectRef outer = inside(context.arguments().front().value).front();
  HeldRef held = context.hold(outer);
  Body getting = context.get({outer}, std::nullopt);
  co_await getting;
  for (const ObjectRef ref : inside(context.value(outer))) self(context).kept.push_back(context.hold(ref));
}
inline Body make_and_return(TaskContext& context) {
  const HeldRef made = context.hold(context.put(Bytes{mb}));
  const auto writing = context.pause();
  co_await writing;
  context.set_return(0, list_of({made.ref()}));
}

inline RemoteFunction bodied(const char* name, BodyMaker body) {
  RemoteFunction made = function(name, {});
  made.body = std::move(body);
  return made;
}

inline ActorOptions on_node(std::uint32_t node) {
  ActorOptions options;
  options.placement.emplace();
  options.placement->set(cpu_resource, ResourceAmount::of(1));
  options.strategy.kind = SchedulingStrategy::Kind::node_affinity;
  options.strategy.node = {node};
  options.strategy_given = true;
  return options;
}

// The functions that the names above stand for, and a driver.
inline SimulationOptions program(BodyMaker driver) {
  SimulationOptions options;
  RemoteFunction dies = function("Keeper.die", {});
  dies.crash_attempts = 1;
  options.functions = {bodied("Keeper", make_keeper),
                       bodied("Keeper.keep", keep_it),
                       bodied("Keeper.drop", drop_it),
                       bodied("Keeper.hand_out", hand_it_out),
                       bodied("Keeper.lend", lend_it),
                       bodied("look", look_at_it),
                       bodied("make", make_and_return),
                       dies,
                       bodied("Keeper.look_inside", look_inside_it)};
  options.driver = std::move(driver);
  return options;
}

inline Body call_and_get(TaskContext& context, ActorCall call) {
  const HeldRef result = context.hold(context.call(call));
  Body done = context.get({result.ref()}, std::nullopt);
  co_await done;
}
inline Body put_one(TaskContext& context, HeldRef& made, Payload value = {nullptr, Bytes{mb}}) {
  made = context.hold(context.put(std::move(value)));
  const auto writing = context.pause();
  co_await writing;
}

}  // namespace keepers
