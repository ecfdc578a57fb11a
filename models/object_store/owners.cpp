// What a raylet and owners tell each other of objects: where copies are, who wants to know, what is freed. Mirrors
// src/ray/object_manager/ownership_object_directory.cc and the subscriber of src/ray/pubsub/ (2.60).
#include <utility>

#include "models/object_store/object_manager.hpp"
#include "models/raylet/raylet.hpp"

namespace raysim {

void ObjectManager::owner_is_gone(StationId owner) {
  std::vector<ObjectRef> lost;
  const auto first = wanting_.lower_bound({owner, 0});
  for (auto it = first; it != wanting_.end() && it->first.owner == owner; ++it) lost.push_back(it->first);
  for (const ObjectRef object : lost) fail(object, ErrorType::owner_died);
}

void ObjectManager::on(const LocationNews& news) {
  station_.charge(runtime_.profile.costs.location_updates(news.objects->size()));
  for (const auto& [object, published] : *news.objects) {
    if (published.locations)
      pulls_.locations_changed(object, published.locations);
    else
      fail(object, ErrorType::object_lost);
  }
  settle();
  station_.send(Address<CoreWorker>{news.owner}, PollLocations{node_, news.owner});
}

void ObjectManager::subscribe(ObjectRef object, bool wanted) {
  send_subscriptions(object.owner, subscriptions_.add(object.owner, object, {wanted}));
}

void ObjectManager::send_subscriptions(StationId owner, SubscriptionBatch batch) {
  if (batch.empty()) return;
  station_.send(Address<CoreWorker>{owner},
                SubscribeLocations{node_, owner, std::make_unique<SubscriptionBatch>(std::move(batch))});
}

void ObjectManager::on_unreachable(const SubscribeLocations& subscribe) {
  subscriptions_.answered(subscribe.owner, false);
  owner_is_gone(subscribe.owner);
}

void ObjectManager::report(ObjectRef object, const LocationUpdate& update) {
  send_report(object.owner, reports_.add(object.owner, object, update));
}

void ObjectManager::send_report(StationId owner, LocationBatch batch) {
  if (batch.empty()) return;
  station_.charge(runtime_.profile.costs.location_updates(batch.size()));
  station_.send(Address<CoreWorker>{owner},
                ReportLocations{node_, owner, std::make_unique<LocationBatch>(std::move(batch))});
}

void ObjectManager::on_unreachable(const ReportLocations& report) { reports_.answered(report.owner, false); }

void ObjectManager::on(FreeObjects freed) {
  station_.charge(runtime_.profile.costs.location_updates(freed.objects->size()));
  for (const auto& [object, nothing] : *freed.objects) primaries_.release(object);
  station_.send(freed.owner, ObjectsFreed{node_});
  arm_free_tick();
}

}  // namespace raysim
