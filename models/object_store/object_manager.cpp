#include "models/object_store/object_manager.hpp"

#include <algorithm>
#include <utility>

#include "models/raylet/lease.hpp"
#include "models/raylet/raylet.hpp"

namespace raysim {

namespace {
constexpr std::int64_t mib = std::int64_t{1} << 20;
constexpr Bytes most_memory{200'000'000'000};  // ray_constants.py
constexpr Bytes least_memory{75 * mib};
constexpr double part_of_memory = 0.3;  // of what Ray sees free; `memory` is the rest

// A node spills to all disks of its machine.
std::vector<Disk*> disks_of(Engine& engine, MachineId machine) {
  std::vector<Disk*> disks;
  for (std::uint32_t i = 0; i < engine.disks_of(machine); ++i) disks.push_back(&engine.disk({machine, i}));
  return disks;
}

Bytes room_for_pulls(const PlasmaStore& store) { return store.available(); }
}  // namespace

Bytes object_store_capacity(const NodeSpec& node) {
  const auto said = node.total.get(object_store_memory_resource).ticks / ResourceAmount::unit;
  if (said > 0) return {said};
  const auto memory = static_cast<double>(node.total.get(memory_resource).ticks / ResourceAmount::unit);
  if (memory <= 0) return most_memory;
  const auto part = static_cast<std::int64_t>(memory * part_of_memory / (1 - part_of_memory));
  return std::clamp(Bytes{part}, least_memory, most_memory);
}

ObjectManager::ObjectManager(Runtime& runtime, NodeId node, Station& station)
    : runtime_(runtime),
      node_(node),
      station_(station),
      self_{station.id()},
      store_(object_store_capacity(runtime.cluster.nodes[node.index]), runtime.profile.system, *this),
      disks_(disks_of(runtime.engine, station.place()), runtime.profile.system),
      primaries_(node, store_.capacity(), runtime.profile.system, {disks_.disks(), false},
                 runtime.engine.stream("spill directories/" + std::to_string(node.index)), *this),
      pull_port_(*this),
      pulls_(node, room_for_pulls(store_), runtime.profile.system,
             runtime.engine.stream("pulls/" + std::to_string(node.index)), pull_port_),
      pushes_(runtime.profile.system, *this),
      buffers_(runtime.profile.system, *this),
      reports_(runtime.profile.system.max_object_report_batch_size),
      subscriptions_(runtime.profile.system.max_command_batch_size) {}

// --- creates

void ObjectManager::on(CreateObject create) {
  const CreateId id{next_create_++};
  creating_[id.value] = create;
  store_.create(id, create.object, create.size, runtime_.engine.process_of(create.client.station));
  settle();
}

// The store is not called back before it has returned.
void ObjectManager::created(CreateId request, ObjectRef object, CreateResult result) {
  answers_.push_back({request, {object, result}});
}

void ObjectManager::answer_creates() {
  while (!answers_.empty()) {
    const auto [id, answer] = answers_.front();
    const auto [object, result] = answer;
    answers_.pop_front();
    const Bytes fresh = newly_touched();
    if (const auto worker = creating_.find(id.value); worker != creating_.end()) {
      const CreateObject create = worker->second;
      creating_.erase(worker);
      station_.hand_over(create.client, ObjectCreated{object, create.size, fresh, create.what, result});
    } else if (const auto restore = restoring_.find(id.value); restore != restoring_.end()) {
      const IoJob job = restore->second;
      restoring_.erase(restore);
      io_.at(job.slot).room = result == CreateResult::ok || result == CreateResult::fell_back;
      run_io(job.slot);
    } else {
      to_touch_ += fresh;
      buffers_.created(object, result);
    }
    if (result == CreateResult::out_of_disk) fail(object, ErrorType::out_of_disk);
  }
}

// Memory that has been given out for the first time.
Bytes ObjectManager::newly_touched() {
  const Bytes peak = store_.statistics().peak;
  const Bytes fresh{peak.count - touched_.count};
  touched_ = peak;
  return fresh;
}

void ObjectManager::settle() {
  answer_creates();
  arm_pull_tick();
  const PlasmaStatistics& now = store_.statistics();
  if (now.allocated == recorded_) return;
  recorded_ = now.allocated;
  runtime_.record.on_store({node_.index, station_.now(), now.allocated, now.fallback});
}

void ObjectManager::record(ObjectRecord::What what, Bytes bytes) {
  ObjectRecord record;
  record.what = what;
  record.node = node_.index;
  record.at = station_.now();
  record.bytes = bytes;
  runtime_.record.on_object(record);
}

// For the first of those who want it.
void ObjectManager::record_received(ObjectRef object, NodeId from) {
  using Purpose = ObjectRecord::Purpose;
  const auto wanting = wanting_.find(object);
  const Fetch* fetch = wanting != wanting_.end() ? &fetches_.at(wanting->second.front()) : nullptr;
  const PullPriority priority = fetch != nullptr ? fetch->priority : PullPriority::get;
  const bool for_wait = fetch != nullptr ? fetch->of_ray_wait() : for_waits_.contains(object);
  ObjectRecord record;
  record.what = ObjectRecord::What::received;
  record.purpose = for_wait                                   ? Purpose::wait
                   : priority == PullPriority::task_arguments ? Purpose::task_arguments
                   : priority == PullPriority::wait           ? Purpose::call_arguments
                                                              : Purpose::get;
  record.node = node_.index;
  record.from = from.index;
  record.at = station_.now();
  record.bytes = store_.size_of(object);
  runtime_.record.on_object(record);
}

void ObjectManager::retry_at(Time when) {
  station_.after<Raylet>(when - station_.now(), StoreTick{StoreTick::What::create});
}

void ObjectManager::on(SealObject seal) {
  store_.seal(seal.object);
  if (primaries_.pin(seal.object, seal.size)) store_.pin(seal.object, Pin::primary);
  static_cast<Raylet*>(station_.owner())->watch_owner(runtime_.engine.process_of(seal.object.owner));
  store_.release(seal.object, seal.client);
  report(seal.object, {LocationUpdate::Copy::added, {}});
  object_is_here(seal.object);
  pushes_.object_sealed(seal.object);
  primaries_.spill_if_over_threshold();
  settle();
}

void ObjectManager::deleted(ObjectRef object, Bytes size, bool evicted) {
  if (evicted) record(ObjectRecord::What::evicted, size);
  report(object, {LocationUpdate::Copy::removed, {}});
  pulls_.object_deleted(object);
}

// --- fetches

void ObjectManager::on(FetchObjects fetch) {
  Fetch wanted;
  wanted.objects = *fetch.objects;
  wanted.client = fetch.client;
  wanted.wait = fetch.wait;
  wanted.priority = fetch.priority;
  wanted.at_least = fetch.at_least;
  add_fetch({fetch.client.station, fetch.wait}, std::move(wanted));
}

void ObjectManager::on(CancelFetch cancel) { end_fetch({cancel.client.station, cancel.wait}); }

void ObjectManager::add_fetch(const FetchKey& key, Fetch fetch) {
  fetch.since = station_.now();
  std::sort(fetch.objects.begin(), fetch.objects.end());
  fetch.objects.erase(std::unique(fetch.objects.begin(), fetch.objects.end()), fetch.objects.end());
  for (const ObjectRef object : fetch.objects) wanting_[object].push_back(key);
  Fetch& added = fetches_[key] = std::move(fetch);
  const std::vector<ObjectRef> objects = added.objects;
  if (added.of_ray_wait()) {
    for (const ObjectRef object : objects) {
      if (store_.contains(object))
        added.were_here.push_back(object);
      else if (!for_waits_.contains(object))
        for_waits_.emplace(object, pulls_.pull({&object, 1}, PullPriority::wait));
    }
  } else {
    const PullId pull = pulls_.pull(objects, added.priority);
    fetches_.at(key).pull = pull;
  }
  check(key);
  settle();
}

void ObjectManager::end_fetch(const FetchKey& key) {
  const auto it = fetches_.find(key);
  if (it == fetches_.end()) return;
  const Fetch over = std::move(it->second);
  fetches_.erase(it);
  for (const ObjectRef object : over.objects) {
    const auto wanting = wanting_.find(object);
    std::erase(wanting->second, key);
    if (wanting->second.empty()) wanting_.erase(wanting);
  }
  if (!over.of_ray_wait()) pulls_.cancel(over.pull);
  settle();
}

void ObjectManager::end_pull_for_waits(ObjectRef object) {
  const auto it = for_waits_.find(object);
  if (it == for_waits_.end()) return;
  const PullId pull = it->second;
  for_waits_.erase(it);
  pulls_.cancel(pull);
}

// A copy has been sealed.
void ObjectManager::object_is_here(ObjectRef object) {
  pulls_.object_sealed(object);
  end_pull_for_waits(object);
  const auto it = wanting_.find(object);
  if (it == wanting_.end()) return;
  const std::vector<FetchKey> keys = it->second;
  for (const FetchKey& key : keys) {
    if (Fetch& fetch = fetches_.at(key); fetch.of_ray_wait()) fetch.were_here.push_back(object);
    check(key);
  }
}

// Is enough of it here?
void ObjectManager::check(const FetchKey& key) {
  const auto it = fetches_.find(key);
  if (it == fetches_.end()) return;
  const Fetch& fetch = it->second;
  const auto here = [&](ObjectRef object) { return store_.contains(object); };
  const bool enough = fetch.of_ray_wait()
                          ? fetch.were_here.size() >= std::min<std::size_t>(fetch.at_least, fetch.objects.size())
                          : std::all_of(fetch.objects.begin(), fetch.objects.end(), here);
  if (fetch.error == ErrorType::none && !enough) return;
  if (!fetch.client.valid()) {  // the lease keeps its pull until it is granted
    runtime_.record.on_arguments_waited(node_.index, station_.now() - fetch.since);
    station_.after<Raylet>({}, ArgumentsReady{{fetch.wait}});
    return;
  }
  ObjectsLocal answer{fetch.wait, fetch.error};
  if (fetch.of_ray_wait()) answer.were_here = std::make_shared<const std::vector<ObjectRef>>(fetch.were_here);
  station_.send(fetch.client, std::move(answer));
  end_fetch(key);
}

// The object will never come: whoever waits for it is told.
void ObjectManager::fail(ObjectRef object, ErrorType error) {
  end_pull_for_waits(object);
  const auto it = wanting_.find(object);
  if (it == wanting_.end()) return;
  const std::vector<FetchKey> keys = it->second;
  for (const FetchKey& key : keys) {
    fetches_.at(key).error = error;
    check(key);
  }
}

// --- leases

bool ObjectManager::arguments_local(const Lease& lease) {
  const auto& list = lease.arguments->list;
  const auto here = [&](const LeaseArgument& argument) { return store_.contains(argument.object); };
  const auto pull = fetches_.find({no_station, lease.id.value});
  if (std::all_of(list.begin(), list.end(), here)) return true;
  if (pull == fetches_.end()) pull_arguments(lease);  // one has been evicted
  return pull != fetches_.end() && pull->second.error != ErrorType::none;
}

bool ObjectManager::pull_arguments(const Lease& lease) {
  const auto& list = lease.arguments->list;
  const auto here = [&](const LeaseArgument& argument) { return store_.contains(argument.object); };
  for (const LeaseArgument& argument : list)
    runtime_.record.on_object(ObjectRecord::read(node_.index, station_.now(), ObjectRecord::Purpose::task_arguments,
                                                 here(argument), argument.size));
  if (std::all_of(list.begin(), list.end(), here)) return true;
  Fetch wanted;
  wanted.wait = lease.id.value;
  wanted.priority = PullPriority::task_arguments;
  for (const LeaseArgument& argument : list) wanted.objects.push_back(argument.object);
  add_fetch({no_station, lease.id.value}, std::move(wanted));
  return false;
}

void ObjectManager::stop_pull(LeaseId lease) { end_fetch({no_station, lease.value}); }

bool ObjectManager::pull_blocked(LeaseId lease) const {
  const auto it = fetches_.find({no_station, lease.value});
  return it != fetches_.end() && pulls_.is_queued(it->second.pull);
}

void ObjectManager::pin_arguments(const Lease& lease) {
  std::vector<ObjectRef>& pinned = pinned_[lease.id];
  for (const LeaseArgument& argument : lease.arguments->list)
    if (store_.pin(argument.object, Pin::argument)) pinned.push_back(argument.object);
}

void ObjectManager::unpin_arguments(const Lease& lease) {
  const auto pinned = pinned_.extract(lease.id);
  for (const ObjectRef object : pinned.mapped()) store_.unpin(object, Pin::argument);
  settle();
}

void ObjectManager::process_died(ProcessId process) {
  store_.disconnect(process);
  std::erase_if(creating_,
                [&](const auto& entry) { return runtime_.engine.process_of(entry.second.client.station) == process; });
  std::vector<FetchKey> gone;
  for (const auto& [key, fetch] : fetches_)
    if (fetch.client.valid() && runtime_.engine.process_of(key.first) == process) gone.push_back(key);
  for (const FetchKey& key : gone) end_fetch(key);
  // What it owned is nobody's.
  const std::vector<ObjectRef> orphans =
      primaries_.owned_by([&](StationId owner) { return runtime_.engine.process_of(owner) == process; });
  for (const ObjectRef object : orphans) primaries_.release(object);
  if (!orphans.empty()) arm_free_tick();
}

// --- timers

void ObjectManager::arm_pull_tick() {
  if (pulls_.bundles() == 0) return;
  const bool waits = pulls_.waits_for_memory();
  const Time due = waits ? station_.now() : std::max(pulls_.next_due(), station_.now());
  if (due == Time::max()) return;
  const Duration period = runtime_.profile.system.object_manager_timer_freq;
  const Duration own = phase(runtime_.engine, "pull tick", node_.index, period);
  const Time tick = due + until_tick(due, period, own);
  if (tick >= pull_tick_) return;
  pull_tick_ = tick;
  // Memory alone may never come; what is asked for again will end.
  station_.after<Raylet>(tick - station_.now(), StoreTick{StoreTick::What::pull}, pulls_.next_due() == Time::max());
}

void ObjectManager::arm_free_tick() {
  if (free_tick_) return;
  free_tick_ = true;
  const Duration period = runtime_.profile.system.free_objects_period;
  const Duration own = phase(runtime_.engine, "free tick", node_.index, period);
  station_.after<Raylet>(until_tick(station_.now(), period, own), StoreTick{StoreTick::What::free}, true);
}

void ObjectManager::on(StoreTick tick) {
  switch (tick.what) {
    case StoreTick::What::create: store_.retry(); break;
    case StoreTick::What::pull:
      if (station_.now() < pull_tick_) return;  // an earlier one came in between
      pull_tick_ = Time::max();
      pulls_.tick(room_for_pulls(store_));
      break;
    case StoreTick::What::free:
      free_tick_ = false;
      primaries_.tick();
      break;
  }
  settle();
}

}  // namespace raysim
