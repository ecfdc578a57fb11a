#include "models/object_store/local_object_manager.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace raysim {

namespace {

constexpr int delete_retries = 3;  // local_object_manager.h

void take(Bytes& from, Bytes amount) { from.count -= amount.count; }

}  // namespace

LocalObjectManager::LocalObjectManager(NodeId node, Bytes capacity, const SystemConfig& config, SpillStorage storage,
                                       RandomStream random, LocalObjectPort& port)
    : node_(node),
      threshold_bytes_(config.object_spilling_threshold * static_cast<double>(capacity.count)),
      min_spilling_size_(config.min_spilling_size),
      max_fused_(config.max_fused_object_count),
      max_file_size_(config.max_spilling_file_size),
      max_workers_(static_cast<std::uint32_t>(std::max<std::int64_t>(config.max_io_workers, 1))),
      free_batch_(static_cast<std::size_t>(std::max<std::int64_t>(config.free_objects_batch_size, 1))),
      storage_(storage),
      random_(random),
      port_(port) {}

bool LocalObjectManager::pin(ObjectRef id, Bytes size) {
  const auto [slot, fresh] = objects_.insert(id);
  if (!fresh) return false;
  objects_[slot].size = size;
  pinned_.push_back(slot);
  pinned_bytes_ += size;
  return true;
}

void LocalObjectManager::release(ObjectRef id) {
  const ObjectSlot slot = objects_.find(id);
  if (slot != no_slot) {
    Object& object = objects_[slot];
    if (object.freed) return;
    object.freed = true;
    if (object.state == State::pinned) {
      take(pinned_bytes_, object.size);
      pinned_.remove(slot);
      objects_.erase(slot);
      port_.unpin(id);
    } else {
      to_delete_.push_back(id);  // once the file is there
    }
  }
  to_free_.push_back(id);
  if (to_free_.size() >= free_batch_) flush_freed();
}

std::vector<ObjectRef> LocalObjectManager::owned_by(const std::function<bool(StationId)>& is_owner) const {
  std::vector<ObjectRef> owned;
  objects_.for_each([&](ObjectSlot slot) {
    if (is_owner(objects_.id(slot).owner)) owned.push_back(objects_.id(slot));
  });
  return owned;
}

void LocalObjectManager::flush_freed() {
  if (!to_free_.empty()) {
    const std::vector<ObjectRef> freed = std::exchange(to_free_, {});
    port_.free_copies(freed);
  }
  delete_freed_files();
}

void LocalObjectManager::tick() {
  flush_freed();
  spill_if_over_threshold();
}

void LocalObjectManager::spill_if_over_threshold() {
  if (static_cast<double>(primary_bytes().count) >= threshold_bytes_) spill();
}

bool LocalObjectManager::spill() {
  // The first batch goes even when all workers are busy, and waits for one.
  while (spill_batch() && active_spills_ < max_workers_) continue;
  return active_spills_ > 0;
}

// Chooses what goes into the next file. False: nothing for the time being.
bool LocalObjectManager::spill_batch() {
  if (storage_.directories == 0 || pinned_.size() == 0) return false;
  const bool covers_all = static_cast<std::int64_t>(pinned_.size()) <= max_fused_;
  const bool others = spilling_bytes_ > Bytes{};
  // Too little to be worth a file while others are being written; no need to look at each.
  if (covers_all && others && pinned_bytes_ < min_spilling_size_ && max_file_size_ < 0) return false;
  Job job;
  Bytes size;
  ObjectSlot slot = pinned_.front();
  for (std::int64_t seen = 0; slot != no_slot && seen < max_fused_; ++seen, slot = pinned_.after(slot)) {
    if (!port_.spillable(objects_.id(slot))) continue;
    const Bytes with = size + objects_[slot].size;
    if (max_file_size_ >= 0 && with.count > max_file_size_ && !job.objects.empty()) break;
    size = with;
    job.objects.push_back(objects_.id(slot));
  }
  if (job.objects.empty()) return false;
  if (slot == no_slot && others && size < min_spilling_size_) return false;
  for (const ObjectRef id : job.objects) {
    const ObjectSlot chosen = objects_.find(id);
    objects_[chosen].state = State::spilling;
    pinned_.remove(chosen);
  }
  take(pinned_bytes_, size);
  spilling_bytes_ += size;
  statistics_.pending_spills += static_cast<std::int64_t>(job.objects.size());
  ++active_spills_;
  request_worker(new_job(std::move(job)), IoWorker::Kind::spill);
  // Deletes can fall behind when much is spilled and freed at a time.
  if (to_delete_.size() >= free_batch_) delete_freed_files();
  return true;
}

std::uint32_t LocalObjectManager::new_job(Job job) {
  if (free_jobs_.empty()) {
    jobs_.push_back(std::move(job));
    return static_cast<std::uint32_t>(jobs_.size() - 1);
  }
  const std::uint32_t slot = free_jobs_.back();
  free_jobs_.pop_back();
  jobs_[slot] = std::move(job);
  return slot;
}

void LocalObjectManager::request_worker(std::uint32_t job, IoWorker::Kind kind) {
  Pool& workers = pool(kind);
  if (!workers.idle.empty()) {
    jobs_[job].worker = {kind, workers.idle.back(), false};
    workers.idle.pop_back();
  } else if (workers.started < max_workers_) {
    jobs_[job].worker = {kind, workers.started++, true};
    if (kind == IoWorker::Kind::spill)
      next_directory_.push_back(random_.below(std::max<std::size_t>(storage_.directories, 1)));
  } else {
    workers.waiting.push_back(job);
    return;
  }
  start(job);
}

void LocalObjectManager::start(std::uint32_t slot) {
  Job& job = jobs_[slot];
  switch (job.kind) {
    case Job::Kind::spill: return start_spill(slot);
    case Job::Kind::restore: return port_.read(job.worker, {slot}, job.objects.front(), job.size, job.url);
    case Job::Kind::remove: return port_.delete_files(job.worker, {slot}, job.files);
  }
}

void LocalObjectManager::start_spill(std::uint32_t slot) {
  // What was freed while it waited for the worker is not written.
  std::vector<ObjectRef>& objects = jobs_[slot].objects;
  Bytes size;
  std::erase_if(objects, [&](ObjectRef id) {
    const ObjectSlot at = objects_.find(id);
    Object& object = objects_[at];
    if (!object.freed) {
      size += object.size;
      return false;
    }
    take(spilling_bytes_, object.size);
    --statistics_.pending_spills;
    object.state = State::pinned;  // as good as: the delete queue drops it
    port_.unpin(id);
    return true;
  });
  if (objects.empty()) {
    --active_spills_;
    finish({slot});
    return;
  }
  std::size_t& directory = next_directory_[jobs_[slot].worker.index];
  directory = (directory + 1) % storage_.directories;
  jobs_[slot].file = {next_file_++, directory, size};
  ++statistics_.files;
  port_.write(jobs_[slot].worker, {slot}, jobs_[slot].file, objects);
}

LocalObjectManager::Job LocalObjectManager::finish(IoJob done) {
  Job job = std::move(jobs_[done.slot]);
  free_jobs_.push_back(done.slot);
  Pool& workers = pool(job.worker.kind);
  if (workers.waiting.empty()) {
    workers.idle.push_back(job.worker.index);
    return job;
  }
  const std::uint32_t next = workers.waiting.front();
  workers.waiting.pop_front();
  jobs_[next].worker = {job.worker.kind, job.worker.index, false};
  start(next);
  return job;
}

void LocalObjectManager::spill_done(IoJob done, std::size_t written) {
  --active_spills_;
  const Job job = finish(done);
  assert(written <= job.objects.size());
  for (std::size_t i = written; i < job.objects.size(); ++i) {
    const ObjectSlot slot = objects_.find(job.objects[i]);
    Object& object = objects_[slot];
    take(spilling_bytes_, object.size);
    --statistics_.pending_spills;
    ++statistics_.failed_spills;
    object.state = State::pinned;
    if (object.freed) {
      port_.unpin(job.objects[i]);  // the delete queue drops the rest
      continue;
    }
    pinned_bytes_ += object.size;
    pinned_.push_back(slot);
  }
  if (written == 0) {
    --statistics_.files;
    return;
  }
  files_[job.file.number] = {job.file, written};
  Bytes offset;
  for (std::size_t i = 0; i < written; ++i) spilled(job.objects[i], job.file, offset);
}

void LocalObjectManager::spilled(ObjectRef id, const SpillFile& file, Bytes& offset) {
  const ObjectSlot slot = objects_.find(id);
  Object& object = objects_[slot];
  object.state = State::spilled;
  object.url = {node_, file.number, offset, storage_.shared, static_cast<std::uint32_t>(file.directory)};
  offset += object.size;
  take(spilling_bytes_, object.size);
  --statistics_.pending_spills;
  ++statistics_.spilled;
  statistics_.spilled_bytes += object.size;
  statistics_.spilled_now += object.size;
  port_.unpin(id);
  if (!object.freed) port_.report_spilled(id, object.url);
}

void LocalObjectManager::restore(ObjectRef id, Bytes size, const SpilledUrl& url) {
  if (!restoring_.insert(id).second) return;
  ++statistics_.pending_restores;
  Job job;
  job.kind = Job::Kind::restore;
  job.objects = {id};
  job.size = size;
  job.url = url;
  request_worker(new_job(std::move(job)), IoWorker::Kind::restore);
}

void LocalObjectManager::restore_done(IoJob done, bool success) {
  const Job job = finish(done);
  restoring_.erase(restoring_.find(job.objects.front()));
  --statistics_.pending_restores;
  if (!success) return;
  ++statistics_.restored;
  statistics_.restored_bytes += job.size;
}

// Forgets freed objects whose files are written, as many as Ray takes at a time, and deletes files that hold nothing any more.
void LocalObjectManager::delete_freed_files() {
  Job job;
  job.kind = Job::Kind::remove;
  job.retries = delete_retries;
  while (!to_delete_.empty() && job.files.size() < free_batch_) {
    const ObjectSlot slot = objects_.find(to_delete_.front());
    const Object& object = objects_[slot];
    if (object.state == State::spilling) break;  // the others wait behind it
    if (object.state == State::spilled) {
      take(statistics_.spilled_now, object.size);
      const auto file = files_.find(object.url.file);
      if (--file->second.objects == 0) {
        job.files.push_back(file->second.file);
        files_.erase(file);
      }
    }
    objects_.erase(slot);
    to_delete_.pop_front();
  }
  if (job.files.empty()) return;
  const bool spill = pool(IoWorker::Kind::restore).idle.size() < pool(IoWorker::Kind::spill).idle.size();
  request_worker(new_job(std::move(job)), spill ? IoWorker::Kind::spill : IoWorker::Kind::restore);
}

void LocalObjectManager::delete_done(IoJob done, bool success) {
  Job job = finish(done);
  if (success) {
    statistics_.files -= static_cast<std::int64_t>(job.files.size());
    return;
  }
  ++statistics_.failed_deletes;
  if (job.retries-- == 0) return;
  const IoWorker::Kind kind = job.worker.kind;
  request_worker(new_job(std::move(job)), kind);
}

SpilledUrl LocalObjectManager::local_url(ObjectRef id) const {
  const ObjectSlot slot = objects_.find(id);
  if (slot == no_slot || storage_.shared || objects_[slot].state != State::spilled) return {};
  return objects_[slot].url;
}

}  // namespace raysim
