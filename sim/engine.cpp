#include "sim/engine.hpp"

#include <algorithm>
#include <utility>

namespace raysim {

namespace {

struct CoreDue {
  Machine* machine;
  std::uint32_t core;
  std::uint32_t look;
};

constexpr std::size_t max_route_table = 512;  // machines up to which all routes are kept: 512^2 x 16 bytes = 4 MB

}  // namespace

Engine::Engine(const PlatformSpec& platform, std::unique_ptr<Fabric> fabric, EngineSettings settings)
    : settings_(settings), fabric_(std::move(fabric)) {
  machines_.reserve(platform.machines.size());
  devices_.reserve(platform.machines.size());
  disks_.reserve(platform.machines.size());
  for (const MachineSpec& spec : platform.machines) {
    machines_.emplace_back(*this, spec, settings_.sharing);
    devices_.push_back(spec.devices);
    disks_.emplace_back(spec.disks.begin(), spec.disks.end());
  }
  const std::size_t n = machines_.size();
  if (n <= max_route_table) routes_.assign(n * n, Route{Duration{-1}, {}});
}

Engine::~Engine() {
  // Payloads may own memory: every message that was not delivered is taken out and dropped.
  queue_.each([&](const QueuedEvent& event) { discard(event.what); });
  for (Cell* cell : flying_)
    if (cell != nullptr) discard(cell);
  for (const auto& [connection, line] : connections_)
    for (const Cargo& cargo : line) discard(cargo.cell);
  for (Machine& machine : machines_) machine.drop_all_jobs();
  for (const auto& station : stations_)
    if (station) station->drop_messages();
}

void Engine::give_back(Cell* cell) {
  if (cell->background == 0 && --foreground_ == 0) last_foreground_ = now_;
  cells_.give_back(cell);
}

ProcessId Engine::add_process(MachineId place) {
  processes_.push_back({place, true, {}, {}});
  return {static_cast<std::uint32_t>(processes_.size() - 1)};
}

Station& Engine::add_station(ProcessId process, CpuPriority priority) {
  const StationId id{static_cast<std::uint32_t>(stations_.size())};
  Process& p = processes_[process.index];
  stations_.push_back(std::make_unique<Station>(*this, id, process, p.place, priority));
  stations_.back()->contended_ = machine(p.place).contended();
  stations_.back()->clock_ = now_;
  places_.push_back(p.place);
  process_of_.push_back(process);
  p.stations.push_back(id);
  return *stations_.back();
}

void Engine::kill(ProcessId id) {
  Process& process = processes_[id.index];
  if (!process.alive) return;
  process.alive = false;
  for (const StationId station : process.stations) {
    machine(process.place).drop_jobs_of(station);
    drop_unsent(station);
    drop_flows_of(station);
    graveyard_.push_back(std::move(stations_[station.index]));
    Station& dead = *graveyard_.back();
    for (std::size_t i = dead.next_mail_; i < dead.mailbox_.size(); ++i)
      schedule(now_, dead.mailbox_[i]);  // they meet a dead receiver
    dead.mailbox_.clear();
    dead.drop_messages();
  }
  for (const Watch& watch : process.watches) notify(id, watch);
  process.watches.clear();
}

// A station on its own core may have messages in the queue that it would have sent after this moment.
void Engine::drop_unsent(StationId station) {
  queue_.each([&](const QueuedEvent& event) {
    Cell& cell = *event.what;
    if (cell.sender != station || cell.going_back != 0) return;
    const bool own_timer = cell.target == station;
    if (own_timer || event.at_ns - static_cast<std::int64_t>(cell.transit_ns) > now_.ns) {
      cell.invoke(cell, nullptr, Fate::drop);
      cell.invoke = [](Cell&, Station*, Fate) {};
      cell.returns = 0;
      if (cell.background == 0 && --foreground_ == 0) last_foreground_ = now_;
      cell.background = 1;
    }
  });
}

// The end of a connection is read after everything that was sent over it before.
Time Engine::last_arrival(const Process& sender, StationId receiver) const {
  Time last = now_;
  queue_.each([&](const QueuedEvent& event) {
    const Cell& cell = *event.what;
    if (cell.target != receiver || cell.going_back != 0) return;
    const auto& from = sender.stations;
    if (std::find(from.begin(), from.end(), cell.sender) != from.end()) last = std::max(last, Time{event.at_ns});
  });
  return last;
}

void Engine::notify(ProcessId id, const Watch& watch) {
  const Process& process = processes_[id.index];
  Cell* notice = take_cell();
  notice->invoke = watch.invoke;
  notice->address(watch.watcher, watch.watcher);
  notice->store(ProcessDied{id});
  begin(*notice);
  const Duration way = delay(process.place, places_[watch.watcher.index], Bytes{});
  schedule(std::max(now_ + way, last_arrival(process, watch.watcher)), notice);
}

void Engine::unwatch(ProcessId id, StationId watcher) {
  auto& watches = processes_[id.index].watches;
  for (std::size_t i = 0; i < watches.size(); ++i) {
    if (watches[i].watcher != watcher) continue;
    watches[i] = watches.back();
    watches.pop_back();
    return;
  }
}

void Engine::schedule(Time at, Cell* cell) { queue_.push(at, cell); }

void Engine::schedule_core(Time at, Machine& machine, std::uint32_t core, std::uint32_t look) {
  Cell* cell = take_cell();
  cell->invoke = [](Cell& c, Station*, Fate fate) {
    const auto due = c.take<CoreDue>();
    if (fate == Fate::deliver) due.machine->on_core_due(due.core, due.look);
  };
  cell->address(no_station, no_station);
  cell->background = 1;  // the job that runs is what counts
  cell->store(CoreDue{&machine, core, look});
  schedule(at, cell);
}

void Engine::discard(Cell* cell) {
  cell->invoke(*cell, nullptr, Fate::drop);
  give_back(cell);
}

void Engine::work_aside(MachineId place, CpuPriority priority, Duration cpu) {
  Cell* nobody = take_cell();
  nobody->invoke = [](Cell&, Station*, Fate) {};
  nobody->address(no_station, no_station);
  nobody->background = 1;
  machine(place).run(priority, cpu, nobody);
}

void Engine::work_aside_later(MachineId place, CpuPriority priority, Duration cpu, Duration delay) {
  struct Later {
    Engine* engine;
    MachineId place;
    CpuPriority priority;
    Duration cpu;
  };
  Cell* timer = take_cell();
  timer->invoke = [](Cell& c, Station*, Fate fate) {
    const auto later = c.take<Later>();
    if (fate == Fate::deliver) later.engine->work_aside(later.place, later.priority, later.cpu);
  };
  timer->address(no_station, no_station);
  timer->background = 1;
  timer->store(Later{this, place, priority, cpu});
  schedule(now_ + delay, timer);
}

Duration Engine::delay(MachineId from, MachineId to, Bytes size) {
  const Duration wakeup = from == to ? settings_.loopback_wakeup : settings_.network_wakeup;
  Route route;
  if (routes_.empty()) {
    route = fabric_->route(from, to);
  } else {
    Route& known = routes_[from.index * machines_.size() + to.index];
    if (known.latency.ns < 0) known = fabric_->route(from, to);
    route = known;
  }
  return wakeup + route.latency + route.bandwidth.time_for(size);
}

void Engine::depart(Cell* cell, Time at, Duration way, Bytes size) {
  if (size <= settings_.flow_threshold) {
    cell->transit_ns = static_cast<std::uint64_t>(way.ns) & ((std::uint64_t{1} << 48) - 1);  // 3 days
    schedule(at + way, cell);
    return;
  }
  // A flow starts at its time, by an event of its own: the fabric's clock cannot run ahead of the queue.
  schedule(at, starter(cell, [size](Engine& e, Cell* flying) {
             const Cargo cargo{flying, size, e.now_};
             if (flying->in_line == 0) return e.start_flow(cargo);
             const auto [line, free] = e.connections_.try_emplace({flying->sender, flying->target});
             free ? e.start_flow(cargo) : line->second.push_back(cargo);
           }));
}

void Engine::deliver_ended_flows() {
  for (const FlowId id : ended_) {
    Cell* cell = land(id);
    if (cell->in_line != 0) send_next({cell->sender, cell->target});
    if (cell->sender == cell->target) {  // a device or a disk has done what was asked for
      schedule(now_, cell);
      continue;
    }
    const bool inside = places_[cell->sender.index] == places_[cell->target.index];
    schedule(now_ + (inside ? settings_.loopback_wakeup : settings_.network_wakeup), cell);
  }
  ended_.clear();
}

bool Engine::starving() const { return foreground_ == 0 && now_ - last_foreground_ > settings_.patience; }

RunEnd Engine::run(const std::function<bool()>& every, Time until) {
  stopped_ = false;
  while (!stopped_) {
    const Time next = queue_.empty() ? Time::max() : queue_.next_time();
    if (fabric_->busy()) {
      const Time reached = fabric_->advance(std::min(next, until), ended_);
      if (!ended_.empty()) {
        now_ = reached;
        deliver_ended_flows();
        continue;
      }
    }
    if (queue_.empty()) return RunEnd::empty;
    if (next > until) return RunEnd::paused;
    const QueuedEvent event = queue_.pop();
    fetch_ahead(*event.what);
    now_ = {event.at_ns};
    dispatch(event.what);
    ++events_;
    if (starving()) return RunEnd::starved;
    if ((events_ & 0xffff) == 0) {
      graveyard_.clear();
      if (every && !every()) return RunEnd::interrupted;
    }
  }
  return RunEnd::stopped;
}

// On a large cluster nearly every event touches another process, which no cache holds. So while this one is served, what the next
// ones touch is on its way from memory: the cells of those that may be next, and of the next one its station.
void Engine::fetch_ahead(const Cell& now) const {
  if (now.target != no_station)
    if (const Station* station = stations_[now.target.index].get(); station != nullptr)
      __builtin_prefetch(station->owner());
  const auto soon = queue_.soon();
  for (const QueuedEvent& event : soon) __builtin_prefetch(event.what);
  if (soon.empty() || soon.front().what->target == no_station) return;
  const Station* next = stations_[soon.front().what->target.index].get();
  __builtin_prefetch(next);
  __builtin_prefetch(reinterpret_cast<const std::byte*>(next) + 64);
}

void Engine::dispatch(Cell* cell) {
  if (cell->target == no_station) {  // the engine's own: a core, a flow
    cell->invoke(*cell, nullptr, Fate::deliver);
    give_back(cell);
    return;
  }
  Station* station = stations_[cell->target.index].get();
  fingerprint_ = mix(fingerprint_ ^ static_cast<std::uint64_t>(now_.ns),
                     (static_cast<std::uint64_t>(cell->target.index) << 8) | std::uint64_t{cell->kind});
  if (station != nullptr) return station->accept(cell);
  const bool sender_lives = cell->sender != no_station && stations_[cell->sender.index] != nullptr;
  if (cell->returns == 0 || cell->going_back != 0 || !sender_lives) return discard(cell);
  // The connection is refused: the message goes back to its sender.
  const Duration way = delay(places_[cell->target.index], places_[cell->sender.index], Bytes{});
  cell->going_back = 1;
  cell->target = cell->sender;
  schedule(now_ + way, cell);
}

std::uint64_t Engine::messages() const {
  std::uint64_t sum = 0;
  for (const auto n : sent_) sum += n;
  return sum;
}

// --- Station -------------------------------------------------------------------------------------------------

void Station::accept(Cell* cell) {
  if (contended_) {
    if (cell->completion != 0) {
      cell->invoke(*cell, this, Fate::deliver);
      engine_.give_back(cell);
    } else if (serving_)
      mailbox_.push_back(cell);
    else
      serve(cell);
    return;
  }
  clock_ = std::max(clock_, engine_.now()) + engine_.cost(static_cast<std::uint8_t>(cell->kind)).service;
  cell->invoke(*cell, this, cell->going_back != 0 ? Fate::undeliverable : Fate::deliver);
  engine_.give_back(cell);
}

void Station::serve(Cell* cell) {
  const Duration aside = engine_.cost(static_cast<std::uint8_t>(cell->kind)).aside;
  if (aside > Duration{}) engine_.work_aside(place_, priority_, aside);
  charged_ = engine_.cost(static_cast<std::uint8_t>(cell->kind)).service;
  serving_ = true;
  cell->invoke(*cell, this, cell->going_back != 0 ? Fate::undeliverable : Fate::deliver);
  engine_.give_back(cell);
  if (!engine_.alive(id_)) return;  // the message ended its own process
  if (charged_ == Duration{}) return finish_service();
  Cell* paid = engine_.take_cell();
  paid->invoke = [](Cell&, Station* station, Fate fate) {
    if (fate == Fate::deliver) station->finish_service();
  };
  paid->address(id_, id_);
  paid->completion = 1;
  engine_.begin(*paid);
  engine_.machine(place_).run(priority_, charged_, paid);
}

void Station::finish_service() {
  for (const Outgoing& out : outgoing_) {
    if (out.timer && out.extra.count < 0)
      engine_.machine(place_).run(priority_, out.delay, out.cell);
    else
      engine_.depart(out.cell, engine_.now(), out.delay, out.extra);
  }
  outgoing_.clear();
  serving_ = false;
  serve_next();
}

void Station::drop_messages() {
  for (std::size_t i = next_mail_; i < mailbox_.size(); ++i) engine_.discard(mailbox_[i]);
  mailbox_.clear();
  next_mail_ = 0;
  for (const Outgoing& out : outgoing_) engine_.discard(out.cell);
  outgoing_.clear();
}

void Station::serve_next() {
  if (serving_ || mailbox_.empty()) return;
  Cell* cell = mailbox_[next_mail_++];
  if (next_mail_ == mailbox_.size()) {
    mailbox_.clear();
    next_mail_ = 0;
  }
  serve(cell);
}

void Station::post(Cell* cell, Duration delay, Bytes size, bool timer) {
  if (contended_ && serving_)
    outgoing_.push_back({cell, delay, size, timer});
  else
    engine_.depart(cell, now(), delay, size);
}

void Station::start_compute(Cell* cell, Duration cpu) {
  if (!contended_)
    engine_.depart(cell, now(), cpu, {});
  else if (serving_)
    outgoing_.push_back({cell, cpu, Bytes{-1}, true});
  else
    engine_.machine(place_).run(priority_, cpu, cell);
}

}  // namespace raysim
