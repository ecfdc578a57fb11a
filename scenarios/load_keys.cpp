#include "scenarios/load_keys.hpp"

#include <algorithm>
#include <array>

#include "scenarios/load.hpp"

namespace raysim {

namespace scenario_keys {

namespace {

template <std::size_t First, std::size_t Second>
constexpr std::array<KeySpec, First + Second> joined(const std::array<KeySpec, First>& first,
                                                     const std::array<KeySpec, Second>& second) {
  std::array<KeySpec, First + Second> all{};
  std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), all.begin()));
  return all;
}

constexpr std::array scenario_list{KeySpec{"raysim", true},     KeySpec{"title"},      KeySpec{"seed"},
                                   KeySpec{"cluster", true},    KeySpec{"ray"},        KeySpec{"warm_workers"},
                                   KeySpec{"placement_groups"}, KeySpec{"functions"},  KeySpec{"tasks"},
                                   KeySpec{"actors"},           KeySpec{"driver"},     KeySpec{"drivers"},
                                   KeySpec{"program"},          KeySpec{"parameters"}, KeySpec{"expect"},
                                   KeySpec{"distributed_store"}};
constexpr std::array ray_list{KeySpec{"architecture"}, KeySpec{"profile"},       KeySpec{"policy"},
                              KeySpec{"view_delay"},   KeySpec{"decision_time"}, KeySpec{"system_config"}};
// Ray's options that tasks and actors have in common.
constexpr std::array common_list{
    KeySpec{"num_cpus"},       KeySpec{"num_gpus"},          KeySpec{"accelerator_type"},
    KeySpec{"memory"},         KeySpec{"resources"},         KeySpec{"scheduling_strategy"},
    KeySpec{"label_selector"}, KeySpec{"fallback_strategy"}, KeySpec{"runtime_env"}};
constexpr auto options_list =
    joined(common_list, std::array{KeySpec{"max_retries"}, KeySpec{"retry_exceptions"}, KeySpec{"priority"},
                                   KeySpec{"generator_backpressure_num_objects"}});
constexpr auto task_list =
    joined(options_list, std::array{KeySpec{"parameters"}, KeySpec{"duration"}, KeySpec{"sleep"}, KeySpec{"memory_use"},
                                    KeySpec{"runs_on"}, KeySpec{"device_copy"}, KeySpec{"device_memory"},
                                    KeySpec{"device_copy_back"}, KeySpec{"returns"}, KeySpec{"num_returns"},
                                    KeySpec{"max_calls"}, KeySpec{"crash"}, KeySpec{"body"}, KeySpec{"return"}});
constexpr std::array scheduling_strategy_list{KeySpec{"node_affinity"}, KeySpec{"node_labels"},
                                              KeySpec{"placement_group"}};
constexpr std::array node_affinity_list{KeySpec{"node", true}, KeySpec{"soft"}, KeySpec{"spill_on_unavailable"},
                                        KeySpec{"fail_on_unavailable"}};
constexpr std::array node_labels_list{KeySpec{"hard"}, KeySpec{"soft"}};
constexpr std::array fallback_list{KeySpec{"label_selector", true}};
constexpr std::array bundle_strategy_list{KeySpec{"group", true}, KeySpec{"bundle"}, KeySpec{"capture_child_tasks"}};
constexpr std::array placement_group_list{
    KeySpec{"strategy"},         KeySpec{"bundles", true},     KeySpec{"count"},   KeySpec{"bundle_label_selector"},
    KeySpec{"soft_target_node"}, KeySpec{"topology_strategy"}, KeySpec{"lifetime"}};
constexpr std::array wait_placement_group_list{KeySpec{"group", true}, KeySpec{"timeout"}};
constexpr std::array placement_group_ready_list{KeySpec{"group", true}, KeySpec{"as", true}, KeySpec{"append"}};
constexpr std::array runtime_env_list{KeySpec{"name", true}, KeySpec{"setup"}, KeySpec{"fails"}};
constexpr std::array crash_list{KeySpec{"attempts", true}};
constexpr std::array distribution_list{KeySpec{"uniform"},     KeySpec{"normal"}, KeySpec{"lognormal"},
                                       KeySpec{"exponential"}, KeySpec{"pareto"}, KeySpec{"empirical"}};
constexpr std::array uniform_list{KeySpec{"min", true}, KeySpec{"max", true}};
constexpr std::array normal_list{KeySpec{"mean", true}, KeySpec{"deviation", true}, KeySpec{"max"}};
constexpr std::array lognormal_list{KeySpec{"median", true}, KeySpec{"sigma", true}, KeySpec{"max"}};
constexpr std::array exponential_list{KeySpec{"mean", true}, KeySpec{"max"}};
constexpr std::array pareto_list{KeySpec{"min", true}, KeySpec{"shape", true}, KeySpec{"max"}};
constexpr std::array drain_list{KeySpec{"node", true}, KeySpec{"at"}};
constexpr std::array step_list{KeySpec{"submit"},
                               KeySpec{"get"},
                               KeySpec{"wait"},
                               KeySpec{"put"},
                               KeySpec{"sleep"},
                               KeySpec{"compute"},
                               KeySpec{"read_disk"},
                               KeySpec{"write_disk"},
                               KeySpec{"let"},
                               KeySpec{"if"},
                               KeySpec{"then"},
                               KeySpec{"else"},
                               KeySpec{"while"},
                               KeySpec{"do"},
                               KeySpec{"try"},
                               KeySpec{"except"},
                               KeySpec{"as"},
                               KeySpec{"repeat"},
                               KeySpec{"for_each"},
                               KeySpec{"arrivals"},
                               KeySpec{"call"},
                               KeySpec{"return"},
                               KeySpec{"raise"},
                               KeySpec{"print"},
                               KeySpec{"create"},
                               KeySpec{"invoke"},
                               KeySpec{"kill"},
                               KeySpec{"get_actor"},
                               KeySpec{"cancel"},
                               KeySpec{"yield"},
                               KeySpec{"next"},
                               KeySpec{"drain"},
                               KeySpec{"create_placement_group"},
                               KeySpec{"wait_placement_group"},
                               KeySpec{"placement_group_ready"},
                               KeySpec{"remove_placement_group"},
                               KeySpec{"store_create"},
                               KeySpec{"store_read"},
                               KeySpec{"store_write"},
                               KeySpec{"store_delete"},
                               KeySpec{"store_list"},
                               KeySpec{"store_stat"},
                               KeySpec{"store_fail"},
                               KeySpec{"store_join"},
                               KeySpec{"store_repair"}};
constexpr std::array submit_list{KeySpec{"task", true}, KeySpec{"count"},   KeySpec{"over"},
                                 KeySpec{"group"},      KeySpec{"args"},    KeySpec{"as"},
                                 KeySpec{"append"},     KeySpec{"options"}, KeySpec{"duration"}};
constexpr std::array get_list{KeySpec{"refs", true}, KeySpec{"timeout"}, KeySpec{"use_object_store"}, KeySpec{"as"}};
constexpr std::array wait_list{KeySpec{"refs", true},  KeySpec{"num_returns"}, KeySpec{"timeout"},
                               KeySpec{"fetch_local"}, KeySpec{"ready"},       KeySpec{"pending"}};
constexpr std::array put_list{KeySpec{"value"},    KeySpec{"size"},  KeySpec{"count"}, KeySpec{"tensor_transport"},
                              KeySpec{"as", true}, KeySpec{"append"}};
constexpr std::array repeat_list{KeySpec{"count", true}, KeySpec{"as"}, KeySpec{"do", true}};
constexpr std::array arrivals_list{KeySpec{"poisson"}, KeySpec{"every"}, KeySpec{"trace"},   KeySpec{"until"},
                                   KeySpec{"count"},   KeySpec{"as"},    KeySpec{"do", true}};
constexpr std::array function_list{KeySpec{"parameters"}, KeySpec{"body"}, KeySpec{"return"}};
constexpr std::array call_list{KeySpec{"function", true}, KeySpec{"args"}, KeySpec{"as"}};
constexpr auto actor_common_list =
    joined(common_list, std::array{KeySpec{"max_restarts"}, KeySpec{"max_task_retries"}, KeySpec{"max_pending_calls"},
                                   KeySpec{"max_concurrency"}});
constexpr auto actor_list =
    joined(actor_common_list,
           std::array{KeySpec{"concurrency_groups"}, KeySpec{"async"}, KeySpec{"name"}, KeySpec{"namespace"},
                      KeySpec{"lifetime"}, KeySpec{"get_if_exists"}, KeySpec{"parameters"}, KeySpec{"state"},
                      KeySpec{"duration"}, KeySpec{"sleep"}, KeySpec{"memory_use"}, KeySpec{"device_memory"},
                      KeySpec{"enable_tensor_transport"}, KeySpec{"init"}, KeySpec{"methods"}});
constexpr auto actor_options_list =
    joined(actor_common_list,
           std::array{KeySpec{"name"}, KeySpec{"namespace"}, KeySpec{"lifetime"}, KeySpec{"get_if_exists"}});
constexpr std::array method_list{KeySpec{"parameters"},
                                 KeySpec{"duration"},
                                 KeySpec{"sleep"},
                                 KeySpec{"memory_use"},
                                 KeySpec{"runs_on"},
                                 KeySpec{"device_copy"},
                                 KeySpec{"device_copy_back"},
                                 KeySpec{"device_memory"},
                                 KeySpec{"tensor_transport"},
                                 KeySpec{"returns"},
                                 KeySpec{"num_returns"},
                                 KeySpec{"concurrency_group"},
                                 KeySpec{"generator_backpressure_num_objects"},
                                 KeySpec{"body"},
                                 KeySpec{"return"}};
constexpr std::array create_list{KeySpec{"actor", true}, KeySpec{"args"}, KeySpec{"count"},
                                 KeySpec{"options"},     KeySpec{"as"},   KeySpec{"append"}};
constexpr std::array invoke_list{KeySpec{"actor", true},
                                 KeySpec{"method", true},
                                 KeySpec{"count"},
                                 KeySpec{"over"},
                                 KeySpec{"group"},
                                 KeySpec{"args"},
                                 KeySpec{"as"},
                                 KeySpec{"append"},
                                 KeySpec{"duration"},
                                 KeySpec{"tensor_transport"},
                                 KeySpec{"concurrency_group"},
                                 KeySpec{"generator_backpressure_num_objects"},
                                 KeySpec{"max_task_retries"}};
constexpr std::array kill_list{KeySpec{"actor", true}, KeySpec{"no_restart"}};
constexpr std::array get_actor_list{KeySpec{"name", true}, KeySpec{"namespace"}, KeySpec{"as", true}};
constexpr std::array cancel_list{KeySpec{"refs", true}, KeySpec{"force"}, KeySpec{"recursive"}};
constexpr std::array yield_list{KeySpec{"value"}, KeySpec{"size", true}};
constexpr std::array next_list{KeySpec{"of", true}, KeySpec{"as", true}};
constexpr std::array for_each_list{KeySpec{"in", true}, KeySpec{"as", true}, KeySpec{"do", true}};
constexpr std::array expect_list{KeySpec{"outcome"},       KeySpec{"makespan"},         KeySpec{"tasks_per_node"},
                                 KeySpec{"finished"},      KeySpec{"retried"},          KeySpec{"failed"},
                                 KeySpec{"oom_kills"},     KeySpec{"spilled"},          KeySpec{"restored"},
                                 KeySpec{"fallback_peak"}, KeySpec{"placement_groups"}, KeySpec{"drivers"},
                                 KeySpec{"values"}};
constexpr std::array driver_list{KeySpec{"at"}, KeySpec{"node"}, KeySpec{"namespace"}, KeySpec{"body", true}};
constexpr std::array expected_driver_list{KeySpec{"outcome"}, KeySpec{"makespan"}, KeySpec{"values"}};
constexpr std::array makespan_list{KeySpec{"min"}, KeySpec{"max"}};
constexpr std::array distributed_store_list{KeySpec{"piece_size"}, KeySpec{"replicas"}, KeySpec{"erasure"},
                                            KeySpec{"placement"}};
constexpr std::array store_create_list{KeySpec{"object", true}, KeySpec{"size", true}, KeySpec{"as"}, KeySpec{"moved"}};
constexpr std::array store_read_list{KeySpec{"object", true}, KeySpec{"as"}, KeySpec{"moved"}, KeySpec{"rebuilt"}};
constexpr std::array store_write_list{KeySpec{"object", true}, KeySpec{"size", true}, KeySpec{"offset"},
                                      KeySpec{"as"},           KeySpec{"moved"},      KeySpec{"rebuilt"}};
constexpr std::array store_delete_list{KeySpec{"object", true}, KeySpec{"as"}};
constexpr std::array store_list_list{KeySpec{"as", true}};
constexpr std::array store_stat_list{KeySpec{"object", true}, KeySpec{"size"},     KeySpec{"pieces"},
                                     KeySpec{"missing"},      KeySpec{"readable"}, KeySpec{"nodes"}};
constexpr std::array store_repair_list{KeySpec{"as"}, KeySpec{"moved"}, KeySpec{"rebuilt"}};

}  // namespace

constexpr MappingSpec scenario{"scenario", "the scenario", scenario_list};
constexpr MappingSpec ray{"ray", "'ray'", ray_list};
constexpr MappingSpec task{"task", "a task", task_list};
constexpr MappingSpec options{"options", "task options", options_list};
constexpr MappingSpec scheduling_strategy{"scheduling_strategy", "a scheduling strategy", scheduling_strategy_list};
constexpr MappingSpec node_affinity{"node_affinity", "a node affinity", node_affinity_list};
constexpr MappingSpec node_labels{"node_labels", "a node label strategy", node_labels_list};
constexpr MappingSpec fallback{"fallback", "a fallback", fallback_list};
constexpr MappingSpec bundle_strategy{"bundle_strategy", "a placement group strategy", bundle_strategy_list};
constexpr MappingSpec placement_group{"placement_group", "a placement group", placement_group_list};
constexpr MappingSpec placement_group_ready{"placement_group_ready", "'placement_group_ready'",
                                            placement_group_ready_list};
constexpr MappingSpec wait_placement_group{"wait_placement_group", "'wait_placement_group'", wait_placement_group_list};
constexpr MappingSpec runtime_env{"runtime_env", "a runtime environment", runtime_env_list};
constexpr MappingSpec crash{"crash", "'crash'", crash_list};
constexpr MappingSpec distribution{"distribution", "a distribution", distribution_list};
constexpr MappingSpec uniform{"uniform", "'uniform'", uniform_list};
constexpr MappingSpec normal{"normal", "'normal'", normal_list};
constexpr MappingSpec lognormal{"lognormal", "'lognormal'", lognormal_list};
constexpr MappingSpec exponential{"exponential", "'exponential'", exponential_list};
constexpr MappingSpec pareto{"pareto", "'pareto'", pareto_list};
constexpr MappingSpec step{"step", "a step", step_list};
constexpr MappingSpec submit{"submit", "'submit'", submit_list};
constexpr MappingSpec get{"get", "'get'", get_list};
constexpr MappingSpec wait{"wait", "'wait'", wait_list};
constexpr MappingSpec drain{"drain", "'drain'", drain_list};
constexpr MappingSpec put{"put", "'put'", put_list};
constexpr MappingSpec repeat{"repeat", "'repeat'", repeat_list};
constexpr MappingSpec arrivals{"arrivals", "'arrivals'", arrivals_list};
constexpr MappingSpec function{"function", "a function", function_list};
constexpr MappingSpec call{"call", "'call'", call_list};
constexpr MappingSpec actor{"actor", "an actor", actor_list};
constexpr MappingSpec actor_options{"actor_options", "actor options", actor_options_list};
constexpr MappingSpec method{"method", "a method", method_list};
constexpr MappingSpec create{"create", "'create'", create_list};
constexpr MappingSpec invoke{"invoke", "'invoke'", invoke_list};
constexpr MappingSpec kill{"kill", "'kill'", kill_list};
constexpr MappingSpec get_actor{"get_actor", "'get_actor'", get_actor_list};
constexpr MappingSpec cancel{"cancel", "'cancel'", cancel_list};
constexpr MappingSpec yield{"yield", "'yield'", yield_list};
constexpr MappingSpec next{"next", "'next'", next_list};
constexpr MappingSpec for_each{"for_each", "'for_each'", for_each_list};
constexpr MappingSpec driver{"driver", "a driver", driver_list};
constexpr MappingSpec expected_driver{"expected_driver", "what is expected of a driver", expected_driver_list};
constexpr MappingSpec expect{"expect", "'expect'", expect_list};
constexpr MappingSpec makespan{"makespan", "'makespan'", makespan_list};
constexpr MappingSpec distributed_store{"distributed_store", "'distributed_store'", distributed_store_list};
constexpr MappingSpec store_create{"store_create", "'store_create'", store_create_list};
constexpr MappingSpec store_read{"store_read", "'store_read'", store_read_list};
constexpr MappingSpec store_write{"store_write", "'store_write'", store_write_list};
constexpr MappingSpec store_delete{"store_delete", "'store_delete'", store_delete_list};
constexpr MappingSpec store_list{"store_list", "'store_list'", store_list_list};
constexpr MappingSpec store_stat{"store_stat", "'store_stat'", store_stat_list};
constexpr MappingSpec store_repair{"store_repair", "'store_repair'", store_repair_list};

}  // namespace scenario_keys

namespace {

namespace keys = scenario_keys;

constexpr std::array<const MappingSpec*, 53> all_specs{&keys::scenario,
                                                       &keys::ray,
                                                       &keys::task,
                                                       &keys::options,
                                                       &keys::scheduling_strategy,
                                                       &keys::node_affinity,
                                                       &keys::node_labels,
                                                       &keys::fallback,
                                                       &keys::runtime_env,
                                                       &keys::crash,
                                                       &keys::distribution,
                                                       &keys::uniform,
                                                       &keys::normal,
                                                       &keys::lognormal,
                                                       &keys::exponential,
                                                       &keys::pareto,
                                                       &keys::step,
                                                       &keys::submit,
                                                       &keys::get,
                                                       &keys::wait,
                                                       &keys::put,
                                                       &keys::drain,
                                                       &keys::repeat,
                                                       &keys::for_each,
                                                       &keys::driver,
                                                       &keys::expected_driver,
                                                       &keys::expect,
                                                       &keys::makespan,
                                                       &keys::bundle_strategy,
                                                       &keys::placement_group,
                                                       &keys::wait_placement_group,
                                                       &keys::placement_group_ready,
                                                       &keys::arrivals,
                                                       &keys::function,
                                                       &keys::call,
                                                       &keys::actor,
                                                       &keys::actor_options,
                                                       &keys::method,
                                                       &keys::create,
                                                       &keys::invoke,
                                                       &keys::kill,
                                                       &keys::get_actor,
                                                       &keys::cancel,
                                                       &keys::yield,
                                                       &keys::next,
                                                       &keys::distributed_store,
                                                       &keys::store_create,
                                                       &keys::store_read,
                                                       &keys::store_write,
                                                       &keys::store_delete,
                                                       &keys::store_list,
                                                       &keys::store_stat,
                                                       &keys::store_repair};

// python/ray/exceptions.py, without those that no simulated program can meet.
// The last two are what a run is that nobody can go on with.
constexpr std::array<std::string_view, 31> outcomes{"ok",
                                                    "RayTaskError",
                                                    "TaskCancelledError",
                                                    "TaskUnschedulableError",
                                                    "WorkerCrashedError",
                                                    "RayActorError",
                                                    "ActorDiedError",
                                                    "ActorUnavailableError",
                                                    "ActorUnschedulableError",
                                                    "GetTimeoutError",
                                                    "NodeDiedError",
                                                    "LocalRayletDiedError",
                                                    "OutOfMemoryError",
                                                    "OutOfDiskError",
                                                    "ObjectStoreFullError",
                                                    "ObjectLostError",
                                                    "ObjectFetchTimedOutError",
                                                    "ObjectFreedError",
                                                    "OwnerDiedError",
                                                    "ReferenceCountingAssertionError",
                                                    "ObjectReconstructionFailedError",
                                                    "ObjectReconstructionFailedMaxAttemptsExceededError",
                                                    "ObjectReconstructionFailedLineageEvictedError",
                                                    "RuntimeEnvSetupError",
                                                    "TaskPlacementGroupRemoved",
                                                    "ValueError",
                                                    "Exception",
                                                    "RaySystemError",
                                                    "PendingCallsLimitExceeded",
                                                    "deadlock",
                                                    "starved"};

}  // namespace

std::span<const MappingSpec* const> scenario_mappings() { return all_specs; }

std::span<const std::string_view> known_outcomes() { return outcomes; }

}  // namespace raysim
