// ray.wait. Mirrors CoreWorker::Wait of core_worker.cc (2.60): first for so many that exist, then, of those in stores, for as many as are
// still lacking in the store of this node, to which all of them are brought.
#include <algorithm>

#include "models/core_worker/core_worker.hpp"

namespace raysim {

namespace {
// Of more that lie in stores the first ones of the list are brought at a time, or as many as are lacking: a loop that takes one of n in
// each round would cost n * n.
constexpr std::size_t most_brought = 256;
}  // namespace

// The list that is waited for; what is new in it is asked for.
void TaskContext::follow(std::span<const ObjectRef> refs) {
  for (std::size_t i = window_.follow(refs); i < refs.size(); ++i) {
    const std::uint32_t object = worker_.borrow(thread_, refs[i]);
    const std::uint32_t ticket = window_.add(refs[i], object);
    if (is_ready(object))
      window_.set_ready(ticket);
    else
      worker_.tasks_.await(object, {TaskManager::Waiter::Kind::wait, (std::uint64_t{id_} << wait_bits) | ticket});
  }
}

// The first ready ones that this thread knows of, at most `most`.
std::vector<std::uint32_t> TaskContext::known_tickets(std::size_t most) const {
  std::vector<std::uint32_t> known;
  for (const std::uint32_t ticket : window_.ready()) {
    if (known.size() == most) break;
    if (is_known(window_.object_of(ticket))) known.push_back(ticket);
  }
  return known;
}

// When this thread will know of so many ready ones.
Time TaskContext::will_know(std::size_t count) const {
  std::vector<Time> heard;
  for (const std::uint32_t ticket : window_.ready())
    heard.push_back(worker_.tasks_.object(window_.object_of(ticket)).heard);
  std::nth_element(heard.begin(), heard.begin() + static_cast<std::ptrdiff_t>(count - 1), heard.end());
  return heard[count - 1];
}

// What lies in stores, asked for at the raylet; of `known` stays what is in memory or here now, at most `wanted`.
Body TaskContext::bring(std::vector<std::uint32_t>& known, std::size_t wanted, std::optional<Time> until) {
  const auto in_memory = [&](std::uint32_t ticket) {
    const OwnedObject& object = worker_.tasks_.object(window_.object_of(ticket));
    return !object.in_store || object.error != ErrorType::none;
  };
  const auto stored = std::stable_partition(known.begin(), known.end(), in_memory);
  if (stored == known.end()) co_return;
  const auto ready = static_cast<std::size_t>(stored - known.begin());
  const std::size_t open = wanted - std::min(wanted, ready);
  known.resize(std::min(known.size(), ready + std::max(open, most_brought)));
  std::vector<ObjectRef> refs;
  for (auto ticket = stored; ticket != known.end(); ++ticket) refs.push_back(window_.ref_of(*ticket));
  const std::size_t lacking = std::min(refs.size(), open);
  const auto is_here = [&](ObjectRef ref) { return worker_.is_here(ref); };
  const bool waits = static_cast<std::size_t>(std::count_if(refs.begin(), refs.end(), is_here)) < lacking;
  fetch_error_ = ErrorType::none;
  were_here_ = nullptr;
  const std::uint64_t number = ++wait_;
  worker_.fetch(thread_, std::make_shared<const std::vector<ObjectRef>>(refs), PullPriority::wait, number,
                static_cast<std::uint32_t>(lacking));
  arm_timeout(until ? std::optional(std::max(Duration{}, *until - thread_.now())) : std::nullopt);
  if (waits) block(true);
  const Pause waiting{*this};
  co_await waiting;
  if (waits) block(false);
  if (std::exchange(timed_out_, false))
    thread_.send(runtime_.raylets[worker_.node_.index], CancelFetch{worker_.address_, number});
  const ObjectList were_here = std::exchange(were_here_, nullptr);
  const auto was_here = [&](ObjectRef ref) {
    return were_here && std::find(were_here->begin(), were_here->end(), ref) != were_here->end();
  };
  // What failed on its way here is ready too: a get says how.
  std::size_t next = ready;
  for (std::size_t i = 0; i < refs.size(); ++i)
    if (fetch_error_ != ErrorType::none || is_here(refs[i]) || was_here(refs[i])) known[next++] = known[ready + i];
  known.resize(next);
}

Body TaskContext::wait(std::vector<ObjectRef> refs, std::size_t num_returns, std::optional<Duration> timeout,
                       WaitResult& result, bool fetch_local) {
  const Costs& costs = runtime_.profile.costs;
  thread_.charge(costs.wait_call + costs.wait_object * static_cast<std::int64_t>(refs.size()));
  const std::optional<Time> until = timeout ? std::optional(thread_.now() + *timeout) : std::nullopt;
  follow(refs);
  const std::size_t wanted = std::min(num_returns, refs.size());
  // As far as this process knows of nothing in any store there is nothing to bring.
  const auto to_look_at = [&] { return fetch_local && worker_.stored_ ? refs.size() : wanted; };
  std::vector<std::uint32_t> known = known_tickets(to_look_at());
  if (known.size() < wanted) {
    if (window_.ready().size() >= wanted) {
      const Pause hearing = pause_until(will_know(wanted));
      co_await hearing;
    } else {
      ++wait_;
      missing_ = wanted - window_.ready().size();
      arm_timeout(timeout);
      block(true);
      awaited_ = refs;
      const Pause waiting{*this, true, false};
      co_await waiting;
      awaited_ = {};
      missing_ = 0;
      block(false);
      timed_out_ = false;
      check_signals();
    }
    known = known_tickets(to_look_at());
  }
  if (fetch_local) {
    Body bringing = bring(known, wanted, until);
    co_await bringing;
    if (known.size() > wanted) known.resize(wanted);
    std::sort(known.begin(), known.end());
  }
  for (const std::uint32_t ticket : known)
    path_ = std::max(path_, worker_.tasks_.object(window_.object_of(ticket)).path);
  result.ready.clear();
  window_.take(known, refs, result.ready);
  result.pending = std::move(refs);
}

void TaskContext::ticket_ready(Station& io, std::uint64_t number) {
  const auto ticket = static_cast<std::uint32_t>(number & ((std::uint64_t{1} << wait_bits) - 1));
  if (window_.set_ready(ticket) && missing_ > 0 && --missing_ == 0) wake(io);
}

}  // namespace raysim
