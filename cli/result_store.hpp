// The finished runs of sweeps, in an SQLite file.
//
// Models: a table `runs` with a row for each finished run: what it was (scenario, settings, policy, seed), from which inputs
// (raysim's version; the contents of scenario, platform, cost profile, program and plugin), what came out (figures and the rest of the
// report). Leaves out: what is to be run. Invariants: a run is stored once and whole, or not at all, whenever the process
// is killed; one process writes a file at a time; every failure is an InputError.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/run_batch.hpp"

namespace raysim {

// What a run was made from; a change of any of them makes it another run.
struct RunInputs {
  std::string raysim;         // version
  std::string scenario_file;  // these three with a hash of their contents
  std::string scenario_hash;
  std::string platform_file;
  std::string platform_hash;
  std::string profile;
  std::string profile_hash;
  std::string program_hash;  // of the program in C++; "": the scenario has none
  std::string plugin_hash;   // of the plugin that has the policy; "" for raysim's own

  bool operator==(const RunInputs&) const = default;
};

// A hash of what stands in a file.
std::string content_hash(const std::string& path);

struct StoredRun {
  std::string settings;  // overrides by key, as one JSON object
  std::string policy;
  std::uint64_t seed = 0;
  RunInputs inputs;
  ComparedRun run;
};

class ResultStore {
 public:
  // Opens the file or makes it; waits for nobody.
  explicit ResultStore(const std::string& path);
  ~ResultStore();
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;

  // Every run of that scenario file.
  void for_each(const std::string& scenario_file, const std::function<void(StoredRun)>& visit) const;
  // On disk when it returns. `report` is JSON; its `nodes` are left out.
  void add(const StoredRun& run, int exit_code, const std::string& report);

 private:
  class Database;
  std::unique_ptr<Database> database_;
};

}  // namespace raysim
