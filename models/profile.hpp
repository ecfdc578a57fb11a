// The constants of one release of Ray on one kind of machine.
//
// Models: Ray's own settings under their own names, and what its processes spend: CPU time and bytes of each message,
// costs of submitting, getting and starting workers. Every value comes from models/profiles/*.yaml, with unit,
// source and date there. Leaves out: costs that grow with the size of a cluster beyond the messages themselves.
// Mirrors src/ray/common/ray_config_def.h for SystemConfig.
// Invariants: a profile that lacks a value is refused; nothing here has a default of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/station.hpp"
#include "sim/time.hpp"

namespace raysim {

struct SystemConfig {
  Duration worker_lease_timeout;
  std::int64_t max_pending_lease_requests = 0;  // -1: max(minimum, nodes alive)
  std::int64_t max_pending_lease_requests_minimum = 0;
  Duration report_resources_period;
  Duration syncer_refresh_interval;
  double scheduler_spread_threshold = 0;
  double scheduler_top_k_fraction = 0;
  std::int64_t scheduler_top_k_absolute = 0;
  bool scheduler_avoid_gpu_nodes = false;
  bool worker_cap_enabled = false;
  Duration worker_cap_initial_backoff;
  Duration worker_cap_max_backoff;
  Duration kill_idle_workers_interval;
  Duration idle_worker_killing_time_threshold;
  std::int64_t num_workers_soft_limit = 0;
  std::int64_t worker_maximum_startup_concurrency = 0;
  bool prestart_worker_first_driver = false;
  Duration core_worker_heartbeat;
  Duration report_worker_backlog_interval;
  Duration task_retry_delay;
  Duration task_events_report_interval;
  Duration cancellation_retry;
  Duration rdt_fetch_fail_timeout;
  Duration get_check_signal_interval;
  std::int64_t task_max_retries = 0;
  std::string predefined_unit_instance_resources;  // names, with commas between
  std::string custom_unit_instance_resources;
  Duration gcs_create_placement_group_retry_min_interval;
  Duration gcs_create_placement_group_retry_max_interval;
  double gcs_create_placement_group_retry_multiplier = 1;
  Duration gcs_lease_worker_retry_interval;
  Duration gcs_create_actor_retry_interval;
  Duration timeout_task_wait_for_death_info;
  Duration task_actor_unavailable_retry_delay_base;
  Duration task_actor_unavailable_retry_delay_max;

  // The object store of a node.
  Duration object_store_full_delay;
  Duration oom_grace_period;
  double object_spilling_threshold = 0;
  Bytes min_spilling_size;
  std::int64_t max_fused_object_count = 0;
  std::int64_t max_spilling_file_size = 0;  // in bytes; -1: no limit
  std::int64_t max_io_workers = 0;
  Duration free_objects_period;
  std::int64_t free_objects_batch_size = 0;
  std::int64_t max_free_local_objects_batch_size = 0;
  double local_fs_capacity_threshold = 0;
  Duration local_fs_monitor_interval;
  // Transfers between nodes, and who knows where objects are.
  Bytes object_manager_default_chunk_size;
  Bytes object_manager_max_bytes_in_flight;
  Duration object_manager_pull_timeout;
  Duration object_manager_push_timeout;
  Duration object_manager_timer_freq;
  Duration fetch_fail_timeout;
  std::int64_t max_object_report_batch_size = 0;
  std::int64_t max_command_batch_size = 0;
  std::int64_t publish_batch_size = 0;
  Bytes max_direct_call_object_size;   // larger returns and arguments lie in the store
  Bytes task_rpc_inlined_bytes_limit;  // of all inlined arguments of a task
  double max_task_args_memory_fraction = 0;
  bool locality_aware_leasing_enabled = false;
  // The memory of a node.
  double memory_usage_threshold = 0;
  Duration memory_monitor_refresh;
  std::int64_t min_memory_free = 0;  // in bytes; -1: off
  Bytes max_kill_memory_buffer;
  bool worker_killing_policy_by_group = false;
  Bytes idle_worker_killing_memory_threshold;
  std::int64_t task_oom_retries = 0;  // of a task that may be tried again at all; -1: without end
  Duration task_oom_retry_delay_base;
};

// CPU time of things that are no messages.
struct Costs {
  Duration task_submit;          // caller's thread, a .remote() call
  Duration task_execute_before;  // worker's thread, until the function runs
  Duration task_execute_after;   // worker's thread, from the function's end to the reply
  Duration get_call;             // a ray.get call
  Duration get_object;           // each object of it
  Duration reference_write;      // each reference inside of a value, of whoever makes an object or an argument of it,
  Duration reference_read;       // and of whoever reads it
  Duration wait_call;
  Duration wait_object;  // on top, for each reference that it is given
  Duration put_object;
  Duration arguments_load;      // worker's thread, for a task that has arguments
  Duration store_get;           // worker's thread, each argument that lies in the object store of its node
  Duration wake_after_sleep;    // worker's thread, when a sleep is over
  Duration worker_start;        // CPU time of a new Python worker until it registers
  Duration worker_first_task;   // CPU time of a new worker's first task over a later one
  Duration function_export;     // caller's thread, its first call of a function
  Duration function_load;       // worker's thread, when it runs a function for the first time
  Duration worker_exit;         // CPU time of a worker that is asked to exit, until it disconnects
  Duration worker_exit_tail;    // CPU time of its process at the very end,
  Duration worker_linger;       // so long after
  Duration driver_exit;         // from the end of a driver's program to that of its process
  Duration worker_fork;         // raylet's CPU time to start one
  Duration thread_wakeup;       // from one thread of a process to another
  Duration loopback_wakeup;     // from a message's departure to its receiver running, on one machine
  Duration network_wakeup;      // the same between machines, on top of the route
  Duration tick;                // of the kernel: how often a running process is looked at (contended machines only)
  Duration time_slice;          // the kernel's base slice: how far ahead a deadline lies
  double low_weight = 0;        // of a worker's main thread; a normal thread has 1024
  double sharing_slowdown = 0;  // of its cores when all are busy: they share cache and memory
  // What a process does when there is nothing to do: `work` of CPU each `period` (contended machines only).
  struct Idle {
    Duration period;
    Duration work;
  };
  Idle idle_worker;
  Idle idle_driver;
  Idle idle_raylet;               // with its agents
  Duration agents_start;          // CPU time of a node's agents when it comes up (contended machines only)
  Idle idle_gcs;                  // with dashboard, monitor and log monitor of the head
  Bytes flow_threshold;           // larger messages share the links as flows
  Duration actor_create;          // caller's thread, to make the handle and the specification of an actor
  Duration actor_call;            // caller's thread, a .remote() call of a method
  Duration actor_execute_before;  // worker's thread, as task_execute_before for calls of actors
  Duration actor_execute_after;
  Duration async_call;         // the event loop of an async actor, on top of those two
  Duration generator_item;     // worker's thread, to hand out an item
  Bytes copy_bandwidth;        // a second: a value into the store of its node
  Bytes copy_parallel;         // from this size on several threads copy it,
  Duration copy_threads;       // which start first
  Bytes copy_new_pages;        // a second: on top, where nobody has written in the store before
  Bytes chunk_new_pages;       // the same for a thread that receives chunks
  Bytes chunk_bandwidth;       // a second: a thread that sends or receives chunks of objects
  Duration location_update;    // raylet or owner, each object of a batch
  Duration io_worker_start;    // CPU time of a process that spills or restores
  Bytes disk_write_bandwidth;  // a second: of a node that says nothing of its disk
  Bytes disk_read_bandwidth;
  Duration placement_group_call;      // caller's thread, to create, wait for, look up or remove a placement group
  Duration schedule_placement_group;  // GCS, one attempt to place a group
  Duration placement_group_tick;      // how often the GCS looks for groups that are due

  // Of a report, a subscription, news or a free with so many objects.
  [[nodiscard]] Duration location_updates(std::size_t count) const {
    return location_update * static_cast<std::int64_t>(count);
  }
};

struct Profile {
  std::string name;
  std::string base;  // the profile that it extends, if any
  SystemConfig system;
  Costs costs;
  MessageCosts messages{};
};

// Where a value of a profile lives, and in which unit Ray's own configuration counts it.
using ProfileField = std::variant<Duration*, std::int64_t*, double*, bool*, Bytes*, std::string*>;
struct NamedField {
  std::string_view name;
  ProfileField field;
  Duration unit;  // of a plain number, for durations (1 ms or 1 s); zero: none
};

// Ray's own names (as in `ray start --system-config`), bound to `profile`.
std::vector<NamedField> system_config_fields(Profile& profile);
// The entries of `costs:`, bound to `profile`.
std::vector<NamedField> cost_fields(Profile& profile);
// Just the names of system_config_fields.
std::span<const std::string_view> system_config_names();

}  // namespace raysim
