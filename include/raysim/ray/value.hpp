// Objects of a program: references to them, and how large they are.
//
// Models: an ObjectRef with the type of its value; the size that an object counts with when it is moved and stored. Leaves out:
// serialisation: a value is copied as C++ copies it, whatever its size.
// Mirrors ObjectRef of python/ray/_raylet.pyx and sizes of python/ray/_private/serialization.py (2.60).
// Invariants: a reference names one object for ever, and keeps it; a value never changes once it is an object.
#pragma once

#include <algorithm>
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

// Counts the references to objects in a process: one that had some is freed with the last one.
class Lives {
 public:
  // One more is made. Returns who counts it, which is the process that runs now, and is told of its end.
  virtual Lives* add(ObjectId object) = 0;
  virtual void remove(ObjectId object) = 0;

 protected:
  ~Lives() = default;
};

// Keeps an object; or nothing.
class HeldId {
 public:
  HeldId() = default;
  HeldId(Lives& lives, ObjectId id) : lives_(lives.add(id)), id_(id) {}
  HeldId(const HeldId& other)
      : lives_(other.lives_ != nullptr ? other.lives_->add(other.id_) : nullptr), id_(other.id_) {}
  HeldId(HeldId&& other) noexcept : lives_(std::exchange(other.lives_, nullptr)), id_(other.id_) {}
  HeldId& operator=(HeldId other) noexcept {
    std::swap(lives_, other.lives_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~HeldId() {
    if (lives_ != nullptr) lives_->remove(id_);
  }
  [[nodiscard]] ObjectId id() const { return id_; }
  auto operator<=>(const HeldId& other) const { return id_ <=> other.id_; }
  bool operator==(const HeldId& other) const { return id_ == other.id_; }

 private:
  Lives* lives_ = nullptr;
  ObjectId id_;
};
}  // namespace host

// What a call returns at once. Passed to a function as an argument of its own, it arrives as its value; inside of another value
// (a vector of references, a struct) it stays a reference. Its copies keep the object.
template <class T>
class Ref {
 public:
  using value_type = T;
  Ref() = default;
  Ref(host::Lives& lives, host::ObjectId id) : held_(lives, id) {}
  [[nodiscard]] host::ObjectId id() const { return held_.id(); }
  auto operator<=>(const Ref&) const = default;

 private:
  host::HeldId held_;
};

// What a call of a generator returns: `while (const auto item = co_await ray.next(items))` gives the references of its items.
template <class T>
class GeneratorRef {
 public:
  using value_type = T;
  GeneratorRef() = default;
  GeneratorRef(host::Lives& lives, host::ObjectId id) : held_(lives, id) {}
  [[nodiscard]] host::ObjectId id() const { return held_.id(); }

 private:
  host::HeldId held_;
};

// An object of a size and nothing else: `co_await ray.put(ray::Blob{1'000'000'000})`.
struct Blob {
  std::int64_t bytes = 0;
};

namespace host {
// In MessagePack, with which Ray writes numbers, texts and lists.
constexpr std::int64_t packed_size_of_whole(std::int64_t number) {
  const auto fits = [number](std::int64_t least, std::int64_t most) { return number >= least && number <= most; };
  if (fits(-32, 127)) return 1;
  if (fits(-128, 255)) return 2;
  if (fits(-32'768, 65'535)) return 3;
  return fits(-2'147'483'648, 4'294'967'295) ? 5 : 9;
}
constexpr std::int64_t packed_size_of_number = 9;  // with a fraction
constexpr std::int64_t packed_size_of_text(std::size_t length) {
  return (length < 32 ? 1 : length < 256 ? 2 : length < 65'536 ? 3 : 5) + static_cast<std::int64_t>(length);
}
constexpr std::int64_t packed_head_of_list(std::size_t length) { return length < 16 ? 1 : length < 65'536 ? 3 : 5; }
// A reference or a handle is pickled: its id, its owner's address and the names of the classes.
constexpr std::int64_t pickled_reference = 140;
// Before all of it: its length.
constexpr std::int64_t object_header = 9;
}  // namespace host

// The bytes that a value counts with: as Ray writes a number, a text or a list; the numbers alone of a list of numbers, as of an array of
// NumPy; of other types sizeof. Say it for your own types where that is wrong:
//   template <> struct ray::SizeOf<Matrix> { static std::int64_t of(const Matrix& m) { return 8 * m.rows * m.columns; } };
template <class T>
struct SizeOf {
  static std::int64_t of(const T& value) {
    if constexpr (std::is_same_v<T, bool>)
      return 1;
    else if constexpr (std::is_unsigned_v<T>)
      return host::packed_size_of_whole(
          static_cast<std::int64_t>(std::min<std::uint64_t>(value, ~std::uint64_t{0} >> 1)));
    else if constexpr (std::is_integral_v<T>)
      return host::packed_size_of_whole(value);
    else
      return std::is_floating_point_v<T> ? host::packed_size_of_number : sizeof(T);
  }
};

template <class T>
std::int64_t size_of(const T& value) {
  return SizeOf<T>::of(value);
}

template <>
struct SizeOf<Blob> {
  static std::int64_t of(const Blob& blob) { return blob.bytes; }
};

template <class T>
struct SizeOf<Ref<T>> {
  static std::int64_t of(const Ref<T>& /*ref*/) { return host::pickled_reference; }
};

// A string, a vector, a map.
template <std::ranges::sized_range T>
struct SizeOf<T> {
  static std::int64_t of(const T& values) {
    using Element = std::ranges::range_value_t<T>;
    const std::size_t length = std::ranges::size(values);
    if constexpr (std::is_same_v<Element, char>) {
      return host::packed_size_of_text(length);
    } else if constexpr (std::is_arithmetic_v<Element>) {
      return static_cast<std::int64_t>(length * sizeof(Element));
    } else {
      std::int64_t bytes = host::packed_head_of_list(length);
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
