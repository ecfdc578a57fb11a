// Remote functions, classes and methods as types: what they take, what they return, how raysim starts them.
//
// Models: a function with its arguments unpacked and its result packed. It may be a coroutine or a plain function, and may take the
// context as its first parameter or not. Leaves out: default arguments. Mirrors python/ray/remote_function.py.
// Invariants: a parameter T gets a T or a Ref<T>; what a call takes is copied into an object that never changes, from which the
// function takes copies or const references.
#pragma once

#include <memory>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <raysim/ray/errors.hpp>
#include <raysim/ray/host.hpp>
#include <raysim/ray/task.hpp>
#include <raysim/ray/value.hpp>

namespace ray::host {

// --- what a function takes and returns

template <class R, class C, class... A>
struct SignatureOf {
  using Returned = R;
  using Class = C;  // of a method
  using Parameters = std::tuple<A...>;
  static constexpr bool takes_context = false;
};
template <class R, class C, class... A>
struct SignatureOf<R, C, Context&, A...> : SignatureOf<R, C, A...> {
  static constexpr bool takes_context = true;
};
template <class F>
struct Signature;
template <class R, class... A>
struct Signature<R (*)(A...)> : SignatureOf<R, void, A...> {};
template <class R, class... A>
struct Signature<R (*)(A...) noexcept> : SignatureOf<R, void, A...> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...)> : SignatureOf<R, C, A...> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const> : SignatureOf<R, C, A...> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) noexcept> : SignatureOf<R, C, A...> {};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const noexcept> : SignatureOf<R, C, A...> {};

template <class T>
struct ResultOf {
  using Type = T;
  static constexpr bool is_body = false;
};
template <class T>
struct ResultOf<Task<T>> {
  using Type = T;
  static constexpr bool is_body = true;
};
template <class T>
struct ResultOf<Generator<T>> {
  using Type = Generator<T>;
  static constexpr bool is_body = true;
};
// The value that a function makes.
template <auto function>
using Result = std::remove_cvref_t<typename ResultOf<typename Signature<decltype(function)>::Returned>::Type>;

// --- its references

template <class T>
struct RefsOf {
  using Type = Ref<T>;
  static constexpr std::int32_t count = 1;
  static Type from(Lives& lives, ObjectId first) { return Type(lives, first); }
};
template <class... T>
struct RefsOf<Returns<T...>> {
  using Type = std::tuple<Ref<T>...>;
  static constexpr std::int32_t count = sizeof...(T);
  static Type from(Lives& lives, ObjectId first) {
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
      return Type(Ref<T>(lives, ObjectId{first.owner, first.index + static_cast<std::uint32_t>(i)})...);
    }
    (std::index_sequence_for<T...>{});
  }
};
template <class T>
struct RefsOf<Generator<T>> {
  using Type = GeneratorRef<T>;
  static constexpr std::int32_t count = streaming_returns;
  static Type from(Lives& lives, ObjectId first) { return Type(lives, first); }
};

// --- names

// "sample" of app::sample, "Counter" of a class.
constexpr std::string_view last_name(std::string_view text) {
  const std::size_t end = text.find('<') == std::string_view::npos ? text.size() : text.find('<');
  const std::size_t colons = text.rfind("::", end);
  return colons == std::string_view::npos ? text : text.substr(colons + 2);
}
// What stands between "= " and ";" or "]" in the compiler's name of a template with one argument.
constexpr std::string_view argument_in(std::string_view pretty) {
  const std::size_t start = pretty.find("= ") + 2;
  const std::size_t end = pretty.find_first_of(";]", start);
  std::string_view name = pretty.substr(start, end - start);
  if (name.starts_with('&')) name.remove_prefix(1);
  return name;
}
template <auto function>
constexpr std::string_view name_of_function() {
  return last_name(argument_in(__PRETTY_FUNCTION__));
}
template <class T>
constexpr std::string_view name_of_class() {
  return last_name(argument_in(__PRETTY_FUNCTION__));
}

// --- arguments

template <class T>
inline constexpr bool is_ref = false;
template <class T>
inline constexpr bool is_ref<Ref<T>> = true;

// GCC destroys some temporaries of a co_await expression twice: those made in braces, when they own something.
template <class A>
inline constexpr bool survives_co_await =
#if defined(__GNUC__) && !defined(__clang__)
    std::is_lvalue_reference_v<A> || !std::is_aggregate_v<std::remove_cvref_t<A>> ||
    std::is_trivially_destructible_v<std::remove_cvref_t<A>>;
#else
    true;
#endif

// What goes to a parameter P.
template <class P, class A>
Argument argument_for(A&& given) {
  using Wanted = std::remove_cvref_t<P>;
  using Given = std::remove_cvref_t<A>;
  static_assert(!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>,
                "a remote function takes its arguments by value or by const reference: objects never change");
  static_assert(!std::is_rvalue_reference_v<P>, "a remote function takes its arguments by value or by const reference");
  static_assert(
      survives_co_await<A>,
      "give this argument a name before the call: GCC destroys such a temporary twice in a co_await expression");
  Argument argument;
  if constexpr (is_ref<Given>) {
    static_assert(std::is_same_v<typename Given::value_type, Wanted>,
                  "a reference given as an argument arrives as its value, which is of another type than the parameter; "
                  "inside of a vector or a struct it stays a reference");
    argument.ref = given.id();
    argument.by_reference = true;
  } else {
    static_assert(std::is_convertible_v<A, Wanted>, "an argument is of another type than the parameter");
    argument.value = value_of<Wanted>(std::forward<A>(given));
  }
  return argument;
}

template <class Parameters, class... A>
std::vector<Argument> arguments_for(A&&... given) {
  static_assert(std::tuple_size_v<Parameters> == sizeof...(A), "the function takes another number of arguments");
  std::vector<Argument> arguments;
  arguments.reserve(sizeof...(A));
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    (arguments.push_back(argument_for<std::tuple_element_t<i, Parameters>>(std::forward<A>(given))), ...);
  }
  (std::index_sequence_for<A...>{});
  return arguments;
}

// Calls `with(arguments...)`, each a const reference to what came.
template <class Parameters, class With>
decltype(auto) with_arguments(const Host& host, With&& with) {
  return [&]<std::size_t... i>(std::index_sequence<i...>)->decltype(auto) {
    return with(*static_cast<const std::remove_cvref_t<std::tuple_element_t<i, Parameters>>*>(host.argument(i))...);
  }
  (std::make_index_sequence<std::tuple_size_v<Parameters>>{});
}

// --- how they start and end

// What the exception that is being handled says to whoever gets the result.
inline void fail_as_caught(Host& host) noexcept {
  try {
    throw;
  } catch (const RayError& error) {
    host.fail({error.name(), error.what()});
  } catch (const std::exception& error) {
    host.fail({"", error.what()});
  } catch (const KeyboardInterrupt&) {
    host.fail({"KeyboardInterrupt", "KeyboardInterrupt"});
  } catch (...) {
    host.fail({"", "something that is no std::exception"});
  }
}

template <class T>
void hand_over(Host& host, T&& result) {
  host.set_return(0, value_of<std::remove_cvref_t<T>>(std::forward<T>(result)));
}
template <class... T>
void hand_over(Host& host, Returns<T...>&& results) {
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    (host.set_return(i, value_of<T>(std::get<i>(std::move(results)))), ...);
  }
  (std::index_sequence_for<T...>{});
}
// The new actor's state.
template <class C>
struct NewState {
  static void hand_over(Host& host, C&& made) { host.state() = std::make_shared<C>(std::move(made)); }
};
struct NewReturns {
  template <class T>
  static void hand_over(Host& host, T&& result) {
    host::hand_over(host, std::forward<T>(result));
  }
};

template <class Body, class To>
void finish_body(std::coroutine_handle<> body, Host& host) noexcept {
  const auto handle = Body::Handle::from_address(body.address());
  try {
    if constexpr (std::is_void_v<decltype(handle.promise().take())>)
      handle.promise().take();
    else
      To::hand_over(host, handle.promise().take());
  } catch (...) {
    fail_as_caught(host);
  }
}

// Calls what begins a body, or is all of a plain function.
template <class To, class Call>
Running start_with(Host& host, const Call& call) noexcept {
  using Returned = decltype(call());
  try {
    if constexpr (ResultOf<Returned>::is_body) {
      const auto handle = call().release(host);
      return {handle, &handle.promise().next, finish_body<Returned, To>};
    } else if constexpr (std::is_void_v<Returned>) {
      call();
    } else {
      To::hand_over(host, call());
    }
  } catch (...) {
    fail_as_caught(host);
  }
  return {};
}

Host& host_of(Context& ray);

// `target(ray, arguments...)` or `target(arguments...)`.
template <class Of, class Target>
decltype(auto) call_target(Context& ray, const Target& target) {
  return with_arguments<typename Of::Parameters>(host_of(ray), [&](const auto&... arguments) -> decltype(auto) {
    if constexpr (Of::takes_context)
      return target(ray, arguments...);
    else
      return target(arguments...);
  });
}

template <auto function, class To>
Running start_function(Context& ray) noexcept {
  using Of = Signature<decltype(function)>;
  return start_with<To>(host_of(ray), [&]() -> decltype(auto) { return call_target<Of>(ray, function); });
}

template <class C, auto method>
Running start_method(Context& ray) noexcept {
  using Of = Signature<decltype(method)>;
  C& object = *static_cast<C*>(host_of(ray).state().get());
  const auto target = [&](auto&... arguments) -> decltype(auto) { return (object.*method)(arguments...); };
  return start_with<NewReturns>(host_of(ray), [&]() -> decltype(auto) { return call_target<Of>(ray, target); });
}

template <class C, class Parameters>
Running start_constructor(Context& ray) noexcept {
  Host& host = host_of(ray);
  return start_with<NewReturns>(host, [&] {
    with_arguments<Parameters>(host, [&](const auto&... arguments) {
      if constexpr (std::is_constructible_v<C, decltype(arguments)...>)
        host.state() = std::make_shared<C>(arguments...);
      else
        host.state() = std::make_shared<C>(C{arguments...});
    });
  });
}

// --- one object for each

template <class T>
inline constexpr char class_tag = 0;

template <auto function>
inline constexpr Function function_object{
    {}, name_of_function<function>(), RefsOf<Result<function>>::count, start_function<function, NewReturns>};
template <class C, auto method>
inline constexpr Function method_object{name_of_class<C>(), name_of_function<method>(), RefsOf<Result<method>>::count,
                                        start_method<C, method>, &class_tag<C>};
template <class C, class Parameters>
inline constexpr Function constructor_object{
    {}, name_of_class<C>(), 0, start_constructor<C, Parameters>, &class_tag<C>};
template <auto maker>
inline constexpr Function maker_object{
    {}, name_of_class<Result<maker>>(), 0, start_function<maker, NewState<Result<maker>>>, &class_tag<Result<maker>>};

}  // namespace ray::host
