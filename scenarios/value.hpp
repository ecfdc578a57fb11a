// Values of a scenario's program: what names hold, arguments carry and objects contain.
//
// Models: nothing, truth, whole numbers, numbers, text, lists, and data of which only the size is known. A list never changes;
// one that is made of another shares its elements. Leaves out: mappings, whole numbers beyond 64 bits.
// Mirrors Python's values as python/ray/_private/serialization.py (2.60) writes them, for their sizes.
// Invariants: numbers are finite; a list that somebody holds keeps its elements.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "models/ids.hpp"
#include "sim/time.hpp"

namespace raysim {

class Value;

class List {
 public:
  static constexpr int most_depth = 100;

  List() = default;
  // Throws std::length_error when lists are nested too deeply; with() too.
  explicit List(std::vector<Value> items);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const Value& operator[](std::size_t i) const;
  [[nodiscard]] const Value* begin() const;
  [[nodiscard]] const Value* end() const;
  // This list and one more element; takes constant time on average when lists grow at the end only.
  [[nodiscard]] List with(Value last) const;
  // `count` elements from `first` on; both within the list.
  [[nodiscard]] List part(std::size_t first, std::size_t count) const;

 private:
  void contain(const Value& value);
  [[nodiscard]] bool shares(const Value& value) const;

  std::shared_ptr<std::vector<Value>> items_;  // may hold more than this list has, never other elements
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  int depth_ = 1;  // at most so many lists inside of each other, itself included
};

// What a task returns when only a size is said: it can be passed on and has a size.
struct Data {
  Bytes size;
  friend bool operator==(const Data& a, const Data& b) { return a.size.count == b.size.count; }
};

class Value {
 public:
  using Held = std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Data, ObjectRef>;

  Value() = default;
  template <class T>
    requires std::is_constructible_v<Held, T&&> && (!std::is_same_v<std::remove_cvref_t<T>, Value>)
  Value(T&& value) : held_(std::forward<T>(value)) {}

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

// Adds all references that the value is or holds.
void collect_refs(const Value& value, std::vector<ObjectRef>& refs);

}  // namespace raysim
