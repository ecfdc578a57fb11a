// Programs in C++ with Ray's own verbs, for `raysim run CLUSTER.yaml --program libmine.so`.
//
// Models: what a driver, a task or a method does: `co_await ray.get(refs)`. Leaves out: everything else of raysim; this header needs
// the C++20 standard library alone, and a program links nothing. `raysim new program mine` writes one with its build and a test;
// docs/cpp_programs.md explains it.
// Mirrors python/ray/_private/worker.py, python/ray/actor.py and python/ray/util/placement_group.py (2.60).
// Invariants: a body uses the Context that it was given, one verb at a time; every verb is awaited at once, but for those of the
// last block; random numbers come from random() alone, then a seed fixes a run.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <raysim/ray/errors.hpp>
#include <raysim/ray/function.hpp>
#include <raysim/ray/host.hpp>
#include <raysim/ray/options.hpp>
#include <raysim/ray/random.hpp>
#include <raysim/ray/task.hpp>
#include <raysim/ray/value.hpp>
#include <raysim/ray/verbs.hpp>

namespace ray {

class Context {
 public:
  explicit Context(host::Host& host) : host_(host) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // --- tasks

  // function.remote(args...): `ray.remote<sample>(1000)`, or with options `ray.remote<sample>({.num_cpus = 2}, 1000)`.
  // Gives the reference to what it will return; a tuple of references for ray::Returns. Throws ValueError.
  template <auto function, class... A>
  auto remote(const TaskOptions& options, A&&... args) {
    using Parameters = typename host::Signature<decltype(function)>::Parameters;
    return done<host::Called<host::Result<function>>>(host_.submit(
        host::function_object<function>, options, host::arguments_for<Parameters>(std::forward<A>(args)...)));
  }
  template <auto function, class... A>
  requires(!host::starts_with<TaskOptions, A...>) auto remote(A&&... args) {
    return remote<function>(TaskOptions{}, std::forward<A>(args)...);
  }

  // ray.cancel: of the task or call that makes the object, or the items. Throws ValueError for a call of an actor with `force`.
  template <class T>
  auto cancel(const Ref<T>& ref, const CancelOptions& options = {}) {
    return done<host::Told>(host_.cancel(ref.id(), options));
  }
  template <class T>
  auto cancel(const GeneratorRef<T>& items, const CancelOptions& options = {}) {
    return done<host::Told>(host_.cancel(items.id(), options));
  }

  // --- objects

  // The value of a reference; a vector or tuple of values for one of references. Throws what made one of them fail, or
  // GetTimeoutError.
  // `co_await ray.get(ref, 1s)`, or `co_await ray.get(ref, {.use_object_store = true})`.
  template <class T>
  auto get(const Ref<T>& ref, const GetOptions& options) {
    return host::Got<T>(host_.get({ref.id()}, options));
  }
  template <class T>
  auto get(const std::vector<Ref<T>>& refs, const GetOptions& options) {
    return host::GotAll<T>(host_.get(host::ids_of(refs), options));
  }
  template <class... T>
  auto get(const std::tuple<Ref<T>...>& refs, const GetOptions& options) {
    const auto ids = [](const auto&... ref) { return std::vector{ref.id()...}; };
    return host::GotTuple<T...>(host_.get(std::apply(ids, refs), options));
  }
  template <class Refs>
  auto get(const Refs& refs, std::optional<Duration> timeout = {}) {
    return get(refs, GetOptions{.timeout = timeout});
  }
  // `auto [ready, pending] = co_await ray.wait(refs, {.num_returns = 2, .timeout = 1s})`: ends when so many are ready or the time
  // is over; at most so many are in `ready`, in the order given.
  template <class T>
  auto wait(const std::vector<Ref<T>>& refs, const WaitOptions& options = {}) {
    return host::Waited<T>(host_.wait(host::ids_of(refs), options));
  }
  template <class T>
  auto put(T&& value, const PutOptions& options = {}) {
    using Value = std::remove_cvref_t<T>;
    static_assert(host::survives_co_await<T>,
                  "give this value a name before the call: GCC destroys it twice in a co_await expression");
    return done<host::Called<Value>>(host_.put(host::value_of<Value>(std::forward<T>(value)), options));
  }

  // The next item of a generator that this body has called, as std::optional<Ref<T>>, once it exists; nothing: it has ended. What the
  // generator threw comes out of get of its last item.
  template <class T>
  auto next(const GeneratorRef<T>& items) {
    return host::GotItem<T>(host_.next(items.id()));
  }

  // --- time; ValueError when it is negative

  auto sleep(Duration duration) { return host::Done(host_.sleep(duration)); }
  // Keeps a core busy; takes longer where the machine has too few of them.
  auto compute(Duration duration) { return host::Done(host_.compute(duration)); }
  // So many bytes from the first disk of this machine, or to it, where they stay: an Exception, Python's OSError, when it is full.
  auto read_disk(std::int64_t size) { return host::Done(host_.use_disk(false, size)); }
  auto write_disk(std::int64_t size) { return host::Done(host_.use_disk(true, size)); }

  // --- actors

  // Counter.remote(args...): `ray.create_actor<Counter>()`, or with options `ray.create_actor<Counter>({.name = "counter"}, 5)`.
  // Throws ValueError, also for a name that is taken.
  template <class C, class... A>
  auto create_actor(const ActorOptions& options, A&&... args) {
    using Parameters = std::tuple<host::StoredAs<A>...>;
    return host::GotActor<C>(host_.create_actor(host::constructor_object<C, Parameters>, options,
                                                host::arguments_for<Parameters>(std::forward<A>(args)...)));
  }
  template <class C, class... A>
  requires(!host::starts_with<ActorOptions, A...>) auto create_actor(A&&... args) {
    return create_actor<C>(ActorOptions{}, std::forward<A>(args)...);
  }
  // The same with a function that makes the actor and may wait meanwhile: `ray::Task<Model> load(ray::Context& ray)`.
  template <auto maker, class... A>
  auto create_actor(const ActorOptions& options, A&&... args) {
    using Parameters = typename host::Signature<decltype(maker)>::Parameters;
    return host::GotActor<host::Result<maker>>(host_.create_actor(
        host::maker_object<maker>, options, host::arguments_for<Parameters>(std::forward<A>(args)...)));
  }
  template <auto maker, class... A>
  requires(!host::starts_with<ActorOptions, A...>) auto create_actor(A&&... args) {
    return create_actor<maker>(ActorOptions{}, std::forward<A>(args)...);
  }
  // actor.method.remote(args...): `ray.call<&Counter::add>(counter, 5)`; options come after the actor. Throws ValueError,
  // PendingCallsLimitExceeded.
  template <auto method, class C, class... A>
  auto call(const Actor<C>& actor, const CallOptions& options, A&&... args) {
    using Of = host::Signature<decltype(method)>;
    static_assert(std::is_base_of_v<typename Of::Class, C>, "the actor is of another class than the method");
    return done<host::Called<host::Result<method>>>(
        host_.call(actor.handle(), host::method_object<C, method>, options,
                   host::arguments_for<typename Of::Parameters>(std::forward<A>(args)...)));
  }
  template <auto method, class C, class... A>
  requires(!host::starts_with<CallOptions, A...>) auto call(const Actor<C>& actor, A&&... args) {
    return call<method>(actor, CallOptions{}, std::forward<A>(args)...);
  }
  // ray.get_actor; throws ValueError when there is none of this name and class.
  template <class C>
  auto get_actor(std::string_view name, std::string_view name_space = {}) {
    return host::GotActor<C>(host_.get_actor(name, name_space, &host::class_tag<C>));
  }
  template <class C>
  auto kill(const Actor<C>& actor, bool no_restart = true) {
    return done<host::Told>(host_.kill(actor.handle(), no_restart));
  }

  // --- placement groups

  auto placement_group(std::span<const Bundle> bundles, const PlacementGroupOptions& options = {}) {
    return host::GotGroup(host_.create_group(bundles, options));
  }
  // pg.wait: whether it is there by then.
  auto wait(PlacementGroup group, Duration timeout = Duration(30)) {
    return host::WaitedGroup(host_.wait_group(group, timeout));
  }
  // pg.ready: a reference that waits for nobody until it is awaited itself, `co_await ray.get(co_await ray.ready(group))`. With
  // TaskPlacementGroupRemoved when the group is removed.
  auto ready(PlacementGroup group) {
    return done<host::Called<PlacementGroup>>(host_.group_ready(group, host::value_of<PlacementGroup>(group)));
  }
  // The names of the nodes of its bundles; empty ones are not placed.
  auto nodes_of(PlacementGroup group) { return host::GotNodes(host_.look_up_group(group)); }
  auto remove(PlacementGroup group) { return host::Done(host_.remove_group(group)); }

  // --- not awaited

  // A parameter that the program declares, as the scenario says it: `ray.parameter<int>("samples")`.
  template <class T>
  [[nodiscard]] T parameter(std::string_view name) const {
    const host::Parameter* found = host_.parameter(name);
    if (found == nullptr) throw std::logic_error("the program declares no parameter " + std::string(name));
    return std::visit(
        [&]<class Value>(const Value& value) -> T {
          if constexpr (std::is_same_v<T, Value> ||
                        (std::is_arithmetic_v<T> && std::is_arithmetic_v<Value> &&
                         std::is_same_v<T, bool> == std::is_same_v<Value, bool>) ||
                        (!std::is_arithmetic_v<T> && std::is_constructible_v<T, Value>))
            return static_cast<T>(value);
          else
            throw std::logic_error("the parameter " + std::string(name) + " is of another type");
        },
        found->value);
  }
  // Since the start of the run.
  [[nodiscard]] Duration now() const { return host_.now(); }
  // The name of the node that this runs on.
  [[nodiscard]] std::string_view node() const { return host_.node(); }
  // A stream of this task's own: its draws depend on the seed, the calls that led to this task, and the name.
  [[nodiscard]] Random random(std::string_view name = {}) const { return Random(host_.random(name)); }
  // Its arguments with spaces in between, after the simulated time and the name of the function.
  template <class... A>
  void print(const A&... args) {
    std::ostringstream text;
    std::string_view space;
    ((text << std::exchange(space, " ") << args), ...);
    host_.print(text.str());
  }
  // ray.get_runtime_context().is_canceled()
  [[nodiscard]] bool is_cancelled() const { return host_.is_cancelled(); }
  // The reference that the next item of a generator will have, for wait; it is ready at the end too.
  template <class T>
  [[nodiscard]] Ref<T> peek(const GeneratorRef<T>& items) {
    const host::Made made = host_.peek(items.id());
    if (made.failure) host::throw_failure(*made.failure);
    return Ref<T>(host_.lives(), made.first);
  }
  // A handle to the actor whose method this is in.
  template <class C>
  [[nodiscard]] Actor<C> self() const {
    host::ActorHandle own = host_.own_actor(&host::class_tag<C>);
    if (!own) throw ValueError("self() outside of a method of that class");
    return Actor<C>(std::move(own));
  }
  // Ends the actor whose method this is in, when the method is over.
  void exit_actor() {
    if (!host_.exit_actor()) throw ValueError("exit_actor() outside of an actor");
  }

 private:
  // Of a verb that was done at once.
  template <class Awaitable>
  Awaitable done(const host::Made& made) {
    if (made.failure) host::throw_failure(*made.failure);
    return Awaitable(host_, made.first);
  }

  friend host::Host& host::host_of(Context& ray);
  host::Host& host_;
};

namespace host {

inline Host& host_of(Context& ray) { return ray.host_; }

}  // namespace host

// What a shared object holds: a driver, and the parameters that scenarios may set, with their usual values.
class Program {
 public:
  using Driver = Task<void> (*)(Context&);
  Program(Driver driver, std::initializer_list<host::Parameter> parameters = {})
      : parameters_(parameters), driver_(driver) {}

  // These stay first in every version.
  std::uint32_t abi = host::abi_version;
  std::uint32_t library = host::library_layout;

  // For raysim.
  [[nodiscard]] std::span<const host::Parameter> parameters() const { return parameters_; }
  [[nodiscard]] host::Running start(Context& ray) const { return start_(*this, ray); }

 private:
  static host::Running begin(const Program& program, Context& ray) noexcept {
    return host::start_with<host::NewReturns>(host::host_of(ray), [&] { return program.driver_(ray); });
  }

  host::Running (*start_)(const Program&, Context&) noexcept = begin;
  std::vector<host::Parameter> parameters_;
  Driver driver_;
};

}  // namespace ray

// The one name that a program defines, in one of its files:
//   const ray::Program raysim_program{driver};
//   const ray::Program raysim_program{driver, {{"samples", 24}, {"seconds", 0.5}}};
extern "C" __attribute__((visibility("default"))) const ray::Program raysim_program;
