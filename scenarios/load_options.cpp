#include "scenarios/load_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "platforms/load.hpp"
#include "scenarios/load_expressions.hpp"
#include "scenarios/load_keys.hpp"
#include "scenarios/load_strategy.hpp"

namespace raysim {

namespace keys = scenario_keys;

namespace {

constexpr double most_units = 1e9;
constexpr double least_unit = 0.0001;  // below it Ray's fixed point has no amount
constexpr double default_num_cpus = 1;
constexpr std::int64_t most_urgent = 1'000'000;

double read_amount(const YamlReader& value) {
  const double amount = value.number(0, most_units);
  if (amount != 0 && amount < least_unit) value.fail_expected("0 or at least 0.0001, the smallest amount in Ray");
  return amount;
}

double read_gpus(const YamlReader& value) {
  const double amount = read_amount(value);
  if (amount > 1 && amount != std::floor(amount))
    value.fail_expected("a whole number when above 1, as Ray shares only single GPUs");
  return amount;
}

}  // namespace

std::size_t NamedIndex::at(const YamlReader& value, const std::string& kind) const {
  const std::string name = value.text(fmt::format("the name of {} {}", kind == "actor" ? "an" : "a", kind));
  const auto found = ids_.find(name);
  if (found == ids_.end()) value.fail_unknown(kind, name, names());
  return found->second;
}

ScenarioContext::ScenarioContext(const ClusterSpec& cluster, ScenarioProgram& program)
    : cluster_(cluster), program_(program) {
  for (const NodeSpec& node : cluster.nodes) {
    node_ids_.emplace(node.name, node_names_.size());
    node_names_.push_back(node.name);
  }
  for (std::size_t i = object_store_memory_resource.index + 1; i < cluster.resource_names.size(); ++i) {
    const ResourceId id{static_cast<std::uint32_t>(i)};
    resource_ids_.emplace(cluster.resource_names.name_of(id), id);
    resource_names_.push_back(cluster.resource_names.name_of(id));
  }
}

std::vector<const MethodSpec*> ScenarioContext::methods(const YamlReader& value) const {
  const std::string name = value.text("the name of a method");
  std::vector<const MethodSpec*> found;
  std::vector<std::string_view> known;
  for (const ActorClassSpec& actor : program_.actors) {
    for (const MethodSpec& method : actor.methods) {
      known.push_back(method.name);
      if (method.name == name) found.push_back(&method);
    }
  }
  if (found.empty()) value.fail_unknown("method", name, known);
  return found;
}

std::string ScenarioContext::concurrency_group(const YamlReader& value) const {
  std::vector<std::string_view> known;
  for (const ActorClassSpec& actor : program_.actors)
    for (const auto& group : actor.concurrency_groups) known.push_back(group.first);
  std::string name = value.text("the name of a concurrency group");
  if (std::find(known.begin(), known.end(), name) == known.end()) value.fail_unknown("concurrency group", name, known);
  return name;
}

NodeId ScenarioContext::node(const YamlReader& value) const {
  const std::string name = value.text("the name of a node");
  const auto found = node_ids_.find(name);
  if (found == node_ids_.end()) value.fail_unknown("node", name, node_names_);
  return {static_cast<std::uint32_t>(found->second)};
}

void ScenarioContext::add_placement_group(std::string name, std::shared_ptr<const PlacementGroupSpec> spec) {
  groups_.add(name);
  placement_groups_.push_back({std::move(name), std::move(spec)});
}

void ScenarioContext::check_node_key(const YamlReader& value) const {
  if (node_ids_.contains(value.key())) return;
  value.fail_at_key("unknown node " + in_quotes(value.key()),
                    "one of " + listed(node_names_) + suggestion(value.key(), node_names_));
}

void ScenarioContext::check_resource(const YamlReader& value) const {
  if (resource_ids_.contains(value.key())) return;
  const std::string expected =
      resource_names_.empty() ? "no custom resources, for the cluster has none" : "one of " + listed(resource_names_);
  value.fail_at_key(fmt::format("no node has the resource {} (real Ray would wait forever)", in_quotes(value.key())),
                    expected + suggestion(value.key(), resource_names_));
}

void ScenarioContext::check_accelerator(const YamlReader& value, const std::string& model) const {
  if (resource_ids_.contains(accelerator_resource(model))) return;
  const std::string prefix = accelerator_resource("");
  std::vector<std::string_view> models;
  for (const std::string_view name : resource_names_)
    if (name.starts_with(prefix)) models.push_back(name.substr(prefix.size()));
  if (models.empty()) value.fail_expected("none, for no node says which model its GPUs are");
  value.fail_unknown("accelerator type", model, models);
}

namespace {

// Takes a number that is computed; false: it is none, and to be read as it stands.
bool read_computed(const YamlReader& value, ComputedOption::What what, const ExpressionReader* read,
                   TaskOptionsSpec& options) {
  if (read == nullptr || !value.is_scalar() || value.is_number()) return false;
  ComputedOption option;
  option.what = what;
  if (what == ComputedOption::What::memory) {
    if (!value.scalar().starts_with('(')) return false;
    const Amount size = read->size(value);
    option.value = *size.computed;
    option.unit = size.unit;
  } else {
    option.value = read->value(value);
  }
  if (what == ComputedOption::What::resource) option.resource = value.key();
  options.computed.push_back(std::move(option));
  return true;
}

// Environments are the same when all that is said of them is.
RuntimeEnv read_runtime_env(const YamlReader& value) {
  const YamlMapping mapping = value.mapping(keys::runtime_env);
  RuntimeEnv result;
  if (const auto setup = mapping.find("setup")) result.setup = setup->duration();
  if (const auto fails = mapping.find("fails")) result.fails = fails->boolean();
  result.hash =
      fmt::format("{} {} {}", mapping.at("name").name("a name of the environment"), result.setup.ns, result.fails);
  return result;
}

void read_resources(const YamlReader& value, const ScenarioContext& context, const ExpressionReader* read,
                    TaskOptionsSpec& options) {
  for (const YamlReader& resource : value.named_values("custom resources by name")) {
    check_custom_resource(resource);
    if (read_computed(resource, ComputedOption::What::resource, read, options)) {
      context.check_resource(resource);
      continue;
    }
    const double amount = read_amount(resource);
    if (amount != 0) context.check_resource(resource);
    options.resources.emplace(resource.key(), amount);
  }
}

}  // namespace

TensorTransport read_transport(const YamlReader& value) {
  const std::string name = value.one_of(transport_names);
  return static_cast<TensorTransport>(std::find(transport_names.begin(), transport_names.end(), name) -
                                      transport_names.begin());
}

std::int64_t read_backpressure(const YamlReader& value) {
  const std::int64_t items = value.whole(-1, std::numeric_limits<std::int32_t>::max());
  if (items == 0) value.fail_expected("at least 1, or -1 for no limit");
  return items;
}

TaskOptionsSpec read_options(const YamlMapping& mapping, const ScenarioContext& context, const ExpressionReader* read) {
  using What = ComputedOption::What;
  TaskOptionsSpec options;
  // A number that is written down; a computed one is taken aside.
  const auto written = [&](std::string_view key, What what) {
    auto value = mapping.find(key);
    if (value && read_computed(*value, what, read, options)) value.reset();
    return value;
  };
  if (const auto value = written("num_cpus", What::num_cpus)) options.num_cpus = read_amount(*value);
  if (const auto value = written("num_gpus", What::num_gpus)) options.num_gpus = read_gpus(*value);
  if (const auto value = mapping.find("accelerator_type")) {
    options.accelerator_type = value->name("the model of a GPU");
    context.check_accelerator(*value, *options.accelerator_type);
  }
  if (const auto value = written("memory", What::memory)) options.memory = value->bytes();
  if (const auto value = mapping.find("resources")) read_resources(*value, context, read, options);
  if (const auto value = written("priority", What::priority))
    options.priority = static_cast<int>(value->whole(-most_urgent, most_urgent));
  if (const auto value = written("max_retries", What::max_retries))
    options.max_retries = static_cast<int>(value->whole(-1, std::numeric_limits<int>::max()));
  if (const auto value = mapping.find("retry_exceptions")) options.retry_exceptions = value->boolean();
  if (const auto value = mapping.find("generator_backpressure_num_objects"))
    options.backpressure = read_backpressure(*value);
  if (const auto value = mapping.find("runtime_env")) options.runtime_env = read_runtime_env(*value);
  if (const auto value = mapping.find("scheduling_strategy"))
    options.scheduling_strategy = read_strategy(*value, context, read, options.affinity_node);
  if (const auto value = mapping.find("label_selector")) options.label_selector = read_label_selector(*value);
  if (const auto value = mapping.find("fallback_strategy")) options.fallback_strategy = read_fallback_strategy(*value);
  return options;
}

ActorOptionsSpec read_actor_options(const YamlMapping& mapping, const ScenarioContext& context,
                                    const ExpressionReader& read, bool is_call) {
  static constexpr std::string_view lifetimes[] = {"detached"};
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  ActorOptionsSpec options;
  options.task = read_options(mapping, context, is_call ? &read : nullptr);
  const auto whole = [&](std::string_view key, std::int64_t least, auto& option) {
    if (const auto value = mapping.find(key)) option = static_cast<int>(value->whole(least, most));
  };
  whole("max_restarts", -1, options.max_restarts);
  whole("max_task_retries", -1, options.max_task_retries);
  whole("max_concurrency", 1, options.max_concurrency);
  if (const auto value = mapping.find("max_pending_calls")) {
    options.max_pending_calls = value->whole(-1, most);
    if (options.max_pending_calls == 0) value->fail_expected("at least 1, or -1 for no limit");
  }
  if (const auto value = mapping.find("name")) options.name = read.text(*value);
  if (const auto value = mapping.find("namespace")) options.name_space = read.text(*value);
  if (const auto value = mapping.find("lifetime")) options.detached = value->one_of(lifetimes) == "detached";
  if (const auto value = mapping.find("get_if_exists")) {
    options.get_if_exists = value->boolean();
    if (*options.get_if_exists && !options.name)
      value->fail("'get_if_exists' without 'name'", "the name of the actor in 'name'");
  }
  return options;
}

ResourceSet ScenarioContext::demand(const TaskOptionsSpec& options) const {
  ResourceSet demand;
  demand.set(cpu_resource, ResourceAmount::of(options.num_cpus.value_or(default_num_cpus)));
  demand.set(gpu_resource, ResourceAmount::of(options.num_gpus.value_or(0)));
  if (options.accelerator_type)
    demand.set(resource_ids_.at(accelerator_resource(*options.accelerator_type)), accelerator_demand);
  if (options.memory) demand.set(memory_resource, {options.memory->count * ResourceAmount::unit});
  for (const auto& [name, amount] : options.resources)
    if (amount != 0) demand.set(resource_ids_.at(name), ResourceAmount::of(amount));
  return demand;
}

namespace {

// How to read a value of the wanted unit as a number in the base unit.
using ReadValue = double (*)(const YamlReader&);

double read_seconds(const YamlReader& value) { return static_cast<double>(value.duration().ns) / 1e9; }
double read_byte_count(const YamlReader& value) { return static_cast<double>(value.bytes().count); }

std::vector<double> read_values(const YamlReader& value, ReadValue read) {
  const std::vector<YamlReader> items = value.list("a list of quantities");
  if (items.empty()) value.fail("empty list", "at least one quantity");
  std::vector<double> values;
  values.reserve(items.size());
  for (const YamlReader& item : items) values.push_back(read(item));
  return values;
}

double read_positive(const YamlReader& value, ReadValue read) {
  const double result = read(value);
  if (result <= 0) value.fail_expected("more than 0");
  return result;
}

// `max` of a distribution, where 0 would mean no limit.
double read_limit(const YamlMapping& mapping, double least, ReadValue read) {
  const auto value = mapping.find("max");
  if (!value) return 0;
  const double limit = read_positive(*value, read);
  if (limit < least) value->fail(fmt::format("{}, below the smallest value", value->found()), "at least that value");
  return limit;
}

Distribution read_uniform(const YamlMapping& mapping, ReadValue read) {
  const double min = read(mapping.at("min"));
  const double max = read(mapping.at("max"));
  if (max < min) mapping.at("max").fail(mapping.at("max").found() + ", below 'min'", "at least 'min'");
  return {.kind = Distribution::Kind::uniform, .a = min, .b = max, .max = 0, .values = {}};
}

constexpr double largest_sigma = 20;  // exp() of a few of these still is a number
constexpr double least_shape = 0.01;
constexpr double largest_shape = 1e6;

Distribution read_named(const YamlReader& value, ReadValue read) {
  using Kind = Distribution::Kind;
  const std::string_view name = value.key();
  if (name == "empirical")
    return {.kind = Kind::empirical, .a = 0, .b = 0, .max = 0, .values = read_values(value, read)};
  if (name == "uniform") return read_uniform(value.mapping(keys::uniform), read);
  if (name == "normal") {
    const YamlMapping mapping = value.mapping(keys::normal);
    return {.kind = Kind::normal,
            .a = read(mapping.at("mean")),
            .b = read(mapping.at("deviation")),
            .max = read_limit(mapping, 0, read),
            .values = {}};
  }
  if (name == "lognormal") {
    const YamlMapping mapping = value.mapping(keys::lognormal);
    const double median = read_positive(mapping.at("median"), read);
    return {.kind = Kind::lognormal,
            .a = std::log(median),
            .b = mapping.at("sigma").number(0, largest_sigma),
            .max = read_limit(mapping, 0, read),
            .values = {}};
  }
  if (name == "exponential") {
    const YamlMapping mapping = value.mapping(keys::exponential);
    return {.kind = Kind::exponential,
            .a = read_positive(mapping.at("mean"), read),
            .b = 0,
            .max = read_limit(mapping, 0, read),
            .values = {}};
  }
  const YamlMapping mapping = value.mapping(keys::pareto);
  const double min = read_positive(mapping.at("min"), read);
  const double shape = mapping.at("shape").number(least_shape, largest_shape);
  return {.kind = Kind::pareto, .a = min, .b = shape, .max = read_limit(mapping, min, read), .values = {}};
}

Distribution read_distribution(const YamlReader& value, ReadValue read) {
  if (value.is_list())
    return {.kind = Distribution::Kind::list, .a = 0, .b = 0, .max = 0, .values = read_values(value, read)};
  if (!value.is_mapping()) return Distribution::constant(read(value));
  const YamlMapping mapping = value.mapping(keys::distribution);
  std::optional<YamlReader> named;
  for (const KeySpec& key : keys::distribution.keys) {
    const auto found = mapping.find(key.name);
    if (found && named) value.fail("more than one distribution", "exactly one of them");
    if (found) named = found;
  }
  if (!named)
    value.fail("no distribution", "exactly one of uniform, normal, lognormal, exponential, pareto, empirical");
  return read_named(*named, read);
}

}  // namespace

Distribution read_durations(const YamlReader& value) { return read_distribution(value, read_seconds); }
Distribution read_sizes(const YamlReader& value) { return read_distribution(value, read_byte_count); }

}  // namespace raysim
