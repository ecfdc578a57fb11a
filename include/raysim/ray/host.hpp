// What a program and raysim say to each other. Users of raysim/ray.hpp need nothing of it.
//
// Models: the verbs of one body as raysim carries them out, a function as raysim starts it, a program as a shared object holds
// it. Leaves out: types: values are bytes of a size to raysim. Mirrors no part of Ray.
// Invariants: one verb is under way at a time: it begins with ready(), suspend() follows unless it is, then finish(), maybe after other
// verbs; views that are passed need not outlive the call. No exception passes between the two.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <raysim/ray/options.hpp>
#include <raysim/ray/value.hpp>

namespace ray {

class Context;

namespace host {

class Host;

// The draws of a stream.
class RandomBits {
 public:
  virtual ~RandomBits() = default;
  virtual std::uint64_t next() = 0;
};

struct Value {
  std::shared_ptr<const void> data;
  std::int64_t bytes = 0;
  // Makes a copy, by which raysim sees which references are inside; null: there cannot be any.
  std::shared_ptr<const void> (*copy)(const void* data) = nullptr;
};

template <class T>
inline constexpr bool may_hold_refs = std::is_copy_constructible_v<T> && !std::is_trivially_copyable_v<T>;
template <std::ranges::sized_range T>
inline constexpr bool may_hold_refs<T> =
    std::is_copy_constructible_v<T> && !std::is_arithmetic_v<std::ranges::range_value_t<T>>;

template <class T>
Value value_of(T value) {
  const std::int64_t bytes = size_of(value) + (std::is_same_v<T, Blob> ? 0 : object_header);
  Value made{std::make_shared<const T>(std::move(value)), bytes};
  if constexpr (may_hold_refs<T>)
    made.copy = [](const void* data) -> std::shared_ptr<const void> {
      return std::make_shared<const T>(*static_cast<const T*>(data));
    };
  return made;
}

struct Argument {
  Value value;
  ObjectId ref;
  bool by_reference = false;
};

// A handle to an actor; its copies keep the actor alive.
using ActorHandle = std::shared_ptr<const void>;

// A parameter of a program, and its value when the scenario says none.
struct Parameter {
  std::string_view name;
  std::variant<bool, std::int64_t, double, std::string_view> value;
};

// Why a verb or a body failed.
struct Failure {
  std::string_view error;  // Ray's name for it; empty: an exception of the program's own
  std::string message;
};

// A body that has begun.
struct Running {
  std::coroutine_handle<> body;                                       // to resume; null: it has ended already
  std::coroutine_handle<>* next = nullptr;                            // where it says what goes on at its end
  void (*finish)(std::coroutine_handle<>, Host&) noexcept = nullptr;  // after its end: hands over its result
};

inline constexpr std::int32_t streaming_returns = -1;

// A remote function. Each has one object, whose address names it.
struct Function {
  std::string_view of_class;  // of a method
  std::string_view name;
  std::int32_t num_returns = 1;  // or streaming_returns
  Running (*start)(Context&) noexcept = nullptr;
  const void* class_tag = nullptr;  // of a constructor or method: an address that names the class
};

// What a verb has found, as far as it is one that finds such.
struct Found {
  std::vector<std::shared_ptr<const void>> values;
  std::vector<ObjectId> ready;
  std::vector<ObjectId> pending;
  Lives* lives = nullptr;  // of those two
  ActorHandle actor;
  PlacementGroup group;
  bool in_time = false;
  std::vector<std::string> nodes;
};

// A verb that waits.
class Step {
 public:
  virtual ~Step() = default;
  // Begins it. True: there is nothing to wait for.
  virtual bool ready() = 0;
  // The same, for what shows only now: false. Else `body` is resumed some time.
  virtual bool suspend(std::coroutine_handle<> body) = 0;
  // After its end. Null: it went well.
  virtual const Failure* finish() = 0;

  Found found;
};
using StepPointer = std::unique_ptr<Step>;

// A verb that was done at once: what it has made, or why it failed.
struct Made {
  ObjectId first;
  std::optional<Failure> failure;
};

class Host {
 public:
  virtual ~Host() = default;

  // --- the body itself
  [[nodiscard]] virtual const void* argument(std::size_t index) const = 0;
  virtual void set_return(std::size_t index, Value value) = 0;
  virtual void fail(Failure failure) = 0;
  // Of this process.
  virtual Lives& lives() = 0;
  // What the actor whose call this is keeps.
  virtual std::shared_ptr<void>& state() = 0;

  // --- verbs that are done at once; then pause() is awaited, as the thread was busy
  virtual Made submit(const Function& function, const TaskOptions& options, std::vector<Argument> args) = 0;
  virtual Made call(const ActorHandle& actor, const Function& method, const CallOptions& options,
                    std::vector<Argument> args) = 0;
  virtual Made put(Value value, const PutOptions& options) = 0;
  virtual Made kill(const ActorHandle& actor, bool no_restart) = 0;
  virtual Made cancel(ObjectId ref, const CancelOptions& options) = 0;
  virtual Made group_ready(PlacementGroup group, Value handle) = 0;
  // True: the thread need not wait; else `body` is resumed some time.
  virtual bool pause() = 0;
  virtual void suspend(std::coroutine_handle<> body) = 0;
  virtual std::optional<Failure> resume() = 0;

  // --- verbs that wait
  virtual StepPointer get(std::vector<ObjectId> refs, const GetOptions& options) = 0;
  virtual StepPointer wait(std::vector<ObjectId> refs, const WaitOptions& options) = 0;
  // In a generator: hands out an item.
  virtual StepPointer yield(Value item) = 0;
  // Of a generator's items the next one, in `ready`; none: it has ended.
  virtual StepPointer next(ObjectId generator) = 0;
  virtual StepPointer sleep(Duration duration) = 0;
  virtual StepPointer compute(Duration duration) = 0;
  virtual StepPointer use_disk(bool write, std::int64_t size) = 0;
  virtual StepPointer create_actor(const Function& constructor, const ActorOptions& options,
                                   std::vector<Argument> args) = 0;
  virtual StepPointer get_actor(std::string_view name, std::string_view name_space, const void* of_class) = 0;
  virtual StepPointer create_group(std::span<const Bundle> bundles, const PlacementGroupOptions& options) = 0;
  virtual StepPointer wait_group(PlacementGroup group, Duration timeout) = 0;
  virtual StepPointer look_up_group(PlacementGroup group) = 0;
  virtual StepPointer remove_group(PlacementGroup group) = 0;

  // --- not awaited
  // Null: the program has none of that name.
  [[nodiscard]] virtual const Parameter* parameter(std::string_view name) const = 0;
  [[nodiscard]] virtual Duration now() const = 0;
  [[nodiscard]] virtual std::string_view node() const = 0;
  // Draws of this body alone.
  [[nodiscard]] virtual std::unique_ptr<RandomBits> random(std::string_view name) const = 0;
  [[nodiscard]] virtual bool is_cancelled() const = 0;
  // The reference that a generator's next item will have.
  virtual Made peek(ObjectId generator) = 0;
  virtual void print(std::string_view text) = 0;
  // The actor whose call this is; null when it is none, or of another class.
  [[nodiscard]] virtual ActorHandle own_actor(const void* of_class) const = 0;
  // False outside of actors.
  virtual bool exit_actor() = 0;
};

// The version of this interface; raysim loads programs of its own version only.
inline constexpr std::uint32_t abi_version = 4;
// What differs where the C++ library is another one, or in its debug mode.
inline constexpr std::uint32_t library_layout =
    sizeof(std::string) * 65'536 + sizeof(std::vector<int>) * 256 + sizeof(std::shared_ptr<int>);

}  // namespace host

}  // namespace ray
