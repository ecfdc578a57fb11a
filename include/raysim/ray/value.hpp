// Objects of a program: references to them, and how large they are.
//
// Models: an ObjectRef with the type of its value; the size that an object counts with when it is moved and stored. Leaves out:
// serialisation: a value is copied as C++ copies it, whatever its size.
// Mirrors ObjectRef of python/ray/_raylet.pyx (2.60).
// Invariants: a reference names one object for ever; a value never changes once it is an object.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

namespace ray {

namespace host {
// An object: its owner, and a number there.
struct ObjectId {
  std::uint32_t owner = ~std::uint32_t{0};
  std::uint32_t index = 0;
  auto operator<=>(const ObjectId&) const = default;
};
}  // namespace host

// What a call returns at once. Passed to a function as an argument of its own, it arrives as its value; inside of another value
// (a vector of references, a struct) it stays a reference.
template <class T>
class Ref {
 public:
  using value_type = T;
  Ref() = default;
  explicit Ref(host::ObjectId id) : id_(id) {}
  [[nodiscard]] host::ObjectId id() const { return id_; }
  auto operator<=>(const Ref&) const = default;

 private:
  host::ObjectId id_;
};

// What a call of a generator returns: `while (const auto item = co_await ray.next(items))` gives the references of its items.
template <class T>
class GeneratorRef {
 public:
  using value_type = T;
  GeneratorRef() = default;
  explicit GeneratorRef(host::ObjectId id) : id_(id) {}
  [[nodiscard]] host::ObjectId id() const { return id_; }

 private:
  host::ObjectId id_;
};

// An object of a size and nothing else: `co_await ray.put(ray::Blob{1'000'000'000})`.
struct Blob {
  std::int64_t bytes = 0;
};

// The bytes that a value counts with. Say it for your own types where sizeof does not:
//   template <> struct ray::SizeOf<Matrix> { static std::int64_t of(const Matrix& m) { return 8 * m.rows * m.columns; } };
template <class T>
struct SizeOf {
  static std::int64_t of(const T& /*value*/) { return sizeof(T); }
};

template <class T>
std::int64_t size_of(const T& value) {
  return SizeOf<T>::of(value);
}

template <>
struct SizeOf<Blob> {
  static std::int64_t of(const Blob& blob) { return blob.bytes; }
};

// What the elements need; a string, a vector, a map.
template <std::ranges::sized_range T>
struct SizeOf<T> {
  static std::int64_t of(const T& values) {
    using Element = std::ranges::range_value_t<T>;
    if constexpr (std::is_arithmetic_v<Element>) {
      return static_cast<std::int64_t>(std::ranges::size(values) * sizeof(Element));
    } else {
      std::int64_t bytes = 0;
      for (const Element& element : values) bytes += size_of(element);
      return bytes;
    }
  }
};

template <class A, class B>
struct SizeOf<std::pair<A, B>> {
  static std::int64_t of(const std::pair<A, B>& pair) { return size_of(pair.first) + size_of(pair.second); }
};

template <class... T>
struct SizeOf<std::tuple<T...>> {
  static std::int64_t of(const std::tuple<T...>& tuple) {
    return std::apply([](const T&... values) { return (std::int64_t{0} + ... + size_of(values)); }, tuple);
  }
};

template <class T>
struct SizeOf<std::optional<T>> {
  static std::int64_t of(const std::optional<T>& value) { return value ? size_of(*value) : 1; }
};

}  // namespace ray
