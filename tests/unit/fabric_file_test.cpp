// The fabric on SimGrid platform files: routes and flows, hosts and their properties, and files that are broken in
// one way or another, none of which may end the process.
#include <unistd.h>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sim/fabric.hpp"
#include "tests/unit/fabric_checks.hpp"

using namespace fabric_checks;  // NOLINT(google-build-using-namespace): the vocabulary of these tests

namespace {

// A file in the temporary directory, gone with the object.
class TempFile {
 public:
  TempFile(const std::string& name, const std::string& text)
      : path_((std::filesystem::temp_directory_path() / (std::to_string(getpid()) + "_" + name)).string()) {
    write(text);
  }
  ~TempFile() { std::filesystem::remove(path_); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  void write(const std::string& text) const { std::ofstream(path_) << text; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string xml(const std::string& body) {
  return "<?xml version='1.0'?>\n<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
         "<platform version=\"4.1\">\n" +
         body + "\n</platform>\n";
}

PlatformSpec of_file(const std::string& path, const std::vector<std::string>& hosts) {
  PlatformSpec platform;
  platform.simgrid_file = path;
  for (const std::string& name : hosts) platform.machines.push_back({name, 1, false});
  return platform;
}

// The message with which `action` is refused.
template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "not refused";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_SUITE("fabric: platform files") {
  TEST_CASE("two hosts and a link") {
    const TempFile file("pair.xml", xml(R"(<zone id="pair" routing="Full">
      <host id="pair-b" speed="1Gf" core="8"><prop id="rack" value="r1"/><prop id="gpu" value="2"/></host>
      <host id="pair-a" speed="1Gf"/>
      <link id="pair-slow" bandwidth="100MBps" latency="200us"/>
      <link id="pair-fast" bandwidth="1GBps" latency="1us"/>
      <route src="pair-a" dst="pair-b"><link_ctn id="pair-fast"/><link_ctn id="pair-slow"/></route>
    </zone>)"));
    const auto hosts = raysim::load_simgrid_hosts(file.path());
    REQUIRE(hosts.size() == 2);
    CHECK(hosts[0].name == "pair-a");
    CHECK(hosts[0].cores == 1);
    CHECK(hosts[1].cores == 8);
    const std::vector<std::pair<std::string, std::string>> properties{{"gpu", "2"}, {"rack", "r1"}};
    CHECK(hosts[1].properties == properties);

    const auto fabric = make_simgrid_fabric(of_file(file.path(), {"pair-a", "pair-b"}));
    const Route route = fabric->route(m0, m1);
    CHECK(route.latency == Duration::microseconds(201));
    CHECK(route.bandwidth == Bandwidth{1e8});
    fabric->start_flow(Time{}, m0, m1, Bytes{1'000'000}, FlowId{1});
    check_next(*fabric, 201e-6 + 0.01, {1});
    // This file has one link for both ways.
    const Time start = fabric->clock();
    fabric->start_flow(start, m0, m1, Bytes{1'000'000}, FlowId{1});
    fabric->start_flow(start, m1, m0, Bytes{1'000'000}, FlowId{2});
    check_next(*fabric, start.in_seconds() + 201e-6 + 0.02, {1, 2});
    // No loopback in the file: that of a default network.
    CHECK(fabric->route(m0, m0).latency == NetworkSpec{}.loopback_latency);
    const Time later = fabric->clock();
    fabric->start_flow(later, m0, m0, Bytes{5'000'000}, FlowId{3});
    check_next(*fabric, later.in_seconds() + 10e-6 + 1e-3, {3});

    CHECK(contains(refusal([&] { make_simgrid_fabric(of_file(file.path(), {"pair-z"})); }), "no host 'pair-z'"));
  }

  TEST_CASE("routes of a star in code are those of SimGrid for the same star in a file") {
    const TempFile file("cluster.xml", xml(R"(<cluster id="cl" prefix="cl-" suffix="" radical="0-5" speed="1Gf"
      bw="1.1GBps" lat="25us" sharing_policy="SPLITDUPLEX" loopback_bw="5GBps" loopback_lat="10us"/>)"));
    const PlatformSpec from_file = of_file(file.path(), {"cl-0", "cl-1", "cl-2", "cl-3", "cl-4", "cl-5"});
    PlatformSpec in_code = star(6);
    in_code.network.bandwidth = Bandwidth{1.1e9};
    {
      const auto a = make_simgrid_fabric(from_file);
      const auto b = make_simgrid_fabric(in_code);
      for (std::uint32_t i = 0; i < 6; ++i) {
        for (std::uint32_t j = 0; j < 6; ++j) {
          CHECK(a->route(MachineId{i}, MachineId{j}).latency == b->route(MachineId{i}, MachineId{j}).latency);
          CHECK(a->route(MachineId{i}, MachineId{j}).bandwidth == b->route(MachineId{i}, MachineId{j}).bandwidth);
        }
      }
    }
    // Without loopbacks: those of a SimGrid cluster are not shared.
    CHECK(mixed_run(from_file, false) == mixed_run(in_code, false));
  }

  TEST_CASE("flows of different latency share alike") {
    const TempFile file("uneven.xml", xml(R"(<zone id="un" routing="Full">
      <host id="un-a" speed="1Gf"/><host id="un-b" speed="1Gf"/><host id="un-c" speed="1Gf"/>
      <link id="un-far" bandwidth="1GBps" latency="10ms"/><link id="un-near" bandwidth="1GBps" latency="0us"/>
      <link id="un-in" bandwidth="100MBps" latency="0us"/>
      <route src="un-a" dst="un-c"><link_ctn id="un-far"/><link_ctn id="un-in"/></route>
      <route src="un-b" dst="un-c"><link_ctn id="un-near"/><link_ctn id="un-in"/></route>
    </zone>)"));
    const auto fabric = make_simgrid_fabric(of_file(file.path(), {"un-a", "un-b", "un-c"}));
    fabric->start_flow(Time{}, m0, m2, Bytes{1'000'000}, FlowId{1});
    CHECK(next_end(*fabric, micros(10'000)).flows.empty());
    fabric->start_flow(micros(10'000), m1, m2, Bytes{1'000'000}, FlowId{2});
    check_next(*fabric, 0.03, {1, 2});
  }

  TEST_CASE("zones within zones") {
    const TempFile file("nested.xml", xml(R"(<zone id="ne" routing="Full">
      <zone id="ne-1" routing="Floyd"><host id="ne-x" speed="1Gf"/><host id="ne-y" speed="1Gf"/>
        <link id="ne-xy" bandwidth="1GBps" latency="5us"/><route src="ne-x" dst="ne-y"><link_ctn id="ne-xy"/></route>
      </zone>
      <zone id="ne-2" routing="None"><host id="ne-z" speed="1Gf"/></zone>
      <link id="ne-12" bandwidth="2GBps" latency="7us"/>
      <zoneRoute src="ne-1" dst="ne-2" gw_src="ne-y" gw_dst="ne-z"><link_ctn id="ne-12"/></zoneRoute>
    </zone>)"));
    const auto fabric = make_simgrid_fabric(of_file(file.path(), {"ne-x", "ne-y", "ne-z"}));
    CHECK(fabric->route(m0, m1).latency == Duration::microseconds(5));
    CHECK(fabric->route(m2, m0).latency == Duration::microseconds(12));
    CHECK(fabric->route(m2, m0).bandwidth == Bandwidth{1e9});
    fabric->start_flow(Time{}, m0, m2, Bytes{1'000'000}, FlowId{1});
    check_next(*fabric, 12e-6 + 1e-3, {1});
    // A zone without routing gives its hosts no loopback: a default one, not shared.
    CHECK(fabric->route(m2, m2).bandwidth == NetworkSpec{}.loopback_bandwidth);
    const Time start = fabric->clock();
    fabric->start_flow(start, m2, m2, Bytes{5'000'000}, FlowId{1});
    fabric->start_flow(start, m2, m2, Bytes{5'000'000}, FlowId{2});
    check_next(*fabric, start.in_seconds() + 10e-6 + 1e-3, {1, 2});
  }

  TEST_CASE("what kills SimGrid does not kill us: a Dijkstra zone with a host that has no route") {
    const TempFile file("lonely.xml", xml(R"(<zone id="lo" routing="Dijkstra">
      <host id="lo-a" speed="1Gf"/><host id="lo-b" speed="1Gf"/></zone>)"));
    const std::string message = refusal([&] { raysim::load_simgrid_hosts(file.path()); });
    CAPTURE(message);
    CHECK(contains(message, "crashed"));
    CHECK(contains(message, "route from 'lo-b' to 'lo-a'"));
  }

  TEST_CASE("a missing route is an error with names, in every kind of zone") {
    const auto check = [](const std::string& zone) {
      const TempFile file("missing.xml", xml(zone));
      const auto hosts = raysim::load_simgrid_hosts(file.path());
      const auto fabric = make_simgrid_fabric(of_file(file.path(), {hosts.at(0).name, hosts.at(1).name}));
      const std::string wanted = fmt::format("no route from '{}' to '{}'", hosts.at(0).name, hosts.at(1).name);
      CHECK(contains(refusal([&] { fabric->route(m0, m1); }), wanted));
      CHECK(contains(refusal([&] { fabric->start_flow(Time{}, m0, m1, Bytes{1}, FlowId{1}); }), wanted));
      CHECK_FALSE(fabric->busy());
    };
    check(R"(<zone id="fu" routing="Full"><host id="fu-a" speed="1Gf"/><host id="fu-b" speed="1Gf"/></zone>)");
    check(R"(<zone id="fl" routing="Floyd"><host id="fl-a" speed="1Gf"/><host id="fl-b" speed="1Gf"/></zone>)");
  }

  TEST_CASE("a broken file is an exception, and the next one loads") {
    CHECK(contains(refusal([] { raysim::load_simgrid_hosts("/nowhere/platform.xml"); }), "cannot be read"));
    CHECK(contains(refusal([] { raysim::load_simgrid_hosts("/tmp"); }), "cannot be read"));
    const TempFile file("broken.xml", "cores: 4\n");
    const auto complaint = [&](const std::string& text) {
      file.write(text);
      return refusal([&] { raysim::load_simgrid_hosts(file.path()); });
    };
    CHECK(contains(refusal([&] { raysim::load_simgrid_hosts(file.path()); }), "not XML"));
    CHECK(contains(complaint(""), "not XML"));
    const std::string host = R"(<host id="br-a" speed="1Gf"/>)";
    // Truncated, unknown tag, unknown attribute, wrong value, a link that is not there, twice the same name.
    const std::vector<std::string> broken{
        "<?xml version='1.0'?>\n<platform version=\"4.1\"><zone id=\"br\" routing=\"Full\">",
        xml(R"(<zone id="br" routing="Full"><machine id="br-a"/></zone>)"),
        xml(R"(<zone id="br" routing="Full"><host id="br-a" sped="1Gf"/></zone>)"),
        xml(R"(<zone id="br" routing="Fully">)" + host + "</zone>"),
        xml(R"(<zone id="br" routing="Full"><host id="br-a" speed="fast"/></zone>)"),
        xml(R"(<zone id="br" routing="Full">)" + host + R"(<link id="br-l" bandwidth="wide" latency="1us"/></zone>)"),
        xml(R"(<zone id="br" routing="Full">)" + host +
            R"(<route src="br-a" dst="br-b"><link_ctn id="br-l"/></route></zone>)"),
        xml(R"(<zone id="br" routing="Full">)" + host + host + "</zone>"),
    };
    for (const std::string& text : broken) {
      const std::string message = complaint(text);
      CAPTURE(text);
      CAPTURE(message);
      CHECK(contains(message, file.path()));
      CHECK_FALSE(contains(message, "crashed"));
    }
    CHECK(contains(complaint(xml(R"(<zone id="br" routing="Full"/>)")), "no host"));
    CHECK(contains(complaint(xml("")), "platform file"));
    CHECK(
        contains(complaint(xml(R"(<zone id="br" routing="None">)" + host + R"(<host id="br-b" speed="1Gf"/></zone>)")),
                 "allows one host"));
    CHECK(contains(complaint(xml(R"(<config><prop id="network/model" value="CM02"/></config>)")), "<config>"));
    CHECK(contains(complaint(xml(R"(<zone id="br" routing="Full">)" + host +
                                 R"(<link id="l" bandwidth="1Bps" latency="0s" bandwidth_file="x"/></zone>)")),
                   "change over time"));
    file.write(xml(R"(<!-- no latency_file --><zone id="br" routing="Full">)" + host + "</zone>"));
    CHECK(raysim::load_simgrid_hosts(file.path()).size() == 1);
    CHECK(raysim::load_simgrid_hosts(file.path()).size() == 1);  // loaded before
    CHECK(contains(complaint(xml(R"(<zone id="br" routing="Full">)" + host + "</zone><!-- changed -->")),
                   "names must differ"));
  }
}
