// The items of a streaming generator as its owner has them.
//
// Models: items by their place, in whatever order they are reported; how many the consumer has taken; the end; which reports are
// answered only when the consumer has caught up. A state machine. Leaves out: the objects themselves, messages.
// Mirrors ObjectRefStream and the streaming calls of src/ray/core_worker/task_manager.cc (2.60).
// Invariants: an item has one object for good, whatever is reported again; an answer goes out once.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/messages.hpp"

namespace raysim {

class ObjectStream {
 public:
  // `threshold`: as many items may be reported that are not consumed; -1: any number.
  explicit ObjectStream(std::int64_t threshold) : threshold_(threshold) {}

  // The executor's execution that waits for the answer to a report.
  struct Report {
    Address<CoreWorker> executor;
    std::uint32_t context = 0;
    std::uint32_t run = 0;
  };

  // The object of an item; none: it has no object yet.
  [[nodiscard]] std::optional<std::uint32_t> object_of(std::uint32_t item) const;
  void set_object(std::uint32_t item, std::uint32_t object);

  // An item exists. False: it did before, or lies behind the end.
  bool write(std::uint32_t item);
  // Whether its report is answered now; else consume() or drop() returns it.
  bool answers_now(std::uint32_t item, const Report& report);
  // The consumer takes the next item. The reports that are answered by it.
  std::vector<Report> consume();
  // No item comes after these; none: after those that were reported.
  void end(std::optional<std::uint32_t> items);

  // Of the item that the consumer takes next.
  [[nodiscard]] std::uint32_t consumed() const { return consumed_; }
  [[nodiscard]] bool ended_before(std::uint32_t item) const { return end_ && item >= *end_; }
  // Objects of items that the consumer has not taken.
  [[nodiscard]] std::vector<std::uint32_t> untaken() const;
  // Objects that stand for items which will never be.
  [[nodiscard]] std::vector<std::uint32_t> beyond_end() const;

  bool error_told = false;  // the consumer has been given the generator's own error

 private:
  struct Item {
    std::optional<std::uint32_t> object;
    bool written = false;
  };
  Item& at(std::uint32_t item);

  std::int64_t threshold_;
  std::vector<Item> items_;
  std::uint32_t written_ = 0;
  std::uint32_t consumed_ = 0;
  std::optional<std::uint32_t> end_;
  std::vector<Report> unanswered_;
};

}  // namespace raysim
