// Who waits for whom when a run has come to a standstill.
//
// Models: bodies, tasks and objects, and that one is not over before another. Leaves out: waits for resources.
// Mirrors no part of Ray, where such a program hangs. Invariants: the cycle found is the first one in the order of the keys.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace raysim {

class WaitGraph {
 public:
  // A body (process, number there), a task or an object (its owner's station, index there).
  enum class Kind : std::uint8_t { body, task, object };
  struct Key {
    Kind kind;
    std::uint32_t place;
    std::uint32_t number;
    auto operator<=>(const Key&) const = default;
  };

  // What has a name is told of.
  void name(Key key, std::string name) { names_[key] = std::move(name); }
  void add(Key from, Key to) { edges_[from].push_back(to); }

  // The cycle in words: "A waits for B, which waits for A"; empty: there is none.
  [[nodiscard]] std::string cycle() const;

 private:
  enum class Mark : std::uint8_t { on_path, done };
  bool search(Key from, std::map<Key, Mark>& marks, std::vector<Key>& path) const;

  std::map<Key, std::vector<Key>> edges_;
  std::map<Key, std::string> names_;
};

}  // namespace raysim
