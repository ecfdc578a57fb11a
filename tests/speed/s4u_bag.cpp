// The bag of tasks as one would write it with SimGrid alone: what raysim is compared with (tests/speed/speed.py).
//
// Usage: raysim_s4u_bag CLUSTER TASKS SECONDS; prints one line of JSON. One actor a core with a mailbox of its own, a
// master that keeps each of them busy; two messages and one execution a task. A program of its own, as SimGrid allows
// one engine a process.
#include <simgrid/s4u.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/speed/bag.hpp"

namespace s4u = simgrid::s4u;

namespace {

constexpr double host_speed = 1e9;  // flop/s of a core
constexpr double pace = 1e-4;       // s between the first messages of the master

std::vector<s4u::Host*> build(const speed::Cluster& cluster) {
  auto* star = s4u::create_star_zone("cluster");
  std::vector<s4u::Host*> hosts;
  for (int i = 0; i <= cluster.nodes; ++i) {  // the first is the master's
    const std::string name = std::to_string(i);
    s4u::Host* host = star->create_host(name, host_speed)->set_core_count(cluster.cores);
    const auto* link =
        star->create_split_duplex_link(name, cluster.bytes_per_second)->set_latency(cluster.latency)->seal();
    star->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, {{link, s4u::LinkInRoute::Direction::UP}}, true);
    hosts.push_back(host);
  }
  star->seal();
  return hosts;
}

// Receivers are set, so that a message leaves when it is sent, not when it is asked for.
void work(s4u::Mailbox* inbox, s4u::Mailbox* master, double flops) {
  inbox->set_receiver(s4u::Actor::self());
  s4u::Actor::self()->daemonize();  // the run ends with the master
  for (;;) {
    auto* core = inbox->get<s4u::Mailbox>();
    s4u::this_actor::execute(flops);
    master->put_init(core, speed::message_size)->detach();
  }
}

void hand_out(s4u::Mailbox* inbox, const std::vector<s4u::Mailbox*>& cores, long tasks) {
  inbox->set_receiver(s4u::Actor::self());
  long sent = 0;
  for (auto* core : cores) {
    core->put_init(core, speed::message_size)->detach();
    ++sent;
    // Not all at once: SimGrid's solver takes minutes over 64,000 messages that share the master's link.
    s4u::this_actor::sleep_for(pace);
  }
  for (long done = 0; done < tasks; ++done) {
    auto* core = inbox->get<s4u::Mailbox>();
    if (sent == tasks) continue;
    core->put_init(core, speed::message_size)->detach();
    ++sent;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const speed::Cluster* cluster = argc == 4 ? speed::cluster_named(argv[1]) : nullptr;
  if (cluster == nullptr) {
    std::fputs("usage: raysim_s4u_bag 60_cores|64000_cores TASKS SECONDS\n", stderr);
    return 2;
  }
  const long tasks = std::atol(argv[2]);
  // A route's numbers as they stand, in place of those fitted to TCP. Small stacks without guard pages: the kernel
  // allows a process 65,530 mappings, and each actor would take two.
  std::vector<std::string> words{argv[0], "--cfg=network/model:CM02", "--cfg=contexts/guard-size:0",
                                 "--cfg=contexts/stack-size:64", "--log=root.thres:error"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  s4u::Engine engine(&count, arguments.data());
  const auto hosts = build(*cluster);
  auto* master = s4u::Mailbox::by_name("master");
  std::vector<s4u::Mailbox*> cores;
  const double flops = std::atof(argv[3]) * host_speed;
  const double begin = speed::cpu_seconds();
  for (int node = 1; node <= cluster->nodes; ++node)
    for (int core = 0; core < cluster->cores && static_cast<long>(cores.size()) < tasks; ++core) {
      cores.push_back(s4u::Mailbox::by_name(std::to_string(cores.size())));
      s4u::Actor::create("core", hosts[static_cast<std::size_t>(node)], work, cores.back(), master, flops);
    }
  s4u::Actor::create("master", hosts.front(), hand_out, master, cores, tasks);
  const double loop = speed::cpu_seconds();
  engine.run();
  const double end = speed::cpu_seconds();
  std::printf("{\"tasks\": %ld, \"run_s\": %.6f, \"build_s\": %.6f, \"sim_s\": %.6f, \"peak_bytes\": %.0f}\n", tasks,
              end - loop, loop - begin, s4u::Engine::get_clock(), speed::peak_bytes());
  return 0;
}
