// What the verbs of a Context give: each is awaited where it stands.
//
// Models: a verb that raysim has begun; its result. Leaves out: all else. Mirrors no part of Ray.
// Invariants: small and trivially destructible, because GCC keeps one in the frame for every co_await expression.
#pragma once

#include <coroutine>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <raysim/ray/errors.hpp>
#include <raysim/ray/function.hpp>
#include <raysim/ray/host.hpp>

namespace ray::host {

class [[nodiscard("verbs of Ray are awaited: co_await ray.verb(...)")]] Verb {
 public:
  explicit Verb(Host & host) : host_(&host) {}
  [[nodiscard]] bool await_ready() const { return host_->ready(); }
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> body) const { return host_->suspend(body); }

 protected:
  // Throws what the verb ended with.
  Host& finish() const {
    if (const Failure* failure = host_->finish()) throw_named(failure->error, failure->message);
    return *host_;
  }

 private:
  Host* host_;
};

struct Done : Verb {
  using Verb::Verb;
  void await_resume() const { finish(); }
};

// A call with its references.
template <class T>
class Called : public Verb {
 public:
  Called(Host& host, ObjectId first) : Verb(host), first_(first) {}
  typename RefsOf<T>::Type await_resume() const {
    finish();
    return RefsOf<T>::from(first_);
  }

 private:
  ObjectId first_;
};

// Copies the value of a reference.
template <class T>
T value_of_ref(Host& host, std::size_t index) {
  if constexpr (!std::is_void_v<T>) return *static_cast<const T*>(host.got(index));
}

template <class T>
struct Got : Verb {
  using Verb::Verb;
  T await_resume() const { return value_of_ref<T>(finish(), 0); }
};

template <class T>
struct GotAll : Verb {
  using Verb::Verb;
  std::vector<T> await_resume() const {
    Host& host = finish();
    std::vector<T> values;
    values.reserve(host.got_count());
    for (std::size_t i = 0; i < host.got_count(); ++i) values.push_back(value_of_ref<T>(host, i));
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
    Host& host = finish();
    return [&]<std::size_t... i>(std::index_sequence<i...>) { return std::tuple<T...>(value_of_ref<T>(host, i)...); }
    (std::index_sequence_for<T...>{});
  }
};

template <class T>
std::vector<ObjectId> ids_of(const std::vector<Ref<T>>& refs) {
  std::vector<ObjectId> ids;
  ids.reserve(refs.size());
  for (const Ref<T> ref : refs) ids.push_back(ref.id());
  return ids;
}
template <class T>
std::vector<Ref<T>> refs_of(const std::vector<ObjectId>& ids) {
  std::vector<Ref<T>> refs;
  refs.reserve(ids.size());
  for (const ObjectId id : ids) refs.emplace_back(id);
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

namespace host {

template <class T>
struct Waited : Verb {
  using Verb::Verb;
  WaitResult<T> await_resume() const {
    Host& host = finish();
    return {refs_of<T>(host.waited(true)), refs_of<T>(host.waited(false))};
  }
};

template <class C>
struct GotActor : Verb {
  using Verb::Verb;
  Actor<C> await_resume() const { return Actor<C>(finish().actor()); }
};

struct GotGroup : Verb {
  using Verb::Verb;
  PlacementGroup await_resume() const { return finish().group(); }
};
struct WaitedGroup : Verb {
  using Verb::Verb;
  bool await_resume() const { return finish().group_ready(); }
};
struct GotNodes : Verb {
  using Verb::Verb;
  std::vector<std::string> await_resume() const { return finish().group_nodes(); }
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
