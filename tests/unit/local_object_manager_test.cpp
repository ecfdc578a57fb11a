// Primary copies: what is spilled when, into which file, and what becomes of files and copies that are freed.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "models/object_store/file_system_monitor.hpp"
#include "models/object_store/local_object_manager.hpp"
#include "models/object_store/plasma_store.hpp"

using namespace raysim;  // NOLINT(google-build-using-namespace)

namespace {

using Numbers = std::vector<std::uint32_t>;

ObjectRef object(std::uint32_t i) { return {StationId{9}, i}; }
Bytes mib(std::int64_t n) { return Bytes{n << 20}; }
Time second(double s) { return Time{} + Duration::seconds(s); }

SystemConfig config() {
  SystemConfig c;
  c.object_store_full_delay = Duration::milliseconds(10);
  c.oom_grace_period = Duration::seconds(2);
  c.object_spilling_threshold = 0.8;
  c.min_spilling_size = mib(100);
  c.max_fused_object_count = 2'000;
  c.max_spilling_file_size = -1;
  c.max_io_workers = 4;
  c.free_objects_batch_size = 100;
  c.local_fs_capacity_threshold = 0.95;
  c.local_fs_monitor_interval = Duration::milliseconds(100);
  return c;
}

struct Notebook final : LocalObjectPort {
  struct Written {
    IoWorker worker;
    IoJob job;
    SpillFile file;
    Numbers objects;
  };
  [[nodiscard]] bool spillable(ObjectRef id) const override { return !busy.contains(id.index); }
  void unpin(ObjectRef id) override { unpinned.push_back(id.index); }
  void write(IoWorker worker, IoJob job, const SpillFile& file, std::span<const ObjectRef> objects) override {
    writes.push_back({worker, job, file, {}});
    for (const ObjectRef id : objects) writes.back().objects.push_back(id.index);
  }
  void read(IoWorker worker, IoJob job, ObjectRef id, Bytes, const SpilledUrl&) override {
    writes.push_back({worker, job, {}, {id.index}});
  }
  void delete_files(IoWorker worker, IoJob job, std::span<const SpillFile> files) override {
    deletes.push_back({worker, job, files.front(), {}});
    for (const SpillFile& file : files) deletes.back().objects.push_back(file.number);
  }
  void report_spilled(ObjectRef id, const SpilledUrl& url) override { urls[id.index] = url; }
  void free_copies(std::span<const ObjectRef> objects) override {
    for (const ObjectRef id : objects) freed.push_back(id.index);
  }

  std::set<std::uint32_t> busy;
  Numbers unpinned;
  std::vector<Written> writes;  // and reads
  std::vector<Written> deletes;
  std::map<std::uint32_t, SpilledUrl> urls;
  Numbers freed;
};

struct Node {
  explicit Node(const SystemConfig& settings = config(), SpillStorage storage = {})
      : manager(NodeId{3}, mib(1'000), settings, storage, RandomStream(1, "directories"), notes) {}

  void pin(std::uint32_t first, std::uint32_t last, std::int64_t size) {
    for (std::uint32_t i = first; i <= last; ++i) REQUIRE(manager.pin(object(i), mib(size)));
  }
  Notebook notes;
  LocalObjectManager manager;
};

}  // namespace

TEST_SUITE("local_object_manager") {
  TEST_CASE("spilling starts when primary copies take 80 percent of the store") {
    Node node;
    node.pin(1, 7, 100);
    node.manager.spill_if_over_threshold();
    CHECK(node.notes.writes.empty());
    node.pin(8, 8, 100);
    node.manager.spill_if_over_threshold();
    REQUIRE(node.notes.writes.size() == 1);
    CHECK(node.notes.writes[0].objects == Numbers{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(node.notes.writes[0].worker.fresh);
    CHECK(node.manager.primary_bytes() == mib(800));
    node.manager.spill_done(node.notes.writes[0].job, 8);
    CHECK(node.manager.primary_bytes() == Bytes{});
    CHECK(node.notes.unpinned == Numbers{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(node.notes.urls.at(3) == SpilledUrl{NodeId{3}, 0, mib(200), false});
    CHECK(node.manager.local_url(object(3)) == node.notes.urls.at(3));
    CHECK(node.manager.statistics().spilled_now == mib(800));
  }

  TEST_CASE("what is read by others is left out, and a small batch waits while others are written") {
    Node node;
    node.notes.busy = {1, 3};
    node.pin(1, 4, 60);
    CHECK(node.manager.spill());
    REQUIRE(node.notes.writes.size() == 1);
    CHECK(node.notes.writes[0].objects == Numbers{2, 4});
    node.notes.busy.clear();
    node.pin(5, 5, 10);
    node.notes.busy = {1};
    CHECK(node.manager.spill());  // 70 MiB: less than a file is worth
    CHECK(node.notes.writes.size() == 1);
    node.notes.busy.clear();
    CHECK(node.manager.spill());  // 130 MiB
    REQUIRE(node.notes.writes.size() == 2);
    CHECK(node.notes.writes[1].objects == Numbers{1, 3, 5});
    node.manager.spill_done(node.notes.writes[0].job, 2);
    node.manager.spill_done(node.notes.writes[1].job, 3);
    CHECK_FALSE(node.manager.spill());
    node.pin(6, 6, 1);
    CHECK(node.manager.spill());  // nothing is being written: it goes alone
    CHECK(node.notes.writes[2].objects == Numbers{6});
    CHECK_FALSE(node.notes.writes[2].worker.fresh);
  }

  TEST_CASE("a file holds so many objects at most, and no more files are written at a time than there are workers") {
    SystemConfig settings = config();
    settings.max_fused_object_count = 3;
    settings.max_io_workers = 2;
    Node node(settings);
    node.pin(1, 12, 50);
    CHECK(node.manager.spill());
    REQUIRE(node.notes.writes.size() == 2);
    CHECK(node.notes.writes[0].objects == Numbers{1, 2, 3});
    CHECK(node.notes.writes[1].objects == Numbers{4, 5, 6});
    CHECK(node.manager.spill());  // one more waits for a worker
    CHECK(node.notes.writes.size() == 2);
    CHECK(node.manager.statistics().pending_spills == 9);
    node.manager.release(object(8));
    node.manager.spill_done(node.notes.writes[1].job, 3);
    REQUIRE(node.notes.writes.size() == 3);
    CHECK(node.notes.writes[2].objects == Numbers{7, 9});
    CHECK(node.notes.writes[2].worker.index == node.notes.writes[1].worker.index);
  }

  TEST_CASE("a limit on the size of files is kept, but for single objects") {
    SystemConfig settings = config();
    settings.max_spilling_file_size = mib(100).count;
    settings.min_spilling_size = mib(1);
    Node node(settings);
    node.pin(1, 1, 200);
    node.pin(2, 4, 40);
    CHECK(node.manager.spill());
    REQUIRE(node.notes.writes.size() == 3);
    CHECK(node.notes.writes[0].objects == Numbers{1});
    CHECK(node.notes.writes[1].objects == Numbers{2, 3});
    CHECK(node.notes.writes[2].objects == Numbers{4});
  }

  TEST_CASE("each worker takes the directories in turn, from one of its own") {
    SystemConfig settings = config();
    settings.max_fused_object_count = 1;
    settings.max_io_workers = 1;
    Node node(settings, {3, false});
    node.pin(1, 7, 100);
    for (std::size_t i = 0; i < 7; ++i) {
      node.manager.spill();
      node.manager.spill_done(node.notes.writes[i].job, 1);
    }
    for (std::size_t i = 1; i < 7; ++i)
      CHECK(node.notes.writes[i].file.directory == (node.notes.writes[i - 1].file.directory + 1) % 3);
    Node without(settings, {0, false});
    without.pin(1, 9, 100);
    CHECK_FALSE(without.manager.spill());
    CHECK(without.notes.writes.empty());
  }

  TEST_CASE("what could not be written is a primary copy in memory as before") {
    Node node;
    node.pin(1, 3, 100);
    node.manager.spill();
    node.manager.spill_done(node.notes.writes[0].job, 1);
    CHECK(node.manager.primary_bytes() == mib(200));
    CHECK(node.notes.unpinned == Numbers{1});
    CHECK(node.manager.statistics().failed_spills == 2);
    CHECK_FALSE(node.manager.local_url(object(2)).valid());
    node.manager.spill();
    REQUIRE(node.notes.writes.size() == 2);
    CHECK(node.notes.writes[1].objects == Numbers{2, 3});
    node.manager.release(object(2));
    node.manager.spill_done(node.notes.writes[1].job, 0);
    CHECK(node.notes.unpinned == Numbers{1, 2});
    CHECK(node.manager.primary_bytes() == mib(100));
    node.manager.tick();
    CHECK_FALSE(node.manager.is_primary(object(2)));
    CHECK(node.manager.statistics().files == 1);
  }

  TEST_CASE("copies are freed in batches, and a file is deleted with the last object in it") {
    Node node;
    node.pin(1, 3, 100);
    node.manager.spill();
    node.manager.release(object(1));  // while it is written
    node.manager.tick();
    CHECK(node.notes.freed == Numbers{1});
    CHECK(node.manager.is_primary(object(1)));
    node.manager.spill_done(node.notes.writes[0].job, 3);
    CHECK_FALSE(node.notes.urls.contains(1));
    node.manager.release(object(2));
    node.manager.release(object(2));
    node.manager.tick();
    CHECK(node.notes.deletes.empty());
    CHECK(node.manager.statistics().spilled_now == mib(100));
    CHECK(node.manager.has_spilled());
    node.manager.release(object(3));
    node.manager.release(object(77));  // a secondary copy
    node.manager.tick();
    CHECK(node.notes.freed == Numbers{1, 2, 3, 77});
    REQUIRE(node.notes.deletes.size() == 1);
    CHECK(node.notes.deletes[0].objects == Numbers{0});
    CHECK(node.notes.deletes[0].worker.kind == IoWorker::Kind::spill);  // the only one there is
    CHECK_FALSE(node.manager.has_spilled());
    for (std::size_t i = 0; i < 4; ++i) node.manager.delete_done(node.notes.deletes[i].job, false);
    CHECK(node.notes.deletes.size() == 4);  // three more attempts
    CHECK(node.manager.statistics().failed_deletes == 4);
    CHECK(node.manager.statistics().files == 1);
    for (std::uint32_t i = 100; i < 200; ++i) node.manager.release(object(i));
    CHECK(node.notes.freed.size() == 104);  // a full batch does not wait
  }

  TEST_CASE("an object is restored once at a time, by so many workers at most") {
    Node node;
    for (std::uint32_t i = 1; i <= 6; ++i) node.manager.restore(object(i), mib(10), {NodeId{3}, 0, {}, false});
    node.manager.restore(object(1), mib(10), {NodeId{3}, 0, {}, false});
    CHECK(node.notes.writes.size() == 4);
    CHECK(node.manager.statistics().pending_restores == 6);
    node.manager.restore_done(node.notes.writes[0].job, true);
    REQUIRE(node.notes.writes.size() == 5);
    CHECK(node.notes.writes[4].objects == Numbers{5});
    node.manager.restore_done(node.notes.writes[1].job, false);
    CHECK(node.manager.statistics().restored_bytes == mib(10));
    node.manager.restore(object(1), mib(10), {NodeId{3}, 0, {}, false});
    CHECK(node.manager.statistics().pending_restores == 5);
  }
}

TEST_SUITE("file_system_monitor") {
  TEST_CASE("a disk counts as full when it is over its threshold, as last seen") {
    DiskSpec half_full;
    half_full.capacity = mib(100);
    half_full.used = mib(50);
    Disk first(half_full);
    DiskSpec empty;
    empty.capacity = mib(100);
    Disk second_disk(empty);
    FileSystemMonitor disks({&first, &second_disk}, config());
    CHECK_FALSE(disks.over_capacity(second(0)));
    CHECK(first.take(mib(46)));
    CHECK_FALSE(disks.over_capacity(second(0.05)));
    CHECK(disks.over_capacity(second(0.1)));
    CHECK_FALSE(first.take(mib(5)));
    CHECK(second_disk.take(mib(95)));  // at the threshold, not over it
    first.give_back(mib(40));
    CHECK(disks.over_capacity(second(0.15)));
    CHECK_FALSE(disks.over_capacity(second(0.2)));
  }
}
