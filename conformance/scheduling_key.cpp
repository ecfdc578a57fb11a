// Which tasks share an owner's leases.
#include <algorithm>
#include <map>

#include "conformance/case_cluster.hpp"
#include "conformance/runners.hpp"
#include "models/task.hpp"

namespace raysim {

namespace {

class Keys {
 public:
  explicit Keys(CaseCluster& cluster) : cluster_(cluster) {}

  SchedulingKey of(const CaseValue& task) {
    SchedulingClass wanted;
    wanted.function = {number_of(task["function"].text_or(""))};
    wanted.resources = cluster_.resources(task["resources"]);
    wanted.strategy = read_strategy(task["strategy"], "default", cluster_);
    wanted.label_selector = read_selector(task["label_selector"]);
    for (const CaseValue& fallback : task["fallback_selectors"].items())
      wanted.fallback_selectors.push_back(read_selector(fallback));
    wanted.depth = static_cast<std::int32_t>(task["depth"].whole_or(0));
    SchedulingKey key;
    key.scheduling_class = classes_.id_of(wanted);
    for (const std::string& object : task["plasma_args"].texts()) key.store_args.push_back({{0}, number_of(object)});
    key.runtime_env = environments_.id_of({task["runtime_env"].text_or(""), {}, false});
    static_cast<void>(task["inline_args"].texts());  // they do not count
    return key;
  }

 private:
  std::uint32_t number_of(const std::string& name) {
    return numbers_.try_emplace(name, static_cast<std::uint32_t>(numbers_.size())).first->second;
  }

  CaseCluster& cluster_;
  SchedulingClasses classes_;
  Environments environments_;
  std::map<std::string, std::uint32_t> numbers_;
};

}  // namespace

void run_scheduling_key(const CaseValue& the_case, Checks& checks) {
  CaseCluster cluster(the_case);
  Keys keys(cluster);
  std::vector<SchedulingKey> made;
  for (const CaseValue& task : the_case.at("tasks").items()) made.push_back(keys.of(task));
  const bool same =
      std::all_of(made.begin(), made.end(), [&](const SchedulingKey& key) { return key == made.front(); });
  checks.equal("same_key", the_case.at("expect").at("same_key").boolean(), same);
}

}  // namespace raysim
