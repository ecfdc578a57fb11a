// What a node writes to its disk and reads from it. Mirrors the I/O workers of worker_pool.cc and external_storage.py (2.60).
#include <algorithm>
#include <utility>

#include "models/object_store/object_manager.hpp"

namespace raysim {

// The disk serves one after the other. How long until it has done this.
Duration ObjectManager::disk_time(Bytes size, bool write) {
  const Costs& costs = runtime_.profile.costs;
  const Bytes rate = write ? costs.disk_write_bandwidth : costs.disk_read_bandwidth;
  disk_free_at_ = std::max(disk_free_at_, station_.now()) + Bandwidth{static_cast<double>(rate.count)}.time_for(size);
  return disk_free_at_ - station_.now();
}

// A new worker starts first.
void ObjectManager::start_io(const IoWorker& worker, IoJob job) {
  if (worker.fresh)
    station_.compute<Raylet>(runtime_.profile.costs.io_worker_start, IoDone{IoDone::What::start, job.slot});
  else
    io_worker_ready(job.slot);
}

// What is read needs room in the store first.
void ObjectManager::io_worker_ready(std::uint32_t job) {
  const Io& io = io_.at(job);
  if (io.what != IoDone::What::read) return run_io(job);
  const CreateId id{next_create_++};
  restoring_[id.value] = {job};
  store_.create(id, io.object, io.size, std::nullopt);
}

void ObjectManager::run_io(std::uint32_t job) {
  const Io& io = io_.at(job);
  const bool moves = io.room && io.what != IoDone::What::remove;
  const Duration time = moves ? disk_time(io.size, io.what == IoDone::What::write) : Duration{};
  station_.after<Raylet>(time, IoDone{io.what, job});
}

void ObjectManager::write(IoWorker worker, IoJob job, const SpillFile& file, std::span<const ObjectRef> objects) {
  io_[job.slot] = {IoDone::What::write, {}, file.size, objects.size(), disk_.take(0, file.size)};
  start_io(worker, job);
}

void ObjectManager::read(IoWorker worker, IoJob job, ObjectRef object, Bytes size, const SpilledUrl& /*url*/) {
  io_[job.slot] = {IoDone::What::read, object, size, 1, true};
  start_io(worker, job);
}

void ObjectManager::delete_files(IoWorker worker, IoJob job, std::span<const SpillFile> files) {
  for (const SpillFile& file : files) disk_.give_back(0, file.size);
  io_[job.slot] = {IoDone::What::remove, {}, {}, files.size(), true};
  start_io(worker, job);
}

void ObjectManager::on(IoDone done) {
  const Io io = io_.at(done.job);
  if (done.what != IoDone::What::start) io_.erase(done.job);
  switch (done.what) {
    case IoDone::What::start: io_worker_ready(done.job); break;
    case IoDone::What::write:
      if (io.room) record(ObjectRecord::What::spilled, io.size);
      primaries_.spill_done({done.job}, io.room ? io.objects : 0);
      break;
    case IoDone::What::read:
      if (io.room) record(ObjectRecord::What::restored, io.size);
      if (io.room) received(io.object);
      primaries_.restore_done({done.job}, io.room);
      break;
    case IoDone::What::remove: primaries_.delete_done({done.job}, true); break;
  }
  settle();
}

void ObjectManager::report_spilled(ObjectRef object, const SpilledUrl& url) {
  report(object, {LocationUpdate::Copy::unchanged, url});
}

void ObjectManager::free_copies(std::span<const ObjectRef> objects) {
  for (const ObjectRef object : objects) store_.free(object);
}

}  // namespace raysim
