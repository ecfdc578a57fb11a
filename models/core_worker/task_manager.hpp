// What an owner knows of its tasks and of the objects they return.
//
// Models: the tables of owned tasks and objects, dependencies among them, and who waits for an object in this process; objects that
// it borrows stand in the same table. Leaves out: reference counts, lineage.
// Mirrors src/ray/core_worker/task_manager.cc and store_provider/memory_store/ (2.60).
// Invariants: an object becomes ready (with a value or an error) once; a task's objects have consecutive indices.
#pragma once

#include <boost/container/deque.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/errors.hpp"
#include "models/payload.hpp"
#include "models/task.hpp"

namespace raysim {

struct OwnedTask {
  FunctionId function;
  ActorId actor;  // whose call or creation it is
  bool creates_actor = false;
  bool cancelled = false;  // by the user: never tried again, and any failure from now on is this
  bool ended = false;
  bool retry_exceptions = false;  // TaskOptions
  ErrorType argument_error = ErrorType::none;
  std::uint32_t group = 0;  // of an actor's call: its concurrency group
  SchedulingClassId scheduling_class;
  std::uint32_t first_object = 0;
  std::uint32_t unresolved = 0;  // arguments that do not exist yet
  std::int32_t attempt = 0;
  std::int32_t retries_left = 0;      // -1: without end
  std::int32_t oom_retries_left = 0;  // likewise
  std::uint32_t lease = 0;            // pushed: slot in the submitter's table of leases
  std::uint32_t argument_kib = 0;     // inlined arguments, in KiB rounded up
  std::uint32_t parent = 0;           // number of the body that submitted it, among those of this process
  TaskInputRef input;                 // none: no arguments, no body
  Duration duration;
  Duration path;  // longest chain of work before this task
  Time submitted;
  Time resolved;
  Time pushed;
};

struct OwnedObject {
  static constexpr std::uint32_t no_task = ~std::uint32_t{0};
  std::uint32_t task = no_task;  // its creator; none: a put, an answer of the GCS, or somebody else's
  bool ready = false;
  bool in_store = false;  // a put: it lies in the object store, whatever its size
  bool out_of_scope = false;
  ErrorType error = ErrorType::none;
  std::uint32_t kib = 0;                      // size in KiB, rounded up
  std::uint32_t waiters = ~std::uint32_t{0};  // the last who began to wait, in the manager's list of them
  Duration path;
  Time heard;  // when the io loop had paid for making it ready: no other thread sees it before
};

class TaskManager {
 public:
  // Who is told when an object becomes ready: a task of this owner, the get or wait of a body of this process, or a borrower.
  struct Waiter {
    enum class Kind : std::uint8_t { task, get, wait, borrower } kind;
    std::uint64_t number;  // task, number of the get, ticket of the wait, or the borrower's station
  };

  std::uint32_t add_task(const OwnedTask& task, std::uint32_t returns);
  // Under which an owner queues the task, where that is more than its class.
  void set_key(std::uint32_t task, SchedulingKey key) { keys_[task] = std::move(key); }
  [[nodiscard]] const SchedulingKey* key_of(std::uint32_t task) const {
    if (keys_.empty()) return nullptr;
    const auto it = keys_.find(task);
    return it != keys_.end() ? &it->second : nullptr;
  }
  std::uint32_t add_put(std::uint32_t kib, Duration path);
  // An object of no task that becomes ready later: what the GCS answers.
  std::uint32_t add_awaited(std::uint32_t kib, Duration path);
  // One more object of a task.
  std::uint32_t add_item(std::uint32_t task);
  // An object of another owner, of which nothing is known yet.
  std::uint32_t add_borrowed(ObjectRef ref);
  // Its index here; none: it is not borrowed.
  [[nodiscard]] std::optional<std::uint32_t> find_borrowed(ObjectRef ref) const;
  // Those borrowed from an owner that are not ready.
  [[nodiscard]] std::vector<std::uint32_t> missing_from(StationId owner) const;
  void set_value(std::uint32_t object, Payload value);
  void forget_value(std::uint32_t object) {
    if (object < values_.size()) values_[object] = nullptr;
    if (!contents_.empty()) contents_.erase(object);
  }
  [[nodiscard]] Payload value(std::uint32_t object) const;
  // The references inside of its value.
  [[nodiscard]] std::span<const ObjectRef> inner(std::uint32_t object) const {
    const auto it = contents_.empty() ? contents_.end() : contents_.find(object);
    return it != contents_.end() ? std::span<const ObjectRef>(*it->second) : std::span<const ObjectRef>();
  }
  // Forgets all values, and the arguments of all tasks.
  void release_values() {
    for (OwnedTask& task : tasks_) task.input.reset();
    values_.clear();
  }
  void set_error_text(std::uint32_t object, std::string text) { error_texts_[object] = std::move(text); }
  [[nodiscard]] const std::string& error_text(std::uint32_t object) const;
  [[nodiscard]] OwnedTask& task(std::uint32_t i) { return tasks_[i]; }
  [[nodiscard]] OwnedObject& object(std::uint32_t i) { return objects_[i]; }
  [[nodiscard]] const OwnedTask& task(std::uint32_t i) const { return tasks_[i]; }
  [[nodiscard]] const OwnedObject& object(std::uint32_t i) const { return objects_[i]; }
  [[nodiscard]] std::uint32_t objects() const { return static_cast<std::uint32_t>(objects_.size()); }
  [[nodiscard]] std::size_t tasks() const { return tasks_.size(); }
  // Tasks that have not ended.
  [[nodiscard]] std::size_t unfinished() const { return tasks_.size() - ended_; }
  void end(std::uint32_t task) {
    tasks_[task].ended = true;
    ++ended_;
  }
  void await(std::uint32_t object, Waiter waiter);
  // Marks it ready. Returns who waited, for next_waiter().
  struct Waiters {
    std::uint32_t first;
  };
  Waiters make_ready(std::uint32_t object, ErrorType error, Duration path, Time heard = {});
  // Takes out the next one, in the order they began to wait.
  std::optional<Waiter> next_waiter(Waiters& waiters);

 private:
  // In blocks: a table of millions never moves as it grows.
  template <class Row>
  using Table =
      boost::container::deque<Row, void,
                              boost::container::deque_options_t<boost::container::block_size<std::size_t{32}>>>;
  Table<OwnedTask> tasks_;
  std::size_t ended_ = 0;
  Table<OwnedObject> objects_;
  struct Link {
    Waiter waiter;
    std::uint32_t next;
  };
  std::vector<Link> links_;  // those who wait for an object hang together
  std::uint32_t free_link_ = ~std::uint32_t{0};
  std::unordered_map<std::uint32_t, SchedulingKey> keys_;
  std::map<ObjectRef, std::uint32_t> borrowed_;
  std::vector<std::shared_ptr<const void>> values_;  // by object, as far as there are any
  // The references inside of values, of those that hold some.
  std::unordered_map<std::uint32_t, std::shared_ptr<const std::vector<ObjectRef>>> contents_;
  std::unordered_map<std::uint32_t, std::string> error_texts_;
};

}  // namespace raysim
