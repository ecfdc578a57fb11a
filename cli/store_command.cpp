#include "cli/store_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

#include "analysis/text_format.hpp"
#include "cli/store_file.hpp"
#include "platforms/input_error.hpp"
#include "platforms/quantity.hpp"
#include "sim/fabric.hpp"

namespace raysim {

namespace {

using Json = nlohmann::ordered_json;

struct StoreOptions {
  std::string file;
  std::string cluster;
  std::string piece_size = "64 MiB";
  int replicas = 0;  // not given
  std::string erasure;
  std::string placement = "least_full";
  std::string name;
  std::string node;
  std::string size;
  std::string offset = "0 B";
  bool json = false;
};

Bytes bytes_in(const std::string& text, const std::string& option) {
  try {
    return parse_bytes(text);
  } catch (const QuantityError& error) {
    const std::string wrong = error.wrong.empty() ? "" : ": " + error.wrong;
    throw InputError(option, 0, 0, in_quotes(text) + wrong + ", expected " + error.expected);
  }
}

ShardedStoreSettings settings_of(const StoreOptions& options) {
  ShardedStoreSettings settings;
  settings.piece_size = bytes_in(options.piece_size, "--piece-size");
  if (!options.erasure.empty() && options.replicas > 0)
    throw InputError("--erasure", 0, 0, "with --replicas, expected one of them");
  if (options.erasure.empty()) {
    settings.replicas = options.replicas > 0 ? options.replicas : default_replicas;
  } else {
    const auto pieces = parse_erasure(options.erasure);
    if (!pieces)
      throw InputError("--erasure", 0, 0,
                       in_quotes(options.erasure) + ", expected pieces of data and of parity, such as 4+2");
    std::tie(settings.data, settings.parity) = *pieces;
  }
  const std::vector<std::string_view> known(std::begin(piece_placement_names), std::end(piece_placement_names));
  const auto found = std::find(known.begin(), known.end(), options.placement);
  if (found == known.end())
    throw InputError("--placement", 0, 0,
                     "unknown placement " + in_quotes(options.placement) + ", expected one of " + listed(known) +
                         suggestion(options.placement, known));
  settings.placement = static_cast<PiecePlacement>(found - known.begin());
  return settings;
}

// What a plan takes on the platform's wires.
struct Cost {
  Duration time;
  Bytes moved;  // from node to node
  std::size_t connections = 0;
};

Cost cost_of(const StorePlan& plan, const ClusterSpec& cluster) {
  const std::unique_ptr<Fabric> fabric = make_fabric(cluster.platform);
  Cost cost;
  Time now;
  std::uint64_t flows = 0;
  for (const auto& phase : plan.phases) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, Bytes> pairs;
    for (const PieceMove& move : phase)
      if (move.from != move.to) pairs[{move.from, move.to}] += move.bytes;
    for (const auto& [ends, bytes] : pairs) {
      fabric->start_flow(now, cluster.nodes[ends.first].machine, cluster.nodes[ends.second].machine, bytes, {flows++});
      cost.moved += bytes;
      ++cost.connections;
    }
    std::vector<FlowId> ended;
    while (fabric->busy()) now = fabric->advance(Time::max(), ended);
  }
  cost.time = now - Time{};
  return cost;
}

void tell(const StoreOptions& options, const std::string& what, const StorePlan& plan, const ClusterSpec& cluster) {
  const Cost cost = cost_of(plan, cluster);
  if (options.json) {
    const Json json{{"command", what},
                    {"time_s", static_cast<double>(cost.time.ns) / 1e9},
                    {"moved_bytes", cost.moved.count},
                    {"connections", cost.connections},
                    {"pieces", plan.pieces},
                    {"rebuilt_pieces", plan.degraded}};
    fmt::print("{}\n", json.dump(2));
    return;
  }
  if (plan.phases.empty()) return fmt::print("{}: done, nothing moves\n", what);
  fmt::print("{}: {}, {} moved over {} connection{}, {} piece{}{}\n", what, duration_text(cost.time),
             bytes_text(cost.moved), cost.connections, cost.connections == 1 ? "" : "s", plan.pieces,
             plan.pieces == 1 ? "" : "s",
             plan.degraded > 0 ? fmt::format(", {} rebuilt from others", plan.degraded) : "");
}

// Runs `command` on the store of the file, and keeps what became of it.
ExitCode change(const StoreOptions& options, const std::string& what,
                const std::function<StorePlan(OpenStore&)>& command) {
  OpenStore open = read_store(options.file);
  try {
    const StorePlan plan = command(open);
    write_store(options.file, open);
    tell(options, what, plan, open.cluster);
  } catch (const StoreError& error) {
    throw InputError(options.file, 0, 0, error.what());
  }
  return ExitCode::ok;
}

// The node that `--node` names, or the head.
std::uint32_t client_of(const StoreOptions& options, const ClusterSpec& cluster) {
  return options.node.empty() ? cluster.head().index : node_named(cluster, options.node, "--node");
}

ExitCode init(const StoreOptions& options) {
  if (std::filesystem::exists(options.file))
    throw InputError(options.file, 0, 0, "it exists already, expected a new file");
  try {
    const OpenStore open = make_store(options.cluster, settings_of(options));
    write_store(options.file, open);
    const ShardedStoreSettings& settings = open.store.settings();
    fmt::print("{}: {} nodes, pieces of {}, {}, placed {}; {:.3g} B stored for each byte\n", options.file,
               open.store.nodes().size(), bytes_text(settings.piece_size),
               settings.erasure() ? fmt::format("stripes of {} + {}", settings.data, settings.parity)
                                  : fmt::format("{} replicas", settings.replicas),
               options.placement, settings.overhead());
  } catch (const StoreError& error) {
    throw InputError(options.cluster, 0, 0, error.what());
  }
  return ExitCode::ok;
}

std::string health(const ShardedStore& store, const ShardedObject& object) {
  if (!store.readable(object)) return "lost";
  const std::int64_t missing = store.missing(object);
  return missing == 0 ? "whole" : fmt::format("{} missing", missing);
}

ExitCode list(const StoreOptions& options) {
  const OpenStore open = read_store(options.file);
  const ShardedStore& store = open.store;
  if (options.json) {
    Json json{{"objects", Json::object()}, {"nodes", Json::object()}};
    for (const auto& [name, object] : store.objects())
      json["objects"][name] = {{"size", object.size.count},
                               {"pieces", object.pieces.size()},
                               {"missing", store.missing(object)},
                               {"readable", store.readable(object)}};
    for (std::size_t i = 0; i < store.nodes().size(); ++i)
      json["nodes"][open.cluster.nodes[i].name] = {{"used_bytes", store.nodes()[i].used.count},
                                                   {"capacity_bytes", store.nodes()[i].capacity.count},
                                                   {"alive", store.nodes()[i].alive}};
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
    return ExitCode::ok;
  }
  fmt::print("{:<24} {:>11} {:>7}  {}\n", "object", "size", "pieces", "state");
  for (const auto& [name, object] : store.objects())
    fmt::print("{:<24} {:>11} {:>7}  {}\n", shortened(name, 24), bytes_text(object.size), object.pieces.size(),
               health(store, object));
  fmt::print("\n{:<24} {:>11} {:>11}\n", "node", "used", "of");
  for (std::size_t i = 0; i < store.nodes().size(); ++i) {
    const ShardedStore::Node& node = store.nodes()[i];
    fmt::print("{:<24} {:>11} {:>11}{}\n", shortened(open.cluster.nodes[i].name, 24), bytes_text(node.used),
               bytes_text(node.capacity), node.alive ? "" : "  lost");
  }
  return ExitCode::ok;
}

ExitCode stat(const StoreOptions& options) {
  const OpenStore open = read_store(options.file);
  try {
    const ShardedObject& object = open.store.object(options.name);
    fmt::print("{}: {}, {}\n", options.name, bytes_text(object.size), health(open.store, object));
    const int width = open.store.settings().erasure() ? open.store.settings().width() : 1;
    for (std::size_t i = 0; i < object.pieces.size(); ++i) {
      std::string nodes;
      for (const std::uint32_t node : object.pieces[i].nodes) nodes += " " + open.cluster.nodes[node].name;
      const std::size_t stripe = i / static_cast<std::size_t>(width);
      fmt::print("  {:>5} {:>11} {}{}\n", i, bytes_text(object.pieces[i].size),
                 width > 1 ? fmt::format(" stripe {:<4}", stripe) : "", nodes.empty() ? " nowhere" : nodes);
    }
  } catch (const StoreError& error) {
    throw InputError(options.file, 0, 0, error.what());
  }
  return ExitCode::ok;
}

using Options = std::shared_ptr<StoreOptions>;

CLI::App& add(CLI::App& store, const std::string& name, const std::string& text, const Options& options, Action& chosen,
              const std::function<ExitCode(const StoreOptions&)>& action) {
  CLI::App& command = *store.add_subcommand(name, text);
  command.add_option("STORE", options->file, "The store's file")->required()->type_name("");
  command.callback([options, &chosen, action] { chosen = [options, action] { return action(*options); }; });
  return command;
}

void add_json(CLI::App& command, const Options& options) {
  command.add_flag("--json", options->json, "Print one JSON object instead");
}

// Commands about one object.
CLI::App& add_named(CLI::App& store, const std::string& name, const std::string& text, const Options& options,
                    Action& chosen, const std::function<StorePlan(OpenStore&, const StoreOptions&)>& command) {
  CLI::App& added = add(store, name, text, options, chosen, [name, command](const StoreOptions& given) {
    return change(given, name + " " + given.name, [&](OpenStore& open) { return command(open, given); });
  });
  added.add_option("NAME", options->name, "The object")->required()->type_name("");
  add_json(added, options);
  return added;
}

void add_object_commands(CLI::App& store, const Options& options, Action& chosen) {
  const std::string client = "Where the bytes are, or are wanted; else the head";
  CLI::App& create =
      add_named(store, "create", "Store a new object", options, chosen, [](OpenStore& o, const auto& given) {
        return o.store.create(given.name, bytes_in(given.size, "--size"), client_of(given, o.cluster));
      });
  create.add_option("--size", options->size, "Its size")->required()->type_name("SIZE");
  create.add_option("--node", options->node, client)->type_name("NAME");
  CLI::App& read =
      add_named(store, "read", "Bring an object to a node", options, chosen,
                [](OpenStore& o, const auto& given) { return o.store.read(given.name, client_of(given, o.cluster)); });
  read.add_option("--node", options->node, client)->type_name("NAME");
  CLI::App& write =
      add_named(store, "write", "Overwrite a part of it", options, chosen, [](OpenStore& o, const auto& given) {
        return o.store.write(given.name, bytes_in(given.offset, "--offset"), bytes_in(given.size, "--size"),
                             client_of(given, o.cluster));
      });
  write.add_option("--size", options->size, "How much")->required()->type_name("SIZE");
  write.add_option("--offset", options->offset, "From where on")->type_name("SIZE")->capture_default_str();
  write.add_option("--node", options->node, client)->type_name("NAME");
  add_named(store, "delete", "Forget an object", options, chosen, [](OpenStore& o, const auto& given) {
    o.store.remove(given.name);
    return StorePlan{};
  });
}

void add_node_commands(CLI::App& store, const Options& options, Action& chosen) {
  const auto about = [&](const std::string& name, const std::string& text, void (ShardedStore::*what)(std::uint32_t)) {
    CLI::App& added = add(store, name, text, options, chosen, [name, what](const StoreOptions& given) {
      return change(given, name + " " + given.node, [&](OpenStore& open) {
        (open.store.*what)(node_named(open.cluster, given.node, "NODE"));
        return StorePlan{};
      });
    });
    added.add_option("NODE", options->node, "The node")->required()->type_name("");
    add_json(added, options);
  };
  about("fail", "Lose a node and all that it holds", &ShardedStore::fail);
  about("join", "Bring a lost node back, empty", &ShardedStore::join);
  CLI::App& repair = add(store, "repair", "Make what is missing anew", options, chosen, [](const StoreOptions& given) {
    return change(given, "repair", [](OpenStore& open) { return open.store.repair(); });
  });
  add_json(repair, options);
}

}  // namespace

void add_store_command(CLI::App& app, Action& chosen) {
  CLI::App& store = *app.add_subcommand("store", "Keep large objects in a distributed store, and see what that costs");
  store.require_subcommand(1);
  const auto options = std::make_shared<StoreOptions>();
  CLI::App& fresh = add(store, "init", "Make an empty store on the nodes of a platform", options, chosen, init);
  fresh.add_option("--cluster", options->cluster, "The platform, a YAML or SimGrid XML file")
      ->required()
      ->type_name("FILE");
  fresh.add_option("--piece-size", options->piece_size, "Objects are cut into these")
      ->type_name("SIZE")
      ->capture_default_str();
  fresh.add_option("--replicas", options->replicas, "Copies of each piece; else 3")
      ->type_name("N")
      ->check(CLI::Range(1, 100));
  fresh.add_option("--erasure", options->erasure, "Pieces of data and parity of a stripe, such as 4+2")
      ->type_name("K+M");
  fresh.add_option("--placement", options->placement, "least_full, round_robin or hash")
      ->type_name("RULE")
      ->capture_default_str();
  add_object_commands(store, options, chosen);
  add_node_commands(store, options, chosen);
  add_json(add(store, "list", "All objects and nodes", options, chosen, list), options);
  add(store, "stat", "The pieces of an object", options, chosen, stat)
      .add_option("NAME", options->name, "The object")
      ->required()
      ->type_name("");
  store.footer(
      "Examples:\n"
      "  raysim store init lab.json --cluster platforms/hundred.yaml --erasure 4+2\n"
      "  raysim store create lab.json video --size '1 GB'\n"
      "  raysim store fail lab.json worker-3\n"
      "  raysim store read lab.json video --node worker-7\n"
      "  raysim store repair lab.json");
}

}  // namespace raysim
