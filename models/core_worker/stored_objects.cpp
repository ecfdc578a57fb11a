#include "models/core_worker/stored_objects.hpp"

namespace raysim {

StoredObjects::StoredObjects(Runtime& runtime, Station& io)
    : runtime_(runtime),
      io_(io),
      directory_(*this),
      frees_(runtime.profile.system.max_free_local_objects_batch_size),
      news_(runtime.profile.system.publish_batch_size) {}

void StoredObjects::add(ObjectRef object, Bytes size, NodeId node) {
  directory_.add(object, false);
  directory_.set_size(object, size);
  directory_.set_primary(object, node);
}

void StoredObjects::learn(ObjectRef object, Bytes size, NodeId node) { directory_.learn(object, size, {node}); }

void StoredObjects::free(ObjectRef object) {
  for (const NodeId node : directory_.out_of_scope(object)) free_at(object, node);
  directory_.remove(object);
}

void StoredObjects::free_at(ObjectRef object, NodeId node) { send_frees(node, frees_.add(node, object, {})); }

void StoredObjects::send_frees(NodeId node, FreeBatch batch) {
  if (batch.empty()) return;
  io_.charge(runtime_.profile.costs.location_updates(batch.size()));
  io_.send(runtime_.raylets[node.index],
           FreeObjects{Address<CoreWorker>{io_.id()}, std::make_unique<FreeBatch>(std::move(batch))});
}

void StoredObjects::on(const SubscribeLocations& subscribe) {
  io_.charge(runtime_.profile.costs.location_updates(subscribe.objects->size()));
  io_.send(runtime_.raylets[subscribe.node.index], LocationsSubscribed{subscribe.owner});
  for (const auto& [object, subscription] : *subscribe.objects) {
    if (subscription.wanted)
      directory_.subscribe(object, subscribe.node);
    else
      directory_.unsubscribe(object, subscribe.node);
  }
}

void StoredObjects::on(const ReportLocations& report, const std::function<bool(ObjectRef)>& is_gone) {
  io_.charge(runtime_.profile.costs.location_updates(report.updates->size()));
  for (const auto& [object, update] : *report.updates) {
    const bool added = update.copy == LocationUpdate::Copy::added;
    if (added && is_gone(object))
      free_at(object, report.node);  // it came too late
    else if (added && directory_.copies(object) == nullptr)
      directory_.add(object, true);  // it came before the reply of its task
    if (added) directory_.add_copy(object, report.node);
    if (update.copy == LocationUpdate::Copy::removed) directory_.remove_copy(object, report.node);
    if (update.spilled.valid()) directory_.set_spilled(object, update.spilled);
  }
  io_.send(runtime_.raylets[report.node.index], LocationsReported{report.owner});
}

void StoredObjects::publish(NodeId to, ObjectRef object, const SharedLocations& locations) {
  send_news(to, news_.add(to, object, {locations}));
}

void StoredObjects::publish_gone(NodeId to, ObjectRef object) { send_news(to, news_.add(to, object, {})); }

void StoredObjects::send_news(NodeId node, NewsBatch batch) {
  if (batch.empty()) return;
  io_.charge(runtime_.profile.costs.location_updates(batch.size()));
  io_.send(runtime_.raylets[node.index], LocationNews{io_.id(), std::make_unique<NewsBatch>(std::move(batch))});
}

}  // namespace raysim
