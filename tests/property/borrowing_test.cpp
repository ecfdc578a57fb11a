// Random programs whose actors keep references, lend them on, hand them out and die: what somebody may still use is there, and what
// nobody uses is freed.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/analytic/keepers.hpp"

namespace {

using namespace keepers;  // NOLINT(google-build-using-namespace)

constexpr std::uint32_t node_count = 3;

ClusterSpec nodes() {
  ClusterSpec spec = cluster(std::vector<Node>(node_count, Node{8, {}}));
  spec.platform.network.latency = ms(3);
  spec.platform.network.bandwidth = {1e9};
  for (NodeSpec& node : spec.nodes) node.total.set(object_store_memory_resource, {10'000 * mb * ResourceAmount::unit});
  return spec;
}

struct Counts {
  int read = 0;
  int handed_out = 0;
  std::set<ErrorType> errors;
};

// Errors of calls whose actor or worker has been killed, and of objects that these owned, or lent without the owner's knowledge.
Body get_some(TaskContext& context, std::vector<ObjectRef> refs, bool may_fail, Counts& counts) {
  try {
    Body getting = context.get(std::move(refs), std::nullopt);
    co_await getting;
    ++counts.read;
  } catch (const RayError& error) {
    counts.errors.insert(error.type());
    INFO(error.what());
    CHECK(may_fail);
  }
}

class Driver {
 public:
  Driver(TaskContext& context, std::uint64_t seed, bool kills, Counts& counts)
      : context_(context), random_(seed, "driver"), kills_(kills), counts_(counts) {}

  Body run() {
    for (int i = 0; i < 4; ++i) {
      ActorOptions options = on_node(static_cast<std::uint32_t>(random_.below(node_count)));
      options.max_restarts = kills_ ? 2 : 0;
      Body made = context_.create_actor(class_keeper, options, {}, keepers_.emplace_back());
      co_await made;
    }
    for (int i = 0; i < 60; ++i) {
      Body acting = act(random_.below(kills_ ? 11 : 10));
      co_await acting;
    }
    for (const HeldRef& object : own_) {
      Body getting = get_some(context_, {object.ref()}, false, counts_);
      co_await getting;
    }
    const auto settle = context_.sleep(ms(5'000));  // what was lent has arrived
    co_await settle;
    for (const ActorHandle& keeper : keepers_) {
      const HeldRef dropped = context_.hold(context_.call(to(keeper, drop)));
      Body dropping = get_some(context_, {dropped.ref()}, kills_, counts_);
      co_await dropping;
    }
    own_.clear();
    others_.clear();
    calls_.clear();
    const auto rest = context_.sleep(ms(60'000));
    co_await rest;
  }

 private:
  const ActorHandle& keeper() { return keepers_[random_.below(keepers_.size())]; }
  ObjectRef object() {
    const bool own = others_.empty() || random_.below(2) == 0;
    const auto& from = own ? own_ : others_;
    return from[random_.below(from.size())].ref();
  }
  std::vector<ObjectRef> some() {
    std::vector<ObjectRef> refs;
    for (std::uint64_t n = 1 + random_.below(3); n > 0; --n) refs.push_back(object());
    return refs;
  }
  void call(const ActorCall& call) { calls_.push_back(context_.hold(context_.call(call))); }

  Body act(std::uint64_t what) {
    if (what < 2 || own_.empty()) {
      Body putting = put_one(context_, own_.emplace_back());
      co_await putting;
    } else if (what == 2) {  // an object with others inside, which only it may keep
      Body putting = put_one(context_, own_.emplace_back(), list_of(some()));
      co_await putting;
    } else if (what < 5) {
      call(to(keeper(), random_.below(3) == 0 ? look_inside : keep, {list_of(some())}));
    } else if (what == 5) {
      call(to(keeper(), lend, {Payload{std::make_shared<const ActorHandle>(keeper()), Bytes{64}}}));
    } else if (what == 6) {
      Body taking = take(random_.below(2) == 0 ? context_.call(to(keeper(), hand_out))
                                               : context_.submit(keepers::call(make.index, options(1))));
      co_await taking;
    } else if (what == 7) {
      TaskCall looking = keepers::call(look.index, options(1));
      looking.args.emplace_back(list_of(some()));
      calls_.push_back(context_.hold(context_.submit(looking)));
    } else if (what == 8) {
      call(to(keeper(), drop));
    } else if (what == 9) {
      auto& from = others_.empty() || random_.below(2) == 0 ? own_ : others_;
      from.erase(from.begin() + static_cast<std::ptrdiff_t>(random_.below(from.size())));
    } else {
      context_.kill(keeper(), random_.below(3) == 0);
    }
    const auto rest = context_.sleep(ms(static_cast<std::int64_t>(random_.below(40))));
    co_await rest;
  }

  // What is inside of a result.
  Body take(ObjectRef made) {
    const HeldRef result = context_.hold(made);
    const int before = counts_.read;
    Body getting = get_some(context_, {made}, kills_, counts_);
    co_await getting;
    if (counts_.read == before) co_return;
    for (const ObjectRef ref : inside(context_.value(made))) {
      others_.push_back(context_.hold(ref));
      ++counts_.handed_out;
      Body reading = get_some(context_, {ref}, kills_, counts_);
      co_await reading;
    }
  }

  TaskContext& context_;
  RandomStream random_;
  bool kills_;
  Counts& counts_;
  std::vector<ActorHandle> keepers_;
  std::vector<HeldRef> own_;
  std::vector<HeldRef> others_;
  std::vector<HeldRef> calls_;
};

Body drive(TaskContext& context, std::uint64_t seed, bool kills, Counts& counts) {
  Driver driver(context, seed, kills, counts);
  Body body = driver.run();
  co_await body;
}

}  // namespace

TEST_CASE("what actors keep is there while somebody may use it, and nothing is left when nobody does") {
  Counts counts;
  std::uint64_t removed = 0;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    const bool kills = seed % 2 == 1;
    CAPTURE(seed);
    const ClusterSpec spec = nodes();
    const Profile with = profile();
    Log log;
    Simulation simulation(spec, with,
                          program([&](TaskContext& context) { return drive(context, seed, kills, counts); }), log);
    const SimulationResult result = simulation.run();
    CHECK(result.error == ErrorType::none);
    CHECK_FALSE(result.starved);
    removed += result.messages_by_kind[static_cast<std::size_t>(MessageKind::ref_removed)];
    for (const auto& process : simulation.list_objects())
      for (const ListedObject& object : process.objects)
        FAIL_CHECK(object.object.owner.index << "/" << object.object.index);
    for (std::uint32_t i = 0; i < node_count; ++i) CHECK(simulation.objects({i}).store().objects() == 0);
  }
  CHECK(counts.read > 500);
  CHECK(counts.handed_out > 100);
  CHECK(removed > 500);
}
