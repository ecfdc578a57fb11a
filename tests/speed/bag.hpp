// What the programs of the speed suite share: the bag of tasks that all of them run, and how time and memory are read.
#pragma once

#include <malloc.h>
#include <sys/resource.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace speed {

// Independent tasks of one core and one length on nodes of a star. Control messages of 1 KiB.
struct Cluster {
  const char* name;
  const char* file;  // the same as a platform of raysim
  int nodes;
  int cores;  // of each node
  double bytes_per_second;
  double latency;  // of one link; a route crosses two
};
inline constexpr Cluster clusters[] = {
    {"60_cores", "platforms/three_by_twenty.yaml", 3, 20, 1.25e9, 25e-6},
    {"64000_cores", "platforms/thousand.yaml", 1000, 64, 2.5e9, 25e-6},
};
inline constexpr std::int64_t message_size = 1024;

inline const Cluster* cluster_named(const std::string& name) {
  for (const Cluster& cluster : clusters)
    if (name == cluster.name) return &cluster;
  return nullptr;
}

// CPU time of this process so far, in seconds; on a machine with nothing else to do it goes as wall time does.
inline double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Bytes in blocks of the allocator that are in use.
inline double heap_bytes() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}
// The most that the process has had in memory.
inline double peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

}  // namespace speed
