// Values of a scenario's program: what names hold, arguments carry and objects contain.
//
// Models: nothing, truth, whole numbers, numbers, text, lists, data of which only the size is known, references, handles. A list
// never changes; one that is made of another shares its elements. Leaves out: mappings, whole numbers beyond 64 bits.
// Mirrors Python's values as python/ray/_private/serialization.py (2.60) writes them, for their sizes.
// Invariants: numbers are finite; a list that somebody holds keeps its elements.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "models/actor.hpp"
#include "models/ids.hpp"
#include "models/object_life.hpp"
#include "sim/time.hpp"

namespace raysim {

class Value;

// Elements from 0 on. A list of nothing but references takes as much space as these.
class List {
 public:
  static constexpr int most_depth = 100;
  static constexpr std::size_t most_elements = 10'000'000;  // references do not count

  List() = default;
  // These throw std::length_error when a list gets too long, or lists are nested too deeply.
  explicit List(std::vector<Value> values);
  explicit List(HeldRefs refs);
  // This list and one more element; takes constant time on average when lists grow at the end only.
  [[nodiscard]] List with(const Value& last) const;
  // This list and then another one.
  [[nodiscard]] List with_all(const List& more) const;
  // `count` elements from `first` on; both within the list.
  [[nodiscard]] List part(std::size_t first, std::size_t count) const;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Value operator[](std::size_t i) const;
  [[nodiscard]] std::vector<Value> values() const;
  // The references, where it holds nothing else.
  [[nodiscard]] std::span<const ObjectRef> refs() const;

 private:
  struct Items;
  [[nodiscard]] bool is_last() const;
  [[nodiscard]] bool shares(const Value& value) const;

  std::shared_ptr<Items> items_;  // may hold more than this list has, never other elements
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
};

// What a task returns when only a size is said: it can be passed on and has a size.
struct Data {
  Bytes size;
  friend bool operator==(const Data& a, const Data& b) { return a.size.count == b.size.count; }
};

// What names the items of a generator: one by one, or (dynamic) all of them when its task has ended.
struct Generator {
  HeldRef ref;
  bool dynamic = false;
  friend bool operator==(const Generator&, const Generator&) = default;
};

class Value {
 public:
  using Held = std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Data, HeldRef, ActorHandle,
                            Generator>;

  Value() = default;
  template <class T>
  requires std::is_constructible_v<Held, T&&> &&(!std::is_same_v<std::remove_cvref_t<T>, Value>)Value(T&& value)
      : held_(std::forward<T>(value)) {}

  [[nodiscard]] const Held& held() const { return held_; }
  [[nodiscard]] bool is_nothing() const { return std::holds_alternative<std::monostate>(held_); }
  // Null when it is something else.
  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&held_);
  }
  // As in Lua: all but nothing and false.
  [[nodiscard]] bool is_true() const {
    const bool* truth = as<bool>();
    return truth != nullptr ? *truth : !is_nothing();
  }

 private:
  Held held_;
};

// Numbers are equal by value, whole or not; lists element by element. Numbers that differ by at most `tolerance` times the larger
// one are equal too.
bool are_equal(const Value& a, const Value& b, double tolerance = 0);
inline bool operator==(const Value& a, const Value& b) { return are_equal(a, b); }

// What it is, for messages: "a list of 3".
std::string kind_of(const Value& value);

// As it is printed; text stands in quotes inside of lists only.
std::string to_text(const Value& value);

// What Ray's serialised form of it takes.
Bytes serialised_size(const Value& value);

// Whether it is or holds references or generators.
bool holds_refs(const Value& value);

// The same value with handles that count there, or keep nothing (null). Adds what they refer to.
Value with_handles_of(const ReferenceCounterRef& counter, const Value& value, std::vector<ObjectRef>& refs);

// Adds all references that the value is or holds.
void collect_refs(const Value& value, std::vector<ObjectRef>& refs);

}  // namespace raysim
