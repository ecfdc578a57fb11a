// What the tests of the engine share: a small world, and an actor that notes what happens to it.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "sim/engine.hpp"

namespace engine_checks {

using namespace raysim;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

inline constexpr Duration ms(std::int64_t n) { return Duration::milliseconds(n); }
inline constexpr Time at(Duration d) { return Time{} + d; }

// A message that nobody misses. The kind says what its service costs.
template <std::uint8_t Kind>
struct Note {
  static constexpr std::uint8_t kind = Kind;
  int value = 0;
};
// One of those that share a connection.
struct Chunk {
  static constexpr std::uint8_t kind = 5;
  static constexpr bool in_line = true;
  int value = 0;
};
class Actor;
// A message whose sender wants to know when its receiver is gone.
struct Asked {
  static constexpr std::uint8_t kind = 4;
  using Sender = Actor;
  int value = 0;
  std::shared_ptr<int> token;
};

class Actor {
 public:
  struct Event {
    Time time;  // by the engine's clock
    int value = 0;
    bool operator==(const Event&) const = default;
  };

  Actor(Engine& the_engine, ProcessId process, CpuPriority priority = CpuPriority::normal)
      : engine(the_engine), station(engine.add_station(process, priority)), address(station.bind(*this)) {}

  template <std::uint8_t Kind>
  void on(Note<Kind> note) {
    got.push_back({engine.now(), note.value});
    if (react) react(note.value);
  }
  void on(Chunk chunk) { got.push_back({engine.now(), chunk.value}); }
  void on(Asked asked) {
    got.push_back({engine.now(), asked.value});
    if (react) react(asked.value);
  }
  void on(ProcessDied died) { deaths.emplace_back(engine.now(), died.process); }
  void on_unreachable(const Asked& asked) {
    returned.push_back({engine.now(), asked.value});
    if (on_return) on_return(asked.value);
  }

  Engine& engine;
  Station& station;
  Address<Actor> address;
  std::function<void(int)> react;
  std::function<void(int)> on_return;
  std::vector<Event> got;
  std::vector<Event> returned;
  std::vector<std::pair<Time, ProcessId>> deaths;
};

inline PlatformSpec machines(std::size_t count, bool contended = false, int cores = 1) {
  PlatformSpec platform;
  for (std::size_t i = 0; i < count; ++i) platform.machines.push_back({"m" + std::to_string(i), cores, contended});
  return platform;
}

inline MessageCosts costs_of_notes(Duration first, Duration second = {}, Duration third = {}) {
  MessageCosts costs{};
  costs[1].service = first;
  costs[2].service = second;
  costs[3].service = third;
  return costs;
}

inline std::unique_ptr<Engine> make_engine(const PlatformSpec& platform, EngineSettings settings = {}) {
  return std::make_unique<Engine>(platform, make_simgrid_fabric(platform), settings);
}

}  // namespace engine_checks
