// SimGrid's engine, locked in: its options, its clock, the platforms it holds and the bytes on their way.
//
// Models: one SimGrid engine, made at first use, that serves every fabric of the process. Stars are built in code
// and lent to one fabric at a time; platform files are loaded once and stay.
// Leaves out: latencies (the fabric adds them, see fabric.cpp), actors and CPUs of SimGrid. One thread only.
// Invariants: SimGrid's clock never goes back; its options are set before its first platform and never after.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <simgrid/s4u.hpp>
#include <string>
#include <utility>
#include <vector>

#include "sim/platform.hpp"
#include "sim/simgrid/star.hpp"
#include "sim/time.hpp"

namespace raysim::sg {

// SimGrid's precision of dates: what ends within this span of a moment ends at that moment. Also how far beyond a
// nanosecond an end may lie and still count as that nanosecond, because rounding errors of doubles are no physics.
inline constexpr double date_precision = 1e-10;  // seconds

// A platform file in SimGrid.
struct FilePlatform {
  std::string path;
  std::string text;  // tells a file that was changed after it was loaded
  std::map<std::string, simgrid::s4u::Host*> hosts;
  std::set<const simgrid::s4u::Host*> without_loopback;  // never to be asked for a route to themselves
};

class Physics {
 public:
  // The engine of this process. SimGrid allows one; it lives until the process ends.
  static Physics& instance();

  // SimGrid's clock in seconds. Only differences of it mean something.
  [[nodiscard]] double clock() const { return simgrid::s4u::Engine::get_clock(); }

  // Runs SimGrid to its next event, or to `until` (seconds, not before clock()) when that comes first. Returns the
  // tokens of the flows that ended; the list is valid until the next step().
  const std::vector<void*>& step(double until);

  // Puts bytes on the wires now. `token` comes back from step() when the last one is there; `bytes` > 0.
  simgrid::s4u::ActivityPtr start(simgrid::s4u::Host* from, simgrid::s4u::Host* to, Bytes bytes, void* token);
  // Gives a host work: so much as it would do in that time at speed 1. `work` > 0.
  simgrid::s4u::ActivityPtr start_work(simgrid::s4u::Host* host, Duration work, void* token);

  // The disk of a host by its index, made at the first call. Its bandwidths are the caller's to set while nobody uses it.
  simgrid::s4u::Disk* disk(simgrid::s4u::Host* host, std::uint32_t index, const DiskSpec& spec);
  // Has a disk read or write bytes. `bytes` > 0.
  simgrid::s4u::ActivityPtr start_io(simgrid::s4u::Disk* disk, DiskUse use, Bytes bytes, void* token);

  // Takes bytes off the wires or a disk, or work off a host; its token never comes back.
  void cancel(const simgrid::s4u::ActivityPtr& flow);

  // The engine has one clock, so flows of two fabrics cannot be on their way at once. Throws std::logic_error.
  void begin_turn(const void* fabric);
  void end_turn(const void* fabric);

  // A star of at least these machines, with their devices, switches and links, for the caller alone until given back.
  Star& borrow_star(const PlatformSpec& platform);
  static void give_back(Star& star) { star.lent = false; }

  // The platform of a file, loaded at the first call. Throws std::invalid_argument.
  const FilePlatform& load_file(const std::string& path);

 private:
  Physics();
  void stay_open();
  FilePlatform parse_file(const std::string& path);

  simgrid::s4u::Engine* engine_ = nullptr;
  simgrid::kernel::routing::NetZoneImpl* root_ = nullptr;  // owned by SimGrid
  std::vector<std::unique_ptr<Star>> stars_;
  std::vector<std::unique_ptr<FilePlatform>> files_;
  std::map<std::pair<simgrid::s4u::Host*, std::uint32_t>, simgrid::s4u::Disk*> disks_;
  simgrid::kernel::routing::NetZoneImpl* file_zone_ = nullptr;  // top zone of the file that is being parsed
  bool parsing_ = false;
  const void* turn_ = nullptr;
  std::vector<void*> ended_;
  std::vector<simgrid::s4u::ActivityPtr> cancelled_;  // kept until SimGrid has forgotten them
  std::set<simgrid::s4u::Activity*> one_event_{nullptr};
};

}  // namespace raysim::sg
