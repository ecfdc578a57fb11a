// The distributed store: its settings, and the steps that use it.
#include "scenarios/load_store.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "models/sharded_store/store_service.hpp"
#include "scenarios/load_body.hpp"
#include "scenarios/load_keys.hpp"

namespace raysim {

namespace keys = scenario_keys;

namespace {

constexpr int most_replicas = 100;

using Verb = StoreCommand::Verb;
using Finding = StoreStep::Finding;

// A step: its command, its keys, and what stands in a name of its own instead of a mapping.
struct StoreKey {
  std::string_view name;
  Verb verb;
  const MappingSpec* keys;
  enum class Short : std::uint8_t { none, object, node } alone;
};
const std::array<StoreKey, 9> store_keys{
    StoreKey{"store_create", Verb::create, &keys::store_create, StoreKey::Short::none},
    StoreKey{"store_read", Verb::read, &keys::store_read, StoreKey::Short::object},
    StoreKey{"store_write", Verb::write, &keys::store_write, StoreKey::Short::none},
    StoreKey{"store_delete", Verb::remove, &keys::store_delete, StoreKey::Short::object},
    StoreKey{"store_list", Verb::list, &keys::store_list, StoreKey::Short::none},
    StoreKey{"store_stat", Verb::stat, &keys::store_stat, StoreKey::Short::none},
    StoreKey{"store_fail", Verb::fail, nullptr, StoreKey::Short::node},
    StoreKey{"store_join", Verb::join, nullptr, StoreKey::Short::node},
    StoreKey{"store_repair", Verb::repair, &keys::store_repair, StoreKey::Short::none}};

// What each name of a step then holds. `size` is a quantity where objects are made or written.
std::vector<std::pair<std::string_view, Finding>> findings_of(Verb verb) {
  if (verb == Verb::list) return {{"as", Finding::objects}};
  if (verb == Verb::stat)
    return {{"size", Finding::size},
            {"pieces", Finding::pieces},
            {"missing", Finding::missing},
            {"readable", Finding::readable},
            {"nodes", Finding::nodes}};
  return {{"as", Finding::seconds}, {"moved", Finding::moved}, {"rebuilt", Finding::rebuilt}};
}

}  // namespace

ShardedStoreSettings read_store_settings(const YamlReader& value, const ClusterSpec& cluster) {
  const YamlMapping mapping = value.mapping(keys::distributed_store);
  ShardedStoreSettings settings;
  settings.replicas = default_replicas;
  if (const auto size = mapping.find("piece_size")) {
    settings.piece_size = size->bytes();
    if (settings.piece_size.count < 1) size->fail_expected("at least 1 B");
  }
  if (const auto replicas = mapping.find("replicas"))
    settings.replicas = static_cast<int>(replicas->whole(1, most_replicas));
  if (const auto erasure = mapping.find("erasure")) {
    if (mapping.has("replicas")) erasure->fail_at_key("'erasure' next to 'replicas'", "one of the two");
    const auto pieces = parse_erasure(erasure->is_scalar() ? erasure->scalar() : std::string());
    if (!pieces) erasure->fail_expected("pieces of data and of parity, such as 4+2");
    settings.replicas = 1;
    std::tie(settings.data, settings.parity) = *pieces;
  }
  if (const auto placement = mapping.find("placement")) {
    const auto* const names = std::begin(piece_placement_names);
    const std::string name = placement->one_of(piece_placement_names);
    settings.placement = static_cast<PiecePlacement>(std::find(names, std::end(piece_placement_names), name) - names);
  }
  try {
    (void)empty_store(settings, cluster);
  } catch (const StoreError& error) {
    value.fail_at_key(error.what(), "fewer replicas, smaller stripes or more nodes");
  }
  return settings;
}

StoreStep BodyReader::store(const YamlReader& value) {
  const auto is_it = [&](const StoreKey& key) { return key.name == value.key(); };
  const StoreKey& key = *std::find_if(store_keys.begin(), store_keys.end(), is_it);
  if (!context_.program().store)
    value.fail_at_key("'" + std::string(key.name) + "' without a store",
                      "'distributed_store' at the top of the scenario");
  StoreStep result;
  result.verb = key.verb;
  if (key.alone == StoreKey::Short::node) {
    result.node = context_.node(value);
    return result;
  }
  if (key.alone == StoreKey::Short::object && !value.is_mapping()) {
    result.object = read_.text(value);
    return result;
  }
  const YamlMapping mapping = value.mapping(*key.keys);
  if (const auto object = mapping.find("object")) result.object = read_.text(*object);
  const bool sized = key.verb == Verb::create || key.verb == Verb::write;
  if (sized) result.size = read_.size(mapping.at("size"));
  if (const auto offset = mapping.find("offset")) result.offset = read_.size(*offset);
  for (const auto& [name, finding] : findings_of(key.verb))
    if (const auto target = mapping.find(name)) result.found.emplace_back(finding, read_.target(*target));
  return result;
}

}  // namespace raysim
