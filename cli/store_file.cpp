#include "cli/store_file.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "models/sharded_store/store_service.hpp"
#include "platforms/input_error.hpp"
#include "platforms/load.hpp"

namespace raysim {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const ShardedObject& object) {
  Json pieces = Json::array();
  for (const StoredPiece& piece : object.pieces) pieces.push_back({{"size", piece.size.count}, {"nodes", piece.nodes}});
  return {{"size", object.size.count}, {"pieces", std::move(pieces)}};
}

ShardedObject object_of(const Json& json) {
  ShardedObject object;
  object.size = {json.at("size").get<std::int64_t>()};
  for (const Json& piece : json.at("pieces"))
    object.pieces.push_back(
        {{piece.at("size").get<std::int64_t>()}, piece.at("nodes").get<std::vector<std::uint32_t>>()});
  return object;
}

std::size_t placement_named(const std::string& name) {
  const auto* const found = std::find(std::begin(piece_placement_names), std::end(piece_placement_names), name);
  if (found == std::end(piece_placement_names)) throw StoreError("unknown placement");
  return static_cast<std::size_t>(found - std::begin(piece_placement_names));
}

OpenStore store_of(const Json& json) {
  ShardedStoreSettings settings;
  settings.piece_size = {json.at("piece_size").get<std::int64_t>()};
  settings.replicas = json.at("replicas").get<int>();
  settings.data = json.at("data").get<int>();
  settings.parity = json.at("parity").get<int>();
  settings.placement = static_cast<PiecePlacement>(placement_named(json.at("placement").get<std::string>()));
  OpenStore open = make_store(json.at("cluster").get<std::string>(), settings);
  for (const auto& [name, object] : json.at("objects").items()) open.store.restore(name, object_of(object));
  for (const Json& node : json.at("lost")) open.store.fail(node.get<std::uint32_t>());
  return open;
}

}  // namespace

OpenStore make_store(const std::string& cluster_file, const ShardedStoreSettings& settings) {
  ClusterSpec cluster = load_cluster(cluster_file, {});
  ShardedStore store = empty_store(settings, cluster);
  return {cluster_file, std::move(cluster), std::move(store)};
}

OpenStore read_store(const std::string& file) {
  const std::string text = read_text_file(file, "a store made by 'raysim store init'");
  try {
    return store_of(Json::parse(text));
  } catch (const nlohmann::json::exception&) {
    throw InputError(file, 0, 0, "this is no store, expected a file made by 'raysim store init'");
  } catch (const StoreError& error) {
    throw InputError(file, 0, 0, std::string(error.what()) + ", expected a file that only 'raysim store' has written");
  }
}

void write_store(const std::string& file, const OpenStore& open) {
  const ShardedStoreSettings& settings = open.store.settings();
  Json json{{"raysim_store", 1},
            {"cluster", open.cluster_file},
            {"piece_size", settings.piece_size.count},
            {"replicas", settings.replicas},
            {"data", settings.data},
            {"parity", settings.parity},
            {"placement", piece_placement_names[static_cast<std::size_t>(settings.placement)]},
            {"lost", Json::array()},
            {"objects", Json::object()}};
  for (std::uint32_t node = 0; node < open.store.nodes().size(); ++node)
    if (!open.store.nodes()[node].alive) json["lost"].push_back(node);
  for (const auto& [name, object] : open.store.objects()) json["objects"][name] = json_of(object);
  const std::string fresh = file + ".new";
  std::ofstream out(fresh, std::ios::binary);
  out << json.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
  out.close();
  if (!out || std::rename(fresh.c_str(), file.c_str()) != 0) {
    std::remove(fresh.c_str());
    throw InputError(file, 0, 0, "it cannot be written, expected a file in a folder that can be written to");
  }
}

std::uint32_t node_named(const ClusterSpec& cluster, const std::string& name, const std::string& option) {
  std::vector<std::string_view> known;
  for (std::uint32_t i = 0; i < cluster.nodes.size(); ++i) {
    if (cluster.nodes[i].name == name) return i;
    known.push_back(cluster.nodes[i].name);
  }
  throw InputError(
      option, 0, 0,
      "no node is called " + in_quotes(name) + ", expected one of " + listed(known) + suggestion(name, known));
}

}  // namespace raysim
