// What the verbs of a Context give when they are awaited.
//
// Models: references, values, actors, placement groups as results. Leaves out: how they are awaited (awaiting.hpp). Mirrors no part
// of Ray. Invariants: those of awaiting.hpp.
#pragma once

#include <coroutine>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <raysim/ray/awaiting.hpp>
#include <raysim/ray/function.hpp>
#include <raysim/ray/host.hpp>

namespace ray::host {

// Of a verb that makes objects at once. T: what they are of.
template <class T>
class Called : public Told {
 public:
  Called(Host& host, ObjectId first) : Told(host), first_(first) {}
  typename RefsOf<T>::Type await_resume() const {
    Told::await_resume();
    return RefsOf<T>::from(this->lives(), first_);
  }

 private:
  ObjectId first_;
};

template <class T>
T copy_of(const std::shared_ptr<const void>& value) {
  if constexpr (!std::is_void_v<T>) {
    if (!value) throw ObjectLostError("the object has no value");
    return *static_cast<const T*>(value.get());
  }
}

template <class T>
struct Got : Verb {
  using Verb::Verb;
  T await_resume() const { return copy_of<T>(finish().values.front()); }
};

template <class T>
struct GotAll : Verb {
  using Verb::Verb;
  std::vector<T> await_resume() const {
    const Found& found = finish();
    std::vector<T> values;
    values.reserve(found.values.size());
    for (const auto& value : found.values) values.push_back(copy_of<T>(value));
    return values;
  }
};
template <>
struct GotAll<void> : Done {
  using Done::Done;
};

template <class... T>
struct GotTuple : Verb {
  using Verb::Verb;
  std::tuple<T...> await_resume() const {
    const Found& found = finish();
    return [&]<std::size_t... i>(std::index_sequence<i...>) { return std::tuple<T...>(copy_of<T>(found.values[i])...); }
    (std::index_sequence_for<T...>{});
  }
};

template <class T>
std::vector<ObjectId> ids_of(const std::vector<Ref<T>>& refs) {
  std::vector<ObjectId> ids;
  ids.reserve(refs.size());
  for (const Ref<T>& ref : refs) ids.push_back(ref.id());
  return ids;
}
template <class T>
std::vector<Ref<T>> refs_of(const Found& found, const std::vector<ObjectId>& ids) {
  std::vector<Ref<T>> refs;
  refs.reserve(ids.size());
  for (const ObjectId id : ids) refs.emplace_back(*found.lives, id);
  return refs;
}

}  // namespace ray::host

namespace ray {

template <class T>
struct WaitResult {
  std::vector<Ref<T>> ready;
  std::vector<Ref<T>> pending;
};

// A handle to an actor of a class; may be passed on. The actor ends when the last copy is gone, unless it is detached.
template <class C>
class Actor {
 public:
  Actor() = default;
  explicit Actor(host::ActorHandle handle) : handle_(std::move(handle)) {}
  [[nodiscard]] const host::ActorHandle& handle() const { return handle_; }

 private:
  host::ActorHandle handle_;
};
template <class C>
struct SizeOf<Actor<C>> {
  static std::int64_t of(const Actor<C>& /*actor*/) { return host::pickled_reference; }
};

namespace host {

template <class T>
struct Waited : Verb {
  using Verb::Verb;
  WaitResult<T> await_resume() const {
    const Found& found = finish();
    return {refs_of<T>(found, found.ready), refs_of<T>(found, found.pending)};
  }
};

template <class T>
struct GotItem : Verb {
  using Verb::Verb;
  std::optional<Ref<T>> await_resume() const {
    const Found& found = finish();
    return found.ready.empty() ? std::nullopt : std::optional(Ref<T>(*found.lives, found.ready.front()));
  }
};

template <class C>
struct GotActor : Verb {
  using Verb::Verb;
  Actor<C> await_resume() const { return Actor<C>(std::move(finish().actor)); }
};

struct GotGroup : Verb {
  using Verb::Verb;
  PlacementGroup await_resume() const { return finish().group; }
};
struct WaitedGroup : Verb {
  using Verb::Verb;
  bool await_resume() const { return finish().in_time; }
};
struct GotNodes : Verb {
  using Verb::Verb;
  std::vector<std::string> await_resume() const { return std::move(finish().nodes); }
};

// Whether options stand where they are expected; then no argument does.
template <class Options, class... A>
inline constexpr bool starts_with = false;
template <class Options, class First, class... A>
inline constexpr bool starts_with<Options, First, A...> = std::is_same_v<std::remove_cvref_t<First>, Options>;

// What a constructor gets for an argument of type A.
template <class A>
struct Stored {
  using Type = std::decay_t<A>;
};
template <class T>
struct Stored<Ref<T>> {
  using Type = T;
};
template <class A>
using StoredAs = typename Stored<std::decay_t<A>>::Type;

}  // namespace host

}  // namespace ray
