// One record, two readers.
//
// Models: a sink that passes every entry on to two others, in that order. Leaves out: buffering.
// Invariants: both outlive it and see the same entries in the same order.
#pragma once

#include "sim/record.hpp"

namespace raysim {

class RecordTee final : public RecordSink {
 public:
  RecordTee(RecordSink& first, RecordSink& second) : first_(first), second_(second) {}

  void on_function(const std::string& name) override {
    first_.on_function(name);
    second_.on_function(name);
  }
  void on_submitted(std::uint64_t count, std::uint32_t job) override {
    first_.on_submitted(count, job);
    second_.on_submitted(count, job);
  }
  void on_attempt(const AttemptRecord& attempt) override {
    first_.on_attempt(attempt);
    second_.on_attempt(attempt);
  }
  void on_failed_unstarted(std::uint32_t function, std::uint32_t job) override {
    first_.on_failed_unstarted(function, job);
    second_.on_failed_unstarted(function, job);
  }
  void on_argument(std::uint64_t task, std::uint64_t from) override {
    first_.on_argument(task, from);
    second_.on_argument(task, from);
  }
  void on_worker_started(std::uint32_t node, Time at) override {
    first_.on_worker_started(node, at);
    second_.on_worker_started(node, at);
  }
  void on_oom_kill(std::uint32_t node, Time at) override {
    first_.on_oom_kill(node, at);
    second_.on_oom_kill(node, at);
  }
  void on_group(const GroupRecord& group) override {
    first_.on_group(group);
    second_.on_group(group);
  }
  void on_actor(const ActorRecord& actor) override {
    first_.on_actor(actor);
    second_.on_actor(actor);
  }
  void on_store(const StoreRecord& store) override {
    first_.on_store(store);
    second_.on_store(store);
  }
  void on_object(const ObjectRecord& object) override {
    first_.on_object(object);
    second_.on_object(object);
  }
  void on_device_memory(const DeviceMemoryRecord& memory) override {
    first_.on_device_memory(memory);
    second_.on_device_memory(memory);
  }
  void on_copy(const CopyRecord& copy) override {
    first_.on_copy(copy);
    second_.on_copy(copy);
  }
  void on_arguments_waited(std::uint32_t node, Duration waited) override {
    first_.on_arguments_waited(node, waited);
    second_.on_arguments_waited(node, waited);
  }
  void on_job(const JobRecord& job) override {
    first_.on_job(job);
    second_.on_job(job);
  }
  void on_store_command(const StoreCommandRecord& command) override {
    first_.on_store_command(command);
    second_.on_store_command(command);
  }

 private:
  RecordSink& first_;
  RecordSink& second_;
};

}  // namespace raysim
