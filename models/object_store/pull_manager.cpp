#include "models/object_store/pull_manager.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace raysim {

namespace {

constexpr std::uint8_t most_doublings = 10;  // of the pull timeout, pull_manager.cc

Bytes minus(Bytes a, Bytes b) { return {a.count - b.count}; }

}  // namespace

PullManager::PullManager(NodeId node, Bytes available, const SystemConfig& config, RandomStream random, PullPort& port)
    : node_(node),
      available_(available),
      pull_timeout_(config.object_manager_pull_timeout),
      fetch_fail_timeout_(config.fetch_fail_timeout),
      random_(random),
      port_(port) {}

PullId PullManager::pull(std::span<const ObjectRef> refs, PullPriority priority) {
  const std::uint64_t id = next_bundle_++;
  Bundle& bundle = bundles_[id];
  bundle.priority = priority;
  bundle.objects.reserve(refs.size());
  for (const ObjectRef ref : refs) {
    const auto [slot, fresh] = objects_.insert(ref);
    Object& object = objects_[slot];
    if (!object.bundles.empty() && object.bundles.back() == id) continue;
    object.bundles.push_back(id);
    bundle.objects.push_back(slot);
    if (!object.pullable) ++bundle.unpullable;
    if (!fresh) continue;
    object.next_pull = port_.now();
    port_.subscribe(ref);
  }
  if (bundle.unpullable == 0) queue(priority).inactive.insert(id);
  update();
  return {id};
}

void PullManager::cancel(PullId pull) {
  const auto it = bundles_.find(pull.value);
  assert(it != bundles_.end());
  Bundle& bundle = it->second;
  if (bundle.active) deactivate(pull.value);
  cancel_deactivated();
  queue(bundle.priority).inactive.erase(pull.value);
  for (const ObjectSlot slot : bundle.objects) {
    Object& object = objects_[slot];
    std::erase(object.bundles, pull.value);
    if (!object.bundles.empty()) continue;
    const ObjectRef id = objects_.id(slot);
    objects_.erase(slot);
    port_.unsubscribe(id);
  }
  bundles_.erase(it);
  update();  // another may have room now
}

Bytes PullManager::quota() const {
  // The store counts pinned objects as used.
  return minus(available_, minus(statistics_.pulling, statistics_.pinned));
}

Bytes PullManager::needed(Bundle& bundle) {
  if (bundle.counted != activity_) {
    bundle.counted = activity_;
    bundle.needed = {};
    for (const ObjectSlot slot : bundle.objects)
      if (objects_[slot].active == 0) bundle.needed += objects_[slot].size;
  }
  return bundle.needed;
}

// Gives the memory to bundles by their rights: others give way to gets, arguments to waits; whoever comes last gives way first.
void PullManager::update() {
  Queue& gets = queue(PullPriority::get);
  while (!gets.inactive.empty()) {
    const Bytes margin = needed(bundles_.at(*gets.inactive.begin()));
    make_way(PullPriority::task_arguments, 0, margin);
    make_way(PullPriority::wait, 0, margin);
    activate_next(PullPriority::get, false);
  }
  Queue& waits = queue(PullPriority::wait);
  while (!waits.inactive.empty()) {
    make_way(PullPriority::task_arguments, 0, needed(bundles_.at(*waits.inactive.begin())));
    if (!activate_next(PullPriority::wait, true)) break;
  }
  while (activate_next(PullPriority::task_arguments, true)) continue;
  make_way(PullPriority::task_arguments, 1, {});
  make_way(PullPriority::wait, 1, {});
  // What has just been given up is asked for again in the next tick at the earliest.
  std::vector<ObjectSlot> pulls = std::exchange(to_pull_, {});
  std::erase_if(pulls, [&](ObjectSlot slot) { return objects_[slot].cancelled; });
  cancel_deactivated();
  make_local(pulls);
}

bool PullManager::activate_next(PullPriority priority, bool respect_quota) {
  Queue& from = queue(priority);
  if (from.inactive.empty()) return false;
  const std::uint64_t id = *from.inactive.begin();
  Bundle& bundle = bundles_.at(id);
  const Bytes bytes = needed(bundle);
  // One bundle is always active, however large it is.
  if (respect_quota && active_bundles_ > 0 && bytes > quota()) return false;
  from.inactive.erase(from.inactive.begin());
  from.active.insert(id);
  bundle.active = true;
  ++active_bundles_;
  ++activity_;
  statistics_.pulling += bytes;
  for (const ObjectSlot slot : bundle.objects) {
    if (objects_[slot].active++ > 0) continue;
    try_pin(slot);
    reset_timer(slot);
    to_pull_.push_back(slot);
  }
  return true;
}

void PullManager::deactivate(std::uint64_t id) {
  Bundle& bundle = bundles_.at(id);
  for (const ObjectSlot slot : bundle.objects) {
    Object& object = objects_[slot];
    if (--object.active > 0) continue;
    statistics_.pulling = minus(statistics_.pulling, object.size);
    if (object.pinned) {
      object.pinned = false;
      statistics_.pinned = minus(statistics_.pinned, object.size);
      port_.unpin(objects_.id(slot));
    }
    if (!std::exchange(object.cancelled, true)) deactivated_.push_back(slot);
  }
  Queue& from = queue(bundle.priority);
  from.active.erase(id);
  from.inactive.insert(id);
  bundle.active = false;
  --active_bundles_;
  ++activity_;
}

void PullManager::make_way(PullPriority priority, std::size_t keep, Bytes margin) {
  const Queue& from = queue(priority);
  while (quota() < margin && !from.active.empty() && active_bundles_ > keep) deactivate(*from.active.rbegin());
}

void PullManager::cancel_deactivated() {
  for (const ObjectSlot slot : std::exchange(deactivated_, {})) {
    objects_[slot].cancelled = false;
    port_.cancel(objects_.id(slot));
  }
}

void PullManager::locations_changed(ObjectRef ref, SharedLocations locations) {
  const ObjectSlot slot = objects_.find(ref);
  if (slot == no_slot) return;
  Object& object = objects_[slot];
  if (!object.size_known && (locations->size > Bytes{} || !locations->pending_creation)) {
    // The first size stays, even if the object is made anew with another one.
    object.size = locations->size;
    object.size_known = true;
  }
  const bool pullable = object.size_known && !locations->pending_creation;
  object.locations = std::move(locations);
  if (pullable != object.pullable) {
    object.pullable = pullable;
    const std::vector<std::uint64_t> wanting = object.bundles;
    for (const std::uint64_t id : wanting) {
      Bundle& bundle = bundles_.at(id);
      if (pullable) {
        bundle.counted = 0;
        if (--bundle.unpullable == 0) queue(bundle.priority).inactive.insert(id);
      } else {
        ++bundle.unpullable;
        if (bundle.active) deactivate(id);
        queue(bundle.priority).inactive.erase(id);
      }
    }
    cancel_deactivated();
    update();
  }
  make_local({&slot, 1});
}

void PullManager::object_sealed(ObjectRef ref) {
  const ObjectSlot slot = objects_.find(ref);
  if (slot != no_slot && objects_[slot].active > 0) try_pin(slot);
}

void PullManager::object_deleted(ObjectRef ref) {
  const ObjectSlot slot = objects_.find(ref);
  if (slot != no_slot && objects_[slot].active > 0) reset_timer(slot);
}

void PullManager::node_removed(NodeId node) {
  std::vector<ObjectRef> changed;
  objects_.for_each([&](ObjectSlot slot) {
    Object& object = objects_[slot];
    if (!object.locations) return;
    const bool copy = std::ranges::find(object.locations->nodes, node) != object.locations->nodes.end();
    const bool file = object.locations->url.valid() && object.locations->url.node() == node;
    if (!copy && !file) return;
    auto left = std::make_shared<ObjectLocations>(*object.locations);
    std::erase(left->nodes, node);
    if (file) left->url = {};
    object.locations = std::move(left);
    changed.push_back(objects_.id(slot));
  });
  for (const ObjectRef ref : changed)
    if (const ObjectSlot slot = objects_.find(ref); slot != no_slot) make_local({&slot, 1});
}

void PullManager::tick(Bytes available) {
  available_ = available;
  update();
  const Time now = port_.now();
  std::vector<ObjectSlot> slots;
  for (; !due_.empty() && due_.top().when <= now; due_.pop())
    if (objects_[due_.top().object].timer == due_.top().timer) slots.push_back(due_.top().object);
  make_local(slots);
}

void PullManager::make_local(std::span<const ObjectSlot> slots) {
  const Time now = port_.now();
  std::vector<std::pair<NodeId, ObjectRef>> asks;
  for (const ObjectSlot slot : slots) {
    const Object& object = objects_[slot];
    const ObjectRef id = objects_.id(slot);
    if (object.active == 0 || object.next_pull > now || port_.is_local(id)) continue;
    std::size_t others = 0;
    for (const NodeId node : object.locations->nodes) others += node != node_ ? 1 : 0;
    if (others > 0) {
      std::size_t chosen = random_.below(others);
      auto node = object.locations->nodes.begin();
      while (*node == node_ || chosen-- > 0) ++node;
      asks.emplace_back(*node, id);
      asked(slot, now);
    } else if (const NodeId node = object.locations->url.node(); node != no_node && node != node_) {
      asks.emplace_back(node, id);  // which reads it from its disk
      asked(slot, now);
    } else {
      restore_or_wait(slot, now);
    }
  }
  std::stable_sort(asks.begin(), asks.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ObjectRef> batch;
  for (std::size_t i = 0; i < asks.size(); ++i) {
    batch.push_back(asks[i].second);
    if (i + 1 < asks.size() && asks[i + 1].first == asks[i].first) continue;
    port_.send_pull(asks[i].first, batch);
    batch.clear();
  }
}

void PullManager::restore_or_wait(ObjectSlot slot, Time now) {
  Object& object = objects_[slot];
  const ObjectRef id = objects_.id(slot);
  SpilledUrl url = port_.local_url(id);
  if (!url.valid() && object.locations->url.valid() && object.locations->url.node() == no_node)
    url = object.locations->url;
  if (url.valid()) {
    asked(slot, now);
    port_.cancel(id);  // half of it may have come from elsewhere
    port_.restore(id, object.size, url);
    return;
  }
  if (object.expires == Time::max()) {
    object.expires = now + fetch_fail_timeout_;
  } else if (now > object.expires) {
    object.expires = now + fetch_fail_timeout_;
    ++statistics_.timeouts;
    port_.fetch_timed_out(id);
  }
  wake_at(slot, object.expires + Duration::nanoseconds(1));
}

// The next try comes after a timeout that doubles.
void PullManager::asked(ObjectSlot slot, Time now) {
  Object& object = objects_[slot];
  object.next_pull = now + pull_timeout_ * (std::int64_t{1} << object.retries);
  ++statistics_.tries;
  if (object.retries > 0) ++statistics_.retries;
  object.retries = std::min<std::uint8_t>(object.retries + 1, most_doublings);
  object.expires = Time::max();
  wake_at(slot, object.next_pull);
}

void PullManager::wake_at(ObjectSlot slot, Time when) {
  objects_[slot].timer = ++next_timer_;
  due_.push({when, slot, next_timer_});
}

void PullManager::reset_timer(ObjectSlot slot) {
  Object& object = objects_[slot];
  object.next_pull = port_.now();
  object.retries = 0;
  object.expires = Time::max();
  wake_at(slot, object.next_pull);
}

void PullManager::try_pin(ObjectSlot slot) {
  Object& object = objects_[slot];
  if (object.pinned || !port_.pin(objects_.id(slot))) return;
  object.pinned = true;
  statistics_.pinned += object.size;
}

bool PullManager::is_active(ObjectRef ref) const {
  const ObjectSlot slot = objects_.find(ref);
  return slot != no_slot && objects_[slot].active > 0;
}

bool PullManager::is_queued(PullId pull) const {
  const Bundle& bundle = bundles_.at(pull.value);
  return !bundle.active && bundle.unpullable == 0;
}

bool PullManager::waits_for_memory() const {
  for (const Queue& q : queues_)
    if (!q.inactive.empty()) return true;
  return quota() < Bytes{};
}

}  // namespace raysim
