// What an owner knows of where its objects are.
//
// Models: copies in memory, the primary copy's node, the spilled copy, size, whether it is still to be made; nodes that want to hear of it;
// objects whose primary copy is lost with a node. A state machine: the caller says what happened, the port takes what follows.
// Leaves out: who still needs an object (reference_counter.hpp), long polls.
// Mirrors the location part of src/ray/core_worker/reference_counter.cc (2.60), where both are one table.
// Invariants: a subscriber gets the full state at once, after each change, and once the notice that the object is gone.
#pragma once

#include <optional>
#include <vector>

#include "models/object_store/object_locations.hpp"
#include "models/object_store/object_table.hpp"

namespace raysim {

// None of these calls the directory back before it returns.
class ObjectDirectoryPort {
 public:
  virtual ~ObjectDirectoryPort() = default;
  // As far as this process knows.
  [[nodiscard]] virtual bool is_dead(NodeId node) const = 0;
  // Tells a node that has subscribed: PullManager::locations_changed() there.
  virtual void publish(NodeId to, ObjectRef object, const SharedLocations& locations) = 0;
  // The owner knows nothing of the object any more: readers there get ReferenceCountingAssertionError.
  virtual void publish_gone(NodeId to, ObjectRef object) = 0;
};

struct ObjectLocality {
  Bytes size;
  std::vector<NodeId> nodes;  // with a copy in memory, or that of the primary, wherever it lies there
};

class ObjectDirectory {
 public:
  explicit ObjectDirectory(ObjectDirectoryPort& port) : port_(port) {}

  // --- what the owner does. An object is there from add() to remove(); what follows has no effect on others.
  void add(ObjectRef object, bool pending_creation);
  void set_pending_creation(ObjectRef object, bool pending);
  void set_size(ObjectRef object, Bytes size);
  // Its primary copy is on a node. On a dead one: it is lost.
  void set_primary(ObjectRef object, NodeId node);
  // Nobody needs the value: the nodes whose copies are to be freed. What is said of copies later is kept, but no primary.
  std::vector<NodeId> out_of_scope(ObjectRef object);
  // The value is wanted again, and will be made again.
  void in_scope_again(ObjectRef object);
  void remove(ObjectRef object);
  // Where the object of another owner was when we last heard; for locality().
  void learn(ObjectRef object, Bytes size, const std::vector<NodeId>& nodes);

  // --- what nodes report
  void add_copy(ObjectRef object, NodeId node);
  void remove_copy(ObjectRef object, NodeId node);
  void set_spilled(ObjectRef object, const SpilledUrl& url);
  void node_removed(NodeId node);
  // Objects in scope that have lost their primary copy, since the last call.
  std::vector<ObjectRef> take_lost();

  void subscribe(ObjectRef object, NodeId node);
  void unsubscribe(ObjectRef object, NodeId node);

  // --- what others may know
  // Nothing while the size is not known.
  [[nodiscard]] std::optional<ObjectLocality> locality(ObjectRef object) const;
  // no_node: none.
  [[nodiscard]] NodeId primary(ObjectRef object) const;
  [[nodiscard]] const SpilledUrl* spilled(ObjectRef object) const;
  [[nodiscard]] const std::vector<NodeId>* copies(ObjectRef object) const;
  [[nodiscard]] bool pending_creation(ObjectRef object) const;
  [[nodiscard]] std::size_t size() const { return objects_.size(); }

 private:
  struct Object {
    std::vector<NodeId> nodes;
    std::vector<NodeId> subscribers;
    SpilledUrl url;
    Bytes size;
    NodeId primary = no_node;
    bool pending = false;
    bool in_scope = true;
  };
  [[nodiscard]] Object* find(ObjectRef object);
  [[nodiscard]] const Object* find(ObjectRef object) const;
  void lose_primary(ObjectRef id, Object& object);
  void publish(ObjectRef id, const Object& object);

  ObjectDirectoryPort& port_;
  ObjectTable<Object> objects_;
  std::vector<ObjectRef> lost_;
};

}  // namespace raysim
