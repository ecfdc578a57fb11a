// What an owner knows and does about its objects that lie in stores.
//
// Models: the directory of their places, raylets that want to hear of them or tell news, copies that are freed in batches, and where
// borrowed objects were when their owners answered. Leaves out: who still needs an object (Runtime::lives), lost nodes.
// Mirrors the object directory part of src/ray/core_worker/core_worker.cc (2.60).
// Invariants: a raylet that subscribes is answered; copies are freed on every node that was ever reported to have one.
#pragma once

#include <functional>

#include "models/object_store/object_directory.hpp"
#include "models/object_store/object_messages.hpp"
#include "models/runtime.hpp"

namespace raysim {

class StoredObjects final : ObjectDirectoryPort {
 public:
  StoredObjects(Runtime& runtime, Station& io);

  // An object of this owner whose primary copy is on a node.
  void add(ObjectRef object, Bytes size, NodeId node);
  // Another owner's.
  void learn(ObjectRef object, Bytes size, NodeId node);
  // Nobody needs it any more.
  void free(ObjectRef object);

  void on(const SubscribeLocations& subscribe);
  void on(PollLocations poll) { send_news(poll.node, news_.answered(poll.node, true)); }
  // `is_gone`: whether nobody needs an object of this owner any more.
  void on(const ReportLocations& report, const std::function<bool(ObjectRef)>& is_gone);
  void on(const ObjectsFreed& freed) { send_frees(freed.node, frees_.answered(freed.node, true)); }

  [[nodiscard]] std::optional<ObjectLocality> locality(ObjectRef object) const { return directory_.locality(object); }
  [[nodiscard]] NodeId primary(ObjectRef object) const { return directory_.primary(object); }
  [[nodiscard]] std::size_t size() const { return directory_.size(); }

 private:
  [[nodiscard]] bool is_dead(NodeId /*node*/) const override { return false; }
  void publish(NodeId to, ObjectRef object, const SharedLocations& locations) override;
  void publish_gone(NodeId to, ObjectRef object) override;
  void free_at(ObjectRef object, NodeId node);
  void send_frees(NodeId node, FreeBatch batch);
  void send_news(NodeId node, NewsBatch batch);

  Runtime& runtime_;
  Station& io_;
  ObjectDirectory directory_;
  ObjectBatches<NodeId, FreeObject> frees_;
  ObjectBatches<NodeId, PublishedLocations> news_;
};

}  // namespace raysim
