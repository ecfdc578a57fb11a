// What a program and raysim say to each other. Users of raysim/ray.hpp need nothing of it.
//
// Models: the verbs of one body as raysim carries them out, a function as raysim starts it, a program as a shared object holds
// it. Leaves out: types: values are bytes of a size to raysim. Mirrors no part of Ray.
// Invariants: one call at a time: each verb that is awaited is begun, then ready(), suspend() unless it is, and finish(); what is
// passed lives until the verb returns; what a Host gives out lives until its next verb.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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
};

struct Argument {
  Value value;
  ObjectId ref;
  bool by_reference = false;
};

// A handle to an actor; its copies keep the actor alive.
using ActorHandle = std::shared_ptr<const void>;

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

// A remote function. Each has one object, whose address names it.
struct Function {
  std::string_view of_class;  // of a method
  std::string_view name;
  std::uint32_t num_returns = 1;
  Running (*start)(Context&) noexcept = nullptr;
  const void* class_tag = nullptr;  // of a constructor or method: an address that names the class
};

class Host {
 public:
  virtual ~Host() = default;

  // --- the body itself
  [[nodiscard]] virtual const void* argument(std::size_t index) const = 0;
  virtual void set_return(std::size_t index, Value value) = 0;
  virtual void fail(Failure failure) = 0;
  // What the actor whose call this is keeps.
  virtual std::shared_ptr<void>& state() = 0;

  // --- awaiting what was begun
  virtual bool ready() = 0;
  // False: there is nothing to wait for, after all.
  virtual bool suspend(std::coroutine_handle<> body) = 0;
  // Null: it went well.
  virtual const Failure* finish() = 0;

  // --- verbs; awaited where a line above says nothing else
  virtual ObjectId submit(const Function& function, const TaskOptions& options, std::vector<Argument> args) = 0;
  virtual ObjectId call(const ActorHandle& actor, const Function& method, const CallOptions& options,
                        std::vector<Argument> args) = 0;
  virtual ObjectId put(Value value) = 0;
  virtual void get(std::span<const ObjectId> refs, std::optional<Duration> timeout) = 0;
  // Not awaited. What the last get was about, and the values.
  [[nodiscard]] virtual std::size_t got_count() const = 0;
  [[nodiscard]] virtual const void* got(std::size_t index) = 0;
  virtual void wait(std::span<const ObjectId> refs, const WaitOptions& options) = 0;
  // Not awaited. What the last wait has found, ready or not, in its order.
  [[nodiscard]] virtual std::vector<ObjectId> waited(bool ready) const = 0;
  virtual void sleep(Duration duration) = 0;
  virtual void compute(Duration duration) = 0;
  virtual void create_actor(const Function& constructor, const ActorOptions& options, std::vector<Argument> args) = 0;
  virtual void get_actor(std::string_view name, std::string_view name_space, const void* of_class) = 0;
  // Not awaited. The actor that was created or found.
  [[nodiscard]] virtual ActorHandle actor() const = 0;
  virtual void kill(const ActorHandle& actor, bool no_restart) = 0;
  virtual void create_group(std::span<const Bundle> bundles, const PlacementGroupOptions& options) = 0;
  // Not awaited. The group that was created.
  [[nodiscard]] virtual PlacementGroup group() const = 0;
  virtual void wait_group(PlacementGroup group, Duration timeout) = 0;
  // Not awaited. Whether the group was there in time.
  [[nodiscard]] virtual bool group_ready() const = 0;
  virtual void look_up_group(PlacementGroup group) = 0;
  // Not awaited. The node of each bundle; empty: it has none.
  [[nodiscard]] virtual std::vector<std::string> group_nodes() const = 0;
  virtual void remove_group(PlacementGroup group) = 0;

  // --- not awaited
  [[nodiscard]] virtual Duration now() const = 0;
  [[nodiscard]] virtual std::string_view node() const = 0;
  [[nodiscard]] virtual std::unique_ptr<RandomBits> random(std::string_view name) const = 0;
  virtual void print(std::string_view text) = 0;
  // The actor whose call this is; null when it is none, or of another class.
  [[nodiscard]] virtual ActorHandle own_actor(const void* of_class) const = 0;
  // False outside of actors.
  virtual bool exit_actor() = 0;
};

// The version of this interface; raysim loads programs of its own version only.
inline constexpr std::uint32_t abi_version = 1;
// What differs where the C++ library is another one, or in its debug mode.
inline constexpr std::uint32_t library_layout =
    sizeof(std::string) * 65'536 + sizeof(std::vector<int>) * 256 + sizeof(std::shared_ptr<int>);

}  // namespace host

}  // namespace ray
