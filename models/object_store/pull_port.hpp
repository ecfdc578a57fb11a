// What a node's PullManager asks of the node around it.
//
// Models: the callbacks that Ray's manager is constructed with. The raylet implements them with messages, its store and its
// LocalObjectManager; tests with a notebook. Leaves out: how any of it is done.
// Mirrors the constructor arguments of src/ray/object_manager/pull_manager.h and what object_manager.cc does around it (2.60).
// Invariants: none of these calls the manager back before it returns.
#pragma once

#include <span>

#include "models/cluster.hpp"
#include "models/ids.hpp"
#include "models/object_store/spilled_url.hpp"

namespace raysim {

class PullPort {
 public:
  virtual ~PullPort() = default;

  [[nodiscard]] virtual Time now() const = 0;
  // Asks the owner for the object's locations, now and after each change: locations_changed() follows.
  virtual void subscribe(ObjectRef object) = 0;
  virtual void unsubscribe(ObjectRef object) = 0;
  // PlasmaStore::contains().
  [[nodiscard]] virtual bool is_local(ObjectRef object) const = 0;
  // PlasmaStore::pin() and unpin() with Pin::pull.
  virtual bool pin(ObjectRef object) = 0;
  virtual void unpin(ObjectRef object) = 0;
  // Asks another node for objects: PushManager::pull_requested() there.
  virtual void send_pull(NodeId node, std::span<const ObjectRef> objects) = 0;
  // Gives up what has been received of an object: ObjectBufferPool::abort().
  virtual void cancel(ObjectRef object) = 0;
  // LocalObjectManager::local_url().
  [[nodiscard]] virtual SpilledUrl local_url(ObjectRef object) const = 0;
  // LocalObjectManager::restore().
  virtual void restore(ObjectRef object, Bytes size, const SpilledUrl& url) = 0;
  // Nobody has had the object for too long: readers here get ObjectFetchTimedOutError.
  virtual void fetch_timed_out(ObjectRef object) = 0;
};

}  // namespace raysim
