// What objects contain, and what goes along with a task.
//
// Models: values as their makers see them, with the size that Ray would count; arguments by value and by reference; what a
// task's reply brings. Leaves out: serialisation; the simulator never looks into a value.
// Mirrors RayObject and TaskArg of src/ray/common/ (2.60).
// Invariants: a value never changes once it is in a payload; an input never changes once its task was pushed.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/errors.hpp"
#include "models/ids.hpp"
#include "models/object_life.hpp"
#include "models/tensor_transport.hpp"
#include "sim/time.hpp"

namespace raysim {

struct Payload {
  std::shared_ptr<const void> data;  // null: a size and nothing else
  Bytes size;
  std::shared_ptr<const std::vector<ObjectRef>> contains = {};  // references inside of the value; null: none

  [[nodiscard]] std::span<const ObjectRef> inner() const {
    return contains ? std::span<const ObjectRef>(*contains) : std::span<const ObjectRef>();
  }
};

// Rounded up, as tables of owners keep it.
[[nodiscard]] inline std::uint32_t in_kib(Bytes size) { return static_cast<std::uint32_t>((size.count + 1023) / 1024); }

// One argument of a call: a reference, whose value its function gets, or a value. References inside a value stay what they are.
struct Argument {
  std::optional<ObjectRef> ref;
  Payload value;  // of a reference: filled when it is known

  Argument(ObjectRef by_reference) : ref(by_reference) {}
  Argument(Payload by_value) : value(std::move(by_value)) {}
};

// What a task needs beyond its function.
struct TaskInput : boost::intrusive_ref_counter<TaskInput, boost::thread_unsafe_counter> {
  std::vector<Argument> args;
  HeldRefs held;                             // those that are or hold references, until the task is over
  std::vector<ObjectRef> store_args;         // those that lie in the object store
  std::vector<ObjectRef> tensors;            // those that go from actor to actor
  std::uint32_t first_return = 0;            // index of the task's first object in the owner's table
  Duration path;                             // longest chain of work before it
  std::uint64_t luck = 0;                    // see TaskContext::luck
  std::int64_t generator_backpressure = -1;  // TaskOptions
  TensorTransport transport = TensorTransport::object_store;  // of an actor's call: how its return goes to others
  std::shared_ptr<const void> keeps;  // alive until the task is over: the handle that an actor call goes through
};
using TaskInputRef = boost::intrusive_ptr<TaskInput>;
// What goes with a task: arguments by reference, and what is inside of the others.
[[nodiscard]] std::vector<ObjectRef> references_of(const TaskInput& input);

// What a reply brings beyond its times.
struct TaskOutput {
  std::vector<Payload> returns;  // fewer than the task has: the others are sizes of its function; of a generator: items
  std::string message;           // of an error
  std::uint32_t yielded = 0;     // items of a streaming generator, with its error
  std::vector<ObjectRef> items = {};  // of a dynamic one, as soon as one lies in a store: all its items
  BorrowedRefs borrowed = {};  // references that came with the task, as far as somebody there goes on to use them
};

}  // namespace raysim
