#include "models/core_worker/wait_graph.hpp"

#include <algorithm>

namespace raysim {

// Depth first; when it returns true, `path` ends with the cycle, its first node once more at the end.
bool WaitGraph::search(Key from, std::map<Key, Mark>& marks, std::vector<Key>& path) const {
  marks[from] = Mark::on_path;
  const auto edges = edges_.find(from);
  if (edges != edges_.end()) {
    for (const Key to : edges->second) {
      const auto mark = marks.find(to);
      path.push_back(to);
      if (mark == marks.end() ? search(to, marks, path) : mark->second == Mark::on_path) return true;
      path.pop_back();
    }
  }
  marks[from] = Mark::done;
  return false;
}

std::string WaitGraph::cycle() const {
  std::map<Key, Mark> marks;
  for (const auto& [start, edges] : edges_) {
    std::vector<Key> path{start};
    if (marks.contains(start) || !search(start, marks, path)) continue;
    const Key closing = path.back();
    path.erase(path.begin(), std::find(path.begin(), path.end(), closing) + 1);
    std::vector<std::string> told;
    for (const Key key : path)
      if (const auto it = names_.find(key); it != names_.end()) told.push_back(it->second);
    if (told.empty()) return {};
    std::string text = told.back();
    for (std::size_t i = 0; i < told.size(); ++i) text += (i == 0 ? " waits for " : ", which waits for ") + told[i];
    return text;
  }
  return {};
}

}  // namespace raysim
