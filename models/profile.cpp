#include "models/profile.hpp"

#include <iterator>

#include "models/messages.hpp"

namespace raysim {

namespace {

std::vector<NamedField> object_fields(SystemConfig& s) {
  const Duration ms = Duration::milliseconds(1);
  return {
      {"object_store_full_delay_ms", &s.object_store_full_delay, ms},
      {"oom_grace_period_s", &s.oom_grace_period, Duration::seconds(1)},
      {"object_spilling_threshold", &s.object_spilling_threshold, {}},
      {"min_spilling_size", &s.min_spilling_size, {}},
      {"max_fused_object_count", &s.max_fused_object_count, {}},
      {"max_spilling_file_size_bytes", &s.max_spilling_file_size, {}},
      {"max_io_workers", &s.max_io_workers, {}},
      {"free_objects_period_milliseconds", &s.free_objects_period, ms},
      {"free_objects_batch_size", &s.free_objects_batch_size, {}},
      {"max_free_local_objects_batch_size", &s.max_free_local_objects_batch_size, {}},
      {"local_fs_capacity_threshold", &s.local_fs_capacity_threshold, {}},
      {"local_fs_monitor_interval_ms", &s.local_fs_monitor_interval, ms},
      {"object_manager_default_chunk_size", &s.object_manager_default_chunk_size, {}},
      {"object_manager_max_bytes_in_flight", &s.object_manager_max_bytes_in_flight, {}},
      {"object_manager_pull_timeout_ms", &s.object_manager_pull_timeout, ms},
      {"object_manager_push_timeout_ms", &s.object_manager_push_timeout, ms},
      {"object_manager_timer_freq_ms", &s.object_manager_timer_freq, ms},
      {"fetch_fail_timeout_milliseconds", &s.fetch_fail_timeout, ms},
      {"max_object_report_batch_size", &s.max_object_report_batch_size, {}},
      {"max_command_batch_size", &s.max_command_batch_size, {}},
      {"publish_batch_size", &s.publish_batch_size, {}},
      {"max_direct_call_object_size", &s.max_direct_call_object_size, {}},
      {"task_rpc_inlined_bytes_limit", &s.task_rpc_inlined_bytes_limit, {}},
      {"max_task_args_memory_fraction", &s.max_task_args_memory_fraction, {}},
      {"locality_aware_leasing_enabled", &s.locality_aware_leasing_enabled, {}},
      {"memory_usage_threshold", &s.memory_usage_threshold, {}},
      {"memory_monitor_refresh_ms", &s.memory_monitor_refresh, ms},
      {"min_memory_free_bytes", &s.min_memory_free, {}},
      {"max_kill_memory_buffer_bytes", &s.max_kill_memory_buffer, {}},
      {"worker_killing_policy_by_group", &s.worker_killing_policy_by_group, {}},
      {"idle_worker_killing_memory_threshold_bytes", &s.idle_worker_killing_memory_threshold, {}},
      {"task_oom_retries", &s.task_oom_retries, {}},
      {"task_oom_retry_delay_base_ms", &s.task_oom_retry_delay_base, ms},
  };
}

}  // namespace

std::vector<NamedField> system_config_fields(Profile& profile) {
  SystemConfig& s = profile.system;
  const Duration ms = Duration::milliseconds(1);
  std::vector<NamedField> fields{
      {"worker_lease_timeout_milliseconds", &s.worker_lease_timeout, ms},
      {"max_pending_lease_requests_per_scheduling_category", &s.max_pending_lease_requests, {}},
      {"max_pending_lease_requests_minimum", &s.max_pending_lease_requests_minimum, {}},
      {"raylet_report_resources_period_milliseconds", &s.report_resources_period, ms},
      {"ray_syncer_message_refresh_interval_ms", &s.syncer_refresh_interval, ms},
      {"scheduler_spread_threshold", &s.scheduler_spread_threshold, {}},
      {"scheduler_top_k_fraction", &s.scheduler_top_k_fraction, {}},
      {"scheduler_top_k_absolute", &s.scheduler_top_k_absolute, {}},
      {"scheduler_avoid_gpu_nodes", &s.scheduler_avoid_gpu_nodes, {}},
      {"worker_cap_enabled", &s.worker_cap_enabled, {}},
      {"worker_cap_initial_backoff_delay_ms", &s.worker_cap_initial_backoff, ms},
      {"worker_cap_max_backoff_delay_ms", &s.worker_cap_max_backoff, ms},
      {"kill_idle_workers_interval_ms", &s.kill_idle_workers_interval, ms},
      {"idle_worker_killing_time_threshold_ms", &s.idle_worker_killing_time_threshold, ms},
      {"num_workers_soft_limit", &s.num_workers_soft_limit, {}},
      {"worker_maximum_startup_concurrency", &s.worker_maximum_startup_concurrency, {}},
      {"prestart_worker_first_driver", &s.prestart_worker_first_driver, {}},
      {"core_worker_internal_heartbeat_ms", &s.core_worker_heartbeat, ms},
      {"report_worker_backlog_interval_ms", &s.report_worker_backlog_interval, ms},
      {"task_retry_delay_ms", &s.task_retry_delay, ms},
      {"task_events_report_interval_ms", &s.task_events_report_interval, ms},
      {"cancellation_retry_ms", &s.cancellation_retry, ms},
      {"rdt_fetch_fail_timeout_milliseconds", &s.rdt_fetch_fail_timeout, ms},
      {"get_check_signal_interval_milliseconds", &s.get_check_signal_interval, ms},
      {"task_max_retries", &s.task_max_retries, {}},
      {"predefined_unit_instance_resources", &s.predefined_unit_instance_resources, {}},
      {"custom_unit_instance_resources", &s.custom_unit_instance_resources, {}},
      {"gcs_create_placement_group_retry_min_interval_ms", &s.gcs_create_placement_group_retry_min_interval, ms},
      {"gcs_create_placement_group_retry_max_interval_ms", &s.gcs_create_placement_group_retry_max_interval, ms},
      {"gcs_create_placement_group_retry_multiplier", &s.gcs_create_placement_group_retry_multiplier, {}},
      {"gcs_lease_worker_retry_interval_ms", &s.gcs_lease_worker_retry_interval, ms},
      {"gcs_create_actor_retry_interval_ms", &s.gcs_create_actor_retry_interval, ms},
      {"timeout_ms_task_wait_for_death_info", &s.timeout_task_wait_for_death_info, ms},
      {"task_actor_unavailable_retry_delay_base_ms", &s.task_actor_unavailable_retry_delay_base, ms},
      {"task_actor_unavailable_retry_delay_max_ms", &s.task_actor_unavailable_retry_delay_max, ms},
  };
  const std::vector<NamedField> objects = object_fields(s);
  fields.insert(fields.end(), objects.begin(), objects.end());
  return fields;
}

namespace {
// What processes do when there is nothing to do.
std::vector<NamedField> idle_fields(Costs& c) {
  return {
      {"idle_worker_period", &c.idle_worker.period, {}},
      {"idle_worker_work", &c.idle_worker.work, {}},
      {"idle_driver_period", &c.idle_driver.period, {}},
      {"idle_driver_work", &c.idle_driver.work, {}},
      {"idle_raylet_period", &c.idle_raylet.period, {}},
      {"idle_raylet_work", &c.idle_raylet.work, {}},
      {"idle_gcs_period", &c.idle_gcs.period, {}},
      {"idle_gcs_work", &c.idle_gcs.work, {}},
      {"agents_start", &c.agents_start, {}},
  };
}
}  // namespace

std::vector<NamedField> cost_fields(Profile& profile) {
  Costs& c = profile.costs;
  std::vector<NamedField> fields{
      {"task_submit", &c.task_submit, {}},
      {"task_execute_before", &c.task_execute_before, {}},
      {"task_execute_after", &c.task_execute_after, {}},
      {"get_call", &c.get_call, {}},
      {"get_object", &c.get_object, {}},
      {"reference_write", &c.reference_write, {}},
      {"reference_read", &c.reference_read, {}},
      {"wait_call", &c.wait_call, {}},
      {"wait_object", &c.wait_object, {}},
      {"put_object", &c.put_object, {}},
      {"arguments_load", &c.arguments_load, {}},
      {"store_get", &c.store_get, {}},
      {"wake_after_sleep", &c.wake_after_sleep, {}},
      {"worker_start", &c.worker_start, {}},
      {"worker_first_task", &c.worker_first_task, {}},
      {"function_export", &c.function_export, {}},
      {"function_load", &c.function_load, {}},
      {"worker_exit", &c.worker_exit, {}},
      {"worker_exit_tail", &c.worker_exit_tail, {}},
      {"worker_linger", &c.worker_linger, {}},
      {"driver_exit", &c.driver_exit, {}},
      {"worker_fork", &c.worker_fork, {}},
      {"thread_wakeup", &c.thread_wakeup, {}},
      {"loopback_wakeup", &c.loopback_wakeup, {}},
      {"network_wakeup", &c.network_wakeup, {}},
      {"tick", &c.tick, {}},
      {"time_slice", &c.time_slice, {}},
      {"low_weight", &c.low_weight, {}},
      {"sharing_slowdown", &c.sharing_slowdown, {}},
      {"flow_threshold", &c.flow_threshold, {}},
      {"actor_create", &c.actor_create, {}},
      {"actor_call", &c.actor_call, {}},
      {"actor_execute_before", &c.actor_execute_before, {}},
      {"async_call", &c.async_call, {}},
      {"actor_execute_after", &c.actor_execute_after, {}},
      {"generator_item", &c.generator_item, {}},
      {"copy_bandwidth", &c.copy_bandwidth, {}},
      {"copy_parallel", &c.copy_parallel, {}},
      {"copy_threads", &c.copy_threads, {}},
      {"copy_new_pages", &c.copy_new_pages, {}},
      {"chunk_new_pages", &c.chunk_new_pages, {}},
      {"chunk_bandwidth", &c.chunk_bandwidth, {}},
      {"location_update", &c.location_update, {}},
      {"io_worker_start", &c.io_worker_start, {}},
      {"disk_write_bandwidth", &c.disk_write_bandwidth, {}},
      {"disk_read_bandwidth", &c.disk_read_bandwidth, {}},
      {"placement_group_call", &c.placement_group_call, {}},
      {"schedule_placement_group", &c.schedule_placement_group, {}},
      {"placement_group_tick", &c.placement_group_tick, {}},
  };
  const auto idle = idle_fields(c);
  fields.insert(fields.end(), idle.begin(), idle.end());
  return fields;
}

namespace {
constexpr std::string_view kind_names[] = {"none",
                                           "submit_task",
                                           "request_worker_lease",
                                           "lease_reply",
                                           "cancel_worker_lease",
                                           "return_worker_lease",
                                           "push_task",
                                           "task_reply",
                                           "register_worker",
                                           "register_driver",
                                           "exit_worker",
                                           "exit_answered",
                                           "task_blocked",
                                           "task_unblocked",
                                           "resource_report",
                                           "resource_broadcast",
                                           "task_events",
                                           "export_function",
                                           "fetch_function",
                                           "function_code",
                                           "get_failure_cause",
                                           "failure_cause",
                                           "cancel_reply",
                                           "cancel_task",
                                           "drain_node",
                                           "drain_raylet",
                                           "create_placement_group",
                                           "wait_placement_group",
                                           "get_placement_group",
                                           "remove_placement_group",
                                           "placement_group_reply",
                                           "prepare_bundle_resources",
                                           "commit_bundle_resources",
                                           "bundle_resources_reply",
                                           "cancel_resource_reserve",
                                           "steal_leases",
                                           "leases_stolen",
                                           "lease_news",
                                           "get_object_status",
                                           "object_status",
                                           "register_actor",
                                           "create_actor",
                                           "get_named_actor",
                                           "actor_reply",
                                           "subscribe_actor",
                                           "actor_news",
                                           "kill_actor",
                                           "actor_out_of_scope",
                                           "push_actor_creation",
                                           "actor_created",
                                           "kill_local_actor",
                                           "exit_actor",
                                           "worker_death",
                                           "push_actor_task",
                                           "submit_actor_task",
                                           "actor_task_reply",
                                           "request_owner_to_cancel",
                                           "cancel_task_reply",
                                           "report_generator_item",
                                           "generator_item_reply",
                                           "create_object",
                                           "object_created",
                                           "seal_object",
                                           "fetch_objects",
                                           "cancel_fetch",
                                           "objects_local",
                                           "pull_objects",
                                           "push_chunk",
                                           "chunk_answered",
                                           "subscribe_locations",
                                           "locations_subscribed",
                                           "location_news",
                                           "poll_locations",
                                           "report_locations",
                                           "locations_reported",
                                           "free_objects",
                                           "objects_freed",
                                           "job_finished",
                                           "report_worker_backlog",
                                           "move_pieces",
                                           "tensors_wanted",
                                           "tensors_arrived",
                                           "tensors_taken",
                                           "wait_for_ref_removed",
                                           "ref_removed"};
static_assert(std::size(kind_names) == static_cast<std::size_t>(MessageKind::count));
}  // namespace

std::span<const std::string_view> message_kind_names() { return kind_names; }

std::span<const std::string_view> system_config_names() {
  static const std::vector<std::string_view> names = [] {
    Profile scratch;
    std::vector<std::string_view> out;
    for (const NamedField& field : system_config_fields(scratch)) out.push_back(field.name);
    return out;
  }();
  return names;
}

}  // namespace raysim
