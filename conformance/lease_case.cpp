#include "conformance/lease_case.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace raysim {

namespace {
constexpr std::size_t most_nodes = 1'000;

LeaseManagerSettings read_lease_settings(const CaseValue& setup) {
  LeaseManagerSettings settings;
  settings.worker_cap_enabled = setup["worker_cap_enabled"].boolean_or(true);
  settings.worker_cap_initial_backoff = Duration::milliseconds(setup["worker_cap_initial_backoff_ms"].whole_or(1'000));
  settings.worker_cap_max_backoff = Duration::milliseconds(setup["worker_cap_max_backoff_ms"].whole_or(10'000));
  settings.max_pinned_arguments = Bytes{setup["max_pinned_arg_bytes"].whole_or(0)};
  return settings;
}

std::string name_of(LeaseReply::Status status) {
  switch (status) {
    case LeaseReply::Status::rejected: return "rejected";
    case LeaseReply::Status::canceled: return "canceled:intended";
    case LeaseReply::Status::unschedulable: return "canceled:unschedulable";
    case LeaseReply::Status::runtime_env_failed: return "canceled:runtime_env_failed";
    case LeaseReply::Status::group_removed: return "canceled:group_removed";
    default: return "?";
  }
}
}  // namespace

LeaseCase::LeaseCase(const CaseValue& setup) {
  cluster_.nodes.reserve(most_nodes);  // what is known of nodes points there
  const CaseValue local = setup.at("local");
  const NodeId here = node_of(local["name"].text_or("local"));
  NodeSpec& spec = cluster_.nodes[here.index];
  spec.total = resources(local["total"]);
  for (const auto& [key, value] : local["labels"].entries()) spec.labels[key] = value.text();
  order_.push_back(here);
  units_.push_back(gpu_resource);
  for (const CaseValue& unit : setup["unit_resources"].items())
    units_.push_back(cluster_.resource_names.id_of(unit.text()));
  ClusterResourceScheduler::Setup surroundings{cluster_, classes_, order_, read_settings(setup), units_};
  scheduler_.emplace(surroundings, RandomStream(0, "conformance"), here);
  manager_.emplace(here, classes_, read_lease_settings(setup), *scheduler_, *this);
}

NodeId LeaseCase::node_of(std::string_view name) {
  for (std::uint32_t i = 0; i < cluster_.nodes.size(); ++i)
    if (cluster_.nodes[i].name == name) return {i};
  if (cluster_.nodes.size() == most_nodes) throw SkipCase("it has too many nodes");
  NodeSpec node;
  node.name = name;
  cluster_.nodes.push_back(std::move(node));
  return {static_cast<std::uint32_t>(cluster_.nodes.size() - 1)};
}

ResourceSet LeaseCase::resources(const CaseValue& amounts) {
  ResourceSet set;
  for (const auto& [name, amount] : amounts.entries())
    set.set(cluster_.resource_names.id_of(name), ResourceAmount::of(amount.number()));
  return set;
}

// The latest of that name.
std::optional<LeaseId> LeaseCase::find(const CaseValue& name) const {
  const std::string text = name.text();
  for (std::size_t i = lease_names_.size(); i-- > 0;)
    if (lease_names_[i] == text) return LeaseId{i};
  return std::nullopt;
}

LeaseId LeaseCase::id_of(const CaseValue& name) const {
  const std::optional<LeaseId> id = find(name);
  if (!id) name.fail_expected("a lease that was submitted");
  return *id;
}

LeaseCase::Known& LeaseCase::known(const CaseValue& step, std::string_view key) {
  return leases_[lease_names_[id_of(step.at(key)).value]];
}

Lease LeaseCase::make_lease(const CaseValue& step) {
  SchedulingClass wanted;
  const auto numbered = [](auto& names, const std::string& name) {
    return names.try_emplace(name, static_cast<std::uint32_t>(names.size())).first->second;
  };
  wanted.function = {numbered(functions_, step["function"].text_or(""))};
  wanted.resources = resources(step["resources"]);
  wanted.strategy = read_strategy(step["strategy"], "default", [this](std::string_view name) { return node_of(name); });
  wanted.label_selector = read_selector(step["label_selector"]);
  for (const CaseValue& fallback : step["fallback_selectors"].items())
    wanted.fallback_selectors.push_back(read_selector(fallback));

  Lease lease;
  lease.id = {lease_names_.size()};
  lease.scheduling_class = classes_.id_of(wanted);
  lease.grant_or_reject = step["grant_or_reject"].boolean_or(false);
  lease.selected_by_locality = step["selected_by_locality"].boolean_or(false);
  lease.detached = step["detached_actor"].boolean_or(false);
  const std::string owner = step["owner"].text_or("");  // w1@n1
  const auto at = owner.find('@');
  lease.owner_process = {numbered(owners_, owner.substr(0, at))};
  if (at != std::string::npos) lease.owner_node = {numbered(owners_, owner.substr(at))};
  std::vector<LeaseArgument> arguments;
  for (const CaseValue& argument : step["args"].items()) {
    const auto name = static_cast<std::uint32_t>(std::hash<std::string>()(argument.at("id").text()));
    arguments.push_back({{StationId{0}, name}, Bytes{argument["bytes"].whole_or(0)}});
    if (!argument["local"].boolean_or(true)) missing_.insert(lease.id.value);
  }
  if (!arguments.empty()) lease.arguments = new LeaseArguments(std::move(arguments));
  lease_names_.push_back(step.at("lease").text());
  envs_.push_back(step["runtime_env"].text_or(""));
  leases_[lease_names_.back()] = {};
  return lease;
}

// --- what the lease manager asks for

void LeaseCase::answer(const Lease& lease, LeaseReply::Status status, NodeId node) {
  leases_[lease_names_[lease.id.value]].reply =
      status == LeaseReply::Status::redirected ? "spill:" + cluster_.nodes[node.index].name : name_of(status);
}

void LeaseCase::granted(Lease&& lease, ProcessId) {
  ++granted_total_;
  Known& known = leases_[lease_names_[lease.id.value]];
  known.reply = "granted";
  known.granted = std::move(lease);
}

std::optional<ProcessId> LeaseCase::request_worker(const Lease& lease) {
  ++worker_requests_;
  auto& idle = idle_[envs_[lease.id.value]];
  if (idle.empty()) {
    waiting_.push_back({lease.id, envs_[lease.id.value]});
    return std::nullopt;
  }
  const ProcessId worker = idle.back();
  idle.pop_back();
  return worker;
}

void LeaseCase::forget_worker(const Lease& lease) {
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.lease == lease.id; });
}

// --- steps

LeaseCase::Result LeaseCase::step(const CaseValue& step) {
  const std::string op = step.at("op").text();
  if (lease_step(op, step) || world_step(op, step)) return {};
  if (const auto result = cancellation(op, step)) return *result;
  if (const auto result = bare_worker(op, step)) return *result;
  throw SkipCase(fmt::format("no step is called '{}'", op));
}

bool LeaseCase::lease_step(const std::string& op, const CaseValue& step) {
  if (op == "submit") {
    manager_->queue(make_lease(step));
    manager_->schedule();
  } else if (op == "submit_batch") {
    for (const CaseValue& lease : step.at("leases").items()) manager_->queue_here(make_lease(lease));
    manager_->grant();
  } else if (op == "args_ready") {
    args_ready(step);
  } else if (op == "args_evicted") {
    missing_.insert(id_of(step.at("lease")).value);
  } else if (op == "pull_blocked") {
    blocked_.insert(id_of(step.at("lease")).value);
  } else if (op == "finish" || op == "block" || op == "unblock") {
    Known& lease = known(step);
    if (!lease.granted) return true;
    if (op == "finish") manager_->finished(*lease.granted);
    if (op == "block") manager_->block(*lease.granted);
    if (op == "unblock") manager_->unblock(*lease.granted);
  } else if (op == "block_any_running") {
    for (auto& [name, lease] : leases_) {
      if (!lease.granted || lease.granted->state != Lease::State::granted || lease.granted->blocked) continue;
      manager_->block(*lease.granted);
      break;
    }
  } else {
    return false;
  }
  return true;
}

bool LeaseCase::world_step(const std::string& op, const CaseValue& step) {
  if (op == "worker_arrives") {
    worker_arrives(step);
  } else if (op == "worker_start_failed") {
    worker_failed(step);
  } else if (op == "tick") {
    manager_->schedule();
  } else if (op == "advance_ms") {
    now_ = now_ + Duration::milliseconds(step.at("ms").whole());
  } else if (op == "set_node") {
    set_node(step);
  } else if (op == "drain_local") {
    manager_->drain();
  } else if (op == "add_resource") {
    std::vector<ResourceAmount> instances;
    for (const CaseValue& amount : step.at("instances").items())
      instances.push_back(ResourceAmount::of(amount.number()));
    scheduler_->grow(cluster_.resource_names.id_of(step.at("resource").text()), instances);
  } else if (op == "delete_resource") {
    scheduler_->remove(cluster_.resource_names.id_of(step.at("resource").text()));
  } else if (op != "report_demand") {
    return false;
  }
  return true;
}

void LeaseCase::args_ready(const CaseValue& step) {
  std::vector<CaseValue> names = step["leases"].items();
  if (step["lease"].exists()) names.push_back(step["lease"]);
  for (const CaseValue& name : names) {
    missing_.erase(id_of(name).value);
    manager_->arguments_ready(id_of(name));
  }
  manager_->grant();
}

void LeaseCase::worker_arrives(const CaseValue& step) {
  const std::string env = step["runtime_env"].text_or("");
  for (std::int64_t n = step["count"].whole_or(1); n > 0; --n) {
    const ProcessId worker{workers_++};
    bool taken = false;
    while (!taken) {
      const auto next =
          std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& w) { return w.runtime_env == env; });
      if (next == waiting_.end()) break;
      const LeaseId lease = next->lease;
      waiting_.erase(next);
      taken = manager_->worker_arrived(lease, worker);
    }
    if (!taken) idle_[env].push_back(worker);
  }
}

void LeaseCase::worker_failed(const CaseValue& step) {
  constexpr std::pair<std::string_view, WorkerFailure> reasons[] = {
      {"registration_timeout", WorkerFailure::registration_timeout},
      {"job_config_missing", WorkerFailure::registration_timeout},  // its turn comes again as well
      {"runtime_env_failed", WorkerFailure::runtime_env_failed},
      {"job_finished", WorkerFailure::job_finished}};
  const std::string reason = step.at("reason").text();
  const auto* const why =
      std::find_if(std::begin(reasons), std::end(reasons), [&](const auto& known) { return known.first == reason; });
  if (why == std::end(reasons)) throw SkipCase(fmt::format("no worker fails with '{}'", reason));
  const LeaseId lease = id_of(step.at("lease"));
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.lease == lease; });
  manager_->worker_failed(lease, why->second);
}

void LeaseCase::set_node(const CaseValue& step) {
  const NodeId node = node_of(step.at("node").text());
  if (std::find(order_.begin(), order_.end(), node) == order_.end()) order_.push_back(node);
  NodeSpec& spec = cluster_.nodes[node.index];
  spec.total = resources(step["total"]);
  for (const auto& [key, value] : step["labels"].entries()) spec.labels[key] = value.text();
  const bool usable = step["alive"].boolean_or(true) && !step["draining"].boolean_or(false);
  const CaseValue available = step["available"];
  scheduler_->set_node(node, spec, available.exists() ? resources(available) : spec.total, usable);
}

std::optional<LeaseCase::Result> LeaseCase::cancellation(const std::string& op, const CaseValue& step) {
  Result result;
  const auto owner = [&](const std::string& prefix) {
    const auto it = owners_.find(prefix + step.at("owner").text());
    return it != owners_.end() ? it->second : ~std::uint32_t{0};
  };
  if (op == "cancel") {
    const std::optional<LeaseId> lease = find(step.at("lease"));
    result.canceled = lease && manager_->cancel(*lease);
    return result;
  }
  if (op == "cancel_owner_worker") {
    result.canceled_count = manager_->cancel_owned_by(ProcessId{owner("")});
  } else if (op == "cancel_owner_node") {
    result.canceled_count = manager_->cancel_owned_by(NodeId{owner("@")});
  } else if (op == "cancel_shapes") {
    std::vector<ResourceSet> shapes;
    for (const CaseValue& shape : step.at("shapes").items()) shapes.push_back(resources(shape));
    result.canceled_count = manager_->cancel_shapes(shapes);
  } else if (op == "cancel_all_silently" || op == "cancel_all") {
    const auto all = [](const Lease&) { return true; };
    const bool silently = op == "cancel_all_silently";
    result.canceled_count =
        manager_->cancel_if(all, silently ? std::nullopt : std::optional(LeaseReply::Status::canceled));
  } else {
    return std::nullopt;
  }
  result.canceled = *result.canceled_count > 0;
  return result;
}

// What holds resources here without a request, or outside any lease.
std::optional<LeaseCase::Result> LeaseCase::bare_worker(const std::string& op, const CaseValue& step) {
  Result result;
  if (op == "take" || op == "hold") {
    Lease lease;
    SchedulingClass wanted;
    wanted.resources = resources(step["resources"]);
    lease.scheduling_class = classes_.id_of(wanted);
    lease.state = Lease::State::granted;
    auto held = scheduler_->allocate(wanted.resources);
    result.ok = held.has_value();
    const std::string worker = step["worker"].text_or("");
    if (!held) return result;
    lease.held = std::move(*held);
    bare_[worker] = std::move(lease);
  } else if (op == "block_worker" || op == "unblock_worker") {
    const auto it = bare_.find(step.at("worker").text());
    result.ok = it != bare_.end();
    if (*result.ok && op == "block_worker") manager_->block(it->second);
    if (*result.ok && op == "unblock_worker") manager_->unblock(it->second);
  } else if (op == "release") {
    const auto it = bare_.find(step["worker"].text_or(""));
    result.ok = it != bare_.end();
    if (!*result.ok) return result;
    scheduler_->release(it->second.held);
    bare_.erase(it);
  } else {
    return std::nullopt;
  }
  return result;
}

}  // namespace raysim
