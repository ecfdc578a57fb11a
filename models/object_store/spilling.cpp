// What a node writes to its disk and reads from it. Mirrors the I/O workers of worker_pool.cc and external_storage.py (2.60).
#include <algorithm>
#include <utility>

#include "models/object_store/object_manager.hpp"

namespace raysim {

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
  const IoDone done{io.what, job};
  const bool reads = io.what == IoDone::What::read && io.room;
  if (io.what == IoDone::What::write || reads)
    station_.use_disk<Raylet>(disk_id(io.directory), reads ? DiskUse::read : DiskUse::write, io.size, done);
  else
    station_.after<Raylet>({}, done);
}

// A file that does not fit is written until the disk is full. It stays there, for Ray forgets it; its objects stay in memory.
void ObjectManager::write(IoWorker worker, IoJob job, const SpillFile& file, std::span<const ObjectRef> objects) {
  Disk& disk = disks_.disk(file.directory);
  const Bytes size = std::min(file.size, disk.free());
  disk.take(size);
  io_[job.slot] = {IoDone::What::write, {}, size, objects.size(), size == file.size, file.directory};
  start_io(worker, job);
}

void ObjectManager::read(IoWorker worker, IoJob job, ObjectRef object, Bytes size, const SpilledUrl& url) {
  io_[job.slot] = {IoDone::What::read, object, size, 1, true, url.directory};
  start_io(worker, job);
}

void ObjectManager::delete_files(IoWorker worker, IoJob job, std::span<const SpillFile> files) {
  for (const SpillFile& file : files) disks_.disk(file.directory).give_back(file.size);
  io_[job.slot] = {IoDone::What::remove, {}, {}, files.size(), true, 0};
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
