// The tasks of one scheduling key that wait at their owner for a worker, and the order that a policy may want among them.
//
// Models: first in, first out as in Ray; by rank when the policy is ranked (plugin::Traits). The running mean of each function that
// this owner has seen finish, for policies that estimate. Leaves out: tasks whose arguments do not exist yet.
// Invariants: equal ranks leave in the order they came; a rank is that of the moment when the task was queued.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "models/core_worker/task_manager.hpp"
#include "models/runtime.hpp"

namespace raysim {

class TaskQueue {
 public:
  void push(std::uint32_t task, float rank) {
    if (rank == 0 && ranked_.empty())
      fifo_.push_back(task);
    else
      ranked_.emplace(rank, task);
  }
  [[nodiscard]] bool empty() const { return fifo_.empty() && ranked_.empty(); }
  [[nodiscard]] std::size_t size() const { return fifo_.size() + ranked_.size(); }
  // Of the first task; 0 when there is none.
  [[nodiscard]] float rank() const {
    return !ranked_.empty() && (fifo_.empty() || ranked_.begin()->first < 0) ? ranked_.begin()->first : 0;
  }
  // The first one, when there is one.
  [[nodiscard]] std::uint32_t front() const {
    return fifo_.empty() || (!ranked_.empty() && ranked_.begin()->first < 0) ? ranked_.begin()->second : fifo_.front();
  }
  std::uint32_t pop() {
    std::uint32_t task = 0;
    if (fifo_.empty() || (!ranked_.empty() && ranked_.begin()->first < 0)) {
      task = ranked_.begin()->second;
      ranked_.erase(ranked_.begin());
    } else {
      task = fifo_.front();
      fifo_.pop_front();
    }
    return task;
  }

  // False: it is not here.
  bool erase(std::uint32_t task) {
    if (std::erase(fifo_, task) > 0) return true;
    return std::erase_if(ranked_, [&](const auto& entry) { return entry.second == task; }) > 0;
  }

 private:
  std::deque<std::uint32_t> fifo_;              // of rank 0
  std::multimap<float, std::uint32_t> ranked_;  // of other ranks, and of rank 0 that came later
};

// Ranks of tasks, by the policy; an owner has one.
class TaskRanks {
 public:
  explicit TaskRanks(const Runtime& runtime);

  [[nodiscard]] bool wanted() const { return policy_ != nullptr; }
  // 0 when the policy has no order.
  float rank(const OwnedTask& task);
  // A task of the function has run so long.
  void ran(FunctionId function, Duration duration);

 private:
  struct Mean {
    double seconds = 0;
    std::uint64_t runs = 0;
  };
  const Runtime& runtime_;
  std::unique_ptr<NodePolicy> policy_;  // null: no order
  std::vector<Mean> means_;             // by FunctionId
  std::vector<plugin::Demand> demands_;
};

}  // namespace raysim
