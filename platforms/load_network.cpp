#include "platforms/load_network.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "platforms/input_error.hpp"

namespace raysim {

namespace {

constexpr std::int64_t most_switches = 10'000;
constexpr double most_factor = 1000;
constexpr double least_factor = 1e-6;

constexpr std::array network_keys{KeySpec{"model"}, KeySpec{"bandwidth"}, KeySpec{"latency"},
                                  KeySpec{"loopback_bandwidth"}, KeySpec{"loopback_latency"}};
constexpr std::array switch_keys{KeySpec{"count"}, KeySpec{"bandwidth", true}, KeySpec{"latency"}, KeySpec{"above"},
                                 KeySpec{"profile"}};
constexpr std::array link_keys{KeySpec{"bandwidth"}, KeySpec{"latency"}, KeySpec{"profile"}};
constexpr std::array change_keys{KeySpec{"at", true}, KeySpec{"factor", true}};

constexpr MappingSpec network_spec{"network", "the network", network_keys};
constexpr MappingSpec switch_spec{"switch", "a switch", switch_keys};
constexpr MappingSpec link_spec{"link", "a link", link_keys};
constexpr MappingSpec change_spec{"link_change", "a change of a link", change_keys};

constexpr std::array<std::string_view, 3> models{"auto", "flow", "chunk"};  // as NetworkModel

std::vector<LinkChange> read_profile(const YamlReader& value) {
  std::vector<LinkChange> profile;
  for (const YamlReader& change : value.list("changes of the link")) {
    const YamlMapping keys = change.mapping(change_spec);
    const YamlReader at = keys.at("at");
    const YamlReader factor = keys.at("factor");
    profile.push_back({Time{} + at.duration(), factor.number(0, most_factor)});
    if (profile.back().factor < least_factor) factor.fail_expected("a factor from 0.000001 to 1000");
    if (profile.size() > 1 && profile[profile.size() - 2].at >= profile.back().at)
      at.fail(at.found() + ", which is not after the change before", "changes in order of time");
  }
  return profile;
}

}  // namespace

void NetworkLoader::read_network(const YamlReader& value) {
  const YamlMapping keys = value.mapping(network_spec);
  NetworkSpec& network = platform_.network;
  if (const auto key = keys.find("model")) {
    const std::string model = key->one_of(models);
    network.model = model == "flow"    ? NetworkModel::flow
                    : model == "chunk" ? NetworkModel::chunk
                                       : NetworkModel::automatic;
  }
  if (const auto key = keys.find("bandwidth")) network.bandwidth = key->bandwidth();
  // The file says it from machine to machine; a route of the star crosses two links.
  if (const auto key = keys.find("latency")) network.latency = {key->duration().ns / 2};
  if (const auto key = keys.find("loopback_bandwidth")) network.loopback_bandwidth = key->bandwidth();
  if (const auto key = keys.find("loopback_latency")) network.loopback_latency = key->duration();
}

void NetworkLoader::read_switches(const YamlReader& value) {
  const auto all = value.named_values("switches by name");
  for (const YamlReader& one : all) unread_.emplace(one.key());
  for (const YamlReader& one : all) {
    read_switch(one);
    unread_.erase(unread_.find(one.key()));
  }
}

void NetworkLoader::read_switch(const YamlReader& value) {
  const YamlMapping keys = value.mapping(switch_spec);
  SwitchSpec spec{std::string(value.key()), {keys.at("bandwidth").bandwidth(), {}}, {}};
  if (const auto latency = keys.find("latency")) spec.uplink.latency = latency->duration();
  if (const auto profile = keys.find("profile")) spec.uplink.profile = read_profile(*profile);
  const auto above = keys.find("above");
  const auto count = keys.find("count");
  const std::int64_t number = count ? count->whole(1, most_switches) : 1;
  const Switches all{static_cast<std::uint32_t>(platform_.switches.size()), number};
  for (std::int64_t i = 0; i < number; ++i) {
    SwitchSpec one = spec;
    if (count) one.name = fmt::format("{}-{}", spec.name, i);
    if (above) one.above = switch_for(*above, i, number);
    add_switch(value, std::move(one));
  }
  if (count) switches_.insert_or_assign(spec.name, all);
}

void NetworkLoader::add_switch(const YamlReader& value, SwitchSpec spec) {
  const auto index = static_cast<std::uint32_t>(platform_.switches.size());
  if (platform_.switches.size() == most_switches)
    value.fail_at_key("too many switches", fmt::format("at most {}", most_switches));
  if (!switches_.emplace(spec.name, Switches{index, 1}).second)
    value.fail_at_key(fmt::format("second switch with the name {}", in_quotes(spec.name)), "names that differ");
  platform_.switches.push_back(std::move(spec));
}

LinkSpec NetworkLoader::read_link(const YamlReader& value) const {
  const YamlMapping keys = value.mapping(link_spec);
  LinkSpec link{platform_.network.bandwidth, platform_.network.latency};
  if (const auto bandwidth = keys.find("bandwidth")) link.bandwidth = bandwidth->bandwidth();
  if (const auto latency = keys.find("latency")) link.latency = latency->duration();
  if (const auto profile = keys.find("profile")) link.profile = read_profile(*profile);
  return link;
}

SwitchId NetworkLoader::switch_for(const YamlReader& value, std::int64_t index, std::int64_t count) const {
  const std::string name = value.text("the name of a switch");
  const auto found = switches_.find(name);
  if (found == switches_.end()) {
    if (unread_.contains(name))
      value.fail(fmt::format("switch {} does not stand before this one", in_quotes(name)),
                 "a switch that does, so that none is above itself");
    std::vector<std::string_view> known;
    for (const auto& [known_name, which] : switches_) known.push_back(known_name);
    value.fail_unknown("switch", name, known);
  }
  const auto [first, number] = found->second;
  return {first + static_cast<std::uint32_t>(index * number / count)};
}

std::array<const MappingSpec*, 4> NetworkLoader::mappings() {
  return {&network_spec, &switch_spec, &link_spec, &change_spec};
}

}  // namespace raysim
