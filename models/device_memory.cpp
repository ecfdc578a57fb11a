#include "models/device_memory.hpp"

#include <iomanip>
#include <sstream>

namespace raysim {

namespace {

std::string in_gib(Bytes size) {
  constexpr double gib = 1024.0 * 1024 * 1024;
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << static_cast<double>(size.count) / gib << " GiB";
  return text.str();
}

}  // namespace

Bytes DeviceMemory::used(MemoryPlace place) const {
  const auto it = used_.find(place);
  return it != used_.end() ? it->second : Bytes{};
}

bool DeviceMemory::take(MemoryPlace place, ProcessId process, Bytes size, Time now) {
  const Bytes capacity = cluster_.nodes[place.node.index].gpus[place.gpu].memory;
  if (capacity > Bytes{} && used(place).count > capacity.count - size.count) return false;
  of_processes_[process.index][place] += size;
  change(place, size, now);
  return true;
}

void DeviceMemory::give_back(MemoryPlace place, ProcessId process, Bytes size, Time now) {
  const auto it = of_processes_.find(process.index);
  if (it == of_processes_.end()) return;  // it has ended
  it->second[place].count -= size.count;
  change(place, {-size.count}, now);
}

void DeviceMemory::ended(ProcessId process, Time now) {
  const auto it = of_processes_.find(process.index);
  if (it == of_processes_.end()) return;
  for (const auto& [place, size] : it->second) change(place, {-size.count}, now);
  of_processes_.erase(it);
}

void DeviceMemory::change(MemoryPlace place, Bytes by, Time now) {
  if (by == Bytes{}) return;
  used_[place] += by;
  record_.on_device_memory({place.node.index, place.gpu, now, used_[place]});
}

std::string DeviceMemory::out_of_memory(MemoryPlace place, Bytes size) const {
  const Bytes capacity = cluster_.nodes[place.node.index].gpus[place.gpu].memory;
  return "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate " + in_gib(size) + ". GPU " +
         std::to_string(place.gpu) + " has a total capacity of " + in_gib(capacity) + " of which " +
         in_gib({capacity.count - used(place).count}) + " is free.";
}

}  // namespace raysim
