#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "platforms/load.hpp"
#include "platforms/load_simgrid.hpp"

namespace raysim {

namespace {

ClusterSpec cluster_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return load_cluster_text("raysim_platform: 1\n" + text, "x.yaml", overrides);
}

template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

void check_invariants(const ClusterSpec& cluster) {
  std::set<std::string> names;
  int heads = 0;
  for (const NodeSpec& node : cluster.nodes) {
    CHECK(names.insert(node.name).second);
    heads += node.head ? 1 : 0;
    CHECK(node.machine.index < cluster.platform.machines.size());
  }
  CHECK(heads == 1);
  std::set<std::string> machines;
  for (const MachineSpec& machine : cluster.platform.machines) {
    CHECK(machines.insert(machine.name).second);
    CHECK(machine.cores >= 1);
  }
}

}  // namespace

TEST_CASE("every key of a node is read") {
  const ClusterSpec cluster = cluster_of(R"(
title: A test
machines:
  recorder: {cores: 2}
nodes:
  alice: {cpus: 2.5}
  bob:
    head: true
    cpus: 20
    gpus: 1
    memory: 8 GiB
    object_store_memory: 300 MB
    resources: {bob: 20, disk: 0.5}
    labels: {zone: a}
    machine: recorder
)");
  check_invariants(cluster);
  CHECK(cluster.title == "A test");
  CHECK(cluster.file == "x.yaml");
  REQUIRE(cluster.nodes.size() == 2);
  const NodeSpec& bob = cluster.nodes[1];
  CHECK(cluster.head() == NodeId{1});
  CHECK(bob.total.get(cpu_resource).value() == 20);
  CHECK(bob.total.get(gpu_resource).value() == 1);
  CHECK(bob.total.get(memory_resource).ticks == 8'589'934'592 * 10'000);
  CHECK(bob.total.get(object_store_memory_resource).ticks == 300'000'000LL * 10'000);
  ResourceNames names = cluster.resource_names;
  CHECK(bob.total.get(names.id_of("bob")).value() == 20);
  CHECK(bob.total.get(names.id_of("disk")).value() == 0.5);
  CHECK(bob.labels == Labels{{"zone", "a"}, {"ray.io/node-id", "bob"}});
  const MachineSpec& recorder = cluster.platform.machines[bob.machine.index];
  CHECK(recorder.name == "recorder");
  CHECK(recorder.contended);
  CHECK(recorder.cores == 2);
  const MachineSpec& own = cluster.platform.machines[cluster.nodes[0].machine.index];
  CHECK(own.name == "alice");
  CHECK_FALSE(own.contended);
  CHECK(own.cores == 3);
}

TEST_CASE("what a platform leaves out has defaults") {
  const ClusterSpec cluster = cluster_of("nodes: {a: , b: {cpus: 0}}\n");
  check_invariants(cluster);
  CHECK(cluster.nodes[0].head);
  CHECK(cluster.nodes[0].total.empty());
  CHECK(cluster.nodes[1].total.empty());
  CHECK(cluster.platform.machines[0].cores == 1);
  CHECK(cluster.platform.network.latency == Duration::microseconds(25));
  CHECK(cluster.platform.network.bandwidth.bytes_per_second == 1.25e9);
}

TEST_CASE("a latency between machines is halved on the links of the star") {
  const ClusterSpec cluster = cluster_of(
      "network: {bandwidth: 1 Gbps, latency: 1 ms, loopback_bandwidth: 2 GBps, loopback_latency: 3 us}\nnodes: {a: "
      "}\n");
  const NetworkSpec& network = cluster.platform.network;
  CHECK(network.latency == Duration::microseconds(500));
  CHECK(network.bandwidth.bytes_per_second == 1.25e8);
  CHECK(network.loopback_bandwidth.bytes_per_second == 2e9);
  CHECK(network.loopback_latency == Duration::microseconds(3));
}

TEST_CASE("counted nodes are numbered from 0") {
  const ClusterSpec cluster = cluster_of("nodes: {head: {cpus: 1}, worker: {count: 3, cpus: 4}, none: {count: 0}}\n");
  check_invariants(cluster);
  REQUIRE(cluster.nodes.size() == 4);
  CHECK(cluster.nodes[1].name == "worker-0");
  CHECK(cluster.nodes[3].name == "worker-2");
  CHECK(cluster.nodes[3].total.get(cpu_resource).value() == 4);
  CHECK(cluster.nodes[2].machine != cluster.nodes[3].machine);
}

TEST_CASE("overrides change a platform") {
  const std::string text = "nodes: {worker: {count: 3, cpus: 4}}\n";
  CHECK(cluster_of(text, {"nodes.worker.count=7", "network.latency=2 us"}).nodes.size() == 7);
  CHECK(load_cluster_text("raysim_platform: 1\n" + text, "x.yaml",
                          std::vector<std::string>{"seed=4", "cluster.title=T"}, "cluster.")
            .title == "T");
}

TEST_CASE("GPUs are devices of the node's machine, and the first one's model is the accelerator type") {
  const ClusterSpec cluster = cluster_of(R"(
machines:
  box: {cores: 2}
nodes:
  alice: {gpus: 2, machine: box}
  bob:
    machine: box
    gpus:
    - {model: A100, memory: 40 GiB, speed: 2.5, count: 2, shared: true, link_bandwidth: 10 GBps, link_latency: 1 us}
    - {model: T4}
  carol: {gpus: {model: H100}, labels: {ray.io/accelerator-type: mine}, count: 2}
)");
  REQUIRE(cluster.nodes.size() == 4);
  const NodeSpec& bob = cluster.nodes[1];
  CHECK(cluster.nodes[0].total.get(gpu_resource).value() == 2);
  CHECK(bob.total.get(gpu_resource).value() == 3);
  ResourceNames names = cluster.resource_names;
  CHECK(bob.total.get(names.id_of("accelerator_type:A100")).value() == 1);
  CHECK(bob.total.get(names.id_of("accelerator_type:T4")).value() == 0);
  CHECK(bob.labels.at("ray.io/accelerator-type") == "A100");
  CHECK(cluster.nodes[2].labels.at("ray.io/accelerator-type") == "mine");
  CHECK_FALSE(cluster.nodes[0].labels.contains("ray.io/accelerator-type"));
  // One machine, on which each node's devices come after those of the node before.
  const auto& devices = cluster.platform.machines[bob.machine.index].devices;
  REQUIRE(devices.size() == 5);
  CHECK(devices[0] == DeviceSpec{});
  CHECK(devices[2] == DeviceSpec{2.5, true, Bandwidth{10e9}, Duration::microseconds(1)});
  CHECK(bob.gpus[1].device == 3);
  CHECK(bob.gpus[1].memory.count == std::int64_t{40} << 30);
  CHECK(bob.gpus[2].model == "T4");
  for (std::uint32_t i = 2; i < 4; ++i) {
    CHECK(cluster.nodes[i].gpus.size() == 1);
    CHECK(cluster.platform.machines[cluster.nodes[i].machine.index].devices.size() == 1);
  }
}

TEST_CASE("every shipped platform loads") {  // platforms/*.yaml
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("platforms")) {
    if (entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path());
    check_invariants(load_cluster(entry.path().string()));
    ++count;
  }
  CHECK(count >= 7);
  CHECK(load_cluster("platforms/thousand.yaml").nodes.size() == 1'000);
  CHECK(load_cluster("platforms/recorder_three_by_twenty.yaml").platform.machines.size() == 1);
}

TEST_CASE("hosts of SimGrid become nodes") {
  const std::vector<SimgridHost> hosts{{"a", 4, {}},
                                       {"b",
                                        8,
                                        {{"color", "red"},
                                         {"ray.cpus", "2"},
                                         {"ray.gpus", "1"},
                                         {"ray.head", "true"},
                                         {"ray.memory", "4 GiB"},
                                         {"ray.object_store_memory", "1 GB"},
                                         {"ray.resources", "disk=2,b=0.5"}}}};
  const ClusterSpec cluster = cluster_of_hosts(hosts, "x.xml", "");
  check_invariants(cluster);
  CHECK(cluster.platform.simgrid_file == "x.xml");
  CHECK(cluster.nodes[0].total.get(cpu_resource).value() == 4);
  CHECK(cluster.head() == NodeId{1});
  CHECK(cluster.nodes[1].total.get(cpu_resource).value() == 2);
  CHECK(cluster.nodes[1].total.get(memory_resource).ticks == 4'294'967'296 * 10'000);
  ResourceNames names = cluster.resource_names;
  CHECK(cluster.nodes[1].total.get(names.id_of("b")).value() == 0.5);
  CHECK(cluster.platform.machines[1].cores == 8);
}

TEST_CASE("mistakes in properties of SimGrid hosts are placed at the host") {
  const std::string text = "<platform>\n  <host id=\"b\" speed=\"1Gf\">\n";
  const auto error = [&](const std::string& key, const std::string& value) {
    return error_of([&] { cluster_of_hosts({{"b", 1, {{key, value}}}}, "x.xml", text); });
  };
  const std::string place = "x.xml:2:9: host 'b': ";
  CHECK(error("ray.cpu", "1") == place +
                                     "unknown property 'ray.cpu', expected one of ray.head, ray.cpus, ray.gpus, "
                                     "ray.memory, ray.object_store_memory, ray.resources, did you mean 'ray.cpus'?");
  CHECK(error("ray.cpus", "-1") == place + "'ray.cpus' is '-1', expected a number from 0 to 1e+09");
  CHECK(error("ray.cpus", "nan").starts_with(place));
  CHECK(error("ray.head", "yes") == place + "'ray.head' is 'yes', expected true or false");
  CHECK(error("ray.memory", "4").starts_with(place + "'ray.memory' is '4': no unit, expected one of B, "));
  for (const char* value : {"a", "a=", "=1", "a=1,,b=2", "a=1,a=2", "CPU=1", "a=x"})
    CHECK(error("ray.resources", value).starts_with(place + "'ray.resources' is '"));
  CHECK(error_of([&] { cluster_of_hosts({}, "x.xml", ""); }) == "x.xml:1:1: no host, expected at least one <host>");
  CHECK(error_of([&] {
          cluster_of_hosts({{"b", 1, {{"ray.head", "true"}}}, {"c", 1, {{"ray.head", "true"}}}}, "x.xml", text);
        }) == "x.xml:1:1: host 'c': second head node, expected one host with ray.head");
  CHECK(error_of([&] { load_cluster("no.xml"); }) == "no.xml:1:1: no such file, expected a SimGrid platform file");
  CHECK(error_of([&] { load_cluster("x.xml", std::vector<std::string>{"nodes.b.cpus=1"}); }) ==
        "--set nodes.b.cpus=1: a SimGrid file has no keys to set, expected a YAML platform");
}

TEST_CASE("a SimGrid file becomes a cluster") {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("raysim_platform_load_test_{}.xml", getpid());
  std::ofstream(path) << R"(<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <zone id="loaded" routing="Full">
    <host id="a" speed="1Gf" core="4"/>
    <host id="b" speed="1Gf" core="8">
      <prop id="ray.head" value="true"/>
      <prop id="ray.resources" value="disk=2"/>
    </host>
    <link id="wire" bandwidth="1GBps" latency="50us"/>
    <route src="a" dst="b"><link_ctn id="wire"/></route>
  </zone>
</platform>
)";
  const ClusterSpec cluster = load_cluster(path.string());
  std::filesystem::remove(path);
  check_invariants(cluster);
  REQUIRE(cluster.nodes.size() == 2);
  CHECK(cluster.nodes[0].total.get(cpu_resource).value() == 4);
  CHECK(cluster.head() == NodeId{1});
  CHECK(cluster.resource_names.known("disk"));
  CHECK(cluster.platform.simgrid_file == path.string());
}

TEST_CASE("a SimGrid file without a route between two hosts is an input error") {
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("raysim_platform_load_test_gap_{}.xml", getpid());
  std::ofstream(path) << R"(<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <zone id="gap" routing="Full">
    <host id="ga" speed="1Gf"/>
    <host id="gb" speed="1Gf"/>
    <host id="gc" speed="1Gf"/>
    <link id="gwire" bandwidth="1GBps" latency="50us"/>
    <route src="ga" dst="gb"><link_ctn id="gwire"/></route>
    <route src="gb" dst="gc"><link_ctn id="gwire"/></route>
  </zone>
</platform>
)";
  const std::string message = error_of([&] { load_cluster(path.string()); });
  std::filesystem::remove(path);
  CAPTURE(message);
  CHECK(message.starts_with(path.string() + ":1:1: "));
  CHECK(message.find("no route from 'ga' to 'gc'") != std::string::npos);
  CHECK(message.ends_with(", expected a route between any two hosts"));
}

TEST_CASE("switches, links of one machine, and nodes dealt out to counted switches") {
  const ClusterSpec cluster = cluster_of(
      "network: {model: chunk}\n"
      "switches:\n"
      "  site: {bandwidth: 1 Gbps, latency: 5 ms, profile: [{at: 1 s, factor: 0.5}, {at: 2 s, factor: 1}]}\n"
      "  rack: {count: 2, bandwidth: 40 Gbps, above: site}\n"
      "machines: {big: {cores: 8, switch: rack-1, link: {bandwidth: 100 Gbps}}}\n"
      "nodes:\n"
      "  head: {cpus: 1, switch: site}\n"
      "  w: {count: 5, cpus: 1, switch: rack, link: {latency: 3 us}}\n"
      "  v: {cpus: 1, machine: big}\n");
  const PlatformSpec& platform = cluster.platform;
  CHECK(platform.network.model == NetworkModel::chunk);
  REQUIRE(platform.switches.size() == 3);
  CHECK(platform.switches[0].uplink.latency == Duration::milliseconds(5));
  CHECK(platform.switches[0].uplink.profile ==
        std::vector<LinkChange>{{Time{1'000'000'000}, 0.5}, {Time{2'000'000'000}, 1}});
  CHECK_FALSE(platform.switches[0].above);
  CHECK(platform.switches[1].name == "rack-0");
  CHECK(platform.switches[2].above == SwitchId{0});
  std::vector<std::uint32_t> at;
  for (const MachineSpec& machine : platform.machines) at.push_back(machine.at_switch->index);
  CHECK(at == std::vector<std::uint32_t>{2, 0, 1, 1, 1, 2, 2});
  CHECK(platform.machines[0].link->bandwidth.bytes_per_second == 12.5e9);
  CHECK(platform.machines[0].link->latency == platform.network.latency);
  CHECK_FALSE(platform.machines[1].link);
  CHECK(platform.machines[2].link->latency == Duration::microseconds(3));
}

TEST_CASE("a broken SimGrid file is an input error of one line") {
  const auto path =
      std::filesystem::temp_directory_path() / fmt::format("raysim_platform_load_test_broken_{}.xml", getpid());
  std::ofstream(path) << "<platform version=\"4.1\">\n<zone>\n";
  const std::string message = error_of([&] { load_cluster(path.string()); });
  std::filesystem::remove(path);
  CHECK(message.starts_with(path.string() + ":1:1: "));
  CHECK(message.ends_with(", expected a SimGrid platform file"));
  CHECK(message.find('\n') == std::string::npos);
}

}  // namespace raysim
