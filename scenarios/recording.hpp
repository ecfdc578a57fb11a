// Recordings of real Ray (JSON), and the same programs simulated.
//
// Models: a recording is a session: one cluster, its cases one after the other with pauses, each repeated; all nodes are processes on one
// machine whose cores they share. The session is simulated as a whole, because what one case leaves behind (idle
// workers, stale views) is what the next one finds. Leaves out: kinds of programs that need node failures;
// their cases are skipped with the reason.
// Invariants: one cost profile for all cases; every mistake in the file is an InputError.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/cluster.hpp"
#include "models/profile.hpp"
#include "scenarios/program.hpp"

namespace raysim {

// What a case does. Sleeps stand for work.
struct RecordedProgram {
  enum class Kind : std::uint8_t {
    bag,
    nested,
    chain,
    tree,
    retry_crash,
    app_error,
    wait_window,
    task_sync,
    task_batch,
    wait_batch,
    get_small,
    put_small,
    put_large,
    transfer,
    driver_get,
    locality,
    shuffle,
    broadcast,
    spill,
    placement_group,
    actor_create,
    actor_rate,
    actor_pool,
    progress_actor,
    actor_restart,
    actor_retry_calls
  };
  Kind kind = Kind::bag;
  std::vector<double> durations;  // seconds, of each task
  std::int64_t n =
      0;  // bag, chain, retry_crash: tasks; actor_restart: kills; actor_retry_calls: calls; nested: parents; tree: leaves; batches: their size
  std::int64_t children = 0;         // nested; shuffle: reducers
  Bytes bytes;                       // of an object
  NodeId from;                       // where it is made,
  NodeId to;                         // and used
  std::int64_t window = 0;           // wait_window
  std::int64_t actors = 0;           // actor_rate, actor_pool
  std::optional<double> actor_cpus;  // none: Ray's default
  std::int64_t steps = 0;            // progress_actor: of each sampler
  Duration poll;                     // progress_actor, actor_restart
  Duration kill_at;                  // actor_retry_calls
  int max_restarts = 0;              // of its actor
  int max_task_retries = 0;
  [[nodiscard]] bool with_objects() const { return kind >= Kind::transfer && kind <= Kind::spill; }
  [[nodiscard]] bool with_actors() const { return kind >= Kind::actor_create; }
  int crashes = 0;    // retry_crash: attempts that end their worker
  bool cold = false;  // no worker was warm
  TaskOptionsSpec options;
  std::shared_ptr<const PlacementGroupSpec> group;  // placement_group
};

// One run of a case as it was recorded.
struct RecordedRun {
  double seconds = 0;
  std::vector<std::pair<std::string, std::int64_t>> nodes;  // tasks by node; of a placement group bundles
  std::optional<double> median_gap;
  std::string error;
  std::vector<std::pair<std::string, std::int64_t>> attempts;
};

// The end of a run whose placement group was not there in time.
inline constexpr const char* not_ready = "not ready";

struct RecordedCase {
  std::string name;
  std::string kind;
  std::string unsupported;  // why it cannot be simulated; empty: it can
  bool is_rate = false;     // the figure is operations a second
  RecordedProgram program;
  Duration pause;  // after each repeat
  std::vector<RecordedRun> runs;
};

struct Recording {
  std::string file;
  std::string ray;
  ClusterSpec cluster;
  std::vector<RecordedCase> cases;
};

// `machine_cores`: of the machine on which the recording was made.
Recording load_recording(const std::string& path, int machine_cores);

struct SimulatedRun {
  std::size_t case_index = 0;
  RecordedRun run;
};

// The whole session once.
std::vector<SimulatedRun> simulate_session(const Recording& recording, const Profile& profile, std::uint64_t seed);

}  // namespace raysim
