// The clock, the queue, the stations and the processes of one run.
//
// Models: a world of processes that talk by messages only; any process may end at any event, and with it its stations,
// its jobs and whatever it had not sent yet. Bytes that contend for links are flows of the Fabric; the two clocks are kept
// equal: while no flow is on its way the queue runs free, else the fabric is advanced to each event first.
// Large messages of a kind that declares `in_line` go over one connection from station to station, each right behind the one before.
// Leaves out: real time. Mirrors no part of Ray.
// Invariants: time never goes back; same calls in the same order give the same run; the fingerprint covers every
// delivered message with its time, receiver and kind.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/cell.hpp"
#include "sim/disk.hpp"
#include "sim/event_queue.hpp"
#include "sim/fabric.hpp"
#include "sim/machine.hpp"
#include "sim/random.hpp"
#include "sim/station.hpp"
#include "sim/time.hpp"

namespace raysim {

struct EngineSettings {
  std::uint64_t seed = 0;
  MessageCosts costs{};
  Machine::Sharing sharing;                   // of the cores of contended machines
  Duration thread_wakeup;                     // of another thread of the same process
  Duration loopback_wakeup;                   // of the receiver, on top of the route: inside one machine,
  Duration network_wakeup;                    // and between two
  Bytes flow_threshold{65'536};               // larger messages cross as flows
  Duration patience = Duration::seconds(60);  // nothing but background for so long: nobody will ever act again
};

// Why a run ended.
enum class RunEnd : std::uint8_t { stopped, empty, starved, interrupted, paused };

class Engine {
 public:
  Engine(const PlatformSpec& platform, std::unique_ptr<Fabric> fabric, EngineSettings settings);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] std::uint64_t seed() const { return settings_.seed; }
  [[nodiscard]] RandomStream stream(std::string_view name) const { return {settings_.seed, name}; }

  // A new process on a machine, and its stations. They live until kill().
  ProcessId add_process(MachineId place);
  Station& add_station(ProcessId process, CpuPriority priority);
  // Ends a process. Whoever watches it gets ProcessDied after the latency of the way.
  void kill(ProcessId process);
  [[nodiscard]] bool alive(ProcessId process) const { return processes_[process.index].alive; }
  [[nodiscard]] bool alive(StationId station) const { return stations_[station.index] != nullptr; }
  // Asks for ProcessDied at `watcher` when `process` ends. At once when it has ended.
  template <class Receiver>
  void watch(ProcessId process, Address<Receiver> watcher);
  void unwatch(ProcessId process, StationId watcher);
  // Delivers a message at the present moment that comes from nobody: something was noticed.
  template <class Receiver, class Message>
  void post(Address<Receiver> to, Message message);

  // Runs until stop(), until nothing is left, or until nothing but background is left for `patience`.
  // `every` is called after each 65,536 events; when it returns false the run ends. It pauses before what comes after `until`.
  RunEnd run(const std::function<bool()>& every = {}, Time until = Time::max());
  void stop() { stopped_ = true; }

  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t messages() const;
  [[nodiscard]] const std::array<std::uint64_t, max_message_kinds>& messages_by_kind() const { return sent_; }
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }
  [[nodiscard]] std::uint64_t flows() const { return flows_; }
  [[nodiscard]] Bytes flow_bytes() const { return flow_bytes_; }
  [[nodiscard]] Machine& machine(MachineId id) { return machines_[id.index]; }
  // The way of `size` bytes between two machines when nobody else is on it.
  Duration delay(MachineId from, MachineId to, Bytes size);

  [[nodiscard]] Duration thread_wakeup() const { return settings_.thread_wakeup; }

  // For Station and Machine.
  Cell* take_cell() { return cells_.take(); }
  // A filled cell is on its way; what is not background keeps the run alive until it is given back.
  void begin(const Cell& cell) { foreground_ += cell.background == 0 ? 1 : 0; }
  void give_back(Cell* cell);
  void schedule(Time at, Cell* cell);
  void schedule_core(Time at, Machine& machine, std::uint32_t core, std::uint32_t look);
  void discard(Cell* cell);
  // Keeps a core of a contended machine busy for nobody in particular.
  void work_aside(MachineId place, CpuPriority priority, Duration cpu);
  void work_aside_later(MachineId place, CpuPriority priority, Duration cpu, Duration delay);
  void depart(Cell* cell, Time at, Duration delay, Bytes size);
  // A message that, when it comes up, starts work on a device, or a copy between memories; `cell` goes to its receiver when that is
  // done.
  Cell* work_starter(Cell* cell, DeviceId device, Duration work);
  Cell* copy_starter(Cell* cell, DeviceId from, DeviceId to, Bytes size);
  // The same for a disk, which reads or writes so much.
  Cell* disk_starter(Cell* cell, DiskId disk, DiskUse use, Bytes size);
  // What these are: when it comes up, act(engine, cargo) has the fabric start something, whose end sends the cargo on its way.
  template <class Act>
  Cell* starter(Cell* cargo, Act act);
  [[nodiscard]] Disk& disk(DiskId id) { return disks_[id.machine.index][id.index]; }
  [[nodiscard]] std::size_t disks_of(MachineId machine) const { return disks_[machine.index].size(); }
  [[nodiscard]] const DeviceSpec& device(DeviceId id) const { return devices_[id.machine.index][id.index]; }
  [[nodiscard]] const MessageCost& cost(std::uint8_t kind) const { return settings_.costs[kind]; }
  void count_sent(std::uint8_t kind) { ++sent_[kind]; }
  [[nodiscard]] ProcessId process_of(StationId id) const { return process_of_[id.index]; }
  [[nodiscard]] MachineId place_of(StationId id) const { return places_[id.index]; }

 private:
  struct Watch {
    StationId watcher;
    Cell::Invoke invoke;  // hands ProcessDied to the watcher
  };
  struct Cargo {
    Cell* cell;
    Bytes size;
    Time sent;
  };
  using Connection = std::pair<StationId, StationId>;  // from, to
  struct Process {
    MachineId place;
    bool alive = true;
    std::vector<StationId> stations;
    std::vector<Watch> watches;
  };

  void dispatch(Cell* cell);
  void fetch_ahead(const Cell& now) const;
  void notify(ProcessId process, const Watch& watch);
  [[nodiscard]] Time last_arrival(const Process& sender, StationId receiver) const;
  void drop_flows_of(StationId station);
  void start_flow(const Cargo& cargo);
  FlowId fly(Cell* cell);
  Cell* land(FlowId id);
  void send_next(Connection connection);
  void deliver_ended_flows();
  void drop_unsent(StationId station);
  [[nodiscard]] bool starving() const;

  EngineSettings settings_;
  std::unique_ptr<Fabric> fabric_;
  CellPool cells_;
  EventQueue queue_;
  Time now_;
  std::vector<Machine> machines_;
  std::vector<std::vector<DeviceSpec>> devices_;  // of each machine
  std::vector<std::vector<Disk>> disks_;          // likewise
  std::vector<std::unique_ptr<Station>> stations_;
  std::vector<std::unique_ptr<Station>> graveyard_;  // a dead station may still be on the call stack
  std::vector<MachineId> places_;                    // by StationId, dead ones too
  std::vector<ProcessId> process_of_;                // likewise
  std::vector<Process> processes_;
  std::vector<Cell*> flying_;                            // cell of each flow, by flow id; null: the id is free
  std::vector<std::size_t> free_flows_;                  // ids
  std::map<Connection, std::deque<Cargo>> connections_;  // with a flow under way: what waits behind it
  std::vector<FlowId> ended_;
  std::vector<Route> routes_;  // machines x machines when there are few; else asked each time
  std::array<std::uint64_t, max_message_kinds> sent_{};
  std::uint64_t events_ = 0;
  std::uint64_t foreground_ = 0;
  std::uint64_t flows_ = 0;
  Bytes flow_bytes_;
  Time last_foreground_;  // when the last cell that was not background was given back
  std::uint64_t fingerprint_ = 0;
  bool stopped_ = false;
};

// --- templates -------------------------------------------------------------------------------------------------

// How a message reaches its receiver's code. A component that others may know by its messages only declares an overload for
// its (incomplete) type beside them and defines it in its own folder.
template <class Receiver, class Message>
void deliver(Receiver& to, Message message) {
  to.on(std::move(message));
}
template <class Sender, class Message>
void give_back(Sender& to, Message message) {
  to.on_unreachable(std::move(message));
}

namespace detail {

template <class Message>
concept HasSender = requires {
  typename Message::Sender;
};

template <class Message>
concept InLine = Message::in_line;

template <class Receiver, class Message>
void invoke_message(Cell& cell, Station* station, Fate fate) {
  Message message = cell.take<Message>();
  if (fate == Fate::deliver) {
    deliver(*static_cast<Receiver*>(station->owner()), std::move(message));
  } else if constexpr (HasSender<Message>) {
    if (fate == Fate::undeliverable)
      give_back(*static_cast<typename Message::Sender*>(station->owner()), std::move(message));
  }
}

template <class Receiver, class Message>
void fill(Cell& cell, StationId target, StationId sender, Message message) {
  cell.invoke = &invoke_message<Receiver, Message>;
  cell.address(target, sender, static_cast<std::uint8_t>(Message::kind));
  cell.returns = HasSender<Message> ? 1 : 0;
  cell.in_line = InLine<Message> ? 1 : 0;
  cell.store(std::move(message));
}

}  // namespace detail

inline Time Station::now() const { return contended_ ? engine_.now() : clock_; }

template <class Receiver, class Message>
void Station::send(Address<Receiver> to, Message message, Bytes extra) {
  Cell* cell = engine_.take_cell();
  detail::fill<Receiver>(*cell, to.station, id_, std::move(message));
  const auto kind = static_cast<std::uint8_t>(cell->kind);
  engine_.begin(*cell);
  engine_.count_sent(static_cast<std::uint8_t>(kind));
  charge(engine_.cost(kind).sending);
  const Bytes size = engine_.cost(kind).size + extra;
  post(cell, engine_.delay(place_, engine_.place_of(to.station), size), size, false);
}

template <class Receiver, class Message>
void Station::send_later(Address<Receiver> to, Duration delay, Message message) {
  Cell* cell = engine_.take_cell();
  detail::fill<Receiver>(*cell, to.station, id_, std::move(message));
  cell->background = 1;
  engine_.begin(*cell);
  const auto kind = static_cast<std::uint8_t>(cell->kind);
  engine_.count_sent(kind);
  charge(engine_.cost(kind).sending);
  post(cell, delay + engine_.delay(place_, engine_.place_of(to.station), engine_.cost(kind).size), {}, true);
}

template <class Receiver, class Message>
void Station::hand_over(Address<Receiver> to, Message message) {
  Cell* cell = engine_.take_cell();
  detail::fill<Receiver>(*cell, to.station, id_, std::move(message));
  engine_.begin(*cell);
  charge(engine_.cost(static_cast<std::uint8_t>(cell->kind)).sending);
  post(cell, engine_.thread_wakeup(), {}, true);
}

template <class Receiver, class Message>
void Station::after(Duration delay, Message message, bool background) {
  Cell* cell = engine_.take_cell();
  detail::fill<Receiver>(*cell, id_, id_, std::move(message));
  cell->background = background ? 1 : 0;
  engine_.begin(*cell);
  post(cell, delay, {}, true);
}

template <class Receiver, class Message>
void Station::compute(Duration cpu, Message message, bool background) {
  Cell* cell = engine_.take_cell();
  detail::fill<Receiver>(*cell, id_, id_, std::move(message));
  cell->background = background ? 1 : 0;
  engine_.begin(*cell);
  start_compute(cell, cpu);
}

template <class Receiver, class Message>
void Station::compute_on(DeviceId device, Duration work, Message message) {
  Cell* cell = engine_.take_cell();
  detail::fill<Receiver>(*cell, id_, id_, std::move(message));
  engine_.begin(*cell);
  start_on_device(cell, device, work);
}

template <class Receiver, class Message>
void Station::copy(DeviceId from, DeviceId to, Bytes size, Address<Receiver> then, Message message) {
  Cell* cell = engine_.take_cell();
  detail::fill<Receiver>(*cell, then.station, id_, std::move(message));
  engine_.begin(*cell);
  post(engine_.copy_starter(cell, from, to, size), {}, {}, true);
}

template <class Act>
Cell* Engine::starter(Cell* cargo, Act act) {
  struct Start {
    Engine* engine;
    Cell* cargo;
    Act act;
  };
  Cell* start = take_cell();
  start->invoke = [](Cell& c, Station*, Fate fate) {
    const auto s = c.take<Start>();
    if (fate != Fate::deliver) return s.engine->discard(s.cargo);
    s.act(*s.engine, s.cargo);
  };
  start->address(no_station, cargo->sender);
  start->background = 1;  // the cargo counts
  start->store(Start{this, cargo, act});
  return start;
}

template <class Receiver, class Message>
void Station::use_disk(DiskId disk, DiskUse use, Bytes size, Message message) {
  Cell* cell = engine_.take_cell();
  detail::fill<Receiver>(*cell, id_, id_, std::move(message));
  engine_.begin(*cell);
  post(engine_.disk_starter(cell, disk, use, size), {}, {}, true);
}

template <class Receiver, class Message>
void Engine::post(Address<Receiver> to, Message message) {
  Cell* cell = take_cell();
  detail::fill<Receiver>(*cell, to.station, to.station, std::move(message));
  begin(*cell);
  schedule(now_, cell);
}

template <class Receiver>
void Engine::watch(ProcessId process, Address<Receiver> watcher) {
  const Watch watch{watcher.station, [](Cell& cell, Station* station, Fate fate) {
                      const auto died = cell.take<ProcessDied>();
                      if (fate == Fate::deliver) deliver(*static_cast<Receiver*>(station->owner()), died);
                    }};
  if (processes_[process.index].alive)
    processes_[process.index].watches.push_back(watch);
  else
    notify(process, watch);
}

}  // namespace raysim
