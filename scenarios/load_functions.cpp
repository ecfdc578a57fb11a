#include "scenarios/load_functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "scenarios/load_body.hpp"
#include "scenarios/load_keys.hpp"
#include "scenarios/load_strategy.hpp"

namespace raysim {

namespace keys = scenario_keys;

namespace {

constexpr std::int64_t most_returns = 10'000;
constexpr std::int64_t most_attempts = 1'000'000;

void read_device_memory(const YamlMapping& mapping, FunctionSpec& function, bool has_gpus) {
  const auto key = mapping.find("device_memory");
  if (!key) return;
  function.device_memory = key->bytes();
  if (!has_gpus) mapping.fail_at_key("device_memory", "'device_memory' without GPUs", "'num_gpus' above 0");
}

// What a task's duration keeps busy: a core, or the GPUs that it has asked for; and what it takes of their memory.
void read_place_of_work(const YamlMapping& mapping, FunctionSpec& task, bool has_gpus) {
  static constexpr std::string_view places[] = {"cpu", "gpu"};
  if (const auto key = mapping.find("runs_on")) {
    task.on_gpu = key->one_of(places) == "gpu";
    if (task.on_gpu && !has_gpus)
      key->fail("'runs_on' is 'gpu' in a task without GPUs", "'num_gpus' above 0, or 'cpu'");
    if (task.on_gpu && task.memory_use.computed)
      mapping.at("memory_use").fail("a computed 'memory_use' next to 'runs_on: gpu'", "one that is known before");
    for (const std::string_view other : {"body", "sleep", "return"})
      if (task.on_gpu && mapping.has(other))
        mapping.fail_at_key(other, fmt::format("'{}' next to 'runs_on'", other), "one of the two");
    if (task.on_gpu && task.has_body())
      mapping.at("duration").fail("a computed duration next to 'runs_on: gpu'", "a duration that is known before");
  }
  const auto copied = [&](const std::string& name) -> Bytes {
    const auto key = mapping.find(name);
    if (!key) return {};
    const Bytes size = key->bytes();
    if (!task.on_gpu) mapping.fail_at_key(name, in_quotes(name) + " in a task that runs on a core", "'runs_on: gpu'");
    return size;
  };
  task.device_copy = copied("device_copy");
  task.device_copy_back = copied("device_copy_back");
  read_device_memory(mapping, task, has_gpus);
}

class DeclarationReader {
 public:
  DeclarationReader(ScenarioContext& context, ScenarioProgram& program) : context_(context), program_(program) {}

  void read(const YamlMapping& scenario) {
    if (const auto key = scenario.find("functions")) declare_functions(*key);
    if (const auto key = scenario.find("tasks")) declare_tasks(*key);
    if (const auto key = scenario.find("actors")) declare_actors(*key);
    for (const Pending& pending : pending_) read_body(pending);
    read_drivers(scenario);
  }

 private:
  void read_drivers(const YamlMapping& scenario) {
    const auto one = scenario.find("driver");
    const auto several = scenario.find("drivers");
    if (one && several) scenario.fail_at_key("drivers", "'drivers' next to 'driver'", "one of the two");
    if (one) return read_steps(*one, program_.drivers.emplace_back());
    const std::vector<YamlReader> readers = several->named_values("drivers by name");
    if (readers.empty()) several->fail("'drivers' without a driver", "at least one by its name");
    for (const YamlReader& reader : readers) read_driver(reader);
  }

  void read_driver(const YamlReader& reader) {
    const YamlMapping mapping = reader.mapping(keys::driver);
    DriverSpec& driver = program_.drivers.emplace_back();
    driver.name = reader.key();
    if (const auto key = mapping.find("at")) driver.at = key->duration();
    if (const auto key = mapping.find("node")) driver.node = context_.node(*key);
    if (const auto key = mapping.find("namespace")) driver.name_space = key->text("the name of a namespace");
    const NodeSpec& node = context_.cluster().nodes[driver.node.value_or(context_.cluster().head()).index];
    if (node.joins_at > driver.at)
      reader.fail_at_key(
          fmt::format("driver {} starts on {}, which is not there yet", in_quotes(driver.name), in_quotes(node.name)),
          "'at' when the node has joined, or another 'node'");
    read_steps(mapping.at("body"), driver);
  }

  void read_steps(const YamlReader& steps, DriverSpec& driver) {
    NameTable names;
    driver.body.steps = BodyReader(context_, names, {}).steps(steps);
    driver.body.names = names.take_names();
  }

  // A body that is read when everything is declared.
  struct Pending {
    YamlMapping mapping;
    std::string_view steps;  // the key of its steps
    BodySpec* body;
    NameTable* names;
    BodyKind kind;
  };

  NameTable& new_names(const std::vector<std::string>* state = nullptr) { return names_.emplace_back(state); }

  void read_body(const Pending& pending) {
    BodySpec& body = *pending.body;
    BodyReader reader(context_, *pending.names, pending.kind);
    if (const auto steps = pending.mapping.find(pending.steps)) body.steps = reader.steps(*steps);
    if (const auto result = pending.mapping.find("return"))
      body.result = ExpressionReader(context_.engine(), *pending.names).value(*result);
    if (pending.names->knows("self")) body.self = pending.names->slot_of("self");
    body.names = pending.names->take_names();
  }

  void read_parameters(const YamlMapping& mapping, BodySpec& body, NameTable& names) const {
    const auto key = mapping.find("parameters");
    if (!key) return;
    const std::vector<YamlReader> parameters = key->list("a list of names");
    for (const YamlReader& parameter : parameters) {
      std::string name = parameter.is_scalar() ? parameter.scalar() : std::string();
      if (name.starts_with('*')) {
        if (&parameter != &parameters.back())
          parameter.fail("'*' before the last parameter", "it with the last one only");
        body.takes_rest = true;
        name.erase(0, 1);
      }
      check_variable_name(parameter, name, false);
      if (names.knows(name)) parameter.fail("second parameter " + in_quotes(name), "names that differ");
      names.add(name);
      body.names.push_back(name);
    }
    body.parameters = static_cast<std::uint32_t>(parameters.size());
  }

  // What tasks, methods and constructors have alike. `steps`: the key of their steps.
  void read_function(const YamlMapping& mapping, std::string_view steps, FunctionSpec& function,
                     NameTable& names) const {
    const ExpressionReader read(context_.engine(), names);
    read_parameters(mapping, function.body, names);
    function.has_steps = mapping.has(steps);
    for (const std::string_view key : {"duration", "sleep"})
      if (function.has_steps && mapping.has(key))
        mapping.fail_at_key(key, fmt::format("'{}' next to '{}'", key, steps),
                            "one of the two, as the steps of the body take the time");
    if (const auto key = mapping.find("duration")) function.duration = read.durations(*key);
    if (const auto key = mapping.find("sleep")) function.compute = !key->boolean();
    if (const auto key = mapping.find("returns")) {
      function.return_size = read.sizes(*key);
      function.size_given = true;
    }
    if (const auto key = mapping.find("num_returns")) {
      const std::string word = key->is_scalar() ? key->scalar() : std::string();
      function.num_returns = word == "streaming" ? streaming_returns
                             : word == "dynamic" ? dynamic_returns
                                                 : static_cast<int>(key->whole(0, most_returns));
      if (function.yields() && !function.has_steps)
        key->fail("a generator without a body", "steps, of which some are 'yield'");
      if (function.yields() && mapping.has("return"))
        mapping.fail_at_key("return", "'return' of a generator", "the step 'yield'");
    }
    if (const auto key = mapping.find("memory_use")) function.memory_use = read.sizes(*key);
    function.returns_value = mapping.has("return");
  }

  void declare_functions(const YamlReader& value) {
    const std::vector<YamlReader> readers = value.named_values("functions by name");
    program_.functions.reserve(readers.size());
    for (const YamlReader& reader : readers) {
      const YamlMapping mapping = reader.mapping(keys::function);
      SubroutineSpec& function = program_.functions.emplace_back();
      function.name = reader.key();
      function.place = place_of(reader);
      NameTable& names = new_names();
      read_parameters(mapping, function.body, names);
      context_.functions.add(function.name);
      pending_.push_back({mapping, "body", &function.body, &names, {.returns = true}});
    }
  }

  void declare_tasks(const YamlReader& value) {
    const std::vector<YamlReader> readers = value.named_values("tasks by name");
    program_.tasks.reserve(readers.size());
    for (const YamlReader& reader : readers) {
      const YamlMapping mapping = reader.mapping(keys::task);
      TaskSpec& task = program_.tasks.emplace_back();
      task.name = reader.key();
      task.place = place_of(reader);
      task.options = read_options(mapping, context_);
      check_demand(task.options, "task " + in_quotes(task.name), reader, context_);
      NameTable& names = new_names();
      read_function(mapping, "body", task, names);
      read_place_of_work(mapping, task, task.options.num_gpus.value_or(0) > 0);
      if (const auto key = mapping.find("max_calls")) task.max_calls = static_cast<int>(key->whole(0, most_attempts));
      if (const auto key = mapping.find("crash"))
        task.crash_attempts = static_cast<int>(key->mapping(keys::crash).at("attempts").whole(0, most_attempts));
      context_.tasks.add(task.name);
      pending_.push_back({mapping, "body", &task.body, &names, {.returns = true, .yields = task.yields()}});
    }
  }

  void declare_actors(const YamlReader& value) {
    const std::vector<YamlReader> readers = value.named_values("actors by name");
    program_.actors.reserve(readers.size());
    for (const YamlReader& reader : readers) {
      const YamlMapping mapping = reader.mapping(keys::actor);
      ActorClassSpec& actor = program_.actors.emplace_back();
      actor.name = reader.key();
      actor.place = place_of(reader);
      NameTable none;
      actor.options = read_actor_options(mapping, context_, ExpressionReader(context_.engine(), none), false);
      check_demand(actor.options.task, "actor " + in_quotes(actor.name), reader, context_);
      if (const auto key = mapping.find("async")) actor.is_async = key->boolean();
      if (const auto key = mapping.find("concurrency_groups"))
        for (const YamlReader& group : key->named_values("most calls at a time by group"))
          actor.concurrency_groups.emplace_back(group.key(), static_cast<int>(group.whole(1, 1'000'000)));
      read_state(mapping, actor);
      read_device_memory(mapping, actor.constructor, has_gpus(actor));
      if (const auto key = mapping.find("methods"))
        for (const YamlReader& method : declared(*key, actor)) read_method(method, actor);
      if (const auto key = mapping.find("enable_tensor_transport")) {
        if (!key->boolean() && actor.tensor_transport)
          key->fail("'enable_tensor_transport: false' next to a method with 'tensor_transport'", "one of the two");
        actor.tensor_transport = key->boolean();
      }
      context_.actors.add(actor.name);
    }
  }

  std::vector<YamlReader> declared(const YamlReader& methods, ActorClassSpec& actor) const {
    std::vector<YamlReader> readers = methods.named_values("methods by name");
    actor.methods.reserve(readers.size());
    return readers;
  }

  static bool has_gpus(const ActorClassSpec& actor) { return actor.options.task.num_gpus.value_or(0) > 0; }

  static void read_tensor_transport(const YamlReader& key, const YamlMapping& mapping, MethodSpec& method,
                                    ActorClassSpec& actor) {
    method.transport = read_transport(key);
    if (method.transport == TensorTransport::object_store) return;
    actor.tensor_transport = true;
    if (needs_gpu(method.transport) && !has_gpus(actor))
      key.fail(fmt::format("'tensor_transport: {}' in a class without GPUs", name_of(method.transport)),
               "'num_gpus' above 0 in the class, or 'gloo' or 'nixl', which also take tensors in main memory");
    if (method.num_returns != 1)
      mapping.fail_at_key("num_returns", "'num_returns' next to 'tensor_transport'",
                          "one return, which is the default");
  }

  // The constructor, with the values that the state starts with.
  void read_state(const YamlMapping& mapping, ActorClassSpec& actor) {
    FunctionSpec& constructor = actor.constructor;
    constructor.name = actor.name + ".__init__";
    constructor.place = actor.place;
    NameTable& names = new_names(&actor.state);
    read_function(mapping, "init", constructor, names);
    if (const auto key = mapping.find("state")) {
      const ExpressionReader read(context_.engine(), names);
      for (const YamlReader& part : key->named_values("first values by name")) {
        check_variable_name(part, part.key(), true);
        actor.initial.push_back(read.value(part));
        actor.state.emplace_back(part.key());
      }
    }
    pending_.push_back({mapping, "init", &constructor.body, &names, {.returns = true, .of_actor = true}});
  }

  void read_method(const YamlReader& reader, ActorClassSpec& actor) {
    const YamlMapping mapping = reader.mapping(keys::method);
    MethodSpec& method = actor.methods.emplace_back();
    method.name = reader.key();
    method.place = place_of(reader);
    NameTable& names = new_names(&actor.state);
    read_function(mapping, "body", method, names);
    read_place_of_work(mapping, method, has_gpus(actor));
    if (const auto key = mapping.find("tensor_transport")) read_tensor_transport(*key, mapping, method, actor);
    if (const auto key = mapping.find("generator_backpressure_num_objects"))
      method.backpressure = read_backpressure(*key);
    if (const auto key = mapping.find("concurrency_group")) {
      method.concurrency_group = key->text("the name of a concurrency group");
      std::vector<std::string_view> known;
      for (const auto& group : actor.concurrency_groups) known.push_back(group.first);
      if (std::find(known.begin(), known.end(), method.concurrency_group) == known.end())
        key->fail_unknown("concurrency group", method.concurrency_group, known);
    }
    pending_.push_back(
        {mapping, "body", &method.body, &names, {.returns = true, .yields = method.yields(), .of_actor = true}});
  }

  ScenarioContext& context_;
  ScenarioProgram& program_;
  std::deque<NameTable> names_;
  std::vector<Pending> pending_;
};

}  // namespace

void read_declarations(const YamlMapping& scenario, ScenarioContext& context, ScenarioProgram& program) {
  DeclarationReader(context, program).read(scenario);
}

}  // namespace raysim
